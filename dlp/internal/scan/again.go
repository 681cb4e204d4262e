package scan

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// Text that is full of beginnings mostly says the same over and over, and automata go the
// same ways through it. They are remembered, so that what an automaton has read before
// costs one look-up for wayBytes.

const (
	wayBytes  = 16 // of a stretch
	wayBits   = 8
	wayPlaces = 4       // for one hash
	waysLuck  = 16      // ways that may be looked for in vain in a batch
	waysBest  = 1 << 10 // and at most, where others were found
	wayMixing = 0x9e3779b97f4a7c15
)

// again is what is remembered.
type again struct {
	ways [1 << wayBits]way
	luck int // how many ways may still be looked for in vain
}

// way says that an automaton in a row, for some of its parts, reads n bytes of a stretch and is
// in another row then.
type way struct {
	states      *states
	text        [2]uint64
	from        uint64 // the row and the parts
	to          uint32
	alive, hits uint16 // then, and parts that matched
	n           uint8
	ends        [mostParts]uint8
}

// follow goes on with d for the parts in wanted, as [dfa.walk] does.
func (r *run) follow(d *dfa, wanted uint16, until int) (steps int) {
	w, a, b := &r.walk, &r.again, r.text
	for last := min(until, len(b)) - wayBytes; w.at <= last && w.alive&wanted != 0 && a.luck > 0; {
		t0, t1 := binary.LittleEndian.Uint64(b[w.at:]), binary.LittleEndian.Uint64(b[w.at+8:])
		from := uint64(w.row) | uint64(wanted)<<32
		i := ((t0^from+w.states.salt)*wayMixing ^ bits.RotateLeft64(t1*wayMixing, 32)) >> (64 - wayBits)
		y := &a.ways[i]
		if y.text != [2]uint64{t0, t1} || y.from != from || y.states != w.states {
			if y = a.other(i, &t0, &t1, from, w.states); y == nil {
				a.luck--
				is := way{states: w.states, text: [2]uint64{t0, t1}, from: from}
				steps += r.learn(d, &is, wanted)
				if is.states != nil {
					a.keep(i, &is)
				}
				continue
			}
		}
		w.matched |= y.hits
		for h := y.hits; h != 0; h &= h - 1 {
			p := bits.TrailingZeros16(h)
			w.ends[p] = w.at + int(y.ends[p&(mostParts-1)])
		}
		w.row, w.alive = y.to, y.alive
		w.at += int(y.n)
		a.luck = min(a.luck+1, waysBest)
		steps++
	}
	return steps + d.walk(w, b, wanted, until)
}

// other returns the way in one of the other places for hash i, or nil.
func (a *again) other(i uint64, t0, t1 *uint64, from uint64, s *states) *way {
	for k := range uint64(wayPlaces - 1) {
		if y := &a.ways[i^(k+1)]; y.text == [2]uint64{*t0, *t1} && y.from == from && y.states == s {
			return y
		}
	}
	return nil
}

// keep puts y in the first place for hash i, and those there one further.
func (a *again) keep(i uint64, y *way) {
	for k := uint64(wayPlaces - 1); k > 0; k-- {
		a.ways[i^k] = a.ways[i^(k-1)]
	}
	a.ways[i] = *y
}

// learn goes on for a stretch, which does not end with part of a rune, and notes in y how, or else
// that y is none.
func (r *run) learn(d *dfa, y *way, wanted uint16) (steps int) {
	w, at, matched := &r.walk, r.walk.at, r.walk.matched
	w.matched = 0
	end := at + wayBytes
	for end > at && r.text[end-1] >= utf8.RuneSelf {
		end--
	}
	if end == at {
		y.states, end = nil, at+wayBytes
	}
	steps = d.walk(w, r.text, wanted, end)
	y.hits, y.to, y.alive = w.matched, w.row, w.alive
	w.matched |= matched
	for h := y.hits; h != 0; h &= h - 1 {
		p := bits.TrailingZeros16(h)
		y.ends[p] = uint8(w.ends[p] - at)
	}
	if y.n = uint8(w.at - at); w.states != y.states {
		y.states = nil
	}
	return steps
}

// end returns where the match of a pattern that begins at r.text[at:] ends, or -1.
func (r *run) end(p *pattern, at int, steps *int) int {
	if !r.dense || r.again.luck == 0 || p.words != nil {
		before := *steps
		end := p.end(r.text, at, steps)
		r.turns.saw(at + *steps - before)
		return end
	}
	d := p.automaton(&p.whole, 0)
	d.begin(&r.walk, r.text, at)
	*steps += r.follow(d, 1, len(r.text)+1)
	r.turns.saw(r.walk.at)
	if r.walk.matched == 0 {
		return -1
	}
	return r.walk.ends[0]
}
