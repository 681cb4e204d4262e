package scan

import "golang.org/x/sys/cpu"

// kernels returns the kernels that this machine can run, best first.
func kernels() []namedKernel {
	ks := []namedKernel{{"portable", portableKernel, portableQuad}}
	if cpu.X86.HasAVX2 {
		ks = append([]namedKernel{{"avx2", avx2Kernel, quadByAVX2}}, ks...)
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

func quadByAVX2(q *quad, class *[256]uint8, x *batchText, at []uint16, out []quadHit) int {
	if len(at) == 0 {
		return 0
	}
	out = out[:len(at)]
	return avx2Quad(q, class, x, &at[0], len(at), &out[0])
}

//go:noescape
func avx2Quad(q *quad, class *[256]uint8, x *batchText, at *uint16, n int, out *quadHit) int
