package scan

import (
	"math/bits"
	"slices"
)

// sketch is a class of bytes by letters, of which there are few, so that classes are quickly
// joined and weighed.
type sketch uint64

const (
	letters     = 64
	longNumbers = .01 // share of positions within numbers longer than those of the sample
)

// sketches answers how often classes occur in the sample, by letters. It keeps what it has
// worked out, and is not safe for concurrent use.
type sketches struct {
	sample *sample
	letter [256]uint8      // what stands for a byte
	share  [8][256]float32 // of letters among eight, by the bits of the index
	begin  float32         // share of positions where a word begins
	some   [16][16]bitmap  // where those of four letters stand that the index has
	known  map[sketch]*standing
}

// newSketches takes the codes of c for letters, if there are few enough; else, bytes that are
// frequent have one of their own, and the others share the last.
func newSketches(r *sample, c *coding) *sketches {
	s := &sketches{sample: r, begin: float32(r.starts.count()) / float32(r.size), known: map[sketch]*standing{}}
	if c != nil && len(c.groups) <= letters {
		s.letter = c.code
	} else {
		var count [256]int
		var order [256]uint8
		for b := range order {
			order[b], count[b] = uint8(b), r.bytes[b].count()
		}
		slices.SortStableFunc(order[:], func(a, b uint8) int { return count[b] - count[a] })
		for i, b := range order {
			s.letter[b] = uint8(min(i, letters-1))
		}
	}
	for i := range s.some {
		for set := range s.some[i] {
			s.some[i][set] = make(bitmap, len(r.acc))
		}
	}
	for b, l := range s.letter {
		share := float32(r.bytes[b].count()) / float32(r.size)
		for set := range s.share[0] {
			if set>>(l&7)&1 != 0 {
				s.share[l>>3][set] += share
			}
		}
		for set := range s.some[0] {
			if set>>(l&3)&1 != 0 {
				s.some[l>>2][set].or(r.bytes[b])
			}
		}
	}
	return s
}

// of returns the letters of the bytes of c.
func (s *sketches) of(c byteSet) (k sketch) {
	c.each(func(b byte) { k |= 1 << s.letter[b] })
	return k
}

// guess says at which share of positions o holds if bytes occur independently.
func (s *sketches) guess(o *outline, places int) float32 {
	rate := float32(1)
	if o.wordStart {
		rate = s.begin
	}
	for _, k := range o.at[:places] {
		if k != ^sketch(0) {
			rate *= s.share[0][k&255] + s.share[1][k>>8&255] + s.share[2][k>>16&255] + s.share[3][k>>24&255] +
				s.share[4][k>>32&255] + s.share[5][k>>40&255] + s.share[6][k>>48&255] + s.share[7][k>>56] + 1e-4
		}
	}
	return rate + s.inNumbers(o, places)
}

// inNumbers says at which share of positions o holds because it does so all along a number.
func (s *sketches) inNumbers(o *outline, places int) float32 {
	all := sketch(1) << s.letter['7']
	for _, k := range o.at[:places] {
		all &= k
	}
	if all == 0 || o.wordStart {
		return 0
	}
	return longNumbers
}

// rate says at which share of positions of the sample, and of numbers, o holds. It looks at a part of the
// sample, because it is asked often.
func (s *sketches) rate(o *outline, places int) float64 {
	return s.sample.hold(places, func(j int) *standing { return s.class(o.at[j]) }, o.wordStart, 2) + float64(s.inNumbers(o, places))
}

// class returns where the letters of k stand.
func (s *sketches) class(k sketch) *standing {
	known, ok := s.known[k]
	if !ok {
		m := make(bitmap, len(s.sample.acc))
		for rest := k; rest != 0; {
			i := bits.TrailingZeros64(uint64(rest)) / 4
			m.or(s.some[i][rest>>(4*i)&15])
			rest &^= 15 << (4 * i)
		}
		known = s.sample.standing(m)
		s.known[k] = known
	}
	return known
}
