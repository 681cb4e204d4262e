package scan

import (
	"cmp"
	"math/bits"
	"slices"
)

// keyTable finds the patterns whose anchor begins with the four bytes at a position,
// letters folded. Bitmaps turn nearly all other positions down; they are as small as the
// number of keys lets them be, because they compete for the nearest cache.
type keyTable struct {
	four    []uint64 // by the hash of the key: some key has it
	open    []uint64 // the same for keys that may be followed by anything
	six     []uint64 // by the hash of the key and two more bytes, for the other keys
	shift4  uint     // from a product to its hash
	shift6  uint
	lists   []keyList // open addressing
	entries []keyEntry
	classes []byteSet
	index   map[byteSet]uint16 // of classes, while the table is built
}

// keyList has n entries, from first on; n is 0 where there is no key.
type keyList struct {
	key      uint32
	first, n int32
}

// keyEntry says that pattern may match where the text, read as a number, has the bits of
// value under mask and its bytes are in the classes.
type keyEntry struct {
	mask, value uint64
	class       [window]uint16 // in keyTable.classes
	pattern     int32
}

// entry returns the entry for q. The mask has the bits that all bytes of a class share.
func (t *keyTable) entry(pattern int32, q *sequence) keyEntry {
	e := keyEntry{pattern: pattern}
	for j := range window {
		e.class[j] = t.class(q.at(j))
	}
	for j := range q.n {
		all, some := byte(0xff), byte(0)
		q.class[j].each(func(b byte) {
			all &= b
			some |= b
		})
		same := ^(all ^ some)
		e.mask |= uint64(same) << (8 * j)
		e.value |= uint64(all&same) << (8 * j)
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
	}
	return i
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
	sparse   = 3 // a bitmap has 1<<sparse bits, about, for each bit that is set
	leastMap = 10
	mostMap  = 18
	fewTails = 128
)

func (t *keyTable) hash4(k uint32) uint32    { return k * 0x9e3779b1 >> t.shift4 }
func (t *keyTable) hash6(k, e uint32) uint32 { return (k*0x85ebca6b ^ e*0xc2b2ae35) >> t.shift6 }

// mapShift returns the shift for a bitmap in which n bits will be set.
func mapShift(n int) uint {
	return 32 - uint(min(max(bits.Len(uint(n))+sparse, leastMap), mostMap))
}

// keyed is one sequence under one of its keys.
type keyed struct {
	key     uint32
	pattern int32
	fit     *sequence
}

// addKeys appends every key that q begins with.
func addKeys(out []keyed, pattern int32, q *sequence) []keyed {
	var at [4][]byte
	for i := range at {
		folded4(q.class[i]).each(func(b byte) { at[i] = append(at[i], b) })
	}
	for _, a := range at[0] {
		for _, b := range at[1] {
			for _, c := range at[2] {
				for _, d := range at[3] {
					out = append(out, keyed{uint32(a) | uint32(b)<<8 | uint32(c)<<16 | uint32(d)<<24, pattern, q})
				}
			}
		}
	}
	return out
}

// newKeyTable builds the table. A pattern has one entry under a key, for all its sequences
// with that key.
func newKeyTable(all []keyed) *keyTable {
	slices.SortStableFunc(all, func(a, b keyed) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.pattern, b.pattern))
	})
	t := &keyTable{classes: []byteSet{anyByte}, index: map[byteSet]uint16{anyByte: 0}}
	keys, tails := 0, 0
	for i := range all {
		if i == 0 || all[i].key != all[i-1].key {
			keys++
		}
		tails += all[i].fit.tails()
	}
	t.shift4, t.shift6 = mapShift(keys), mapShift(tails)
	t.four, t.open, t.six = make([]uint64, 1<<(32-t.shift4)/64), make([]uint64, 1<<(32-t.shift4)/64), make([]uint64, 1<<(32-t.shift6)/64)
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
	t.index = nil
	return t
}

// add enters what belongs to one key.
func (t *keyTable) add(same []keyed) {
	key := same[0].key
	list := keyList{key: key, first: int32(len(t.entries))}
	for i := 0; i < len(same); {
		q := *same[i].fit
		t.mark(key, &q)
		j := i + 1
		for ; j < len(same) && same[j].pattern == same[i].pattern; j++ {
			t.mark(key, same[j].fit)
			q = q.union(same[j].fit)
		}
		t.entries = append(t.entries, t.entry(same[i].pattern, &q))
		i = j
	}
	list.n = int32(len(t.entries)) - list.first
	h := t.hash4(key)
	t.four[h>>6] |= 1 << (h & 63)
	for i := h; ; i++ {
		if l := &t.lists[i&uint32(len(t.lists)-1)]; l.n == 0 {
			*l = list
			return
		}
	}
}

// mark enters the fifth and sixth byte of q in the second bitmap, or that any will do.
func (t *keyTable) mark(key uint32, q *sequence) {
	if q.tails() == 0 {
		h := t.hash4(key)
		t.open[h>>6] |= 1 << (h & 63)
		return
	}
	q.class[4].each(func(a byte) {
		q.class[5].each(func(b byte) {
			h := t.hash6(key, uint32(a|0x20)|uint32(b|0x20)<<8)
			t.six[h>>6] |= 1 << (h & 63)
		})
	})
}

// tails returns how many different two bytes can follow the key of q, or 0 when they are
// too many to list.
func (q *sequence) tails() int {
	if q.n < 6 {
		return 0
	}
	if n := q.class[4].size() * q.class[5].size(); n <= fewTails {
		return n
	}
	return 0
}

// find returns the entries under the key with which u begins.
func (t *keyTable) find(u uint64) []keyEntry {
	key := foldKey(uint32(u))
	for i := t.hash4(key); ; i++ {
		l := &t.lists[i&uint32(len(t.lists)-1)]
		if l.n == 0 {
			return nil
		}
		if l.key == key {
			return t.entries[l.first : l.first+l.n]
		}
	}
}
