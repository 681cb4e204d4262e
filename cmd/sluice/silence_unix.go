//go:build linux || darwin || freebsd

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// silence keeps a terminal from showing what is typed, until restore. It is false for what is
// no terminal.
func silence(f *os.File) (restore func(), terminal bool, err error) {
	fd := int(f.Fd())
	before, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return nil, false, nil //nolint:nilerr // that is how one tells
	}
	silent := *before
	silent.Lflag &^= unix.ECHO
	err = unix.IoctlSetTermios(fd, setTermios, &silent)
	return func() { _ = unix.IoctlSetTermios(fd, setTermios, before) }, true, err
}
