package scan

import "slices"

// Many detectors look for one shape: nine digits that stand alone. An expression that was
// there before is not looked for again; what the first of its kind finds is told of all.
type twins struct {
	of    [][]int // by pattern: the later ones with the same expression
	first []int   // the patterns that have later ones
	known map[string]int
}

// add reports whether pattern i has the expression of an earlier one, and notes it.
func (t *twins) add(i int, expr string) bool {
	if expr == "" {
		return false
	}
	first, again := t.known[expr]
	if !again {
		t.known[expr] = i
		return false
	}
	if t.of[first] == nil {
		t.first = append(t.first, first)
	}
	t.of[first] = append(t.of[first], i)
	return true
}

// all returns the patterns and their twins, in order.
func (t *twins) all(patterns []int) []int {
	out := slices.Clone(patterns)
	for _, p := range patterns {
		out = append(out, t.of[p]...)
	}
	slices.Sort(out)
	return out
}

// original returns the pattern that is looked for in the place of p.
func (t *twins) original(p int) int {
	for _, first := range t.first {
		if slices.Contains(t.of[first], p) {
			return first
		}
	}
	return p
}

// choose notes which patterns are wanted, nil meaning all, and with that which are open where a text
// begins: the first of a kind when any is wanted. Mostly they are those of the text before.
func (r *run) choose(only []bool) {
	if r.asked = only; slices.Equal(only, r.chosen) {
		return
	}
	r.chosen = append(r.chosen[:0], only...)
	clear(r.opening)
	for p, wanted := range only {
		if !wanted {
			r.opening[p] = shut
		}
	}
	for _, first := range r.db.twins.first {
		for _, p := range r.db.twins.of[first] {
			if only == nil || only[p] {
				r.opening[first] = 0
			}
		}
	}
}

// emit tells of a match of p and of its twins, and reports whether more are wanted.
func (r *run) emit(p, start, end int) bool {
	r.turns.note(p, start, end)
	others := r.db.twins.of[p]
	if len(others) == 0 {
		return r.tell(p, start, end)
	}
	if (r.asked == nil || r.asked[p]) && !r.tell(p, start, end) {
		return false
	}
	for _, q := range others {
		if (r.asked == nil || r.asked[q]) && !r.tell(q, start, end) {
			return false
		}
	}
	return true
}
