package dlp

import "unicode/utf8"

// beginnings tells from text that is not folded whether one of some words can be in it, by the
// first three letters. Most values have none of a detector's words around them, and folding what
// they have is what they would cost.
type beginnings struct {
	words  letterSet // of words that begin where a word begins
	inside letterSet // of those that begin anywhere
	any    bool      // one of them has no letters to begin with
}

// letterSet holds hashes of three letters.
type letterSet [32]uint64

const hashBits = 11

// hash is of three letters from 1 to 26; a zero is the end of a word.
func hash(a, b, c uint32) uint32 {
	return (a<<10 | b<<5 | c) * 0x9e3779b1 >> (32 - hashBits)
}

func (s *letterSet) add(h uint32) { s[h>>6] |= 1 << (h & 63) }

func (s *letterSet) has(h uint32) bool { return s[h>>6]>>(h&63)&1 != 0 }

// letterOf is 1 to 26 for a letter in ASCII, and 0 for any other byte.
var letterOf = func() (t [256]uint8) {
	for i := range uint8(26) {
		t['a'+i], t['A'+i] = i+1, i+1
	}
	return t
}()

// add takes the beginning of a word. A word that begins with a letter that is not ASCII is
// found because any such letter counts as one.
func (b *beginnings) add(w *hint) {
	var l [3]uint32
	n := 0
	for n < len(l) && n < len(w.folded) && letterOf[w.folded[n]] > 0 {
		l[n] = uint32(letterOf[w.folded[n]])
		n++
	}
	foreign := n < len(w.folded) && w.folded[n] >= utf8.RuneSelf
	switch {
	case n < len(l) && foreign:
		return
	case n == 0, n < len(l) && n == len(w.folded) && w.openEnd:
		b.any = true
		return
	}
	h := hash(l[0], l[1], l[2])
	b.words.add(h)
	if w.openStart {
		b.inside.add(h)
	}
}

// in reports whether a word can begin in text. It is not sure of that, but of the contrary.
func (b *beginnings) in(text []byte) bool {
	if b.any {
		return len(text) > 0
	}
	before := uint32(0)
	for i, c := range text {
		l := uint32(letterOf[c])
		switch {
		case c >= utf8.RuneSelf:
			return true
		case l == 0:
		case before == 0 || isUpper(c):
			if b.words.begins(text, i, l) {
				return true
			}
		case b.inside.begins(text, i, l):
			return true
		}
		before = l
	}
	return false
}

// begins reports whether the set has the letters from text[i] on, of which the first is l. In
// front of a capital the word may end.
func (s *letterSet) begins(text []byte, i int, l uint32) bool {
	var b, c byte
	if i+1 < len(text) {
		b = text[i+1]
	}
	if letterOf[b] == 0 {
		return s.has(hash(l, 0, 0))
	}
	if i+2 < len(text) {
		c = text[i+2]
	}
	if s.has(hash(l, uint32(letterOf[b]), uint32(letterOf[c]))) {
		return true
	}
	return isUpper(b) && s.has(hash(l, 0, 0)) || isUpper(c) && s.has(hash(l, uint32(letterOf[b]), 0))
}
