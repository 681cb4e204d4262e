package main

import (
	"os"

	"golang.org/x/sys/windows"
)

// silence keeps a terminal from showing what is typed, until restore. It is false for what is
// no terminal.
func silence(f *os.File) (restore func(), terminal bool, err error) {
	console := windows.Handle(f.Fd())
	var before uint32
	if windows.GetConsoleMode(console, &before) != nil {
		return nil, false, nil
	}
	err = windows.SetConsoleMode(console, before&^windows.ENABLE_ECHO_INPUT)
	return func() { _ = windows.SetConsoleMode(console, before) }, true, err
}
