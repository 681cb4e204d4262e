package scan

func vbmiKernel(t *tables, v []byte, n int, carry, loose uint64, out *findings) uint64 {
	if n <= 0 {
		return carry
	}
	v = v[:n*block+window]
	return vbmi(t.vbmi, &v[0], n, carry, loose, out)
}

//go:noescape
func vbmi(t *vbmiTables, v *byte, n int, carry, loose uint64, out *findings) uint64
