//go:build !race

package worker

// maxMemory is the address space of a child. PDFium's memory is limited to 128 MiB; the
// rest is its code and the runtime. Files made to use more end here.
const maxMemory = 2 << 30
