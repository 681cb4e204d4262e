package scan

import (
	"math/bits"
)

// Behind the sift, a place stands for one pattern or a few, and in ordinary text nearly
// none of them is there. They are weeded out in bulk, and what remains is tried in the
// order of places.

// target is what a slot or an entry of the key table is looked for: one of the patterns of
// a joint.
type target struct {
	pattern int32
	near    int32 // bytes between the last possible beginning and the anchor
	joint   int32 // in plan.joints
	bit     uint8 // in the joint
	onward  lazyOnward
}

// candidate is a place of a batch at which a target may be. Targets are those of the slots,
// in the order of the exact tables, and then those of the entries. If all is set in one, all
// of its joint are meant.
type candidate struct {
	place  uint16
	target int32
}

const all = 1 << 30

// pick tries what the sift leaves of n blocks, in the order of places, up to place own.
// pos tells where a place is in the text.
func (r *run) pick(v []byte, n, own int, pos func(i int) int) {
	x := r.sieve.text(v)
	at, hits := r.siftKeys(x, n), r.siftSlots(x, n)
	found := len(at) + len(hits)
	r.dense, r.turns.likely, r.again.luck = found >= dense, found >= turnFound, waysLuck
	if r.plain {
		r.settleSecond(x, hits, own, pos(0))
		if r.dense {
			r.pickDense(x, at, hits, own, pos(0))
			return
		}
		r.settle(hits, own, pos(0))
	}
	keys, slots := r.atKeys(x, at), r.atSlots(hits)
	if r.plain {
		keys, slots = r.fitting(keys, pos(0)), r.fitting(slots, pos(0))
	}
	for len(keys)+len(slots) > 0 && !r.ended {
		from := &slots
		if len(slots) == 0 || len(keys) > 0 && keys[0].place <= slots[0].place {
			from = &keys
		}
		cs := r.alike(*from)
		*from = (*from)[len(cs):]
		if i := int(cs[0].place); i < own {
			r.meet(cs, pos(i))
		}
	}
}

// atKeys returns what the keys at the places at of x may be.
func (r *run) atKeys(x *batchText, at []uint16) []candidate {
	p, out := r.db.plan, r.sieve.keyed[:0]
	t, base := p.keys, int32(len(p.slots))
	for _, i := range at {
		u := x.at(i)
		none := ^(r.found.masks[i/block&(batch-1)].starts >> (i % block)) << 63
		l := t.find(u)
		for k := l.first; k < l.first+l.n; k++ {
			if l.together(k, r.plain) {
				out = append(out, candidate{i, all | (base + k)})
				k += mostParts - 1
				continue
			}
			if t.may(k, u, none) && (r.plain || t.holds(&t.entries[k], u)) {
				out = append(out, candidate{i, base + k})
			}
		}
	}
	r.sieve.keyed = out
	return out
}

// atSlots returns the slots of hits one by one. Most hits have one.
func (r *run) atSlots(hits []quadHit) []candidate {
	out := r.sieve.slotted[:0]
	for i := range hits {
		h := &hits[i]
		base := int32(h.place>>quadShift) * quadWords * wordSlots
		for w := range h.slots {
			for c := h.slots[w]; c != 0; c &= c - 1 {
				out = append(out, candidate{uint16(h.place & inBatch), base + int32(w*wordSlots+bits.TrailingZeros64(c))})
			}
		}
	}
	r.sieve.slotted = out
	return out
}

// fitting keeps those of cs, candidates of the batch that begins at off, that what stands
// around them bears out.
func (r *run) fitting(cs []candidate, off int) []candidate {
	n := 0
	for _, c := range cs {
		if cs[n] = c; c.target&all != 0 {
			n++
			continue
		}
		n += r.db.onwardOf(c.target).begins(r.text, off+int(c.place))
	}
	cs, n = cs[:n], 0
	for _, c := range cs {
		if cs[n] = c; c.target&all != 0 || r.db.onwardOf(c.target).goesOn(r.text, off+int(c.place)) {
			n++
		}
	}
	return cs[:n]
}

// alike returns those of cs, which is not empty, that have the place and the joint of the
// first one.
func (r *run) alike(cs []candidate) []candidate {
	of := r.db.plan.targets
	n := 1
	for n < len(cs) && cs[n].place == cs[0].place && of[cs[n].target&^all].joint == of[cs[0].target&^all].joint {
		n++
	}
	return cs[:n]
}

// meet tries the patterns of candidates that are alike and stand at pos.
func (r *run) meet(cs []candidate, pos int) {
	p := r.db.plan
	j := p.joints[p.targets[cs[0].target&^all].joint]
	var c uint16
	for i := range cs {
		if cs[i].target&all != 0 {
			c = j.has
			break
		}
		if t := &p.targets[cs[i].target]; r.undecided(t.pattern, pos-int(t.near)) {
			c |= 1 << t.bit
		}
	}
	r.tryAll(j, c, pos)
}

// tryAll tries the patterns in c, which may be empty, of j, whose anchors may be at pos.
func (r *run) tryAll(j *joint, c uint16, pos int) {
	if c&(c-1) != 0 {
		c = r.together(j, c, pos)
	}
	for ; c != 0; c &= c - 1 {
		r.alone(j.patterns[bits.TrailingZeros16(c)], pos)
	}
}

// alone tries pattern p, whose anchor may be at pos.
func (r *run) alone(p int32, pos int) {
	if pat := &r.db.patterns[p]; r.undecided(p, pos-int(pat.near)) && r.ahead(p, pat, pos) {
		r.anchored(int(p), pat, pos)
	}
}

// undecided reports whether it is still open if a match of pattern p begins at start.
func (r *run) undecided(p int32, start int) bool { return start >= r.open[p] }
