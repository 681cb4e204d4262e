package scan

import (
	"bytes"
	"regexp/syntax"
	"sync"
)

// landmark is what every match of a pattern must show at an unknown distance behind its
// anchor: `password=` behind `server=…;`, or the at sign of a URL with credentials. It is
// looked for before an automaton is started, and how far the text has none is remembered, so
// that no byte is looked at twice for the same pattern.
type landmark struct {
	near, far int       // from the anchor to the landmark
	class     []byteSet // of its bytes
	alike     []int     // for each place, the first of those up to it that have its class
	pivot     int       // the place of a class with one rare byte, or -1
	byte      byte
}

const (
	markBytes = 24    // of a landmark
	markRoom  = 12    // distances at which it can be; were they fewer, onward would find it
	markNear  = 600   // most distance
	markFar   = 4096  // if a single byte can be looked for; without limit, if it is rare
	markRate  = .0005 // of positions in ordinary text that may show it
	markOften = .004  // if a single byte can be looked for
	markPivot = .03   // that may have a byte for it to be looked for
	markRare  = .005
	markBroad = 128 // kinds of bytes in a stretch without limit; others end an automaton soon
)

// lazyLandmark is a landmark that is looked for when first needed; nil when there is none.
type lazyLandmark struct {
	once sync.Once
	at   *landmark
}

// ahead reports whether a match of pattern p can have its anchor at r.text[pos], as far as
// its landmark tells.
func (r *run) ahead(p int32, pos int) bool {
	pat := &r.db.patterns[p]
	pat.mark.once.Do(func() { pat.mark.at = pat.landmark() })
	m := pat.mark.at
	if m == nil {
		return true
	}
	g := r.of(int(p))
	lo, hi := pos+m.near, min(pos+m.far, len(r.text)-1)
	if lo < g.clear[0] || lo > g.clear[1] {
		g.clear = [2]int{lo, lo}
	}
	g.clear[1] = m.find(r.text, g.clear[1], hi)
	return g.clear[1] <= hi
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
		for k := len(m.class) - 1; k >= 0; k-- {
			c := byte(0)
			if j := i + k; j < len(b) {
				c = b[j]
			}
			if m.class[k].has(c) {
				continue
			}
			j := m.alike[k]
			for j > 0 && !m.class[j-1].has(c) {
				j = m.alike[j-1]
			}
			i += k - j + 1
			continue next
		}
		return i
	}
	return max(i, hi+1)
}

// landmark returns the rarest one of the pattern.
func (p *pattern) landmark() *landmark {
	re, err := syntax.Parse(p.other.expr, syntax.Perl)
	if err != nil || p.words != nil {
		return nil
	}
	items := flatten(re, nil)[p.cut:]
	var best *landmark
	var between byteSet
	rate, near, far := markOften, 0, 0
	for i := range min(len(items)-1, maxCuts) {
		lo, hi := width(items[i])
		near, far = plus(near, lo), plus(far, hi)
		bytesOf(items[i], &between)
		if far-near < markRoom || far >= unbounded && between.size() < markBroad {
			continue
		}
		m := &landmark{near: near, far: far, pivot: -1}
		f := m.follow(items[i+1:])
		if f < rate && (m.pivot >= 0 && (far <= markFar || byteShare()[m.byte] < markRare) || f < markRate && far <= markNear) {
			best, rate = m, f
		}
	}
	return best
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
		m.add(class)
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

// add appends a class.
func (m *landmark) add(class byteSet) {
	n := len(m.class)
	m.class, m.alike = append(m.class, class), append(m.alike, n)
	if n > 0 && m.class[n-1] == class {
		m.alike[n] = m.alike[n-1]
	}
}

// byteShare has the share of each byte in the sample.
var byteShare = sync.OnceValue(func() *[256]float64 {
	var of [256]float64
	for i := range len(sampleText) {
		of[sampleText[i]] += 1 / float64(len(sampleText))
	}
	return &of
})
