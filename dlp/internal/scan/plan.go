package scan

import (
	"math"
	"slices"
)

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
	second []*secondTable
	keys   *keyTable

	back int // bytes in front of an anchor at which a match can begin, at most, but for those with no bound

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

	mostGroups = 288 // of slots and of keys, from which on the best pair to join is looked for
	mostHeads  = 96  // of keys that begin a word, of which less depends

	slotDoubt = 0.1 // of slots' groups: see grouper
	keyDoubt  = 1
)

// newPlan arranges the anchors for kernel k; nil ones are left out.
func newPlan(anchors []*anchor, k *namedKernel, r *sample) *plan {
	p := &plan{}
	var keys []keyed
	for i, a := range anchors {
		if a == nil {
			continue
		}
		if p.back = max(p.back, a.near); a.far < unbounded {
			p.back = max(p.back, a.far)
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
	p.tables = *p.sought(anchors).tables(k, r)
	if k.coders == nil {
		p.pair(anchors, r)
	}
	return p
}

// sought is what the kernel's groups look for.
type sought struct {
	slots        kindSet
	keys, starts kindSet  // keys that count anywhere, and only where a word begins
	lists        sequence // those of long lists of words that count anywhere, which hold nearly everywhere
}

// long lists have so many ways to begin.
const long = 256

func (p *plan) sought(anchors []*anchor) *sought {
	s := &sought{}
	for i := range p.slots {
		s.slots.addFirst(&p.slots[i].q, window, p.slots[i].wordStart)
	}
	for _, a := range anchors {
		if a == nil {
			continue
		}
		keys := a.keys()
		for _, q := range keys {
			switch {
			case a.wordStart:
				s.starts.addFirst(q, keyWindow, true)
			case len(keys) <= long:
				s.keys.addFirst(q, keyWindow, false)
			case s.lists.n == 0:
				s.lists = *q
			default:
				s.lists.widen(q)
			}
		}
	}
	return s
}

// keys returns the sequences of a that are keys.
func (a *anchor) keys() (qs []*sequence) {
	for i := range a.sequences {
		if a.keyed(&a.sequences[i]) {
			qs = append(qs, &a.sequences[i])
		}
	}
	return qs
}

// tables returns what kernel k looks for, in as few places of ordinary text as was found to be
// possible.
func (s *sought) tables(k *namedKernel, r *sample) *tables {
	switch len(k.coders) {
	case 0:
		t, _ := s.group(k, grouper{sketches: newSketches(r, nil)})
		return t
	case 1:
		t, c := s.coded(k, &k.coders[0], r)
		k.coded(t, c, c)
		return t
	}
	// Codes that need not tell slots and keys apart tell more of either.
	t, slots := (&sought{slots: s.slots}).coded(k, &k.coders[0], r)
	u, keys := (&sought{keys: s.keys, starts: s.starts, lists: s.lists}).coded(k, &k.coders[1], r)
	t.keyAt, t.headAt = u.keyAt, u.headAt
	k.coded(t, slots, keys)
	return t
}

// coded returns tables for kernel k, and a coding of them.
func (s *sought) coded(k *namedKernel, by *coder, r *sample) (*tables, *coding) {
	best, _ := s.group(k, grouper{sketches: newSketches(r, nil)})
	c, exact := newCoding(best, by, mergeSteps[0], r)
	if exact {
		return best, c
	}
	// Better groups can be made for the codes that there are, and other codes for the first groups.
	first := best
	least := math.Inf(1)
	for i, step := range mergeSteps {
		if i > 0 {
			if s.size() > mostTried {
				break
			}
			c, _ = newCoding(first, by, step, r)
		}
		if t, cost := s.group(k, grouper{sketches: newSketches(r, c), coding: c}); cost < least {
			best, least = t, cost
		}
	}
	c, _ = newCoding(best, by, mergeSteps[0], r)
	return best, c
}

// mostTried is how much may be sought for more than one coding to be tried.
const mostTried = 900

func (s *sought) size() int { return len(s.slots.all) + len(s.keys.all) + len(s.starts.all) }

// group shares what is sought out to the kernel's groups, and returns what that costs in the sample.
// The portable kernel has none for keys.
func (s *sought) group(k *namedKernel, g grouper) (t *tables, cost float64) {
	t = &tables{}
	g.places, g.most, g.doubt = window, mostGroups, slotDoubt
	us, rate := g.share(s.slots.all, k.slotGroups)
	for i, u := range us {
		t.setSlots(i, &u.q, u.wordStart)
	}
	if cost = rate * costSlotPlace; k.coders == nil {
		return t, cost
	}
	left := k.keyGroups
	if left == foldGroup {
		t.folds = true
		fold := sequence{n: 2}
		fold.class[0].add(0xc5)
		fold.class[0].add(0xe2)
		fold.class[1].add(0xbf)
		fold.class[1].add(0x84)
		t.setKeys(foldGroup, &fold)
	}
	if s.lists.n > 0 {
		left--
		t.setKeys(left, &s.lists)
	}
	g.places, g.doubt = k.keyPlaces, keyDoubt
	us, rate = g.share(s.keys.all, left)
	for i, u := range us {
		t.setKeys(i, &u.q)
	}
	cost += rate * costKeyPlace
	g.most = mostHeads
	us, rate = g.share(s.starts.all, startGroups)
	for i, u := range us {
		t.setHeads(i, &u.q)
	}
	return t, cost + rate*costKeyPlace
}

// enter puts slot i into the exact tables.
func (p *plan) enter(i int) {
	if i%(quadWords*wordSlots) == 0 {
		p.quads = append(p.quads, quad{})
	}
	q := &p.quads[len(p.quads)-1]
	q.enter(&p.slots[i], i)
	if i >= len(p.slots)-len(p.shapes) {
		q.shapes.add(i)
	}
}

// enter puts s into q as slot i.
func (q *quad) enter(s *slot, i int) {
	q.begin[1].add(i)
	if !s.wordStart {
		q.begin[0].add(i)
	}
	for j := range window {
		s.q.at(j).each(func(b byte) { q.at[b][j].add(i) })
	}
}
