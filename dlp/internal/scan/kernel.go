package scan

import (
	"fmt"
	"os"
)

const (
	block = 64 // bytes that one set of masks covers
	batch = 64 // blocks in one call of a kernel
	chunk = 16 // blocks whose codes the assembly makes at a time

	planes    = 3 // eight groups each, of slots as of keys
	groups    = 8 * planes
	foldGroup = groups - 1 // the group of keys that finds ſ and K, where kernels need one
	keyWindow = 5          // bytes that a group of keys looks at

	startGroups = 8 // of keys that count only where a word begins
)

// tables are what a kernel looks bytes up in.
type tables struct {
	any   uint32 // groups of slots that count anywhere
	start uint32 // those that count only where a word begins
	folds bool   // foldGroup finds ſ and K

	slotAt [window][256]uint32 // by byte, the groups of slots whose class at the place has it
	keyAt  [keyWindow][256]uint32
	headAt [keyWindow][256]uint8 // by byte, those of keys that count only where a word begins

	// Those of the DB's kernel, made of the ones above.
	pairs *pairTable
	avx2  *avx2Tables
	vbmi  *vbmiTables
}

// masks say which of a block's 64 positions deserve a look.
type masks struct {
	slots  uint64 // a group of class sequences holds
	keys   uint64 // a group of keys holds, or a word begins, maybe with one; see keysKernel
	folds  uint64 // ſ or K may stand here
	starts uint64 // a word begins
}

// findings are what a kernel finds in a batch.
type findings struct {
	masks [batch]masks
	codes [4][chunk*block + 64]uint8 //nolint:unused // scratch of the assembly
}

// kernel fills out for n blocks of v, of which window bytes more must be readable. carry is
// 1 when the byte before v is a word character; loose is or'ed to masks.starts before it is
// used. It returns the next carry.
type kernel func(t *tables, v []byte, n int, carry, loose uint64, out *findings) uint64

// setSlots enters a group of class sequences, of which q is the union.
func (t *tables) setSlots(group int, q *sequence, wordStart bool) {
	for j := range t.slotAt {
		q.at(j).each(func(b byte) { t.slotAt[j][b] |= 1 << group })
	}
	if wordStart {
		t.start |= 1 << group
	} else {
		t.any |= 1 << group
	}
}

// setHeads enters a group of keys that count only where a word begins.
func (t *tables) setHeads(group int, q *sequence) {
	for j := range t.headAt {
		q.at(j).each(func(b byte) { t.headAt[j][b] |= 1 << group })
	}
}

// setKeys enters a group of keys that count anywhere.
func (t *tables) setKeys(group int, q *sequence) {
	for j := range t.keyAt {
		q.at(j).each(func(b byte) { t.keyAt[j][b] |= 1 << group })
	}
}

// Kernels returns the names of the kernels that this machine can run, best first.
func Kernels() (names []string) {
	for _, k := range kernels() {
		names = append(names, k.name)
	}
	return names
}

// chooseKernel returns the kernel of that name; empty means what SLUICE_KERNEL says, or
// else the best one for this processor.
func chooseKernel(name string) (namedKernel, error) {
	if name == "" {
		name = os.Getenv("SLUICE_KERNEL")
	}
	ks := kernels()
	if name == "" {
		return ks[0], nil
	}
	for _, k := range ks {
		if k.name == name {
			return k, nil
		}
	}
	return namedKernel{}, fmt.Errorf("kernel %q: not on this machine", name)
}

// namedKernel is a kernel that this machine can run, with what the sift needs.
type namedKernel struct {
	name       string
	run        kernel
	keys       keysKernel
	gates      gatesKernel
	quad       quadKernel
	places     placesKernel
	slotGroups int
	keyPlaces  int                                  // at which it looks for keys
	keyGroups  int                                  // of keys that count anywhere: all, or those before foldGroup
	coders     []coder                              // of all bytes, or of those of slots and those of keys; none: it looks up pairs of bytes
	coded      func(t *tables, slots, keys *coding) // makes its tables of what they make
}

var portable = namedKernel{"portable", portableKernel, portableKeys, portableGates, portableQuad, portablePlaces, groups, 0, 0, nil, nil}

// keysKernel returns those positions of n blocks of x at which m says that there may be a key
// and p agrees. It may turn down slots that m has.
type keysKernel func(t *tables, p *probe, x *batchText, n int, m *[batch]masks, w *keyWork) []uint16

// gatesKernel writes to out those of the places at of x whose gate of t lets them through, and
// returns them. m has where words begin.
type gatesKernel func(t *keyTable, m *[batch]masks, x *batchText, at []uint16, out *places) []uint16

// keyWork is the working space for it. Reading from and writing to one list, loads would
// wait for stores.
type keyWork struct{ maybe, found places }

// quadKernel writes to out, which has room for as many, those of the places at of x where
// slots of q hold, and returns how many there are. Places are at most inBatch; m has where
// words begin.
type quadKernel func(q *quad, m *[batch]masks, x *batchText, at []uint16, out []quadHit) int

// quadHit is a place with the slots that hold there.
type quadHit struct {
	place uint64 // and, above it, the number of the quad
	slots slotSet
}

// placesKernel writes the positions that one field of the masks has to out, and returns them.
type placesKernel func(m []masks, which field, out *places) []uint16

// field is one of those of masks.
type field int

const (
	ofSlots field = iota
	ofKeys
)

// of returns where the first of m, which is not empty, has the field.
func (f field) of(m []masks) *uint64 {
	if f == ofKeys {
		return &m[0].keys
	}
	return &m[0].slots
}
