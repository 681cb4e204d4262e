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

// dense is from how many candidates of a batch on they are looked at one by one: where so
// many hold, most lie within matches that have been found, which is quicker to see.
const dense = batch * block / 6

// pick tries what the sift leaves of n blocks, in the order of places, up to place own.
// pos tells where a place is in the text.
func (r *run) pick(v []byte, n, own int, pos func(i int) int) {
	x := r.sieve.text(v)
	keys := r.atKeys(x, r.siftKeys(x, n))
	hits := r.siftSlots(x, n)
	if r.plain {
		r.settle(hits, own, pos(0))
	}
	slots := r.atSlots(hits)
	weed := r.plain
	r.dense, r.again.luck = len(keys)+len(slots) >= dense, waysLuck
	if weed && !r.dense {
		keys, slots, weed = r.fitting(keys, pos(0)), r.fitting(slots, pos(0)), false
	}
	for len(keys)+len(slots) > 0 && !r.ended {
		from := &slots
		if len(slots) == 0 || len(keys) > 0 && keys[0].place <= slots[0].place {
			from = &keys
		}
		cs := r.alike(*from)
		*from = (*from)[len(cs):]
		if i := int(cs[0].place); i < own {
			r.meet(cs, pos(i), weed)
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
		if l.many {
			for k := l.first; k < l.first+l.n; k += mostParts {
				out = append(out, candidate{i, all | (base + k)})
			}
			continue
		}
		for k := l.first; k < l.first+l.n; k++ {
			e := &t.entries[k]
			if u&e.mask == e.value && none&e.start == 0 && (r.plain || t.holds(e, u)) {
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

// meet tries the patterns of candidates that are alike and stand at pos. If weed is set,
// what stands around them is still to be looked at.
func (r *run) meet(cs []candidate, pos int, weed bool) {
	p := r.db.plan
	if t := &p.targets[cs[0].target&^all]; len(cs) == 1 && cs[0].target&all == 0 {
		if r.undecided(t.pattern, pos-int(t.near)) && (!weed || r.db.onwardOf(cs[0].target).fits(r.text, pos)) {
			r.alone(t.pattern, pos)
		}
		return
	}
	var c uint16
	for i := range cs {
		if cs[i].target&all != 0 {
			c = p.joints[p.targets[cs[i].target&^all].joint].has
			break
		}
		if t := &p.targets[cs[i].target]; r.undecided(t.pattern, pos-int(t.near)) && (!weed || r.db.onwardOf(cs[i].target).fits(r.text, pos)) {
			c |= 1 << t.bit
		}
	}
	if c == 0 {
		return
	}
	j := p.joints[p.targets[cs[0].target&^all].joint]
	if c&(c-1) != 0 {
		c = r.together(j, c, pos)
	}
	for ; c != 0; c &= c - 1 {
		r.alone(j.patterns[bits.TrailingZeros16(c)], pos)
	}
}

// alone tries pattern p, whose anchor may be at pos.
func (r *run) alone(p int32, pos int) {
	if a := r.db.anchors[p]; r.undecided(p, pos-a.near) && r.ahead(p, pos) {
		r.anchored(int(p), a, pos)
	}
}

// undecided reports whether it is still open if a match of pattern p begins at start.
func (r *run) undecided(p int32, start int) bool { return start >= r.open[p] }
