package scan

import (
	"bytes"
	"math/rand/v2"
	"slices"
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
	for _, k := range kernels() {
		like := *tb
		switch k.name {
		case "avx2":
			like.portable = newPortableTables(tb, tb.slotsByRows, tb.keysByRows)
		case "avx512vbmi":
			like.portable = newPortableTables(tb, tb.vbmi.slotsAt, tb.vbmi.keysAt)
		}
		want, got := new(findings), new(findings)
		wantCarry := portableKernel(&like, v, n, carry, loose, want)
		gotCarry := k.run(tb, v, n, carry, loose, got)
		if gotCarry != wantCarry {
			t.Errorf("%s: carry %d, want %d", k.name, gotCarry, wantCarry)
		}
		for i := range n {
			if got.masks[i] != want.masks[i] {
				t.Fatalf("%s: block %d %q: got %x, want %x", k.name, i, v[i*block:(i+1)*block+window], got.masks[i], want.masks[i])
			}
		}
	}
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

func TestQuadsAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	q, class, x := new(quad), new([256]uint8), new(batchText)
	for b := range class {
		class[b] = uint8(b % 40)
		for j := range window {
			for k := range quadWords {
				q.at[class[b]][j][k] = r.Uint64()
			}
		}
	}
	m := new([batch]masks)
	for k := range m {
		m[k].starts = r.Uint64()
	}
	for k := range quadWords {
		q.begin[1][k] = ^uint64(0)
		q.begin[0][k] = r.Uint64() & r.Uint64()
	}
	for i := range x {
		x[i] = byte(r.Uint32())
	}
	var at []uint16
	for i := range batch * block {
		if r.IntN(3) > 0 {
			at = append(at, uint16(i))
		}
	}
	want := make([]quadHit, len(at))
	want = want[:portableQuad(q, class, m, x, at, want)]
	if len(want) < 10 || len(want) == len(at) {
		t.Fatalf("%d of %d places hold: not a test", len(want), len(at))
	}
	for _, k := range kernels() {
		got := make([]quadHit, len(at))
		if got = got[:k.quad(q, class, m, x, at, got)]; !slices.Equal(got, want) {
			t.Errorf("%s: %d places, or others, want %d", k.name, len(got), len(want))
		}
		if n := k.quad(q, class, m, x, nil, nil); n != 0 {
			t.Errorf("%s: %d of no places", k.name, n)
		}
	}
}

func TestPlacesAndProbesAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	x := new(batchText)
	for i := range x {
		x[i] = byte(r.Uint32())
	}
	p := &probe{new([mostWords]uint64), mapShift(2000)}
	for i := range p.four {
		p.four[i] = r.Uint64() & r.Uint64()
	}
	for range 20 {
		ms := make([]masks, r.IntN(batch+1))
		for k := range ms {
			ms[k] = masks{slots: r.Uint64() & r.Uint64() & r.Uint64(), keys: r.Uint64() &^ -uint64(r.IntN(2)), folds: 1}
		}
		for _, which := range []field{ofSlots, ofKeys} {
			want := slices.Clone(portablePlaces(ms, which, new(places)))
			kept := portableProbe(p, x, want, new(places))
			if which == ofKeys && len(want) > 200 && (len(kept) == 0 || len(kept) == len(want)) {
				t.Fatalf("%d of %d places are kept: not a test", len(kept), len(want))
			}
			for _, k := range kernels() {
				if got := k.places(ms, which, new(places)); !slices.Equal(got, want) {
					t.Errorf("%s: %d places, or others, want %d", k.name, len(got), len(want))
				}
				if got := k.probe(p, x, want, new(places)); !slices.Equal(got, kept) {
					t.Errorf("%s: %d kept, or others, want %d", k.name, len(got), len(kept))
				}
			}
		}
	}
}

func FuzzKernels(f *testing.F) {
	f.Add(uint64(1), []byte("a word, 123-45-6789 and pa\u017fsword \u212a, then more of it and so on until the block is full"))
	f.Fuzz(func(t *testing.T, seed uint64, text []byte) {
		kernelsAgree(t, randomTables(rand.New(rand.NewPCG(seed, 1))), text, seed&1, 0)
	})
}
