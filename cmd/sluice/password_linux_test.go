package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

// terminals stay open: a question that was interrupted still reads from its one, and sets it back to how
// it was when that ends, which would then be another's.
var terminals []*os.File

// terminal returns the two ends of a pseudo terminal: where one types, and what a command reads.
func terminal(t *testing.T) (keyboard, tty *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(keyboard.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(keyboard.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	terminals = append(terminals, keyboard, tty)
	return keyboard, tty
}

// shows reports whether the terminal shows what is typed.
func shows(t *testing.T, tty *os.File) bool {
	t.Helper()
	s, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return s.Lflag&unix.ECHO != 0
}

func TestReadPasswordAtTerminal(t *testing.T) {
	interrupt := func() { _ = syscall.Kill(os.Getpid(), syscall.SIGINT) }
	cases := map[string]struct {
		lines     []string // typed when the terminal has gone silent
		interrupt bool     // instead of the last one
		want, err string
	}{
		"typed twice":           {[]string{"correct horse", "correct horse"}, false, "correct horse", ""},
		"not typed twice":       {[]string{"correct horse", "battery"}, false, "", "differ"},
		"interrupted":           {nil, true, "", "interrupted"},
		"interrupted once more": {[]string{"correct horse"}, true, "", "interrupted"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			keyboard, tty := terminal(t)
			var told bytes.Buffer
			cmd := &cobra.Command{}
			cmd.SetIn(tty)
			cmd.SetErr(&told)
			cmd.SetContext(t.Context())
			done := make(chan struct{})
			var got string
			var err error
			go func() {
				defer close(done)
				got, err = readPassword(cmd)
			}()
			for deadline := time.Now().Add(10 * time.Second); shows(t, tty); time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("the terminal shows what is typed")
				}
			}
			for _, l := range c.lines {
				if _, err := keyboard.WriteString(l + "\n"); err != nil {
					t.Fatal(err)
				}
			}
			if c.interrupt {
				time.Sleep(50 * time.Millisecond) // the lines are read
				interrupt()
			}
			<-done
			if c.err == "" && (err != nil || got != c.want) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("got %d bytes and error %v, want %d bytes and error %q", len(got), err, len(c.want), c.err)
			}
			if !shows(t, tty) {
				t.Error("the terminal no longer shows what is typed")
			}
			if strings.Contains(told.String(), "horse") {
				t.Error("the password is shown")
			}
		})
	}
}
