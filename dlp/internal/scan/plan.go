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
	slots  []slot     // in the order of groups
	quads  []quad     // what each 256 of them hold at
	class  [256]uint8 // bytes that no slot tells apart have one class
	keys   *keyTable

	targets []target // of the slots and the entries of keys
	joints  []*joint
}

// quad has, for up to 256 slots, each class of bytes and each place, those whose class there
// has the bytes. What a look-up needs lies together. The assembly knows the layout.
type quad struct {
	at    [256][window]slotSet
	begin [2]slotSet // slots that count where no word begins, and where one does
}

// slotSet has a bit for each slot of a quad.
type slotSet [quadWords]uint64

const (
	wordSlots = 64
	quadWords = 4
)

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
				keys = addKeys(keys, int32(i), &a.sequences[j], a.wordStart)
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
	p.tables.setKeys(foldGroup, &fold, false)
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
	for k, gr := range g.share(ms, slotGroups) {
		p.tables.setSlots(k, &gr.q, gr.wordStart)
	}
	p.classify()
	sorted := make([]slot, 0, len(p.slots))
	for k := range slotGroups {
		for i := range ms {
			if ms[i].group == k {
				sorted = append(sorted, p.slots[i])
			}
		}
	}
	p.slots = sorted
	for i := range p.slots {
		p.enter(i)
	}
}

// classify gives bytes a class each, in which all of them are in the same classes of slots.
func (p *plan) classify() {
	seen := map[byteSet]bool{}
	n := 1
	for i := range p.slots {
		for j := range p.slots[i].q.n {
			c := p.slots[i].q.class[j]
			if seen[c] {
				continue
			}
			seen[c] = true
			split := map[uint8]uint8{} // what becomes of the bytes of a class that are in c
			whole := map[uint8]bool{}
			for b := range 256 {
				if !c.has(byte(b)) {
					whole[p.class[b]] = true
				}
			}
			c.each(func(b byte) {
				old := p.class[b]
				if !whole[old] {
					return // all of them are
				}
				to, ok := split[old]
				if !ok {
					to = uint8(n)
					split[old] = to
					n++
				}
				p.class[b] = to
			})
		}
	}
}

// enter puts slot i into the exact tables.
func (p *plan) enter(i int) {
	if i%(quadWords*wordSlots) == 0 {
		p.quads = append(p.quads, quad{})
	}
	q, s := &p.quads[len(p.quads)-1], &p.slots[i]
	word, bit := i/wordSlots%quadWords, uint64(1)<<(i%wordSlots)
	q.begin[1][word] |= bit
	if !s.wordStart {
		q.begin[0][word] |= bit
	}
	for j := range window {
		s.q.at(j).each(func(b byte) { q.at[p.class[b]][j][word] |= bit })
	}
}

// groupKeys fills the key groups. Long lists of words, which hold nearly everywhere, are
// kept apart from the others, and so are those that count only where a word begins.
func (p *plan) groupKeys(anchors []*anchor, r *sample) {
	var lists [2][]sequence // by whether they begin words
	var single [2][]member
	for _, a := range anchors {
		if a == nil {
			continue
		}
		const long = 256
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
	add := func(q *sequence, wordStart bool) {
		p.tables.setKeys(n, q, wordStart)
		n++
	}
	for at, qs := range lists {
		if len(qs) > 0 {
			q := joined(qs)
			add(&q, at == 1)
		}
	}
	starting := max(startGroups, foldGroup-n-len(single[0]))
	for at, limit := range [2]int{foldGroup - n - min(starting, len(single[1])), starting} {
		g := grouper{sample: r, places: keyWindow}
		for _, gr := range g.share(single[at], limit) {
			add(&gr.q, at == 1)
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
