//go:build !linux

package worker

// confine has nothing to set where the limits of Linux are not known.
func confine() error { return nil }
