package scan

import "math/bits"

// byteSet is a set of byte values.
type byteSet [4]uint64

var (
	anyByte  = byteSet{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}
	highByte = byteSet{0, 0, ^uint64(0), ^uint64(0)}
)

func (s *byteSet) add(b byte)     { s[b>>6] |= 1 << (b & 63) }
func (s byteSet) has(b byte) bool { return s[b>>6]>>(b&63)&1 != 0 }

func (s *byteSet) addRange(lo, hi byte) {
	for b := int(lo); b <= int(hi); b++ {
		s.add(byte(b))
	}
}

func (s byteSet) union(t byteSet) byteSet {
	return byteSet{s[0] | t[0], s[1] | t[1], s[2] | t[2], s[3] | t[3]}
}

func (s byteSet) intersect(t byteSet) byteSet {
	return byteSet{s[0] & t[0], s[1] & t[1], s[2] & t[2], s[3] & t[3]}
}

func (s *byteSet) remove(b byte) { s[b>>6] &^= 1 << (b & 63) }

func (s byteSet) size() int {
	return bits.OnesCount64(s[0]) + bits.OnesCount64(s[1]) + bits.OnesCount64(s[2]) + bits.OnesCount64(s[3])
}

func (s byteSet) empty() bool { return s == byteSet{} }

// subset reports whether every byte of s is in t.
func (s byteSet) subset(t byteSet) bool { return s.union(t) == t }

// each calls f for every byte of s in rising order.
func (s byteSet) each(f func(b byte)) {
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			f(byte(i<<6 + bits.TrailingZeros64(w)))
		}
	}
}

// isWord reports whether b is a word character of \b, which is ASCII in RE2 and in Go.
func isWord(b byte) bool {
	return 'a' <= b|0x20 && b|0x20 <= 'z' || '0' <= b && b <= '9' || b == '_'
}

var wordBytes = func() (s byteSet) {
	for b := range 256 {
		if isWord(byte(b)) {
			s.add(byte(b))
		}
	}
	return s
}()
