package scan

// Shapes that the exact tables have no room for stand in others. Those are looked at only
// where the first ones hold for their patterns, so that they cost ordinary text nothing.

// secondTable has the shapes of up to 256 slots.
type secondTable struct {
	quad   quad
	shapes []shape
	of     []slotSet // by quad of the first ones: the slots of the same patterns
}

const mostSecond = 4 // tables

// secondTables returns tables of the shapes of those patterns in all that have none among the first.
func secondTables(p *plan, all []written, chosen []*written) (ts []*secondTable) {
	in := make([]*secondTable, len(chosen)) // by pattern
	for i := range all {
		w := &all[i]
		if c := chosen[w.pattern]; w.shapes == nil || c != nil && c.shapes != nil {
			continue
		}
		if n := len(ts); n == 0 || len(ts[n-1].shapes)+len(w.shapes) > quadWords*wordSlots {
			if n == mostSecond {
				break
			}
			ts = append(ts, &secondTable{of: make([]slotSet, len(p.quads))})
		}
		t := ts[len(ts)-1]
		in[w.pattern] = t
		for k := range w.slots {
			t.quad.enter(&w.slots[k], len(t.shapes)+k)
			t.quad.setFar(w.slots[k].far, len(t.shapes)+k)
		}
		t.shapes = append(t.shapes, w.shapes...)
	}
	for i := range p.slots[:len(p.slots)-len(p.shapes)] {
		if t := in[p.slots[i].pattern]; t != nil {
			t.of[i/(quadWords*wordSlots)].add(i)
		}
	}
	return ts
}

// add adds slot i of a quad.
func (s *slotSet) add(i int) { s[i/wordSlots%quadWords] |= 1 << (i % wordSlots) }

// settleSecond tells of the shapes in t where hits have slots of their patterns, up to place own of
// the batch x, which begins at off and has neither ſ nor K, and takes those out.
func (r *run) settleSecond(t *secondTable, x *batchText, hits []quadHit, own, off int) {
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
		return
	}
	if len(r.sieve.seconds) < len(at) {
		r.sieve.seconds = make([]quadHit, 2*len(at))
	}
	n := r.db.kernel.quad(&t.quad, &r.found.masks, x, at, r.sieve.seconds[:len(at)])
	for i := range r.sieve.seconds[:n] {
		h := &r.sieve.seconds[i]
		for w := range h.slots {
			r.settleWord(t.shapes, w*wordSlots, h.slots[w], off+int(h.place))
		}
	}
}
