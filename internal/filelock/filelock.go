// Package filelock locks files among processes: a lock ends with its process, however that ends.
package filelock

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// HeldError is the error of [Try] when another process holds the lock.
type HeldError struct{ PID int } // 0: not known

func (e *HeldError) Error() string {
	if e.PID == 0 {
		return "another process holds the lock"
	}
	return fmt.Sprintf("process %d holds the lock", e.PID)
}

// Lock is a lock that is held. One goroutine uses it.
type Lock struct{ file *os.File }

// Take makes the file at path (0600) if need be and waits for its lock.
func Take(path string) (*Lock, error) { return open(path, true) }

// Try is Take without waiting: its error may be a [HeldError]. The file tells the process that
// holds the lock.
func Try(path string) (*Lock, error) {
	l, err := open(path, false)
	if err != nil {
		return nil, err
	}
	err = l.file.Truncate(0)
	if err == nil {
		_, err = l.file.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("write %s: %w", path, err), l.Release())
	}
	return l, nil
}

func open(path string, wait bool) (*Lock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	held, err := lock(f, wait)
	switch {
	case held:
		err = &HeldError{holder(f)}
	case err != nil:
		err = fmt.Errorf("lock %s: %w", path, err)
	default:
		return &Lock{f}, nil
	}
	return nil, errors.Join(err, f.Close())
}

// holder reads which process has the lock, 0 when that is not known.
func holder(f *os.File) int {
	text, err := io.ReadAll(io.LimitReader(f, 32))
	if err != nil {
		return 0
	}
	pid, _ := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 31)
	return int(pid)
}

// Release gives the lock back. The file stays: to remove it would leave a lock on nothing to
// one who has just opened it.
func (l *Lock) Release() error { return l.file.Close() }
