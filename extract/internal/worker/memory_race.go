//go:build race

package worker

// maxMemory is no limit: the race detector reserves terabytes of address space.
const maxMemory = 1 << 47
