package scan

import (
	"math"
	"math/bits"
	"slices"
)

// keyTable finds the patterns whose anchor begins with the four bytes at a position,
// letters folded. A bitmap, which competes for the nearest cache, turns most other
// positions down, and gates those that go on otherwise than any sequence with the key.
type keyTable struct {
	probe
	gates   []gate    // by another hash of the key
	past    uint      // from a product to that
	lists   []keyList // open addressing
	entries []keyEntry
	classes []byteSet
	traits  []classTraits      // of classes, while the table is built
	index   map[byteSet]uint16 // of classes, while the table is built
}

// probe is the bitmap. The assembly knows its layout.
type probe struct {
	four  *[mostWords]uint64 // by the hash of the key: some key has it
	shift uint               // from a product to its hash
}

// add enters a key.
func (p *probe) add(key uint32) {
	h := hashed(foldKey(key)) >> p.shift
	p.four[h>>6] |= 1 << (h & 63)
}

// gate is what all sequences with a key, or with one of the same hash, agree in: the text,
// read as a number and doubled, with 1 added where a word begins, must have the bits of value
// under mask. Where it stands for no key, no text has. Behind the key, next has for each byte, by
// its lower five bits, whether it can be there. The assembly knows the layout.
type gate struct {
	mask, value uint64
	next        [window - keyBytes]uint32
}

const noStart = 1 << 63 // the bit of an entry

// closed is the gate that nothing passes.
var closed = gate{value: 1}

// widen lets through what o does.
func (g *gate) widen(o *gate) {
	if *g == closed {
		*g = *o
		return
	}
	g.mask &= o.mask &^ (g.value ^ o.value)
	g.value &= g.mask
	for j := range g.next {
		g.next[j] |= o.next[j]
	}
}

// goesOn returns 1 if the bytes behind the key with which u begins can be there, else 0.
func (g *gate) goesOn(u uint64) int {
	n := &g.next
	return int(n[0] >> (u >> 32 & 31) & (n[1] >> (u >> 40 & 31)) & (n[2] >> (u >> 48 & 31)) & (n[3] >> (u >> 56 & 31)) & 1)
}

// keyList has n entries, from first on; n is 0 where there is no key.
type keyList struct {
	key      uint32
	first, n int32
	many     bool // patterns of it are read together, without a look at each
}

// keyEntry says that pattern may match where the text, read as a number, has the bits of
// value under mask and its bytes are in the classes.
type keyEntry struct {
	mask, value uint64
	start       uint64         // noStart where a word must begin
	class       [window]uint16 // in keyTable.classes
	pattern     int32
}

// entry returns the entry for q. The mask has the bits that all bytes of a class share.
func (t *keyTable) entry(pattern int32, q *sequence) keyEntry {
	e := keyEntry{pattern: pattern}
	for j := range window {
		c := t.class(q.at(j))
		x := &t.traits[c]
		e.class[j] = c
		e.mask |= uint64(x.mask) << (8 * j)
		e.value |= uint64(x.value) << (8 * j)
	}
	return e
}

// class returns the index of s, or that of all bytes when there are too many.
func (t *keyTable) class(s byteSet) uint16 {
	i, ok := t.index[s]
	if !ok && len(t.classes) < 1<<16 {
		i = uint16(len(t.classes))
		t.index[s] = i
		t.classes = append(t.classes, s)
		t.traits = append(t.traits, traitsOf(s))
	}
	return i
}

// classTraits are the bits that all bytes of a class share, with their values, and which lower
// five bits there are.
type classTraits struct {
	mask, value byte
	low         uint32
}

func traitsOf(s byteSet) classTraits {
	all, some, low := byte(0xff), byte(0), uint32(0)
	s.each(func(b byte) {
		all &= b
		some |= b
		low |= 1 << (b & 31)
	})
	same := ^(all ^ some)
	return classTraits{same, all & same, low}
}

// holds reports whether the text u can be what e is for.
func (t *keyTable) holds(e *keyEntry, u uint64) bool {
	if u&e.mask != e.value {
		return false
	}
	for _, c := range e.class {
		if !t.classes[c].has(byte(u)) {
			return false
		}
		u >>= 8
	}
	return true
}

const (
	keyBytes  = 4
	sparse    = 3 // a bitmap has 1<<sparse bits, about, for each bit that is set
	leastMap  = 10
	mostMap   = 18
	mostWords = 1 << mostMap / 64
)

