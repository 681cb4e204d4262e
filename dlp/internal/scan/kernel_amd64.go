package scan

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// kernels returns the kernels that this machine can run, best first.
func kernels() []namedKernel {
	ks := []namedKernel{portable}
	if cpu.X86.HasAVX2 && cpu.X86.HasBMI2 && cpu.X86.HasPOPCNT {
		ks = append([]namedKernel{{"avx2", avx2Kernel, keysByAVX2, gatesByAVX2, quadByAVX2, placesByAVX2, 8 * avx2Planes, keyBytes, groups, []coder{{most: avx2Codes, twin: control}, {most: avx2Codes, twin: folded}}, codedForAVX2}}, ks...)
	}
	if len(ks) > 1 && cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VBMI {
		k := namedKernel{"avx512vbmi", vbmiKernel, keysByAVX2, gatesByAVX2, quadByAVX2, placesByAVX2, groups, keyWindow, foldGroup, []coder{{most: codes, words: true}}, codedForVBMI}
		if cpu.X86.HasAVX512VBMI2 {
			k.keys, k.places = keysByVBMI, placesByVBMI
		}
		ks = append([]namedKernel{k}, ks...)
	}
	return ks
}

func codedForAVX2(t *tables, slots, keys *coding) { t.avx2 = newAVX2Tables(t, slots, keys) }

func codedForVBMI(t *tables, c, _ *coding) { t.vbmi = newVBMITables(t, c) }

func avx2Kernel(t *tables, v []byte, n int, carry, loose uint64, out *findings) uint64 {
	if n <= 0 {
		return carry
	}
	v = v[:n*block+window]
	return avx2(t.avx2, &v[0], n, carry, loose, out)
}

//go:noescape
func avx2(t *avx2Tables, v *byte, n int, carry, loose uint64, out *findings) uint64

func quadByAVX2(q *quad, m *[batch]masks, x *batchText, at []uint16, out []quadHit) int {
	if len(at) == 0 {
		return 0
	}
	out = out[:len(at)]
	return int(avx2Quad(q, m, x, &at[0], len(at), &out[0]) / unsafe.Sizeof(out[0]))
}

// avx2Quad returns how many bytes of out it has filled.
//
//go:noescape
func avx2Quad(q *quad, m *[batch]masks, x *batchText, at *uint16, n int, out *quadHit) uintptr

func placesByAVX2(m []masks, which field, out *places) []uint16 {
	if len(m) == 0 {
		return nil
	}
	return out[:avx2Places(which.of(m), len(m), &bitsOf, &out[0])]
}

//go:noescape
func avx2Places(m *uint64, n int, bits *[256]uint64, out *uint16) int

func keysByAVX2(_ *tables, p *probe, x *batchText, n int, m *[batch]masks, w *keyWork) []uint16 {
	return probeByAVX2(p, x, placesByAVX2(m[:n], ofKeys, &w.maybe), &w.found)
}

func keysByVBMI(_ *tables, p *probe, x *batchText, n int, m *[batch]masks, w *keyWork) []uint16 {
	return probeByAVX2(p, x, placesByVBMI(m[:n], ofKeys, &w.maybe), &w.found)
}

func probeByAVX2(p *probe, x *batchText, at []uint16, out *places) []uint16 {
	if len(at) == 0 {
		return nil
	}
	return out[:avx2Probe(p, x, &at[0], len(at), &out[0])]
}

//go:noescape
func avx2Probe(p *probe, x *batchText, at *uint16, n int, out *uint16) int

func gatesByAVX2(t *keyTable, m *[batch]masks, x *batchText, at []uint16, out *places) []uint16 {
	if len(at) == 0 {
		return nil
	}
	return out[:avx2Gates(&t.gates[0], t.past, m, x, &at[0], len(at), &out[0])]
}

//go:noescape
func avx2Gates(gates *gate, past uint, m *[batch]masks, x *batchText, at *uint16, n int, out *uint16) int
