package worker

import (
	"fmt"
	"syscall"
)

// maxMemory is the address space of a child. PDFium's memory is limited to 128 MiB; the
// rest is its code and the runtime. Files made to use more end here.
const maxMemory = 2 << 30

// confine limits what the process may use, before it sees any input.
func confine() error {
	for what, limit := range map[int]uint64{syscall.RLIMIT_AS: maxMemory, syscall.RLIMIT_CORE: 0} {
		if err := syscall.Setrlimit(what, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
			return fmt.Errorf("limit resources: %w", err)
		}
	}
	return nil
}
