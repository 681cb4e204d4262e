// Package pgtest starts a real Postgres for tests: in a scratch folder, on a unix socket, as
// an unprivileged user when the test runs as root.
package pgtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sluice-dlp/sluice/internal/blackbox/proc"
)

// startTime bounds how long a server may take to start or to stop.
const startTime = 60 * time.Second

// Server is a running Postgres. Its methods are safe for concurrent use, but for Start and
// Stop, which belong to one goroutine.
type Server struct {
	bin, dir string
	cred     *syscall.Credential // nil: as we are
	process  *proc.Process
	next     atomic.Int64
}

// Start makes a new cluster and starts its server; both go when the test ends. It fails
// the test, naming what to install, where there is no Postgres.
func Start(tb testing.TB) *Server {
	tb.Helper()
	s := &Server{bin: bin(tb), dir: proc.Dir(tb), cred: unprivileged(tb)}
	if s.cred != nil {
		if err := os.Chown(s.dir, int(s.cred.Uid), int(s.cred.Gid)); err != nil {
			tb.Fatal(err)
		}
	}
	out, err := s.command("initdb", "-D", s.data(), "-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C").CombinedOutput()
	if err != nil {
		tb.Fatalf("initdb: %v\n%s", err, out)
	}
	s.Start(tb)
	return s
}

// Dir returns the folder that holds everything the server wrote.
func (s *Server) Dir() string { return s.dir }

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// Start starts a stopped server and waits until it answers.
func (s *Server) Start(tb testing.TB) {
	tb.Helper()
	s.process = proc.Start(tb, "postgres", s.command("postgres", "-D", s.data(), "-k", s.dir,
		"-c", "listen_addresses=", "-c", "max_connections=100", "-c", "shared_buffers=128MB", "-c", "max_wal_size=1GB"))
	proc.Eventually(tb, startTime, "Postgres answers", func() error {
		select {
		case <-s.process.Done():
			tb.Fatalf("postgres ended: %s", s.process.Output())
		default:
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		conn, err := pgx.Connect(ctx, s.URL("postgres"))
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	})
}

// Stop stops the server: at once, as a crash would (immediate), or after closing
// connections and writing everything out.
func (s *Server) Stop(tb testing.TB, immediate bool) {
	tb.Helper()
	sig := syscall.SIGINT
	if immediate {
		sig = syscall.SIGQUIT
	}
	s.process.Signal(sig)
	s.process.Wait(tb, startTime)
}

// URL returns the address of a database, for database.url.
func (s *Server) URL(database string) string {
	return "postgres://postgres@/" + url.PathEscape(database) + "?host=" + url.QueryEscape(s.dir)
}

// Database makes an empty database and returns its address.
func (s *Server) Database(tb testing.TB) string {
	tb.Helper()
	name := "test" + strconv.FormatInt(s.next.Add(1), 10)
	s.Exec(tb, "postgres", "CREATE DATABASE "+name)
	return s.URL(name)
}

// Exec runs one statement in a database.
func (s *Server) Exec(tb testing.TB, database, statement string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.URL(database))
	if err != nil {
		tb.Fatalf("connect to postgres: %v", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, statement); err != nil {
		tb.Fatalf("%s: %v", statement, err)
	}
}

// command runs as the unprivileged user, in a folder that user may enter.
func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if s.cred != nil {
		cmd.SysProcAttr.Credential = s.cred
	}
	return cmd
}

// bin finds the newest installed version's programs.
func bin(tb testing.TB) string {
	tb.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		tb.Fatal(err)
	}
	slices.SortFunc(found, func(a, b string) int { return version(b) - version(a) })
	if len(found) > 0 {
		return filepath.Dir(found[0])
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	tb.Fatalf("Postgres is not installed (the package postgresql): %s", proc.Install)
	return ""
}

func version(initdb string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(initdb))))
	if err != nil {
		return 0
	}
	return n
}

// unprivileged returns the user Postgres runs as: it refuses to run as root.
func unprivileged(tb testing.TB) *syscall.Credential {
	tb.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uerr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gerr := strconv.ParseUint(u.Gid, 10, 32)
		if uerr != nil || gerr != nil {
			continue
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	tb.Fatal("running as root, and there is no user postgres or nobody to run Postgres as")
	return nil
}

// String names the server in a test's log.
func (s *Server) String() string { return fmt.Sprintf("postgres in %s", s.dir) }

// CPU returns the processor time that the server and its living backends have used; for
// benchmarks on busy machines, where it says more than the clock.
func (s *Server) CPU(tb testing.TB) time.Duration {
	tb.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		tb.Fatal(err)
	}
	var ticks int64
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		// The name in brackets may hold anything; after it come state, parent, …
		_, rest, _ := strings.Cut(string(b), ") ")
		f := strings.Fields(rest)
		if len(f) < 13 || f[1] != strconv.Itoa(s.process.PID()) {
			continue
		}
		for _, t := range f[11:13] { // utime and stime
			n, err := strconv.ParseInt(t, 10, 64)
			if err == nil {
				ticks += n
			}
		}
	}
	const ticksPerSecond = 100
	return time.Duration(ticks) * time.Second / ticksPerSecond
}
