package worker

import (
	"fmt"
	"syscall"
)

// confine limits what the process may use, before it sees any input.
func confine() error {
	for what, limit := range map[int]uint64{syscall.RLIMIT_AS: maxMemory, syscall.RLIMIT_CORE: 0} {
		if err := syscall.Setrlimit(what, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
			return fmt.Errorf("limit resources: %w", err)
		}
	}
	return nil
}
