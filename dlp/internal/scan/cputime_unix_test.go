//go:build unix

package scan

import (
	"syscall"
	"time"
)

// cpuTime returns the processor time that the process has used; unlike the clock it does
// not run while others have the processor.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
