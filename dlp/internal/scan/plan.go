package scan

// slot is a class sequence that the kernel looks for.
type slot struct {
	q         sequence
	pattern   int32
	wordStart bool
}

// plan says where to look: what the kernel searches, and which patterns to try at the
// places it reports.
type plan struct {
	tables tables
	slots  []slot
	first  [groups + 1]int32 // the words of each group in exact
	exact  []exactWord       // in the order of groups
	keys   *keyTable
}

// exactWord has, for up to 16 slots of one group and each place and byte, the slots whose
// class there has the byte.
type exactWord struct {
	at    [window][256]uint16
	slots [wordSlots]int32
	n     int    // slots in use
	start uint16 // slots that count only where a word begins
	joint joint
}

const wordSlots = 16

// newPlan arranges the anchors; nil ones are left out.
func newPlan(anchors []*anchor, r *sample) *plan {
	p := &plan{}
	var keys []keyed
	for i, a := range anchors {
		if a == nil {
			continue
		}
		for j := range a.sequences {
			if a.keyed(&a.sequences[j]) {
				keys = addKeys(keys, int32(i), &a.sequences[j])
				continue
			}
			p.slots = append(p.slots, slot{a.sequences[j], int32(i), a.wordStart})
		}
	}
	p.groupSlots(r)
	p.groupKeys(anchors, r)
	p.keys = newKeyTable(keys)
	fold := sequence{n: 2}
	fold.class[0].add(0xc5)
	fold.class[0].add(0xe2)
	fold.class[1].add(0xbf)
	fold.class[1].add(0x84)
	setGroup(p.tables.key[:], foldGroup, &fold)
	p.tables.finish()
	return p
}

// groupSlots shares the slots out to the kernel's groups and makes the exact tables.
func (p *plan) groupSlots(r *sample) {
	ms := make([]member, len(p.slots))
	for i, s := range p.slots {
		ms[i] = member{q: s.q, wordStart: s.wordStart}
	}
	g := grouper{sample: r, places: window}
	for k, gr := range g.share(ms, groups) {
		setGroup(p.tables.slot[:], k, &gr.q)
		if gr.wordStart {
			p.tables.slotStart |= 1 << k
		} else {
			p.tables.slotAny |= 1 << k
		}
	}
	for k := range groups {
		p.first[k] = int32(len(p.exact))
		n := 0
		for i := range ms {
			if ms[i].group != k {
				continue
			}
			if n%wordSlots == 0 {
				p.exact = append(p.exact, exactWord{})
			}
			p.exact[len(p.exact)-1].add(n%wordSlots, int32(i), &p.slots[i])
			n++
		}
	}
	p.first[groups] = int32(len(p.exact))
}

func (w *exactWord) add(bit int, i int32, s *slot) {
	w.slots[bit], w.n = i, bit+1
	if s.wordStart {
		w.start |= 1 << bit
	}
	for j := range window {
		s.q.at(j).each(func(b byte) { w.at[j][b] |= 1 << bit })
	}
}

// match returns a bit for each of the word's slots that holds at the start of x.
func (w *exactWord) match(x []byte) uint16 {
	x = x[:window]
	return w.at[0][x[0]] & w.at[1][x[1]] & w.at[2][x[2]] & w.at[3][x[3]] &
		w.at[4][x[4]] & w.at[5][x[5]] & w.at[6][x[6]] & w.at[7][x[7]]
}

// groupKeys fills the key groups. Keys that count only where a word begins are kept apart
// from those that count anywhere, and long lists of words, which hold nearly everywhere,
// from the others.
func (p *plan) groupKeys(anchors []*anchor, r *sample) {
	var lists [2][]sequence // by whether they begin words
	var single [2][]member
	for _, a := range anchors {
		if a == nil {
			continue
		}
		const long = 64
		heads, at := a.heads(), 0
		if a.wordStart {
			at = 1
		}
		if len(heads) > long {
			lists[at] = append(lists[at], joined(heads))
			continue
		}
		for _, q := range heads {
			single[at] = append(single[at], member{q: q, wordStart: a.wordStart})
		}
	}
	n := 0
	masks := [2]*uint16{&p.tables.keyAny, &p.tables.keyStart}
	add := func(at int, q *sequence) {
		setGroup(p.tables.key[:], n, q)
		*masks[at] |= 1 << n
		n++
	}
	for at, qs := range lists {
		if len(qs) > 0 {
			q := joined(qs)
			add(at, &q)
		}
	}
	room := foldGroup - n // the last group finds ſ and K
	anywhere := min(room/3, len(single[0]))
	if len(single[1]) == 0 {
		anywhere = room
	}
	for at, limit := range [2]int{anywhere, room - anywhere} {
		g := grouper{sample: r, places: keyWindow}
		for _, gr := range g.share(single[at], limit) {
			add(at, &gr.q)
		}
	}
}

// heads returns the first places of the anchor's keys.
func (a *anchor) heads() []sequence {
	var out []sequence
	for _, q := range a.sequences {
		if a.keyed(&q) {
			clear(q.class[keyWindow:])
			q.n = min(q.n, keyWindow)
			out = append(out, q)
		}
	}
	return out
}

// joined returns the sequence that holds wherever one of qs does.
func joined(qs []sequence) sequence {
	q := qs[0]
	for i := range qs {
		q = q.union(&qs[i])
	}
	return q
}
