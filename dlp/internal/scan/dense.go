package scan

import (
	"math"
	"math/bits"
)

// Where much of the text looks like a beginning, most of what the exact tables find lies
// within matches that are known. Then places are looked at one by one, and a slot whose
// pattern is decided for a while is covered: it is not looked at again until then.

// dense is from how many places of a batch on, at which something holds, that is done.
const dense = batch * block / 16

// cover are slots that are decided up to a place of the text.
type cover struct {
	slots []slotSet // by quad
	until int
}

// reset covers nothing.
func (c *cover) reset(quads int) {
	if c.until = math.MaxInt; len(c.slots) < quads {
		c.slots = make([]slotSet, quads)
	}
	for i := range c.slots {
		c.slots[i] = slotSet{}
	}
}

// pickDense tries what stands at keys, which are places, and at hits, up to place own of the
// batch x, which begins at off and has neither ſ nor K.
func (r *run) pickDense(x *batchText, keys []uint16, hits []quadHit, own, off int) {
	p, v := r.db.plan, &r.cover
	v.reset(len(p.quads))
	var keyed *secondTable
	var seconds []quadHit
	for _, t := range p.second {
		if t.keyed {
			keyed, seconds = t, r.second(t, x, hits, own)
		}
	}
	for i := range hits {
		h := &hits[i]
		place, q := int(h.place&inBatch), int(h.place>>quadShift)
		if place >= own || r.ended {
			break // keys may stand before it
		}
		for ; len(keys) > 0 && int(keys[0]) <= place; keys = keys[1:] {
			r.meetKey(x.at(keys[0]), int(keys[0]), off)
		}
		for ; len(seconds) > 0 && int(seconds[0].place) <= place; seconds = seconds[1:] {
			keyed.settle(r, &seconds[0], off)
		}
		pos := off + place
		if pos >= v.until {
			v.reset(len(p.quads))
		}
		c, base := &v.slots[q], q*quadWords*wordSlots
		s0, s1, s2, s3 := h.slots[0]&^c[0], h.slots[1]&^c[1], h.slots[2]&^c[2], h.slots[3]&^c[3]
		if s0 != 0 {
			c[0] |= r.meetSlots(s0, base, pos)
		}
		if s1 != 0 {
			c[1] |= r.meetSlots(s1, base+wordSlots, pos)
		}
		if s2 != 0 {
			c[2] |= r.meetSlots(s2, base+2*wordSlots, pos)
		}
		if s3 != 0 {
			c[3] |= r.meetSlots(s3, base+3*wordSlots, pos)
		}
	}
	for _, i := range keys {
		if int(i) >= own || r.ended {
			return
		}
		r.meetKey(x.at(i), int(i), off)
	}
}

// keyLook is what the eight bytes u, which begin with a key, leave of its entries, the first of
// which have a bit of left.
type keyLook struct {
	u    uint64
	mark uint64 // noStart where no word begins, and 1 so that 0 is no look
	list *keyList
	left uint64
}

const (
	lookBits = 7
	lookMost = 64 // entries
)

// look returns what u leaves, where none is noStart if no word begins there. Text that is full
// of keys mostly repeats them, so it is remembered.
func (r *run) look(u, none uint64) *keyLook {
	i := u * wayMixing >> (64 - lookBits)
	y := &r.looks[i]
	if y.u == u && y.mark == none|1 {
		return y
	}
	other := &r.looks[i^1]
	if other.u == u && other.mark == none|1 {
		return other
	}
	t := r.db.plan.keys
	*other = *y
	*y = keyLook{u: u, mark: none | 1, list: t.find(u)}
	for k := range min(y.list.n, lookMost) {
		if y.list.together(y.list.first+k&^(mostParts-1), true) {
			continue
		}
		if e := &t.entries[y.list.first+k]; none&e.start == 0 && t.holds(e, u) {
			y.left |= 1 << k
		}
	}
	return y
}

// may reports whether entry i of a key can be where the text is u, as far as its mask tells.
func (t *keyTable) may(i int32, u, none uint64) bool {
	e := &t.entries[i]
	return u&e.mask == e.value && none&e.start == 0
}

// meetKey tries what the key with which u begins, at a place of the batch, may be.
func (r *run) meetKey(u uint64, place, off int) {
	p := r.db.plan
	y := r.look(u, ^(r.found.masks[place/block&(batch-1)].starts>>(place%block))<<63)
	l, pos, base := y.list, off+place, int32(len(p.slots))
	for k := int32(0); k < l.n; k += mostParts {
		few := uint16(1<<mostParts - 1)
		if n := l.n - k; n < mostParts {
			few = 1<<n - 1
		}
		if k < lookMost {
			few &= uint16(y.left >> k)
		}
		if few == 0 && !l.many {
			continue
		}
		first := base + l.first + k
		j := p.joints[p.targets[first].joint]
		c := uint16(0)
		if l.together(l.first+k, true) {
			c, few = j.has, 0
		}
		for ; few != 0; few &= few - 1 {
			i := first + int32(bits.TrailingZeros16(few))
			if k >= lookMost && !p.keys.may(i-base, u, y.mark) {
				continue
			}
			if g := &p.targets[i]; r.undecided(g.pattern, pos-int(g.near)) && r.db.onwardFor(g, int(i)).fits(r.text, pos) {
				c |= 1 << g.bit
			}
		}
		if c != 0 {
			r.tryAll(j, c, pos)
		}
	}
}

// meetSlots tries the slots s, from number base on, which stand at pos, and returns those that
// are decided there and so now covered.
func (r *run) meetSlots(s uint64, base, pos int) (covered uint64) {
	p := r.db.plan
	first := len(p.slots) - len(p.shapes)
	for c := uint16(0); s != 0; {
		bit := bits.TrailingZeros64(s)
		i := base + bit
		s &= s - 1
		t := &p.targets[i]
		switch open := r.open[t.pattern]; {
		case pos-int(t.near) < open:
			covered |= 1 << bit
			if open != shut {
				r.cover.until = min(r.cover.until, open+int(t.near))
			}
		case i >= first:
			r.settled(&p.shapes[i-first], pos)
		case r.db.onwardFor(t, i).fits(r.text, pos):
			c |= 1 << t.bit
		}
		if c != 0 && s>>(bit&^(mostParts-1))&(1<<mostParts-1) == 0 {
			r.tryAll(p.joints[t.joint], c, pos)
			c = 0
		}
	}
	return covered
}
