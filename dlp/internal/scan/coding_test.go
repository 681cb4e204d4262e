package scan

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestCodingMissesNothing asks for fewer and fewer codes: each stands for all groups of its bytes,
// and for bytes of one side.
func TestCodingMissesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	tb := randomTables(r)
	for _, most := range []int{256, 128, 40, 32, 3} {
		c, exact := newCoding(tb, &coder{most: most, words: true}, mergeSteps[0], ordinarySample())
		if len(c.groups) > most {
			t.Errorf("%d codes, want at most %d", len(c.groups), most)
		}
		same := true
		for b := range 256 {
			own := tb.groupsOf(uint8(b))
			all := own
			if all.widen(&c.groups[c.code[b]]); all != c.groups[c.code[b]] || own.side != all.side {
				t.Errorf("%d codes: code %d does not stand for byte %#x", most, c.code[b], b)
			}
			same = same && all == own
		}
		if exact != same {
			t.Errorf("%d codes: exact is %v, want %v", most, exact, same)
		}
	}
}

// TestCoarsenedClassesNeedNoOtherCodes: classes made of whole codes are told apart by as many.
func TestCoarsenedClassesNeedNoOtherCodes(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	c, _ := newCoding(randomTables(r), &coder{most: 32, words: true}, mergeSteps[0], ordinarySample())
	ks := []kind{{q: sequence{n: 2}}, {q: sequence{n: 1}, wordStart: true}}
	for i := range ks {
		for j := range ks[i].q.n {
			ks[i].q.class[j].add(byte(r.Uint32()))
		}
	}
	c.coarsen(ks)
	for i := range ks {
		for j := range ks[i].q.n {
			has := [32]int{} // by code, 1 for in the class, 2 for not
			for b := range 256 {
				in := 2
				if ks[i].q.class[j].has(byte(b)) {
					in = 1
				}
				has[c.code[b]] |= in
			}
			if slices.Contains(has[:], 3) || !slices.Contains(has[:], 1) {
				t.Errorf("class %d of kind %d: codes have %v", j, i, has)
			}
		}
	}
}

// TestSketchesCount compares what sketches say of the sample with a count by hand.
func TestSketchesCount(t *testing.T) {
	c, _ := newCoding(randomTables(rand.New(rand.NewPCG(25, 26))), &coder{most: 32, words: true}, mergeSteps[0], ordinarySample())
	s := newSketches(ordinarySample(), c)
	var o outline
	for i := range o.at {
		o.at[i] = ^sketch(0)
	}
	o.at[0], o.at[1] = s.of(wordBytes), s.of(otherBytes)
	ends := 0
	for i := range len(sampleText) - 1 {
		if i/64%2 == 0 && isWord(sampleText[i]) && !isWord(sampleText[i+1]) {
			ends++
		}
	}
	if got, want := s.rate(&o, 2), float64(2*ends)/float64(len(sampleText)); math.Abs(got-want) > 0.003 {
		t.Errorf("words end at %.4f of all places, want %.4f", got, want)
	}
	if g := s.guess(&o, 2); g < 0.05 || g > 0.25 {
		t.Errorf("words end at %.4f of all places by guess", g)
	}
	o.at[2] = 0
	if got := s.rate(&o, 3); got > 1e-4 {
		t.Errorf("what is nowhere holds at %.5f of all places", got)
	}
}

func TestJoinCheapest(t *testing.T) {
	at := []float32{0, 10, 11, 30, 31.5, 33}
	joins := 0
	left := joinCheapest(len(at), 3, func(i, j int) float32 { return max(at[i]-at[j], at[j]-at[i]) }, func(i, j int) {
		at[i] = (at[i] + at[j]) / 2
		joins++
	})
	if want := []int{0, 1, 3}; joins != 3 || !slices.Equal(left, want) {
		t.Errorf("%d joins leave %v, want %v", joins, left, want)
	}
	if left := joinCheapest(2, 5, func(int, int) float32 { return 0 }, nil); len(left) != 2 {
		t.Errorf("two of at most five: %v are left", left)
	}
}
