package scan

import (
	"math/bits"
	"regexp/syntax"
	"sync"
	"sync/atomic"
)

// joint is the common automaton of those patterns of a quarter of an exactWord that begin
// where their slot does. A run of digits is a candidate for a dozen patterns at once; one
// automaton reads it once for all of them.
type joint struct {
	slots [mostParts]int32 // in plan.slots
	part  [mostParts]int8  // by bit of has
	has   uint16           // those that take part
	once  sync.Once
	auto  atomic.Pointer[dfa]
}

const (
	mostJoint = 4000 // instructions of a joint automaton
	quarters  = wordSlots / mostParts
)

// prepare says which slots of quarter q of w take part.
func (j *joint) prepare(db *DB, w *exactWord, q int) {
	copy(j.slots[:], w.slots[q*mostParts:])
	for bit := range max(0, min(mostParts, w.n-q*mostParts)) {
		p := db.plan.slots[j.slots[bit]].pattern
		if db.anchors[p].far == 0 && db.patterns[p].words == nil {
			j.has |= 1 << bit
		}
	}
	if bits.OnesCount16(j.has) < 2 {
		j.has = 0
	}
}

// automaton returns the joint automaton, made when first needed; nil when the patterns
// are too large for one.
func (j *joint) automaton(db *DB) *dfa {
	j.once.Do(func() {
		var progs []*syntax.Prog
		parts := map[int32]int8{}
		size := 0
		for c := j.has; c != 0; c &= c - 1 {
			bit := bits.TrailingZeros16(c)
			p := db.plan.slots[j.slots[bit]].pattern
			if _, ok := parts[p]; !ok {
				parts[p] = int8(len(progs))
				prog := db.patterns[p].program(0)
				size += len(prog.Inst)
				progs = append(progs, prog)
			}
			j.part[bit] = parts[p]
		}
		if size <= mostJoint {
			j.auto.Store(newDFA(progs...))
		}
	})
	return j.auto.Load()
}

// together tries the slots in c, which hold at pos, with the joint automaton. It returns
// those that are still to be tried one by one.
func (r *run) together(j *joint, c uint16, pos int) uint16 {
	var open uint16 // slots whose pattern can still begin at pos
	for m := c & j.has; m != 0; m &= m - 1 {
		bit := bits.TrailingZeros16(m)
		if g := r.of(int(r.db.plan.slots[j.slots[bit]].pattern)); !g.off && g.next <= pos {
			open |= 1 << bit
		}
	}
	n := bits.OnesCount16(open)
	if n < 2 || pos < r.from || pos >= r.to || r.text[pos] >= 0x80 {
		return c
	}
	d := j.automaton(r.db)
	if d == nil {
		return c
	}
	var ends [mostParts]int
	steps := d.ends(r.text, pos, &ends) / n
	for m := open; m != 0; m &= m - 1 {
		bit := bits.TrailingZeros16(m)
		p := int(r.db.plan.slots[j.slots[bit]].pattern)
		g := r.of(p)
		if g.next > pos || r.ended {
			continue // another slot of the same pattern came first
		}
		g.next = pos + 1
		if g.steps += steps; g.steps > r.budget {
			r.giveUp(p, g)
		}
		if end := ends[j.part[bit]]; end > pos {
			g.next = end
			r.ended = !r.emit(p, pos, end)
		}
	}
	return c &^ open
}
