package scan

import (
	"bytes"
	"cmp"
	"regexp/syntax"
	"slices"
	"sync"
	"unicode/utf8"
)

// landmark is what every match of a pattern must show at an unknown distance behind its
// anchor: `password=` behind `server=…;`, or the at sign of a URL with credentials. It is
// looked for before an automaton is started, and how far the text has none is remembered, so
// that no byte is looked at twice for the same pattern.
type landmark struct {
	near, far int              // from the anchor to the landmark
	class     []byteSet        // of its bytes
	items     []*syntax.Regexp // that begin with it, until it is chosen
	ways      *rowSet          // in which they are written, as far as that is ASCII; nil if they are many
	onward    []int            // by place of a byte that does not fit, those behind it do: the next that can begin one
	skip      [256]uint8       // that by the byte at the last place
	pivot     int              // the place of a class with one rare byte, or -1
	common    bool             // it is only worth looking for where candidates are dense
	byte      byte
}

const (
	markBytes   = 24    // of a landmark
	markRoom    = 12    // distances at which it can be; were they fewer, onward would find it
	markNear    = 600   // most distance
	markFar     = 4096  // if a single byte can be looked for; without limit, if it is rare
	markRate    = .0005 // of positions in ordinary text that may show it
	markOften   = .004  // if a single byte can be looked for
	markCommon  = .02   // if it is looked for only where candidates are dense
	markPivot   = .03   // that may have a byte for it to be looked for
	markRare    = .005
	markClose   = 128  // distance at which a single byte, not rare, is found at once
	markVain    = 8    // times that a common one is found in a row, and then not looked for
	markBlind   = 4096 // for so many bytes
	markSome    = .02  // of positions that may have it
	markFurther = 4096 // where candidates are dense
	markOn      = 64   // bytes that are looked through in advance where beginnings follow each other
	markBroad   = 64   // kinds of bytes in a stretch without limit; others end an automaton soon
)

// noLandmark is that of a pattern that has none.
var noLandmark = &landmark{}

// ahead reports whether a match of pattern p can have its anchor at r.text[pos], as far as
// its landmark tells.
func (r *run) ahead(p int32, pat *pattern, pos int) bool {
	m := pat.mark.Load()
	if m == noLandmark {
		return true
	}
	if m == nil {
		m = pat.mark.set(cmp.Or(pat.landmark(), noLandmark))
	}
	return m == noLandmark || m.common && !r.dense || r.marked(p, m, pos)
}

// marked is ahead for a pattern with landmark m.
func (r *run) marked(p int32, m *landmark, pos int) bool {
	g := r.of(int(p))
	if pos < g.blind {
		return true
	}
	lo, hi := pos+m.near, min(pos+m.far, len(r.text)-1)
	to := hi
	switch {
	case lo < g.clear[0] || lo > g.clear[1]:
		g.clear = [2]int{lo, lo}
	case hi < g.clear[1]:
		g.vain = 0
		if m.far < unbounded {
			r.turns.saw(hi + shapeLength)
		}
		return false
	case r.dense:
		to = min(hi+markFurther, len(r.text)-1) // there are many beginnings here
	case m.pivot >= 0:
		to = min(hi+markOn, len(r.text)-1)
	}
	g.clear[1] = m.find(r.text, g.clear[1], to)
	if g.clear[1] <= hi {
		if g.vain++; m.common && g.vain == markVain {
			g.vain, g.blind = 0, pos+markBlind
		}
		return true
	}
	g.vain = 0
	r.none(int(p), m, g.clear[1])
	return false
}

// none notes that no match of p begins where its landmark would have to stand before end,
// and its anchor not before the one that is tried now.
func (r *run) none(p int, m *landmark, end int) {
	a := &r.db.patterns[p]
	switch {
	case end >= len(r.text):
		end = r.to
	case int(a.far) < unbounded && m.far < unbounded:
		r.turns.saw(end + shapeLength)
		end -= m.far + int(a.far)
	default:
		return
	}
	r.open[p] = max(r.open[p], min(end, r.to))
}

// find returns where, from position i to hi, the first landmark begins, or what is behind hi.
func (m *landmark) find(b []byte, i, hi int) int {
next:
	for i <= hi {
		if m.pivot >= 0 {
			from := min(i+m.pivot, len(b))
			n := bytes.IndexByte(b[from:min(len(b), hi+m.pivot+1)], m.byte)
			if n < 0 {
				return hi + 1
			}
			i += n
		}
		k := len(m.class) - 1
		if j := i + k; j < len(b) {
			if n := m.skip[b[j]]; n > 0 {
				i += int(n)
				continue
			}
			k--
		}
		for ; k >= 0; k-- {
			c := byte(0)
			if j := i + k; j < len(b) {
				c = b[j]
			}
			if !m.class[k].has(c) {
				i += m.past(k, c)
				continue next
			}
		}
		if m.ways == nil || m.written(b[i:]) {
			return i
		}
		i++
	}
	return max(i, hi+1)
}

