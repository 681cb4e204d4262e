package scan

import "slices"

// slot is a class sequence that the kernel looks for.
type slot struct {
	q         sequence
	pattern   int32
	wordStart bool
	far       *[farPlaces]byteSet // what comes behind the window, if that is known
}

// plan says where to look: what the kernel searches, and which patterns to try at the
// places it reports.
type plan struct {
	tables tables
	slots  []slot  // those that begin alike together
	shapes []shape // those that the last slots are
	quads  []quad  // what each 256 of them hold at
	keys   *keyTable

	targets []target // of the slots and the entries of keys
	joints  []*joint
}

// quad has, for each byte and each place, those of up to 256 slots whose class there has it.
// What a look-up needs lies together. The assembly knows the layout.
type quad struct {
	at    [256][window]slotSet
	far   [256][window]slotSet // at the farPlaces behind those
	begin [2]slotSet           // slots that count where no word begins, and where one does

	shapes slotSet // slots that are shapes
}

// slotSet has a bit for each slot of a quad.
type slotSet [quadWords]uint64

const (
	wordSlots = 64
	quadWords = 4

	mostGroups = 320 // of slots and of keys, from which on the best pair to join is looked for
	mostHeads  = 96  // of keys that begin a word, of which less depends
)

// newPlan arranges the anchors for kernel k; nil ones are left out.
func newPlan(anchors []*anchor, k *namedKernel, r *sample) *plan {
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
			p.slots = append(p.slots, slot{q: a.sequences[j], pattern: int32(i), wordStart: a.wordStart})
		}
	}
	// What begins alike is often there together, and then read by one automaton.
	slices.SortStableFunc(p.slots, func(a, b slot) int { return a.q.compare(&b.q) })
	p.keys = newKeyTable(keys)
	if k.codes == 0 {
		p.groupSlots(k.slotGroups, grouper{sketches: newSketches(r, nil)})
		p.pair(anchors, r)
		return p
	}
	p.group(anchors, k, grouper{sketches: newSketches(r, nil)})
	c, exact := newCoding(&p.tables, k.codes, r)
	if !exact { // better groups can be made for the codes that there are
		p.tables = tables{}
		p.group(anchors, k, grouper{sketches: newSketches(r, c), coding: c})
		c, _ = newCoding(&p.tables, k.codes, r)
	}
	k.coded(&p.tables, c)
	return p
}

// group shares slots and keys out to the kernel's groups.
func (p *plan) group(anchors []*anchor, k *namedKernel, g grouper) {
	p.groupSlots(k.slotGroups, g)
	p.groupKeys(anchors, g)
}

// groupSlots shares the slots out to as many groups of the kernel, at most.
func (p *plan) groupSlots(limit int, g grouper) {
	ks := make([]kind, len(p.slots))
	for i, s := range p.slots {
		ks[i] = kind{s.q, s.wordStart}
	}
	g.places, g.most = window, mostGroups
	for i, u := range g.share(ks, limit) {
		p.tables.setSlots(i, &u.q, u.wordStart)
	}
}

// enter puts slot i into the exact tables.
func (p *plan) enter(i int) {
	if i%(quadWords*wordSlots) == 0 {
		p.quads = append(p.quads, quad{})
	}
	q, s := &p.quads[len(p.quads)-1], &p.slots[i]
	word, bit := i/wordSlots%quadWords, uint64(1)<<(i%wordSlots)
	if i >= len(p.slots)-len(p.shapes) {
		q.shapes[word] |= bit
	}
	q.begin[1][word] |= bit
	if !s.wordStart {
		q.begin[0][word] |= bit
	}
	for j := range window {
		s.q.at(j).each(func(b byte) { q.at[b][j][word] |= bit })
	}
}

// long lists have so many ways to begin.
const long = 256

// groupKeys fills the key groups. Long lists of words that count anywhere, which hold nearly
// everywhere, are kept apart from the others.
func (p *plan) groupKeys(anchors []*anchor, g grouper) {
	var lists []sequence
	var single, starts []kind
	for _, a := range anchors {
		if a == nil {
			continue
		}
		heads := a.heads()
		if a.wordStart {
			for _, q := range heads {
				starts = append(starts, kind{q, true})
			}
			continue
		}
		if len(heads) > long {
			lists = append(lists, heads...)
			continue
		}
		for _, q := range heads {
			single = append(single, kind{q, false})
		}
	}
	fold := sequence{n: 2}
	fold.class[0].add(0xc5)
	fold.class[0].add(0xe2)
	fold.class[1].add(0xbf)
	fold.class[1].add(0x84)
	p.tables.setKeys(foldGroup, &fold)
	left := foldGroup
	if len(lists) > 0 {
		q := lists[0]
		for i := range lists {
			q = q.union(&lists[i])
		}
		left--
		p.tables.setKeys(left, &q)
	}
	g.places, g.most = keyWindow, mostGroups
	for i, u := range g.share(single, left) {
		p.tables.setKeys(i, &u.q)
	}
	g.most = mostHeads
	for i, u := range g.share(starts, startGroups) {
		p.tables.setHeads(i, &u.q)
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
