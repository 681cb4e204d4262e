package scan

import (
	"math"
	"math/bits"
	"unicode/utf8"
)

// Vector kernels look bytes up by a code, of which they have few: bytes with the same groups
// everywhere share one, and so do those for which that reports few places more.

// coding gives every byte a code, and says which groups it stands for.
type coding struct {
	code   [256]uint8
	groups []byteGroups // by code
}

// byteGroups are the groups whose class has a byte, by place.
type byteGroups struct {
	slot [window]uint32
	key  [keyWindow]uint32
	head [keyWindow]uint8
	side byteSide
}

// byteSide is what bytes of one code have in common: where words begin must be known, and ſ and K
// not be taken for ASCII.
type byteSide uint8

const (
	otherASCII byteSide = iota
	wordASCII
	highSide
)

// groupsOf returns the groups of b.
func (t *tables) groupsOf(b uint8) (g byteGroups) {
	switch {
	case b >= utf8.RuneSelf:
		g.side = highSide
	case isWord(b):
		g.side = wordASCII
	}
	for j := range g.slot {
		g.slot[j] = t.slotAt[j][b]
	}
	for j := range g.key {
		g.key[j], g.head[j] = t.keyAt[j][b], t.headAt[j][b]
	}
	return g
}

func (g *byteGroups) widen(o *byteGroups) {
	for j := range g.slot {
		g.slot[j] |= o.slot[j]
	}
	for j := range g.key {
		g.key[j] |= o.key[j]
		g.head[j] |= o.head[j]
	}
}

// coder says how bytes get codes. Those outside ASCII share none with others.
type coder struct {
	most  int                 // codes
	words bool                // word characters share none with others
	twin  func(b uint8) uint8 // the byte that must share the code of b, both of ASCII, and the other way round; nil: none
}

// groupsOf returns the groups of b, and of what shares its code.
func (by *coder) groupsOf(t *tables, b uint8) byteGroups {
	g := t.groupsOf(b)
	if g.side == highSide {
		return g
	}
	if !by.words {
		g.side = otherASCII
	}
	if by.twin != nil {
		o := t.groupsOf(by.twin(b))
		g.widen(&o)
	}
	return g
}

// newCoding returns a coding of t, and reports whether it tells all bytes apart that the coder may.
// From step codes on, they are merged by an eighth before what that costs is worked out anew: two
// mistakes of one group cost more together.
func newCoding(t *tables, by *coder, step int, r *sample) (c *coding, exact bool) {
	c = &coding{}
	known := map[byteGroups]uint8{}
	for b := range 256 {
		g := by.groupsOf(t, uint8(b))
		code, ok := known[g]
		if !ok {
			code = uint8(len(c.groups))
			known[g] = code
			c.groups = append(c.groups, g)
		}
		c.code[b] = code
	}
	if len(c.groups) <= by.most {
		return c, true
	}
	for left := len(c.groups); left > by.most; {
		left = max(by.most, min(left*7/8, step))
		c.merge(c.coarse(t), left, r)
	}
	return c, false
}

// coarse returns what is left of t when bytes of one code count as one.
func (c *coding) coarse(t *tables) *tables {
	u := &tables{any: t.any, start: t.start, folds: t.folds}
	for b, code := range c.code {
		g := &c.groups[code]
		for j := range g.slot {
			u.slotAt[j][b] = g.slot[j]
		}
		for j := range g.key {
			u.keyAt[j][b], u.headAt[j][b] = g.key[j], g.head[j]
		}
	}
	return u
}

// coarsen makes the classes of ks such that bytes with one code are in all of them or none.
func (c *coding) coarsen(ks []kind) {
	same := make([]byteSet, len(c.groups))
	for b, code := range c.code {
		same[code].add(uint8(b))
	}
	known := map[byteSet]byteSet{}
	for i := range ks {
		for j := range ks[i].q.n {
			class := ks[i].q.class[j]
			whole, ok := known[class]
			if !ok {
				for _, s := range same {
					if !class.intersect(s).empty() {
						whole = whole.union(s)
					}
				}
				known[class] = whole
			}
			ks[i].q.class[j] = whole
		}
	}
}

// mergeSteps are tried, because which codes turn out to be best is much a matter of luck.
var mergeSteps = []int{36, 52, 72, 104}

// What it costs that a place is reported, in nanoseconds.
const (
	costSlotPlace = 5
	costKeyPlace  = 1.3
)

// memberships is how many classes groups have, at all places.
const memberships = window*groups + keyWindow*groups + keyWindow*startGroups

