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
	onward []lazyOnward // of the slots
	exact  []exactWord  // of the slots, in the order of groups
	quads  []quad       // what each four of exact hold at
	joint  []joint      // one for each quarter of an exactWord
	class  [256]uint8   // bytes that no slot tells apart have one class
	keys   *keyTable
}

// exactWord has up to 64 slots.
type exactWord struct {
	slots [wordSlots]int32
	n     int // slots in use
}

// quad has, for four exactWords, each class of bytes and each place, the slots whose class
// there has the bytes. What a look-up needs lies together. The assembly knows the layout.
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
	p.onward = make([]lazyOnward, len(p.slots))
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
	n := 0
	for k := range slotGroups {
		for i := range ms {
			if ms[i].group == k {
				p.enter(n, int32(i))
				n++
			}
		}
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

// enter makes slot i the n-th one of the exact tables.
func (p *plan) enter(n int, i int32) {
	if n%wordSlots == 0 {
		p.exact = append(p.exact, exactWord{})
	}
	word, bit, s := n/wordSlots, n%wordSlots, &p.slots[i]
	w, at := &p.exact[word], word/quadWords
	if at == len(p.quads) {
		p.quads = append(p.quads, quad{})
	}
	w.slots[bit], w.n = i, bit+1
	q := &p.quads[at]
	q.begin[1][word%quadWords] |= 1 << bit
	if !s.wordStart {
		q.begin[0][word%quadWords] |= 1 << bit
	}
	for j := range window {
		s.q.at(j).each(func(b byte) { q.at[p.class[b]][j][word%quadWords] |= 1 << bit })
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
