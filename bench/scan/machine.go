package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/cpu"
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

// machine names cores, processor features and Go, as in "2 cores, amd64 (AVX2, …), go1.26".
func machine() string {
	var features []string
	for _, f := range []struct {
		name string
		has  bool
	}{{"AVX2", cpu.X86.HasAVX2}, {"AVX-512 BW", cpu.X86.HasAVX512BW}, {"AVX-512 VBMI", cpu.X86.HasAVX512VBMI}, {"BMI2", cpu.X86.HasBMI2}} {
		if f.has {
			features = append(features, f.name)
		}
	}
	load := ""
	if b, err := os.ReadFile("/proc/loadavg"); err == nil {
		load = ", load " + strings.Fields(string(b))[0] + " before the run"
	}
	return fmt.Sprintf("%d cores, %s (%s), %s%s", runtime.NumCPU(), runtime.GOARCH, strings.Join(features, ", "), runtime.Version(), load)
}
