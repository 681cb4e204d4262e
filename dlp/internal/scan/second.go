package scan

// Shapes that the exact tables have no room for stand in a second one. It is looked at only
// where the first ones hold for their patterns, so that it costs ordinary text nothing.

// secondTable has the shapes of up to 256 slots.
type secondTable struct {
	quad   quad
	shapes []shape
	of     []slotSet // by quad of the first ones: the slots of the same patterns
}

// newSecondTable takes the shapes of those patterns in all, as far as there is room, that have none among
// the first. It returns nil when there are none.
func newSecondTable(p *plan, all []written, chosen []*written) *secondTable {
	s := &secondTable{of: make([]slotSet, len(p.quads))}
	in := map[int32]bool{}
	for i := range all {
		w := &all[i]
		if c := chosen[w.pattern]; w.shapes == nil || c != nil && c.shapes != nil || len(s.shapes)+len(w.shapes) > quadWords*wordSlots {
			continue
		}
		in[w.pattern] = true
		for k := range w.slots {
			s.quad.enter(&w.slots[k], len(s.shapes)+k)
			s.quad.setFar(w.slots[k].far, len(s.shapes)+k)
		}
		s.shapes = append(s.shapes, w.shapes...)
	}
	if len(in) == 0 {
		return nil
	}
	for i := range p.slots[:len(p.slots)-len(p.shapes)] {
		if in[p.slots[i].pattern] {
			s.of[i/(quadWords*wordSlots)].add(i)
		}
	}
	return s
}

// add adds slot i of a quad.
func (s *slotSet) add(i int) { s[i/wordSlots%quadWords] |= 1 << (i % wordSlots) }

// settleSecond tells of the shapes in the second table where hits have slots of their patterns, up to place
// own of the batch x, which begins at off and has neither ſ nor K, and takes those out.
func (r *run) settleSecond(x *batchText, hits []quadHit, own, off int) {
	s, at := r.db.plan.second, r.sieve.second[:0]
	if s == nil {
		return
	}
	for i := range hits {
		h := &hits[i]
		place, of := h.place&inBatch, &s.of[h.place>>quadShift]
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
	n := r.db.kernel.quad(&s.quad, &r.found.masks, x, at, r.sieve.seconds[:len(at)])
	for i := range r.sieve.seconds[:n] {
		h := &r.sieve.seconds[i]
		for w := range h.slots {
			r.settleWord(s.shapes, w*wordSlots, h.slots[w], off+int(h.place))
		}
	}
}
