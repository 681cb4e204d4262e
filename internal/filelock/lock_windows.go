package filelock

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lock reports whether another process holds the lock of f; without wait it returns at once. A
// lock here keeps others from reading, so it is on a byte far behind what the file holds.
func lock(f *os.File, wait bool) (held bool, err error) {
	how := uint32(windows.LOCKFILE_EXCLUSIVE_LOCK)
	if !wait {
		how |= windows.LOCKFILE_FAIL_IMMEDIATELY
	}
	err = windows.LockFileEx(windows.Handle(f.Fd()), how, 0, 1, 0, &windows.Overlapped{OffsetHigh: 1})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return true, nil
	}
	return false, err
}