// written reports whether b begins with one of the ways to write m, or is not ASCII there.
func (m *landmark) written(b []byte) bool {
	alive, ends := ^uint64(0), m.ways.ends
	for j := range min(len(b), len(ends)-1) {
		if b[j] >= utf8.RuneSelf {
			return true
		}
		if alive &= m.ways.at(j, b[j]); alive == 0 {
			return false
		}
		if alive&ends[j+1] != 0 {
			return true
		}
	}
	return false
}

// past returns how far behind i the next landmark can begin where the byte at i+k is c, which
// does not fit, and those behind it do.
func (m *landmark) past(k int, c byte) int {
	n := m.onward[k]
	for n <= k && !m.class[k-n].has(c) {
		n++
	}
	return n
}

// prepare fills in the distances by which find goes on. Places at the end that nearly all
// bytes fit would only make them short.
func (m *landmark) prepare() {
	for n := len(m.class) - 1; n > max(m.pivot, 0) && m.class[n].size() >= dullClass; n-- {
		m.class = m.class[:n]
	}
	m.onward = make([]int, len(m.class))
	for k := range m.class {
		n := 1
		for n < len(m.class) && !m.agrees(k, n) {
			n++
		}
		m.onward[k] = n
	}
	last := len(m.class) - 1
	for c := range m.skip {
		if !m.class[last].has(byte(c)) {
			m.skip[c] = uint8(m.past(last, byte(c)))
		}
	}
}

// agrees reports whether bytes that fit behind place k can fit n places before, too.
func (m *landmark) agrees(k, n int) bool {
	for j := max(k+1, n); j < len(m.class); j++ {
		if m.class[j].intersect(m.class[j-n]).empty() {
			return false
		}
	}
	return true
}

// landmark returns the rarest one of the pattern.
func (p *pattern) landmark() *landmark {
	if p.words != nil {
		return nil
	}
	items := flatten(p.tree(), nil)[p.cut:]
	var best, beside, other *landmark // the rarest one, one byte close by, and the rarest of common ones
	var between byteSet
	rate, often, near, far := markOften, markCommon, 0, 0
	for i := range min(len(items)-1, maxCuts) {
		lo, hi := width(items[i])
		near, far = plus(near, lo), plus(far, hi)
		bytesOf(items[i], &between)
		if far-near < markRoom || far >= unbounded && between.size() < markBroad {
			continue
		}
		m := &landmark{near: near, far: far, pivot: -1, items: items[i+1:]}
		f := m.follow(m.items)
		if f < rate && (m.pivot >= 0 && (far <= markFar || byteShare()[m.byte] < markRare) || f < markRate && far <= markNear) {
			best, rate = m, f
		}
		if f < often && far <= markNear && stretch(items[i:i+1]) > 0 {
			other, often = m, f
		}
		if beside == nil && m.pivot >= 0 && far <= markClose && f < markSome {
			beside = m
		}
	}
	if beside != nil && (best == nil || best.pivot < 0 && best.far > markClose) {
		best = beside // the rarest one takes longer to look for
	}
	if best == nil && other != nil {
		best = other
		best.common, best.pivot = true, slices.IndexFunc(best.class, func(c byteSet) bool { return c.size() == 1 })
		if best.pivot >= 0 {
			best.class[best.pivot].each(func(b byte) { best.byte = b })
		}
	}
	if best != nil {
		best.ways, best.items = waysOf(best.items), nil
		best.prepare()
	}
	return best
}

// waysOf returns how what items begin with is written, if there are several ways but not many.
func waysOf(items []*syntax.Regexp) *rowSet {
	all, best := rows{nil}, rows(nil)
	for _, it := range items {
		if it.Op == syntax.OpWordBoundary {
			continue
		}
		if all = all.and(rowsOf(it, ofASCII)); all == nil || len(all) > mostInSet {
			break
		}
		best = all
	}
	if len(best) < 2 {
		return nil
	}
	return newRowSet(best)
}

// follow makes m stand for what items begin with, and guesses at which share of positions of
// ordinary text it does.
func (m *landmark) follow(items []*syntax.Regexp) float64 {
	prog, err := syntax.Compile((&syntax.Regexp{Op: syntax.OpConcat, Sub: items}).Simplify())
	if err != nil {
		return 1
	}
	f := follower{prog: prog, seen: make([]uint8, len(prog.Inst))}
	f.enter(uint32(prog.Start), false, false)
	rate, rarest := 1.0, markPivot
	for range markBytes {
		if f.free || f.ended {
			break
		}
		class := f.read(anyByte)
		m.class = append(m.class, class)
		share := 0.0
		class.each(func(b byte) { share += byteShare()[b] })
		rate *= share
		if class.size() == 1 && share < rarest {
			rarest, m.pivot = share, len(m.class)-1
			class.each(func(b byte) { m.byte = b })
		}
	}
	return rate
}

// byteShare has the share of each byte in the sample.
var byteShare = sync.OnceValue(func() *[256]float64 {
	var of [256]float64
	for i := range len(sampleText) {
		of[sampleText[i]] += 1 / float64(len(sampleText))
	}
	return &of
})
