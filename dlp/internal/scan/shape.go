package scan

import (
	"math/bits"
	"regexp/syntax"
	"slices"
	"unicode"
	"unicode/utf8"
)

// Most numbers have a few shapes: so many digits, with a blank or a hyphen between some of
// them. A shape is a row of byte classes of one length. It is a slot of its own in the exact
// tables, and what they, and the bytes that they do not reach, say is the match: no automaton
// is asked.

// shape is a row of classes of ASCII that is a match of a pattern wherever the text shows it,
// and, where the flags are set, a word begins with it or ends.
type shape struct {
	pattern     int32
	before      int32 // bytes in front of the anchor
	length      int32
	lead, trail bool
	tests       []onwardTest // of bytes that the exact tables do not look at
}

const (
	mostShapes  = 128         // of a pattern
	shapeLength = onwardReach // bytes
)

// rows are classes in a row, several in the order in which package regexp prefers them.
type rows [][]byteSet

// spelling returns the ways to write the runes of ranges, or nil.
type spelling func(ranges []rune) rows

// rowsOf returns the ways to write re, which has no assertions, or nil.
func rowsOf(re *syntax.Regexp, spell spelling) rows {
	switch re.Op {
	case syntax.OpEmptyMatch:
		return rows{nil}
	case syntax.OpCapture:
		return rowsOf(re.Sub[0], spell)
	case syntax.OpLiteral:
		out := rows{nil}
		for _, r := range re.Rune {
			ranges := []rune{r, r}
			for f := unicode.SimpleFold(r); re.Flags&syntax.FoldCase != 0 && f != r; f = unicode.SimpleFold(f) {
				ranges = append(ranges, f, f)
			}
			out = out.and(spell(ranges))
		}
		return out
	case syntax.OpCharClass:
		return spell(re.Rune)
	case syntax.OpConcat:
		out := rows{nil}
		for _, s := range re.Sub {
			if out = out.and(rowsOf(s, spell)); out == nil {
				break
			}
		}
		return out
	case syntax.OpAlternate:
		var out rows
		for _, s := range re.Sub {
			some := rowsOf(s, spell)
			if some == nil {
				return nil
			}
			out = append(out, some...)
		}
		return out.fit()
	case syntax.OpQuest, syntax.OpRepeat:
		return repeatedRows(re, spell)
	default:
		return nil
	}
}

func repeatedRows(re *syntax.Regexp, spell spelling) rows {
	least, most := repeats(re)
	turn := rowsOf(re.Sub[0], spell)
	if lo, _ := width(re.Sub[0]); most < 0 || most > shapeLength || lo == 0 {
		return nil
	}
	out := rows{nil}
	for range most - least {
		if out = turn.and(out); out == nil {
			return nil
		}
		if re.Flags&syntax.NonGreedy != 0 {
			out = slices.Insert(out, 0, nil)
		} else {
			out = append(out, nil)
		}
	}
	for range least {
		out = turn.and(out)
	}
	return out
}

// endless reports whether re, without assertions in front and behind, has what has no rows however
// it is spelt.
func endless(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpLiteral, syntax.OpCharClass:
		return false
	case syntax.OpCapture, syntax.OpConcat, syntax.OpAlternate, syntax.OpQuest:
		return slices.ContainsFunc(re.Sub, endless)
	case syntax.OpRepeat:
		return re.Max < 0 || re.Max > shapeLength || endless(re.Sub[0])
	default:
		return true
	}
}

// and returns each of r with each of s behind it.
func (r rows) and(s rows) (out rows) {
	for _, a := range r {
		for _, b := range s {
			out = append(out, slices.Concat(a, b))
		}
		if out.fit() == nil {
			return nil
		}
	}
	return out
}

// fit returns r, or nil if that is too much.
func (r rows) fit() rows {
	if len(r) > mostShapes || slices.ContainsFunc(r, func(row []byteSet) bool { return len(row) > shapeLength }) {
		return nil
	}
	return r
}

// asciiOf returns those of a class of runes that are ASCII.
func asciiOf(ranges []rune) (s byteSet) {
	for i := 0; i+1 < len(ranges); i += 2 {
		if lo, hi := ranges[i], ranges[i+1]; lo < utf8.RuneSelf {
			s.addRange(byte(lo), byte(min(hi, utf8.RuneSelf-1)))
		}
	}
	return s
}

// inASCII is the spelling of runes that are ASCII, or equal an ASCII letter that is among them.
func inASCII(ranges []rune) rows {
	s := asciiOf(ranges)
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := max(ranges[i], utf8.RuneSelf); r <= ranges[i+1]; r++ {
			if !(r == longS && s.has('s') || r == kelvin && s.has('k')) {
				return nil
			}
		}
	}
	if s.empty() {
		return nil
	}
	return rows{{s}}
}

// join makes one of neighbours of the same length that differ in one class.
func (r rows) join() rows {
	var out rows
	for _, row := range r {
		if n := len(out); n > 0 {
			if at, ok := onlyDifference(out[n-1], row); ok {
				out[n-1][at] = out[n-1][at].union(row[at])
				continue
			}
		}
		out = append(out, row)
	}
	return out
}

// seen returns what the exact tables tell apart of rows, behind base bytes.
func (r rows) seen(base int) (out rows) {
	for _, row := range r {
		row = row[min(base, len(row)):min(base+window+farPlaces, len(row))]
		if !slices.ContainsFunc(out, func(o []byteSet) bool { return slices.Equal(o, row) }) {
			out = append(out, row)
		}
	}
	return out
}

func onlyDifference(a, b []byteSet) (at int, ok bool) {
	if len(a) != len(b) {
		return 0, false
	}
	n := 0
	for i := range a {
		if a[i] != b[i] {
			at = i
			n++
		}
	}
	return at, n <= 1
}

