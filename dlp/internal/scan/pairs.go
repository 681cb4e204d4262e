package scan

import "encoding/binary"

// Plain Go looks a text up two bytes at a time, at every second place, in one table of all
// pairs of bytes: for what may begin there, and for what may begin at the place behind it.

// pairTable has an entry for each pair of bytes, as a number of which the first byte is the
// lower half.
type pairTable [1 << 16]pairEntry

// pairEntry has the buckets that a pair of bytes fits. A bucket is a set of sequences. The
// lower halves are about sequences that begin with the first byte: first has the buckets that
// places 0 and 1 fit, later those that places 2 and 3 do. The upper halves are about
// sequences that begin with the second byte: first has the buckets that place 0 fits, and the
// byte before it, later those that places 1 and 2 do. So what first of a pair and later of
// the next pair have in common may begin at one of two positions.
//
// Above its buckets, a half of first has a bit that is not set, into which a sum can carry,
// and one that says whether the byte is a word character. Of later, the latter is always set.
type pairEntry struct{ first, later uint32 }

const (
	pairPlaces = 4 // that are looked at, at odd positions one less
	buckets    = 14
	foldBucket = buckets - 1 // finds ſ and K
	second     = 16          // to the upper half

	eachHalf = 1 | 1<<second
	carries  = (1<<buckets - 1) * eachHalf // what, added to buckets, carries if there is one
	carried  = 1 << buckets * eachHalf
	wordBits = 2 * carried
)

// block returns where in a block word characters stand, and where a sequence of some bucket
// may begin. It goes backwards, so that each pair meets the next one.
func (t *pairTable) block(x *[block + window]byte) (words, found uint64) {
	const kept = carried | wordBits
	later := t[binary.LittleEndian.Uint16(x[block:])].later
	for i := block - 16; i >= 0; i -= 16 {
		y := x[i:][:16]
		e := &t[binary.LittleEndian.Uint16(y[14:])]
		f := uint64((e.first&later + carries) & kept)
		later = e.later
		e = &t[binary.LittleEndian.Uint16(y[12:])]
		f = 4*f + uint64((e.first&later+carries)&kept)
		later = e.later
		e = &t[binary.LittleEndian.Uint16(y[10:])]
		f = 4*f + uint64((e.first&later+carries)&kept)
		later = e.later
		e = &t[binary.LittleEndian.Uint16(y[8:])]
		f = 4*f + uint64((e.first&later+carries)&kept)
		later = e.later
		e = &t[binary.LittleEndian.Uint16(y[6:])]
		f = 4*f + uint64((e.first&later+carries)&kept)
		later = e.later
		e = &t[binary.LittleEndian.Uint16(y[4:])]
		f = 4*f + uint64((e.first&later+carries)&kept)
		later = e.later
		e = &t[binary.LittleEndian.Uint16(y[2:])]
		f = 4*f + uint64((e.first&later+carries)&kept)
		later = e.later
		e = &t[binary.LittleEndian.Uint16(y)]
		f = 4*f + uint64((e.first&later+carries)&kept)
		later = e.later
		// Each half of f has two bits for each of eight pairs, which are those of every second
		// position.
		f >>= buckets
		found = found<<16 | f&0x5555 | f>>(second-1)&0xaaaa
		words = words<<16 | f>>1&0x5555 | f>>second&0xaaaa
	}
	return words, found
}

// newPairTable returns a table that finds word characters, and ſ and K.
func newPairTable() *pairTable {
	t := new(pairTable)
	for i := range t {
		t[i].later = wordBits
		if isWord(byte(i)) {
			t[i].first |= wordBits & 0xffff
		}
		if isWord(byte(i >> 8)) {
			t[i].first |= wordBits &^ 0xffff
		}
	}
	for _, fold := range []string{string(longS), string(kelvin)} {
		q := sequence{n: 2}
		q.class[0].add(fold[0])
		q.class[1].add(fold[1])
		t.add(foldBucket, &kind{q: q})
	}
	return t
}

// fill makes the table find all kinds. Those of lists hold nearly everywhere and are kept
// apart.
func (t *pairTable) fill(kinds, lists []kind, r *sample) {
	left := foldBucket
	if len(lists) > 0 {
		left--
	}
	for i := range lists {
		t.add(left, &lists[i])
	}
	for i, b := range newPairing(kinds, left, r).in {
		t.add(b, &kinds[i])
	}
}

// add enters a kind in a bucket.
func (t *pairTable) add(bucket int, k *kind) {
	before, a, b, c, d := anyByte, k.q.at(0), k.q.at(1), k.q.at(2), k.q.at(3)
	if k.wordStart {
		before = otherBytes
	}
	eachPair(a, b, func(i int) { t[i].first |= 1 << bucket })
	eachPair(c, d, func(i int) { t[i].later |= 1 << bucket })
	eachPair(before, a, func(i int) { t[i].first |= 1 << bucket << second })
	eachPair(b, c, func(i int) { t[i].later |= 1 << bucket << second })
}

func eachPair(a, b byteSet, f func(i int)) {
	b.each(func(y byte) { a.each(func(x byte) { f(int(x) | int(y)<<8) }) })
}

// otherBytes are no word characters.
var otherBytes = byteSet{^wordBytes[0], ^wordBytes[1], ^wordBytes[2], ^wordBytes[3]}
