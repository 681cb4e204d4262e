package scan

import (
	"cmp"
	"regexp/syntax"
	"slices"
)

// The exact tables have room for more slots than the kernel's anchors need. With it, what has
// few shapes is written as those, and what begins with parts of several lengths by length:
// where the second dot of an address may stand, a class would have to take digits, too.

// written are the slots of a pattern in the exact tables, and, if it is one of shapes, those.
type written struct {
	pattern int32
	slots   []slot
	shapes  []shape
	keyed   bool // keys find some of the shapes
}

// handicap returns how many slots less shapes are worth as much: they need no automaton.
func (w *written) handicap() int {
	if w.shapes != nil {
		return 0
	}
	return mostLengths
}

const mostLengths = 4 // by which a pattern is written

// spell rewrites the slots for the exact tables, which do not grow by it, beginning with the
// patterns that need least room. The slots of shapes lie behind the others, by pattern.
func (p *plan) spell(db *DB) {
	had := make([][]slot, len(db.patterns))
	for _, s := range p.slots {
		had[s.pattern] = append(had[s.pattern], s)
	}
	var all []written
	for i := range had {
		if len(had[i]) == 0 || db.patterns[i].words != nil {
			continue
		}
		if s := db.shapes(i); s != nil {
			all = append(all, s.written())
		}
		all = append(all, db.byLength(i, had[i])...)
	}
	more := func(w *written) int { return len(w.slots) - len(had[w.pattern]) }
	slices.SortStableFunc(all, func(a, b written) int { return cmp.Compare(more(&a)+a.handicap(), more(&b)+b.handicap()) })
	const size = quadWords * wordSlots
	room := (len(p.slots)+size-1)/size*size - len(p.slots)
	chosen := make([]*written, len(db.patterns))
	var shapes []slot
	for i := range all {
		w := &all[i]
		if chosen[w.pattern] != nil || w.keyed || more(w) > room {
			continue
		}
		room -= more(w)
		chosen[w.pattern] = w
		if w.shapes != nil {
			shapes, p.shapes = append(shapes, w.slots...), append(p.shapes, w.shapes...)
		}
	}
	var slots []slot
	for _, s := range p.slots {
		switch w := chosen[s.pattern]; {
		case w == nil:
			slots = append(slots, s)
		case w.shapes == nil:
			slots = append(slots, w.slots...)
			w.slots = nil
		}
	}
	p.slots = append(slots, shapes...)
	for i := range p.slots {
		p.enter(i)
	}
	p.second = secondTables(p, all, chosen)
}

// byLength writes slots of pattern i by the lengths of what it begins with at its anchor, if
// there are several and no text shows two of them.
func (db *DB) byLength(i int, had []slot) []written {
	pat := &db.patterns[i]
	var best rows
	all := rows{nil}
	for _, it := range flatten(pat.tree(), nil)[pat.cut:] {
		if all = all.and(rowsOf(it, inASCII)); all == nil {
			break
		}
		lengths := all.lengths()
		if len(lengths) > mostLengths {
			break
		}
		if len(lengths) >= len(best) {
			best = lengths // reaches further
		}
		if len(lengths) == 1 && len(lengths[0]) == window+farPlaces {
			break // and so does what follows
		}
	}
	if len(best) < 2 {
		return nil
	}
	base, from := 0, int(pat.cut)
	if !pat.anchor.several() {
		base, from = pat.anchor.far, 0
	}
	prog := pat.program(from)
	w := written{pattern: int32(i)}
	for _, s := range had {
		var own []slot
		for _, row := range best {
			n, ok := s.narrowed(prog, row, base)
			if ok {
				own = append(own, n)
			}
		}
		for i := range own {
			for j := range i {
				if !own[i].excludes(&own[j]) {
					return nil
				}
			}
		}
		w.slots = append(w.slots, own...)
	}
	return []written{w}
}

// lengths joins the rows of each length, as far as the exact tables see them.
func (r rows) lengths() rows {
	var of [window + farPlaces + 1][]byteSet
	for _, row := range r {
		n := min(len(row), window+farPlaces)
		if of[n] == nil {
			of[n] = make([]byteSet, n)
		}
		for j := range n {
			of[n][j] = of[n][j].union(row[j])
		}
	}
	var out rows
	for _, row := range of {
		if row != nil {
			out = append(out, row)
		}
	}
	return out
}

// narrowed returns s for what begins with row, where prog shows it behind base bytes; false if
// nothing does.
func (s slot) narrowed(prog *syntax.Prog, row []byteSet, base int) (slot, bool) {
	var class [window + farPlaces]byteSet
	for j := range class {
		if class[j] = s.q.at(j); j < len(row) {
			class[j] = class[j].intersect(row[j])
		}
	}
	narrow(prog, class[:], base)
	s.q.n = window
	copy(s.q.class[:], class[:])
	s.far = (*[farPlaces]byteSet)(class[window:])
	return s, !slices.ContainsFunc(class[:], byteSet.empty)
}

// excludes reports whether no text shows s and t.
func (s *slot) excludes(t *slot) bool {
	for j := range window {
		if s.q.at(j).intersect(t.q.at(j)).empty() {
			return true
		}
	}
	for j := range s.far {
		if s.far[j].intersect(t.far[j]).empty() {
			return true
		}
	}
	return false
}
