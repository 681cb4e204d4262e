package scan

import (
	"math/bits"
	"regexp/syntax"
	"sync"
)

// joint is the common automaton of those patterns of an exactWord that begin where their
// slot does. A run of digits is a candidate for a dozen patterns at once; one automaton
// reads it once for all of them.
type joint struct {
	slots uint16 // those that take part
	once  sync.Once
	auto  *dfa
	part  [wordSlots]int8 // by bit of slots
}

// mostJoint bounds the program of a joint automaton.
const mostJoint = 4000

// prepare says which slots of w take part.
func (w *exactWord) prepare(db *DB) {
	for bit := range w.n {
		p := db.plan.slots[w.slots[bit]].pattern
		if db.anchors[p].far == 0 && db.patterns[p].words == nil {
			w.joint.slots |= 1 << bit
		}
	}
	if bits.OnesCount16(w.joint.slots) < 2 {
		w.joint.slots = 0
	}
}

// automaton returns the joint automaton, made when first needed; nil when the patterns
// are too large for one.
func (w *exactWord) automaton(db *DB) *dfa {
	w.joint.once.Do(func() {
		var progs []*syntax.Prog
		parts := map[int32]int8{}
		size := 0
		for c := w.joint.slots; c != 0; c &= c - 1 {
			bit := bits.TrailingZeros16(c)
			p := db.plan.slots[w.slots[bit]].pattern
			if _, ok := parts[p]; !ok {
				parts[p] = int8(len(progs))
				prog := db.patterns[p].program(0)
				size += len(prog.Inst)
				progs = append(progs, prog)
			}
			w.joint.part[bit] = parts[p]
		}
		if size <= mostJoint {
			w.joint.auto = newDFA(progs...)
		}
	})
	return w.joint.auto
}

// together tries the slots in c, which hold at pos, with the joint automaton of w. It
// returns those that are still to be tried one by one.
func (r *run) together(w *exactWord, c uint16, pos int) uint16 {
	var open uint16 // slots whose pattern can still begin at pos
	for m := c & w.joint.slots; m != 0; m &= m - 1 {
		bit := bits.TrailingZeros16(m)
		if g := r.of(int(r.db.plan.slots[w.slots[bit]].pattern)); !g.off && g.next <= pos {
			open |= 1 << bit
		}
	}
	n := bits.OnesCount16(open)
	if n < 2 || pos < r.from || pos >= r.to || r.text[pos] >= 0x80 {
		return c
	}
	d := w.automaton(r.db)
	if d == nil {
		return c
	}
	var ends [mostParts]int
	steps := d.ends(r.text, pos, &ends) / n
	for m := open; m != 0; m &= m - 1 {
		bit := bits.TrailingZeros16(m)
		p := int(r.db.plan.slots[w.slots[bit]].pattern)
		g := r.of(p)
		if g.next > pos || r.ended {
			continue // another slot of the same pattern came first
		}
		g.next = pos + 1
		if g.steps += steps; g.steps > r.budget {
			r.giveUp(p, g)
		}
		if end := ends[w.joint.part[bit]]; end > pos {
			g.next = end
			r.ended = !r.emit(p, pos, end)
		}
	}
	return c &^ open
}
