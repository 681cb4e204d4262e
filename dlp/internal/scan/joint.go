package scan

import (
	"math/bits"
	"regexp/syntax"
	"sync"
	"sync/atomic"
)

// joint is the common automaton of those of up to mostParts patterns that begin where their
// anchor does. A run of digits, or the word password, is a candidate for a dozen patterns at
// once; one automaton reads it once for all of them.
type joint struct {
	patterns [mostParts]int32 // by bit
	part     [mostParts]int8  // by bit of has
	has      uint16           // those that take part
	once     sync.Once
	auto     atomic.Pointer[dfa]
}

const mostJoint = 20_000 // instructions of a joint automaton

// add makes pattern p the one of a bit.
func (j *joint) add(db *DB, bit int, p int32) {
	j.patterns[bit] = p
	if db.anchors[p].far == 0 && db.patterns[p].words == nil {
		j.has |= 1 << bit
	}
}

// aim makes the targets. Slots that lie next to each other share a joint, and so do the
// patterns of a key.
func (p *plan) aim(db *DB) {
	p.targets = make([]target, len(p.slots)+len(p.keys.entries))
	share := func(joint, first int, patterns []int32) {
		j := p.joints[joint]
		for bit, q := range patterns {
			j.add(db, bit, q)
			t := &p.targets[first+bit]
			t.pattern, t.joint, t.bit = q, int32(joint), uint8(bit)
		}
	}
	var few []int32
	for i := range p.slots {
		if few = append(few, p.slots[i].pattern); len(few) == mostParts || i+1 == len(p.slots) {
			p.joints = append(p.joints, &joint{})
			share(len(p.joints)-1, i+1-len(few), few)
			few = few[:0]
		}
	}
	known := map[[mostParts]int32]int{}
	for _, l := range p.keys.lists {
		for first, end := l.first, l.first+l.n; first < end; first += mostParts {
			few = few[:0]
			set := [mostParts]int32{}
			for i, e := range p.keys.entries[first:min(end, first+mostParts)] {
				few = append(few, e.pattern)
				set[i] = e.pattern + 1 // 0: none
			}
			at, ok := known[set]
			if !ok {
				at = len(p.joints)
				known[set] = at
				p.joints = append(p.joints, &joint{})
			}
			share(at, len(p.slots)+int(first), few)
		}
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
			p := j.patterns[bit]
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

// memory returns the bytes that the automaton holds, about.
func (j *joint) memory() int64 {
	if d := j.auto.Load(); d != nil {
		return int64(d.memory())
	}
	return 0
}

// firstLook is how many bytes the joint automaton reads before landmarks are looked for.
const firstLook = 16

// together tries the patterns in c, whose anchors hold at pos, with the joint automaton. It returns
// those that are still to be tried one by one.
func (r *run) together(j *joint, c uint16, pos int) uint16 {
	var open uint16 // those that can still begin at pos
	for m := c & j.has; m != 0; m &= m - 1 {
		bit := bits.TrailingZeros16(m)
		if g := r.of(int(j.patterns[bit])); !g.off && g.next <= pos {
			open |= 1 << bit
		}
	}
	c = c&^j.has | open
	if open&(open-1) == 0 || pos < r.from || pos >= r.to || r.text[pos] >= 0x80 {
		return c
	}
	d := j.automaton(r.db)
	if d == nil {
		return c
	}
	var wanted uint16
	for m := open; m != 0; m &= m - 1 {
		wanted |= 1 << j.part[bits.TrailingZeros16(m)]
	}
	w := &r.walk
	d.begin(w, r.text, pos)
	steps := d.walk(w, r.text, wanted, pos+firstLook)
	if w.alive&wanted != 0 {
		for m := open; m != 0; m &= m - 1 {
			bit := bits.TrailingZeros16(m)
			if part := uint16(1) << j.part[bit]; part&w.alive != 0 && part&w.matched == 0 && !r.ahead(j.patterns[bit], pos) {
				wanted &^= part
			}
		}
		steps += d.walk(w, r.text, wanted, len(r.text)+1)
	}
	// One of them answers for the work; when its budget is spent, the next one does.
	first := int(j.patterns[bits.TrailingZeros16(open)])
	if g := r.of(first); g.steps+steps > r.budget {
		r.giveUp(first, g)
	} else {
		g.steps += steps
	}
	for m := open; w.matched != 0 && m != 0; m &= m - 1 {
		bit := bits.TrailingZeros16(m)
		p := int(j.patterns[bit])
		g := r.of(p)
		if end := w.ends[j.part[bit]]; w.matched>>j.part[bit]&1 != 0 && end > pos && !g.off && g.next <= pos && !r.ended {
			g.next = end
			r.ended = !r.emit(p, pos, end)
		}
	}
	return c &^ open
}
