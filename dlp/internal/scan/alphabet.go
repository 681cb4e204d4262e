package scan

import (
	"encoding/binary"
	"regexp/syntax"
	"slices"
	"sort"
	"unicode"
	"unicode/utf8"
)

// alphabet divides the runes into classes that no instruction of a program tells apart.
type alphabet struct {
	ascii   [utf8.RuneSelf]uint8
	starts  []rune   // first runes of the ranges from U+0080 on
	classes []uint16 // their classes
	sample  []rune   // a rune of each class; the last class is the end of text, -1
}

// of returns the class of a rune outside ASCII.
func (a *alphabet) of(r rune) uint32 {
	i := sort.Search(len(a.starts), func(i int) bool { return a.starts[i] > r })
	return uint32(a.classes[i-1])
}

// class returns the class of the rune at b[i], and its width; at the end of b, that of the
// end of the text.
func (a *alphabet) class(b []byte, i int) (class uint32, w int) {
	if i < len(b) && b[i] < utf8.RuneSelf {
		return uint32(a.ascii[b[i]]), 1
	}
	return a.wide(b, i)
}

func (a *alphabet) wide(b []byte, i int) (class uint32, w int) {
	if i >= len(b) {
		return a.end(), 1
	}
	r, w := utf8.DecodeRune(b[i:])
	return a.of(r), w
}

// end is the class of the end of the text.
func (a *alphabet) end() uint32 { return uint32(len(a.sample) - 1) }

// newAlphabet derives the classes from prog. Only programs that look at word boundaries or
// line ends need word characters and line feeds kept apart.
func newAlphabet(prog *syntax.Prog, looks syntax.EmptyOp) *alphabet {
	tests := distinctTests(prog)
	cuts := []rune{0, utf8.RuneSelf}
	cut := func(lo, hi rune) { cuts = append(cuts, lo, hi+1) }
	for _, in := range tests {
		runeRanges(in, cut)
	}
	cut('\n', '\n')
	if looks&(syntax.EmptyWordBoundary|syntax.EmptyNoWordBoundary) != 0 {
		cut('0', '9')
		cut('A', 'Z')
		cut('_', '_')
		cut('a', 'z')
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	a := &alphabet{}
	ids := map[string]uint16{}
	key := make([]byte, 0, len(tests)/8+2)
	for i, lo := range cuts {
		if lo > unicode.MaxRune {
			break
		}
		key = signature(key[:0], tests, looks, lo)
		id, ok := ids[string(key)]
		if !ok {
			id = uint16(len(a.sample))
			ids[string(key)] = id
			a.sample = append(a.sample, lo)
		}
		next := rune(unicode.MaxRune + 1)
		if i+1 < len(cuts) {
			next = cuts[i+1]
		}
		for r := lo; r < min(next, utf8.RuneSelf); r++ {
			a.ascii[r] = uint8(id)
		}
		if lo >= utf8.RuneSelf {
			a.starts = append(a.starts, lo)
			a.classes = append(a.classes, id)
		}
	}
	a.sample = append(a.sample, -1)
	return a
}

// signature appends what each test says of r, and the neighbourhood r makes for assertions.
func signature(key []byte, tests []*syntax.Inst, looks syntax.EmptyOp, r rune) []byte {
	key = append(key, byte(side(r, looks)))
	var acc byte
	for i, in := range tests {
		acc <<= 1
		if in.MatchRune(r) {
			acc |= 1
		}
		if i&7 == 7 {
			key = append(key, acc)
		}
	}
	return append(key, acc)
}

// distinctTests returns one instruction for each different set of runes that prog tests.
func distinctTests(prog *syntax.Prog) []*syntax.Inst {
	seen := map[string]bool{}
	var out []*syntax.Inst
	var key []byte
	for i := range prog.Inst {
		in := &prog.Inst[i]
		switch in.Op {
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		default:
			continue
		}
		key = append(key[:0], byte(in.Op), byte(in.Arg))
		for _, r := range in.Rune {
			key = binary.LittleEndian.AppendUint32(key, uint32(r))
		}
		if !seen[string(key)] {
			seen[string(key)] = true
			out = append(out, in)
		}
	}
	return out
}

// runeRanges calls f for each range of runes that in tells apart from others.
func runeRanges(in *syntax.Inst, f func(lo, hi rune)) {
	if in.Op != syntax.InstRune && in.Op != syntax.InstRune1 {
		return
	}
	if len(in.Rune) == 1 {
		r := in.Rune[0]
		f(r, r)
		if syntax.Flags(in.Arg)&syntax.FoldCase != 0 {
			for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
				f(o, o)
			}
		}
		return
	}
	for i := 0; i+1 < len(in.Rune); i += 2 {
		f(in.Rune[i], in.Rune[i+1])
	}
}

// Sides of a position, as far as assertions look at them.
const (
	sideEdge  = iota // the text begins or ends here
	sideLine         // a line feed
	sideWord         // a word character
	sideOther        // anything else
)

// side says what r is to assertions that look only at what is in looks.
func side(r rune, looks syntax.EmptyOp) int {
	switch {
	case r < 0:
		return sideEdge
	case r == '\n':
		if looks&(syntax.EmptyBeginLine|syntax.EmptyEndLine) != 0 {
			return sideLine
		}
	case r < utf8.RuneSelf && isWord(byte(r)):
		if looks&(syntax.EmptyWordBoundary|syntax.EmptyNoWordBoundary) != 0 {
			return sideWord
		}
	}
	return sideOther
}
