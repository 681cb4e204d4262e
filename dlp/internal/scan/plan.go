package scan

import "slices"

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
	first  [groups + 1]int32 // words of exact that belong to each group
	exact  []exactWord
	keys   *keyTable
}

// exactWord has, for up to 64 slots of one group and each place and byte, the slots whose
// class there has the byte.
type exactWord struct {
	at    [window][256]uint64
	slots [64]int32
}

// newPlan arranges the anchors; nil ones are left out.
func newPlan(anchors []*anchor, r *rates) *plan {
	p := &plan{}
	var keys []keyed
	for i, a := range anchors {
		if a == nil {
			continue
		}
		for j := range a.sequences {
			if a.keyed {
				keys = addKeys(keys, int32(i), &a.sequences[j])
				continue
			}
			p.slots = append(p.slots, slot{a.sequences[j], int32(i), a.wordStart})
		}
	}
	p.groupSlots(r)
	p.groupKeys(anchors, r)
	p.keys = newKeyTable(keys)
	p.tables.setWords()
	fold := sequence{n: 2}
	fold.class[0].add(0xc5)
	fold.class[0].add(0xe2)
	fold.class[1].add(0xbf)
	fold.class[1].add(0x84)
	setGroup(p.tables.keyLo[:], p.tables.keyHi[:], foldGroup, &fold)
	p.tables.portable = newPortableTables(&p.tables)
	return p
}

// groupSlots shares the slots out to the kernel's groups and makes the exact tables.
func (p *plan) groupSlots(r *rates) {
	ms := make([]member, len(p.slots))
	for i, s := range p.slots {
		ms[i] = member{q: s.q, wordStart: s.wordStart}
	}
	g := grouper{rates: r, places: window, closed: map[byteSet]byteSet{}}
	for k, gr := range g.share(ms, groups) {
		if gr.n == 0 {
			continue
		}
		setGroup(p.tables.slotLo[:], p.tables.slotHi[:], k, &gr.q)
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
			if n%64 == 0 {
				p.exact = append(p.exact, exactWord{})
			}
			p.exact[len(p.exact)-1].add(n%64, int32(i), &p.slots[i].q)
			n++
		}
	}
	p.first[groups] = int32(len(p.exact))
}

func (w *exactWord) add(bit int, slot int32, q *sequence) {
	w.slots[bit] = slot
	for j := range window {
		q.at(j).each(func(b byte) { w.at[j][b] |= 1 << bit })
	}
}

// match returns a bit for each of the word's slots that holds at the start of x.
func (w *exactWord) match(x []byte) uint64 {
	x = x[:window]
	m := w.at[0][x[0]] & w.at[1][x[1]] & w.at[2][x[2]] & w.at[3][x[3]]
	if m == 0 {
		return 0
	}
	return m & w.at[4][x[4]] & w.at[5][x[5]] & w.at[6][x[6]] & w.at[7][x[7]]
}

// groupKeys fills the key groups. Those of sequences that count anywhere are kept apart,
// because they cannot be limited to the beginnings of words.
func (p *plan) groupKeys(anchors []*anchor, r *rates) {
	var start, anywhere []member
	for _, a := range anchors {
		if a == nil || !a.keyed {
			continue
		}
		for _, q := range a.sequences {
			clear(q.class[keyWindow:])
			q.n = keyWindow
			if a.wordStart {
				start = append(start, member{q: q, wordStart: true})
			} else {
				anywhere = append(anywhere, member{q: q})
			}
		}
	}
	g := grouper{rates: r, places: keyWindow, closed: map[byteSet]byteSet{}}
	const all = groups - 1 // one finds ſ and K
	some := 0
	if len(anywhere) > 0 {
		some = min(all, len(anywhere))
		if len(start) > 0 {
			some = min(some, (all+1)/2)
		}
	}
	n := 0
	add := func(gs []group, mask *uint8) {
		for _, gr := range slices.DeleteFunc(gs, func(gr group) bool { return gr.n == 0 }) {
			setGroup(p.tables.keyLo[:], p.tables.keyHi[:], n, &gr.q)
			*mask |= 1 << n
			n++
		}
	}
	add(g.share(anywhere, some), &p.tables.keyAny)
	add(g.share(start, all-n), &p.tables.keyStart)
}
