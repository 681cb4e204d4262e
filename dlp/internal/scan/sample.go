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
	pairs  bool // the kernel looks up pairs of bytes
	size   float64
	starts bitmap // where words begin
	bytes  [256]bitmap
	lo, hi [16]bitmap        // by the column and the row of the byte
	low    map[uint16]bitmap // by several low halves
	high   map[uint16]bitmap
	exact  map[byteSet]*standing
	wide   map[[2]uint16]*standing
	acc    bitmap
	known  map[asked]float64
	share  [2][16][256]float32 // of bytes whose column is among the bits of the index, by half of the columns and by row
	begin  float32             // share of positions where a word begins
	halved [1 << 12]halfShare  // what has been worked out last, by a hash of columns and rows
}

// halfShare is the share of bytes whose columns and rows are among the bits of lo and hi.
type halfShare struct {
	lo, hi uint16
	share  float32
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
	s := &sample{size: float64(len(text)), exact: map[byteSet]*standing{}, wide: map[[2]uint16]*standing{}, low: map[uint16]bitmap{}, high: map[uint16]bitmap{}, known: map[asked]float64{}}
	s.starts, s.acc = make(bitmap, n), make(bitmap, n)
	for i := range s.lo {
		s.lo[i], s.hi[i] = make(bitmap, n), make(bitmap, n)
	}
	for i := range len(text) {
		b, bit := text[i], uint64(1)<<(i&63)
		if s.bytes[b] == nil {
			s.bytes[b] = make(bitmap, n)
		}
		s.bytes[b][i>>6] |= bit
		s.lo[column(b)][i>>6] |= bit
		s.hi[row(b)][i>>6] |= bit
		if isWord(b) && (i == 0 || !isWord(text[i-1])) {
			s.starts[i>>6] |= bit
		}
	}
	s.begin = float32(s.starts.count()) / float32(len(text))
	for b := range 256 {
		if s.bytes[b] == nil {
			continue
		}
		share := float32(s.bytes[b].count()) / float32(len(text))
		lo := column(byte(b))
		of := &s.share[lo>>3][row(byte(b))]
		for bits := range of {
			if bits>>(lo&7)&1 != 0 {
				of[bits] += share
			}
		}
	}
	return s
}

// outlineRate guesses at which share of positions the kernel reports o.
func (s *sample) outlineRate(o *outline, places int) float32 {
	rate := float32(1)
	if o.wordStart {
		rate = s.begin
	}
	for j := range places {
		if o.lo[j]&o.hi[j] == 0xffff {
			continue
		}
		rate *= s.halfShare(o.lo[j], o.hi[j]) + 1e-4
	}
	return rate
}

// halfShare returns the share of bytes whose columns and rows are among the bits of lo and hi.
func (s *sample) halfShare(lo, hi uint16) float32 {
	known := &s.halved[(uint32(lo)<<16|uint32(hi))*0x9e3779b1>>20]
	if known.lo != lo || known.hi != hi {
		p := float32(0)
		for m := hi; m != 0; m &= m - 1 {
			h := bits.TrailingZeros16(m) & 15
			p += s.share[0][h][uint8(lo)] + s.share[1][h][lo>>8]
		}
		*known = halfShare{lo, hi, p}
	}
	return known.share
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
	known, ok := s.exact[c]
	if !ok {
		m := make(bitmap, len(s.acc))
		c.each(func(b byte) { m.or(s.bytes[b]) })
		known = s.standing(m)
		s.exact[c] = known
	}
	return known
}

func (s *sample) standing(m bitmap) *standing { return &standing{m, float64(m.count()) / s.size} }

// halves returns where the kernel takes a byte for one of c.
func (s *sample) halves(c byteSet) *standing {
	lo, hi := c.arranged()
	half := [2]uint16{lo, hi}
	known, ok := s.wide[half]
	if !ok {
		m, high := slices.Clone(s.anyOf(&s.lo, lo, s.low)), s.anyOf(&s.hi, hi, s.high)
		for i := range m {
			m[i] &= high[i]
		}
		known = s.standing(m)
		s.wide[half] = known
	}
	return known
}

// anyOf returns where one of those of maps stands that bits has. It keeps the answer in known.
func (s *sample) anyOf(maps *[16]bitmap, bits uint16, known map[uint16]bitmap) bitmap {
	m, ok := known[bits]
	if !ok {
		m = make(bitmap, len(s.acc))
		for i := range maps {
			if bits>>i&1 != 0 {
				m.or(maps[i])
			}
		}
		known[bits] = m
	}
	return m
}

// rate estimates at which share of positions the first k classes of q hold.
func (s *sample) rate(q *sequence, k int, wordStart bool) float64 {
	ask := asked{*q, k, wordStart}
	f, ok := s.known[ask]
	if !ok {
		f = s.hold(q, k, wordStart, 1, s.class)
		s.known[ask] = f
	}
	return f
}

// kernelRate estimates at which share of positions the kernel takes the first k classes
// of q for given. It looks at a part of the sample, because it is asked often.
func (s *sample) kernelRate(q *sequence, k int, wordStart bool) float64 {
	return s.hold(q, k, wordStart, 2, s.halves)
}

// hold counts in every step-th word of the bitmaps where the first k classes of q hold.
func (s *sample) hold(q *sequence, k int, wordStart bool, step int, class func(byteSet) *standing) float64 {
	size := s.size / float64(step)
	last := size
	for j := range min(k, q.n) {
		n := 0
		if c := class(q.class[j]).at; j > 0 {
			n = s.acc.narrow(c, uint(j), step)
		} else {
			n = s.acc.begin(c, s.starts, wordStart, step)
		}
		if n == 0 {
			return s.rare(q, j, k, class, min(last, 1)/2/size)
		}
		last = float64(n)
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

// rare guesses the rate of what the sample does not have: it has at rate f the places
// before j only.
func (s *sample) rare(q *sequence, j, k int, class func(byteSet) *standing, f float64) float64 {
	for i := j + 1; i < min(k, q.n); i++ {
		f *= max(class(q.class[i]).share, 1e-4)
	}
	return f
}