// shaped are the shapes of one pattern.
type shaped struct {
	pattern     int32
	anchor      *anchor
	rows        rows
	lead, trail bool
}

// shapesOf returns those of re, which has no others, or nil.
func shapesOf(re *syntax.Regexp) *shaped {
	s := &shaped{}
	items := []*syntax.Regexp{re}
	if re.Op == syntax.OpConcat {
		items = re.Sub
	}
	if s.lead = items[0].Op == syntax.OpWordBoundary; s.lead {
		items = items[1:]
	}
	if n := len(items) - 1; n >= 0 && items[n].Op == syntax.OpWordBoundary {
		s.trail, items = true, items[:n]
	}
	if slices.ContainsFunc(items, endless) {
		return nil
	}
	s.rows = rowsOf(&syntax.Regexp{Op: syntax.OpConcat, Sub: items}, inASCII).join()
	if len(s.rows) == 0 || len(s.rows) > mostShapes {
		return nil
	}
	for _, row := range s.rows {
		if len(row) == 0 || s.lead && !row[0].subset(wordBytes) || s.trail && !row[len(row)-1].subset(wordBytes) {
			return nil
		}
	}
	return s
}

// shapes returns those of pattern p at its anchor, or nil.
func (db *DB) shapes(p int) *shaped {
	a := db.anchors[p]
	if a.several() || db.patterns[p].words != nil {
		return nil
	}
	s := shapesOf(db.patterns[p].tree())
	if s == nil || len(s.rows) > 2*len(s.rows.seen(a.near)) || slices.ContainsFunc(s.rows, func(row []byteSet) bool { return len(row) <= a.near }) {
		return nil
	}
	s.pattern, s.anchor = int32(p), a
	return s
}

// cost estimates what it costs to look for the rows at anchor a, at which the exact tables look further
// than its sequences reach.
func (s *shaped) cost(a *anchor, r *sample) (cost float64) {
	for _, row := range s.rows {
		rate := func(k int) float64 {
			return r.hold(k, func(j int) *standing { return r.class(s.at(row, a.near+j)) }, a.wordStart, 1)
		}
		cost += rate(window)*costLook + rate(window+farPlaces)*a.tryCost()
	}
	return cost + float64(len(a.sequences))*a.slotCost()
}

// at returns what can stand j bytes behind the beginning of the row, in folded text.
func (s *shaped) at(row []byteSet, j int) byteSet {
	switch {
	case j < len(row):
		return row[j]
	case j == len(row) && s.trail && !row[j-1].has('s') && !row[j-1].has('k'):
		return behindWord
	default:
		return anyByte
	}
}

// written returns the slots of s.
func (s *shaped) written() written {
	w := written{pattern: s.pattern, keyed: len(s.anchor.keys()) > 0}
	for _, row := range s.rows {
		w.slots, w.shapes = append(w.slots, s.slot(row)), append(w.shapes, s.shape(row))
	}
	return w
}

// slot returns the slot of a row.
func (s *shaped) slot(row []byteSet) slot {
	t := slot{pattern: s.pattern, wordStart: s.anchor.wordStart, far: new([farPlaces]byteSet)}
	t.q.n = window
	for j := range window {
		t.q.class[j] = s.at(row, s.anchor.near+j)
	}
	for j := range t.far {
		t.far[j] = s.at(row, s.anchor.near+window+j)
	}
	return t
}

// shape returns the shape of a row.
func (s *shaped) shape(row []byteSet) shape {
	base := s.anchor.near
	sh := shape{pattern: s.pattern, before: int32(base), length: int32(len(row)), lead: s.lead, trail: s.trail}
	for j, class := range row {
		if j < base || j >= base+window+farPlaces {
			sh.tests = append(sh.tests, onwardTest{j - base, class})
		}
	}
	return sh
}

// settle tells of the shapes that hits have, up to place own of the batch, which begins at off
// and has neither ſ nor K, and takes them out.
func (r *run) settle(hits []quadHit, own, off int) {
	p := r.db.plan
	first := len(p.slots) - len(p.shapes)
	for i := range hits {
		h := &hits[i]
		place, q := int(h.place&inBatch), int(h.place>>quadShift)
		of := &p.quads[q].shapes
		if h.slots[0]&of[0]|h.slots[1]&of[1]|h.slots[2]&of[2]|h.slots[3]&of[3] == 0 || place >= own {
			continue
		}
		for w := range of {
			c := h.slots[w] & of[w]
			h.slots[w] &^= c
			r.settleWord(p.shapes, (q*quadWords+w)*wordSlots-first, c, off+place)
		}
	}
}

// settleWord tells of those of shapes that c, a word of slots from number base on, has at pos.
func (r *run) settleWord(shapes []shape, base int, c uint64, pos int) {
	for ; c != 0 && !r.ended; c &= c - 1 {
		r.settled(&shapes[base+bits.TrailingZeros64(c)], pos)
	}
}

// settled tells of a match of shape s if its anchor, which the exact tables find at pos, is
// one.
func (r *run) settled(s *shape, pos int) {
	at := pos - int(s.before)
	end := at + int(s.length)
	if at < r.open[s.pattern] || at < r.from || at >= r.to || end > len(r.text) {
		return
	}
	if s.lead && at > 0 && isWord(r.text[at-1]) || s.trail && end < len(r.text) && isWord(r.text[end]) {
		return
	}
	for i := range s.tests {
		if s.tests[i].holds(r.text, pos) == 0 {
			return
		}
	}
	r.open[s.pattern] = end
	r.ended = !r.emit(int(s.pattern), at, end)
}
