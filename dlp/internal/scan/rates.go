package scan

import (
	_ "embed" // for the table
	"math"
	"math/bits"
)

//go:generate go run gen_rates.go -o rates.bin

// rateTable holds how often one kind of byte follows another in a mix of prose, code and
// structured text: round(10·log2(1+count)) for kinds×kinds pairs (see gen_rates.go).
//
//go:embed rates.bin
var rateTable string

// kinds is the number of byte kinds: control, tab, line feed, return, space, 32 marks,
// digits, 26 capitals, 26 small letters, and three lead bytes and the rest of UTF-8.
const kinds = 94

// kindOf returns the kind of b. gen_rates.go has the same function.
func kindOf(b byte) int {
	switch {
	case b == '\t':
		return 1
	case b == '\n':
		return 2
	case b == '\r':
		return 3
	case b == ' ':
		return 4
	case b < ' ' || b == 0x7f:
		return 0
	case b < '0':
		return 5 + int(b-'!')
	case b <= '9':
		return 37
	case b < 'A':
		return 20 + int(b-':')
	case b <= 'Z':
		return 38 + int(b-'A')
	case b < 'a':
		return 27 + int(b-'[')
	case b <= 'z':
		return 64 + int(b-'a')
	case b < 0x80:
		return 33 + int(b-'{')
	case b < 0xc0:
		return 90
	case b < 0xe0:
		return 91
	case b < 0xf0:
		return 92
	}
	return 93
}

// rates estimates how often byte classes occur in ordinary text. It is not safe for
// concurrent use; Compile makes one.
type rates struct {
	pair  [kinds][kinds]float64
	after [kinds]float64 // bytes of a kind
	total float64
	width [kinds]float64 // bytes in a kind
	kind  [256]uint8
	cols  map[byteSet]*column
}

// column is a class seen by kind: the share of each kind that is in it, and how often a
// byte of it follows each kind.
type column struct {
	share    [kinds]float64
	follows  [kinds]float64
	size     float64
	nonEmpty [2]uint64
}

func newRates() *rates {
	r := &rates{cols: map[byteSet]*column{}}
	for b := range 256 {
		k := kindOf(byte(b))
		r.kind[b] = uint8(k)
		r.width[k]++
	}
	for i := range kinds {
		for j := range kinds {
			n := math.Exp2(float64(rateTable[i*kinds+j])/10) - 1
			r.pair[i][j] = n + 1e-3
			r.after[i] += n + 1e-3
		}
		r.total += r.after[i]
	}
	return r
}

func (r *rates) column(s byteSet) *column {
	if c, ok := r.cols[s]; ok {
		return c
	}
	c := &column{}
	s.each(func(b byte) {
		k := r.kind[b]
		c.share[k] += 1 / r.width[k]
		c.nonEmpty[k>>6] |= 1 << (k & 63)
	})
	for w, m := range c.nonEmpty {
		for ; m != 0; m &= m - 1 {
			j := w<<6 + bits.TrailingZeros64(m)
			c.size += c.share[j] * r.after[j]
			for i := range kinds {
				c.follows[i] += c.share[j] * r.pair[i][j]
			}
		}
	}
	r.cols[s] = c
	return c
}

// first is the share of text bytes that are in s.
func (r *rates) first(s byteSet) float64 { return r.column(s).size / r.total }

// next is the share of bytes in t after a byte in s.
func (r *rates) next(s, t byteSet) float64 {
	a, b := r.column(s), r.column(t)
	n := 0.0
	for w, m := range a.nonEmpty {
		for ; m != 0; m &= m - 1 {
			i := w<<6 + bits.TrailingZeros64(m)
			n += a.share[i] * b.follows[i]
		}
	}
	return n / max(a.size, 1e-6)
}

// of estimates at how many of the text's positions the first k classes of q hold.
func (r *rates) of(q *sequence, k int) float64 {
	f := 1.0
	for i := range min(k, q.n) {
		if i == 0 {
			f = r.first(q.class[0])
		} else {
			f *= r.next(q.class[i-1], q.class[i])
		}
	}
	return f
}