func (t *keyTable) hash(k uint32) uint32 { return hashed(k) >> t.shift }
func hashed(k uint32) uint32             { return k * 0x9e3779b1 }
func (t *keyTable) gate(k uint32) *gate  { return &t.gates[hashedAgain(k)>>t.past] }
func hashedAgain(k uint32) uint32        { return k * 0x85ebca6b }

// mapShift returns the shift for a bitmap in which n bits will be set.
func mapShift(n int) uint {
	return 32 - uint(min(max(bits.Len(uint(n))+sparse, leastMap), mostMap))
}

// keyed is one sequence under one of its keys.
type keyed struct {
	key     uint32
	pattern int32
	fit     *sequence

	wordStart bool
}

// addKeys appends every key that q begins with.
func addKeys(out []keyed, pattern int32, q *sequence, wordStart bool) []keyed {
	var at [keyBytes][]byte
	for i := range at {
		folded4(q.class[i]).each(func(b byte) { at[i] = append(at[i], b) })
	}
	for _, a := range at[0] {
		for _, b := range at[1] {
			for _, c := range at[2] {
				for _, d := range at[3] {
					out = append(out, keyed{uint32(a) | uint32(b)<<8 | uint32(c)<<16 | uint32(d)<<24, pattern, q, wordStart})
				}
			}
		}
	}
	return out
}

// newKeyTable builds the table. A pattern has one entry under a key, for all its sequences
// with that key.
func newKeyTable(all []keyed) *keyTable {
	// They come by pattern, and stay so under each key.
	order := make([]uint64, len(all))
	for i := range all {
		order[i] = uint64(all[i].key)<<32 | uint64(i)
	}
	slices.Sort(order)
	sorted := make([]keyed, len(all))
	for i, o := range order {
		sorted[i] = all[o&math.MaxUint32]
	}
	all = sorted
	t := &keyTable{index: map[byteSet]uint16{}}
	t.class(anyByte)
	keys := 0
	for i := range all {
		if i == 0 || all[i].key != all[i-1].key {
			keys++
		}
	}
	t.shift = mapShift(keys)
	t.past = mapShift(keys) + 1
	t.four, t.gates = new([mostWords]uint64), make([]gate, 1<<(32-t.past))
	for i := range t.gates {
		t.gates[i] = closed
	}
	size := 2
	for size < 2*keys {
		size *= 2
	}
	t.lists = make([]keyList, size)
	for i := 0; i < len(all); {
		j := i + 1
		for j < len(all) && all[j].key == all[i].key {
			j++
		}
		t.add(all[i:j])
		i = j
	}
	t.index, t.traits = nil, nil
	return t
}

// add enters what belongs to one key.
func (t *keyTable) add(same []keyed) {
	key := same[0].key
	list := keyList{key: key, first: int32(len(t.entries))}
	for i := 0; i < len(same); {
		q := *same[i].fit
		j := i + 1
		for ; j < len(same) && same[j].pattern == same[i].pattern; j++ {
			q.widen(same[j].fit)
		}
		e := t.entry(same[i].pattern, &q)
		if same[i].wordStart {
			e.start = noStart
		}
		t.gate(key).widen(t.gateOf(&e))
		t.entries = append(t.entries, e)
		i = j
	}
	list.n = int32(len(t.entries)) - list.first
	t.probe.add(key)
	for i := t.hash(key); ; i++ {
		if l := &t.lists[i&uint32(len(t.lists)-1)]; l.n == 0 {
			*l = list
			return
		}
	}
}

// gateOf returns what all texts with e agree in.
func (t *keyTable) gateOf(e *keyEntry) *gate {
	g := &gate{mask: e.mask << 1, value: e.value << 1}
	if e.start != 0 {
		g.mask |= 1
		g.value |= 1
	}
	for j := range g.next {
		g.next[j] = t.traits[e.class[keyBytes+j]].low
	}
	return g
}

// sequence returns what e stands for.
func (t *keyTable) sequence(e *keyEntry) sequence {
	q := sequence{n: window}
	for j, c := range e.class {
		q.class[j] = t.classes[c]
	}
	return q
}

// none is the list of a key that is none.
var none keyList

// find returns the list of the key with which u begins.
func (t *keyTable) find(u uint64) *keyList {
	key := foldKey(uint32(u))
	for i := t.hash(key); ; i++ {
		l := &t.lists[i&uint32(len(t.lists)-1)]
		if l.n == 0 {
			return &none
		}
		if l.key == key {
			return l
		}
	}
}
