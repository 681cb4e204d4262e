// Package proc runs real programs for the black-box tests: it keeps what they print, waits for
// them with a deadline, and leaves none behind.
package proc

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Install is the remedy that a test names when a program it needs is missing.
const Install = "run scripts/install-test-deps.sh"

// Process is a started program. Its methods are safe for concurrent use.
type Process struct {
	Name string
	cmd  *exec.Cmd
	out  *Output
	done chan struct{} // closed when the program has ended
}

// Start starts cmd and kills it when the test ends. Output goes to [Process.Output], and to
// the test's log when the test has failed.
func Start(tb testing.TB, name string, cmd *exec.Cmd) *Process {
	tb.Helper()
	p := &Process{Name: name, cmd: cmd, out: &Output{}, done: make(chan struct{})}
	cmd.Stdout = both(cmd.Stdout, p.out)
	cmd.Stderr = both(cmd.Stderr, p.out)
	cmd.WaitDelay = 5 * time.Second // a grandchild that holds the pipe must not hold the test
	if err := cmd.Start(); err != nil {
		tb.Fatalf("start %s: %v (%s)", name, err, Install)
	}
	go func() {
		defer close(p.done)
		_ = cmd.Wait() // the state is asked of ProcessState
	}()
	tb.Cleanup(func() {
		p.Kill()
		if tb.Failed() {
			tb.Logf("last output of %s:\n%s", name, p.out.Tail(4<<10))
		}
	})
	return p
}

func both(w io.Writer, out *Output) io.Writer {
	if w == nil {
		return out
	}
	return io.MultiWriter(w, out)
}

// Output returns everything the program has printed.
func (p *Process) Output() string { return p.out.String() }

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// PID returns the program's process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Signal sends sig; a program that has ended does not mind.
func (p *Process) Signal(sig os.Signal) { _ = p.cmd.Process.Signal(sig) }

// Kill ends the program at once (SIGKILL) and waits until it is gone.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// Wait waits for the end of the program and returns its exit code; a program that is still
// there after timeout fails the test.
func (p *Process) Wait(tb testing.TB, timeout time.Duration) int {
	tb.Helper()
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(timeout):
		tb.Fatalf("%s still runs after %s", p.Name, timeout)
		return -1
	}
}

// WaitPort waits until addr accepts connections, or fails the test.
func (p *Process) WaitPort(tb testing.TB, addr string, timeout time.Duration) {
	tb.Helper()
	Eventually(tb, timeout, p.Name+" listens on "+addr, func() error {
		select {
		case <-p.done:
			tb.Fatalf("%s ended with exit code %d before it listened on %s", p.Name, p.cmd.ProcessState.ExitCode(), addr)
		default:
		}
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if err != nil {
			return fmt.Errorf("dial: %w", err)
		}
		return conn.Close()
	})
}

// Eventually calls check until it returns nil; after timeout it fails the test with the last
// error. It is for waiting on real processes only.
func Eventually(tb testing.TB, timeout time.Duration, what string, check func() error) {
	tb.Helper()
	deadline, pause := time.Now().Add(timeout), 10*time.Millisecond
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			tb.Fatalf("waited %s until %s: %v", timeout, what, err)
		}
		time.Sleep(pause)
		pause = min(2*pause, time.Second)
	}
}

// Output collects what a program prints. It is safe for concurrent use.
type Output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

// String returns everything that was written.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// Tail returns the last n bytes.
func (o *Output) Tail(n int) string {
	s := o.String()
	return s[max(0, len(s)-n):]
}

// Look finds a program, also where Debian keeps daemons, or fails the test.
func Look(tb testing.TB, name string, dirs ...string) string {
	tb.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, dir := range append(dirs, "/usr/sbin", "/sbin") {
		if path, err := exec.LookPath(dir + "/" + name); err == nil {
			return path
		}
	}
	tb.Fatalf("%s is not installed: %s", name, Install)
	return ""
}

// Ports are picked below the range from which the kernel takes the ports of outgoing
// connections: one of those could take a port between the pick and its use.
const (
	portFirst = 20000
	portLast  = 32000
)

// FreeAddr returns a loopback address whose port is free.
func FreeAddr(tb testing.TB) string {
	tb.Helper()
	for range 200 {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(portFirst+rand.IntN(portLast-portFirst)))
		l, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			continue
		}
		return addr
	}
	tb.Fatalf("no free port between %d and %d", portFirst, portLast)
	return ""
}

// Dir makes a scratch folder that other users may enter (t.TempDir's parent has mode 0700, and
// Squid and Postgres do not run as root). It is removed when the test ends.
func Dir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "sluice-blackbox-") //nolint:usetesting // see above: others must enter it
	if err != nil {
		tb.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			tb.Errorf("remove scratch folder: %v", err)
		}
	})
	return dir
}
