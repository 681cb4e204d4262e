package scan

import "golang.org/x/sys/cpu"

// kernels returns the kernels that this machine can run, best first.
func kernels() []namedKernel {
	ks := []namedKernel{{"portable", portableKernel}}
	if cpu.X86.HasAVX2 {
		ks = append([]namedKernel{{"avx2", avx2Kernel}}, ks...)
	}
	return ks
}

func avx2Kernel(t *tables, v []byte, n int, carry, loose uint64, out *findings) uint64 {
	if n <= 0 {
		return carry
	}
	v = v[:n*block+window]
	return avx2(t, &v[0], n, carry, loose, out)
}

//go:noescape
func avx2(t *tables, v *byte, n int, carry, loose uint64, out *findings) uint64
