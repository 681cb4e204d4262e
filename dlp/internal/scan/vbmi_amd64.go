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

// counting has the numbers of the bits of a mask.
var counting = func() (of [block]uint8) {
	for i := range of {
		of[i] = uint8(i)
	}
	return of
}()

func placesByVBMI(m []masks, which field, out *places) []uint16 {
	if len(m) == 0 {
		return nil
	}
	return out[:vbmiPlaces(which.of(m), len(m), &counting, &out[0])]
}

//go:noescape
func vbmiPlaces(m *uint64, n int, counting *[block]uint8, out *uint16) int
