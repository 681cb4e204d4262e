//go:build !race

package worker

// maxMemory is the address space that a child may take beyond what it has at its start.
// PDFium's memory is limited to 128 MiB; the rest is its code, the compiler of it and the
// runtime. Files made to use more end here.
const maxMemory = 768 << 20
