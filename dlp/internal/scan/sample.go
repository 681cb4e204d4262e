package scan

import (
	_ "embed"
	"math/bits"
	"slices"
)

// sampleText is prose, programs and data in equal parts, by which the cost of looking for
// something in ordinary text is estimated.
//
//go:embed sample.txt
var sampleText string

// bitmap has a bit for each position of the sample.
type bitmap []uint64

// sample answers how often classes occur in the sample. It keeps what it has worked out,
// and is not safe for concurrent use; Compile makes one.
type sample struct {
	pairs   bool // the kernel looks up pairs of bytes
	size    float64
	starts  bitmap // where words begin
	bytes   [256]bitmap
	eights  map[uint16]bitmap // of several among eight bytes; see eight
	classes map[byteSet]*standing
	acc     bitmap
	known   map[asked]float64
}

// standing is where bytes of a class stand, and how often.
type standing struct {
	at    bitmap
	share float64
}

// asked is a question about a rate.
type asked struct {
	q         sequence
	k         int
	wordStart bool
}

func newSample() *sample {
	text := sampleText
	n := (len(text) + 63) / 64
	s := &sample{size: float64(len(text)), eights: map[uint16]bitmap{}, classes: map[byteSet]*standing{}, known: map[asked]float64{}}
	s.starts, s.acc = make(bitmap, n), make(bitmap, n)
	for i := range len(text) {
		b, bit := text[i], uint64(1)<<(i&63)
		if s.bytes[b] == nil {
			s.bytes[b] = make(bitmap, n)
		}
		s.bytes[b][i>>6] |= bit
		if isWord(b) && (i == 0 || !isWord(text[i-1])) {
			s.starts[i>>6] |= bit
		}
	}
	return s
}

func (m bitmap) or(o bitmap) {
	for i := range o {
		m[i] |= o[i]
	}
}

func (m bitmap) count() (n int) {
	for _, w := range m {
		n += bits.OnesCount64(w)
	}
	return n
}

// class returns where a byte of c stands.
func (s *sample) class(c byteSet) *standing {
	known, ok := s.classes[c]
	if !ok {
		m := make(bitmap, len(s.acc))
		for i := range 32 {
			if some := uint8(c[i>>3] >> (i & 7 * 8)); some != 0 {
				m.or(s.eight(i, some))
			}
		}
		known = s.standing(m)
		s.classes[c] = known
	}
	return known
}

func (s *sample) standing(m bitmap) *standing { return &standing{m, float64(m.count()) / s.size} }

// eight returns where those of the i-th eight bytes stand that some has.
func (s *sample) eight(i int, some uint8) bitmap {
	m, ok := s.eights[uint16(i)<<8|uint16(some)]
	if !ok {
		for rest := some; rest != 0; rest &= rest - 1 {
			if at := s.bytes[i*8+bits.TrailingZeros8(rest)]; m == nil {
				m = slices.Clone(at)
			} else {
				m.or(at)
			}
		}
		s.eights[uint16(i)<<8|uint16(some)] = m
	}
	return m
}

// rate estimates at which share of positions the first k classes of q hold.
func (s *sample) rate(q *sequence, k int, wordStart bool) float64 {
	ask := asked{*q, k, wordStart}
	f, ok := s.known[ask]
	if !ok {
		f = s.hold(min(k, q.n), func(j int) *standing { return s.class(q.class[j]) }, wordStart, 1)
		s.known[ask] = f
	}
	return f
}

// hold counts in every step-th word where n classes, one behind the other, hold. What the sample
// does not have is guessed.
func (s *sample) hold(n int, class func(j int) *standing, wordStart bool, step int) float64 {
	size := s.size / float64(step)
	last := size
	for j := range n {
		count := 0
		if at := class(j).at; j > 0 {
			count = s.acc.narrow(at, uint(j), step)
		} else {
			count = s.acc.begin(at, s.starts, wordStart, step)
		}
		if count == 0 {
			f := min(last, 1) / 2 / size
			for i := j + 1; i < n; i++ {
				f *= max(class(i).share, 1e-4)
			}
			return f
		}
		last = float64(count)
	}
	return last / size
}

// begin sets every step-th word to the positions of o, of those only where words begin if it
// says so, and counts them.
func (m bitmap) begin(o, starts bitmap, wordStart bool, step int) (n int) {
	any := ^uint64(0)
	if wordStart {
		any = 0
	}
	o, starts = o[:len(m)], starts[:len(m)]
	for i := 0; i < len(m)-1; i += step {
		m[i] = o[i] & (starts[i] | any)
		n += bits.OnesCount64(m[i])
	}
	return n
}

// narrow keeps, in every step-th word, the positions j bytes behind which o has a bit, and
// counts them.
func (m bitmap) narrow(o bitmap, j uint, step int) (n int) {
	o = o[:len(m)]
	for i := 0; i < len(m)-1; i += step {
		if m[i] != 0 {
			m[i] &= o[i]>>j | o[i+1]<<(64-j)
			n += bits.OnesCount64(m[i])
		}
	}
	return n
}

// where returns the positions at which all classes hold, of those only where words begin if
// it says so. It is good until the sample is asked again.
func (s *sample) where(classes []byteSet, wordStart bool) bitmap {
	s.acc.begin(s.class(classes[0]).at, s.starts, wordStart, 1)
	for j := 1; j < len(classes); j++ {
		if classes[j] != anyByte && s.acc.narrow(s.class(classes[j]).at, uint(j), 1) == 0 {
			return nil
		}
	}
	return s.acc
}

// each calls f for all positions but those of the last word, of which less is known.
func (m bitmap) each(f func(i int)) {
	for w, at := range m[:max(0, len(m)-1)] {
		for ; at != 0; at &= at - 1 {
			f(w*64 + bits.TrailingZeros64(at))
		}
	}
}
