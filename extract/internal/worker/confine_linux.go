package worker

import (
	"fmt"
	"os"
	"syscall"
)

// confine limits what the process may use, before it sees any input.
func confine() error {
	mapped, err := mappedBytes()
	if err != nil {
		return fmt.Errorf("limit resources: %w", err)
	}
	for what, limit := range map[int]uint64{syscall.RLIMIT_AS: mapped + maxMemory, syscall.RLIMIT_CORE: 0} {
		if err := syscall.Setrlimit(what, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
			return fmt.Errorf("limit resources: %w", err)
		}
	}
	return nil
}

// mappedBytes returns how large the address space of the process is now: the Go runtime
// and what the binary links reserve more than a gigabyte of it without ever using it.
func mappedBytes() (uint64, error) {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	var pages uint64
	if _, err := fmt.Sscan(string(statm), &pages); err != nil {
		return 0, fmt.Errorf("read /proc/self/statm: %w", err)
	}
	return pages * uint64(os.Getpagesize()), nil
}
