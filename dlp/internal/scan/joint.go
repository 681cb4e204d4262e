package scan

import (
	"math/bits"
	"regexp/syntax"
	"slices"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// joint is the common automaton of up to mostParts patterns, which reads on from where their
// anchor is. A run of digits, or the word password, is a candidate for a dozen patterns at
// once; one automaton reads it once for all of them.
type joint struct {
	patterns [mostParts]int32 // by bit, which is that of the part, too
	has      uint16           // those that take part
	begins   uint16           // those that begin where their anchor does; of others, it reads the tail
	once     sync.Once
	auto     atomic.Pointer[dfa]
}

const (
	mostJoint = 20_000 // instructions of a joint automaton
	manyAlike = 9      // patterns of a key from which on they are read together before each is looked at by itself
	firstLook = 16     // bytes that are read before landmarks are looked for
)

// newJoint makes the joint of patterns, of those only that begin at their anchor unless
// tails is set.
func newJoint(db *DB, patterns []int32, tails bool) *joint {
	j := &joint{}
	for bit, p := range patterns {
		j.patterns[bit] = p
		if db.patterns[p].words != nil || slices.Index(patterns, p) < bit {
			continue
		}
		if db.anchors[p].far == 0 {
			j.begins |= 1 << bit
		}
		if tails || db.anchors[p].far == 0 {
			j.has |= 1 << bit
		}
	}
	return j
}

// aim makes the targets. Slots that lie next to each other share a joint, and so do the
// patterns of a key. Keys of many patterns have a target for all of them.
func (p *plan) aim(db *DB) {
	n := len(p.slots)
	p.targets = make([]target, n+len(p.keys.entries))
	for i := range p.slots {
		q := p.slots[i].pattern
		p.targets[i] = target{pattern: q, near: int32(db.anchors[q].near)}
	}
	for few := range slices.Chunk(p.targets[:n], mostParts) {
		p.joints = append(p.joints, newJoint(db, share(few, len(p.joints)), false))
	}
	type set struct {
		patterns [mostParts]int32 // and 1, so that 0 is none
		many     bool
	}
	known := map[set]int{}
	for i := range p.keys.lists {
		l := &p.keys.lists[i]
		own := p.targets[n+int(l.first) : n+int(l.first+l.n)]
		l.many = l.n >= manyAlike
		for k := range own {
			q := p.keys.entries[int(l.first)+k].pattern
			own[k].pattern, own[k].near = q, int32(db.anchors[q].near)
			l.many = l.many && db.patterns[q].words == nil
		}
		for few := range slices.Chunk(own, mostParts) {
			of := set{many: l.many}
			for bit := range few {
				of.patterns[bit] = few[bit].pattern + 1
			}
			at, ok := known[of]
			if !ok {
				at = len(p.joints)
				known[of] = at
			}
			if patterns := share(few, at); !ok {
				p.joints = append(p.joints, newJoint(db, patterns, l.many))
			}
		}
	}
}

// together reports whether those of the list from k on that share a joint are read together
// without a look at each. It is worth that look if there are few, and bytes around them are known.
func (l *keyList) together(k int32, plain bool) bool {
	return l.many && (l.first+l.n-k >= manyAlike || !plain)
}

// share gives few a joint, and returns their patterns by bit. Where two are of one pattern, they
// have the bit of the first.
func share(few []target, joint int) (patterns []int32) {
	for i := range few {
		patterns = append(patterns, few[i].pattern)
		few[i].joint, few[i].bit = int32(joint), uint8(slices.Index(patterns, few[i].pattern))
	}
	return patterns
}

// automaton returns the joint automaton, made when first needed; nil when the patterns
// are too large for one.
func (j *joint) automaton(db *DB) *dfa {
	j.once.Do(func() {
		var progs [mostParts]*syntax.Prog
		size := 0
		for c := j.has; c != 0; c &= c - 1 {
			bit := bits.TrailingZeros16(c)
			p := &db.patterns[j.patterns[bit]]
			from := 0
			if j.begins>>bit&1 == 0 {
				from = int(p.cut)
			}
			progs[bit] = p.program(from)
			size += len(progs[bit].Inst)
		}
		if size <= mostJoint {
			j.auto.Store(newDFA(progs[:]...))
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

// together tries the patterns in c, whose anchors may be at pos, with the joint automaton.
// It returns those that are still to be tried one by one.
func (r *run) together(j *joint, c uint16, pos int) uint16 {
	open := c & j.has
	if open&(open-1) == 0 || pos < r.from || pos >= r.to || r.text[pos] >= utf8.RuneSelf {
		return c
	}
	d := j.automaton(r.db)
	if d == nil {
		return c
	}
	w := &r.walk
	d.begin(w, r.text, pos)
	steps := r.follow(d, open, pos+firstLook)
	c &^= open
	open = r.still(j, open, pos)
	if w.alive&open != 0 {
		steps += r.follow(d, open, len(r.text)+1)
	}
	r.turns.saw(w.at)
	r.charge(j, steps)
	for open &= w.matched; open != 0; open &= open - 1 {
		bit := bits.TrailingZeros16(open)
		if j.begins>>bit&1 == 0 {
			c |= 1 << bit
			continue
		}
		p := int(j.patterns[bit])
		if end := w.ends[bit]; end > pos && r.open[p] <= pos && !r.ended {
			r.open[p] = end
			r.ended = !r.emit(p, pos, end)
		}
	}
	return c
}

// still returns those of open that a match is still possible for at pos, where the joint
// automaton has had its first look.
func (r *run) still(j *joint, open uint16, pos int) (left uint16) {
	matched := r.walk.matched
	for open &= r.walk.alive | matched; open != 0; open &= open - 1 {
		bit := bits.TrailingZeros16(open)
		p := j.patterns[bit]
		pat := &r.db.patterns[p]
		if r.undecided(p, pos-int(pat.near)) && (matched>>bit&1 != 0 || r.ahead(p, pat, pos)) {
			left |= 1 << bit
		}
	}
	return left
}

// charge makes one of the patterns of j answer for the work of its automaton; when the
// budget of that one is spent, the next one does.
func (r *run) charge(j *joint, steps int) {
	for c := j.has; c != 0; c &= c - 1 {
		p := int(j.patterns[bits.TrailingZeros16(c)])
		if r.open[p] == shut {
			continue
		}
		g := r.of(p)
		if g.steps += steps; g.steps > r.budget {
			r.giveUp(p)
		}
		return
	}
}