// memberOf has a bit for each class.
type memberOf [(memberships + 63) / 64]uint64

// members returns the classes that g is of, in the order of [tables.meets].
func (g *byteGroups) members() (m memberOf) {
	n := 0
	put := func(some uint32, count int) {
		for ; some != 0; some &= some - 1 {
			i := n + bits.TrailingZeros32(some)
			m[i>>6] |= 1 << (i & 63)
		}
		n += count
	}
	for j := range g.slot {
		put(g.slot[j], groups)
	}
	for j := range g.key {
		put(g.key[j], groups)
	}
	for j := range g.head {
		put(uint32(g.head[j]), startGroups)
	}
	return m
}

// merged is one of the codes that are joined.
type merged struct {
	groups  byteGroups
	members memberOf
	meets   [memberships]float32 // what it costs in the sample if the code is in the class, too
	bytes   byteSet
}

// merge joins codes until at most most are left.
func (c *coding) merge(t *tables, most int, r *sample) {
	all := make([]*merged, len(c.groups))
	for i := range all {
		all[i] = &merged{groups: c.groups[i], members: c.groups[i].members()}
	}
	for b, code := range c.code {
		all[code].bytes.add(uint8(b))
	}
	t.meets(all, c, r)
	left := joinCheapest(len(all), most, func(i, j int) float32 { return all[i].withs(all[j]) }, func(i, j int) { all[i].join(all[j]) })
	c.groups = c.groups[:0]
	for _, i := range left {
		all[i].bytes.each(func(b byte) { c.code[b] = uint8(len(c.groups)) })
		c.groups = append(c.groups, all[i].groups)
	}
}

// withs returns what it costs that m and o share a code.
func (m *merged) withs(o *merged) (cost float32) {
	if m.groups.side != o.groups.side {
		return float32(math.Inf(1))
	}
	for w := range m.members {
		differ := m.members[w] ^ o.members[w]
		for mine := differ & m.members[w]; mine != 0; mine &= mine - 1 {
			cost += o.meets[w<<6+bits.TrailingZeros64(mine)]
		}
		for its := differ & o.members[w]; its != 0; its &= its - 1 {
			cost += m.meets[w<<6+bits.TrailingZeros64(its)]
		}
	}
	return cost
}

func (m *merged) join(o *merged) {
	m.groups.widen(&o.groups)
	m.bytes = m.bytes.union(o.bytes)
	for i := range m.members {
		m.members[i] |= o.members[i]
	}
	for i := range m.meets {
		m.meets[i] += o.meets[i]
	}
}

// meets counts for all codes how often they stand in the sample where, but for them, a group
// would be reported.
func (t *tables) meets(all []*merged, c *coding, r *sample) {
	n := 0
	of := func(at [][256]uint32, count int, starts uint32, cost float32) {
		var class [window][groups]byteSet
		for k := range at {
			for b, gs := range at[k] {
				for ; gs != 0; gs &= gs - 1 {
					class[k][bits.TrailingZeros32(gs)].add(uint8(b))
				}
			}
		}
		for j := range at {
			for g := range count {
				var others [window]byteSet
				for k := range at {
					if others[k] = class[k][g]; k == j {
						others[k] = anyByte
					}
				}
				where := r.where(others[:len(at)], starts>>g&1 != 0)
				seen := 0
				where.each(func(i int) {
					if i+j < len(sampleText) {
						all[c.code[sampleText[i+j]]].meets[n] += cost
						seen++
					}
				})
				// What the sample does not have is guessed.
				prior := cost * (float32(seen) + .01) / float32(len(sampleText))
				for _, m := range all {
					m.meets[n] += prior * float32(m.bytes.size())
				}
				n++
			}
		}
	}
	of(t.slotAt[:], groups, t.start&^t.any, costSlotPlace)
	of(t.keyAt[:], groups, 0, costKeyPlace)
	var heads [keyWindow][256]uint32
	for j := range heads {
		for b := range heads[j] {
			heads[j][b] = uint32(t.headAt[j][b])
		}
	}
	of(heads[:], startGroups, ^uint32(0), costKeyPlace)
	// Of bytes outside ASCII it has few, but other languages are full of those that are not ſ and K.
	for j := range keyWindow {
		for _, m := range all {
			if t.folds && m.groups.side == highSide {
				m.meets[(window+j)*groups+foldGroup] += costKeyPlace * float32(m.bytes.size())
			}
		}
	}
}
