package filelock

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestMain is also the other process: it takes a lock, says so, and waits to be killed.
func TestMain(m *testing.M) {
	if path := os.Getenv("FILELOCK_TEST"); path != "" {
		if _, err := Try(path); err != nil {
			os.Exit(1)
		}
		os.Stdout.WriteString("held\n")
		select {}
	}
	os.Exit(m.Run())
}

func TestALockEndsWithItsProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	other := exec.CommandContext(t.Context(), os.Args[0])
	other.Env = append(os.Environ(), "FILELOCK_TEST="+path)
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatalf("the other process says %q, %v", line, err)
	}
	_, err = Try(path)
	var held *HeldError
	if !errors.As(err, &held) || held.PID != other.Process.Pid {
		t.Errorf("got %v, want process %d", err, other.Process.Pid)
	}
	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = other.Wait() // it was killed
	l, err := Try(path)
	if err != nil {
		t.Fatalf("after the other process was killed: %v", err)
	}
	text, err := os.ReadFile(path)
	if err != nil || strings.TrimSpace(string(text)) != strconv.Itoa(os.Getpid()) {
		t.Errorf("the file says %q, %v", text, err)
	}
	if err := l.Release(); err != nil {
		t.Error(err)
	}
	l, err = Take(path)
	if err != nil {
		t.Fatalf("after it was given back: %v", err)
	}
	if err := l.Release(); err != nil {
		t.Error(err)
	}
}

func TestAFileOfWhichNothingIsKnownIsHeldAllTheSame(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	l, err := Take(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Release() }()
	var held *HeldError
	if _, err := Try(path); !errors.As(err, &held) || held.PID != 0 {
		t.Errorf("got %v", err)
	}
}
