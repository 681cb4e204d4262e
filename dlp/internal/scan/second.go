package scan

import "slices"

// Shapes that the exact tables have no room for stand in others. Those are looked at only
// where the first ones hold for their patterns, so that they cost ordinary text nothing.

// secondTable has the shapes of up to 256 slots.
type secondTable struct {
	quad   quad
	shapes []shape
	of     []slotSet // by quad of the first ones: the slots of the same patterns
	keyed  bool      // keys find some of the shapes, so places are to be taken in order; all others are of patterns without keys
}

const mostSecond = 4 // tables, one of them keyed

// secondTables returns tables of the shapes of those patterns in all that have none among the first.
func secondTables(p *plan, all []written, chosen []*written) (ts []*secondTable) {
	in := make([]*secondTable, len(chosen)) // by pattern
	for i := range all {
		w := &all[i]
		if c := chosen[w.pattern]; w.shapes == nil || c != nil && c.shapes != nil {
			continue
		}
		k := slices.IndexFunc(ts, func(t *secondTable) bool {
			return t.keyed == w.keyed && len(t.shapes)+len(w.shapes) <= quadWords*wordSlots
		})
		if k < 0 {
			if len(ts) == mostSecond || w.keyed && slices.ContainsFunc(ts, func(t *secondTable) bool { return t.keyed }) {
				continue
			}
			k = len(ts)
			ts = append(ts, &secondTable{of: make([]slotSet, len(p.quads)), keyed: w.keyed})
		}
		in[w.pattern] = ts[k]
		ts[k].take(w)
	}
	for i := range p.slots[:len(p.slots)-len(p.shapes)] {
		if t := in[p.slots[i].pattern]; t != nil {
			t.of[i/(quadWords*wordSlots)].add(i)
		}
	}
	return ts
}

// take enters the shapes of w.
func (t *secondTable) take(w *written) {
	for k := range w.slots {
		i := len(t.shapes) + k
		t.quad.enter(&w.slots[k], i)
		t.quad.setFar(w.slots[k].far, i)
	}
	t.shapes = append(t.shapes, w.shapes...)
}

// add adds slot i of a quad.
func (s *slotSet) add(i int) { s[i/wordSlots%quadWords] |= 1 << (i % wordSlots) }

// second returns what t has where hits have slots of the same patterns, up to place own of the
// batch x, which has neither ſ nor K, and takes those out.
func (r *run) second(t *secondTable, x *batchText, hits []quadHit, own int) []quadHit {
	at := r.sieve.second[:0]
	for i := range hits {
		h := &hits[i]
		place, of := h.place&inBatch, &t.of[h.place>>quadShift]
		if h.slots[0]&of[0]|h.slots[1]&of[1]|h.slots[2]&of[2]|h.slots[3]&of[3] == 0 || int(place) >= own {
			continue
		}
		at = append(at, uint16(place))
		for w := range of {
			h.slots[w] &^= of[w]
		}
	}
	if r.sieve.second = at; len(at) == 0 {
		return nil
	}
	if len(r.sieve.seconds) < len(at) {
		r.sieve.seconds = make([]quadHit, 2*len(at))
	}
	return r.sieve.seconds[:r.db.kernel.quad(&t.quad, &r.found.masks, x, at, r.sieve.seconds[:len(at)])]
}

// settleSecond tells of the shapes that no keys find, as settle does.
func (r *run) settleSecond(x *batchText, hits []quadHit, own, off int) {
	for _, t := range r.db.plan.second {
		if t.keyed {
			continue
		}
		seconds := r.second(t, x, hits, own)
		for i := range seconds {
			t.settle(r, &seconds[i], off)
		}
	}
}

// settle tells of what t has at h, a place of the batch that begins at off.
func (t *secondTable) settle(r *run, h *quadHit, off int) {
	for w := range h.slots {
		r.settleWord(t.shapes, w*wordSlots, h.slots[w], off+int(h.place))
	}
}
