package scan

import (
	"math/bits"
	"regexp/syntax"
	"slices"
	"unicode/utf8"
)

// Where a match can begin at several places before its anchor, as the first number of an
// address does, those places are read off the text backwards, all ways at once, if what is in
// front of the anchor has few ways to be written and ends there for certain.

// before are the ways in which what is in front of an anchor is written, last byte first.
type before struct {
	ways *rowSet
	wide bool // there are ways that are not ASCII, which are left out
}

const mostBefore = 16 // bytes

// noBefore is that of a pattern that has none.
var noBefore = &before{}

// ofASCII is the spelling of those runes that are ASCII.
func ofASCII(ranges []rune) rows { return rows{{asciiOf(ranges)}} }

// newBefore returns the ways to write the items of p in front of its anchor, or noBefore when they
// are too many, or may go on behind a place at which the anchor stands.
func newBefore(p *pattern) *before {
	a := p.anchor
	if p.words != nil || !a.several() || a.far > mostBefore {
		return noBefore
	}
	for i := range a.sequences {
		if !a.sequences[i].at(0).intersect(a.run).empty() {
			return noBefore
		}
	}
	items := flatten(p.tree(), nil)[:p.cut]
	if p.lead {
		for len(items) > 0 && items[0].Op == syntax.OpWordBoundary {
			items = items[1:]
		}
	}
	all := rowsOf(&syntax.Regexp{Op: syntax.OpConcat, Sub: items}, ofASCII).join()
	if all == nil || len(all) > mostInSet {
		return noBefore
	}
	for _, row := range all {
		slices.Reverse(row)
	}
	return &before{newRowSet(all), !a.run.intersect(highByte).empty()}
}

// starts returns the distances from text[pos] at which what is in front of it may begin, as
// bits. Of text that is not ASCII it may not know.
func (b *before) starts(text []byte, pos int) (at uint32, known bool) {
	ends := b.ways.ends
	if ends[0] != 0 {
		at = 1
	}
	alive := ^uint64(0)
	for d := 1; d < len(ends) && d <= pos; d++ {
		c := text[pos-d]
		if c >= utf8.RuneSelf {
			return at, !b.wide
		}
		if alive &= b.ways.at(d-1, c); alive == 0 {
			break
		}
		if alive&ends[d] != 0 {
			at |= 1 << d
		}
	}
	return at, true
}

// backwards tries pattern p, whose anchor may be at pos, where what is in front begins. It
// reports whether it could.
func (r *run) backwards(p int, pat *pattern, pos int) bool {
	b := pat.before.Load()
	if b == nil {
		b = pat.before.set(newBefore(pat))
	}
	if b == noBefore {
		return false
	}
	at, known := b.starts(r.text, pos)
	if !known {
		return false
	}
	for tried := 0; at != 0 && !r.ended; at &= 1<<(bits.Len32(at)-1) - 1 {
		i := pos - (bits.Len32(at) - 1)
		if i < max(r.open[p], r.from) || i >= r.to || pat.lead && !boundary(r.text, i) || r.text[i] >= utf8.RuneSelf && inside(r.text, i) {
			continue
		}
		if tried++; tried == 2 && !r.goesOn(p, pat, pos) {
			break
		}
		r.start(p, pat, i)
	}
	r.open[p] = max(r.open[p], min(pos-int(pat.near)+1, r.to))
	return true
}
