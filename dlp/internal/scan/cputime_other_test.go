//go:build !unix

package scan

import "time"

var processStart = time.Now()

func cpuTime() time.Duration { return time.Since(processStart) }
