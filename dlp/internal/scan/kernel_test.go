package scan

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/sluice-dlp/sluice/dlp/internal/texts"
)

// kernelsAgree runs every kernel over text and compares with the portable one.
func kernelsAgree(t *testing.T, tb *tables, text []byte, carry, loose uint64) {
	t.Helper()
	n := min(batch, len(text)/block)
	if n == 0 {
		return
	}
	v := append(bytes.Clone(text[:n*block]), make([]byte, window)...)
	copy(v[n*block:], text[n*block:])
	want := new(findings)
	wantCarry := portableKernel(tb, v, n, carry, loose, want)
	for _, k := range kernels() {
		got := new(findings)
		gotCarry := k.run(tb, v, n, carry, loose, got)
		if gotCarry != wantCarry {
			t.Errorf("%s: carry %d, want %d", k.name, gotCarry, wantCarry)
		}
		for i := range n {
			if got.masks[i] != want.masks[i] {
				t.Fatalf("%s: block %d %q: got %x, want %x", k.name, i, v[i*block:(i+1)*block+window], got.masks[i], want.masks[i])
			}
			for m := want.masks[i].slots; m != 0; m &= m - 1 {
				at := i*block + trailing(m)
				if got, want := got.slots(tb, at), want.slots(tb, at); got != want {
					t.Fatalf("%s: groups at %d: got %b, want %b", k.name, at, got, want)
				}
			}
		}
	}
}

// slots returns the groups of slots at position i that count there.
func (f *findings) slots(t *tables, i int) (g uint32) {
	for j := range f.groups {
		g |= uint32(f.groups[j][i]) << (8 * j)
	}
	if f.masks[i/block].starts>>(i%block)&1 != 0 {
		return g & (t.slotAny | t.slotStart)
	}
	return g & t.slotAny
}

// randomTables have classes of all sizes in random groups.
func randomTables(r *rand.Rand) *tables {
	t := &tables{}
	class := func() (s byteSet) {
		for range 1 + r.IntN(4) {
			lo := byte(r.UintN(256))
			s.addRange(lo, lo|byte(r.UintN(256)))
		}
		return s
	}
	for g := range slotGroups {
		q := sequence{n: 1 + r.IntN(window)}
		for i := range q.n {
			q.class[i] = class()
		}
		t.setSlots(g, &q, r.IntN(2) == 0)
	}
	for g := range keyGroups {
		q := sequence{n: 1 + r.IntN(keyWindow)}
		for i := range q.n {
			q.class[i] = class()
		}
		t.setKeys(g, &q, r.IntN(2) == 0)
	}
	t.finish()
	return t
}

func TestKernelsAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 30 {
		tb := randomTables(r)
		for range 20 {
			text := make([]byte, r.IntN(batch*block+200))
			for i := range text {
				text[i] = byte(r.Uint32())
				if r.IntN(3) > 0 {
					text[i] = texts.Alnums[r.IntN(len(texts.Alnums))]
				}
			}
			kernelsAgree(t, tb, text, uint64(r.IntN(2)), r.Uint64()&-uint64(r.IntN(2)))
		}
	}
}

func FuzzKernels(f *testing.F) {
	f.Add(uint64(1), []byte("a word, 123-45-6789 and pa\u017fsword \u212a, then more of it and so on until the block is full"))
	f.Fuzz(func(t *testing.T, seed uint64, text []byte) {
		kernelsAgree(t, randomTables(rand.New(rand.NewPCG(seed, 1))), text, seed&1, 0)
	})
}
