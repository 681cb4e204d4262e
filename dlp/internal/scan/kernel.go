package scan

import (
	"fmt"
	"os"
)

const (
	block = 64 // bytes that one set of masks covers
	batch = 32 // blocks in one call of a kernel

	planes    = 3 // eight groups each, of slots as of keys
	groups    = 8 * planes
	foldGroup = groups - 1 // the group of keys that finds ſ and K
	keyWindow = 5          // bytes that a group of keys looks at

	startGroups = 8 // of keys that count only where a word begins
)

// plane has, for one place, the groups among eight whose class there has a byte, by the
// byte's column and row. A byte counts as being in a class when its column and its row occur
// there, if not together; that is what AVX2 can look up at once. Other kernels report less.
type plane struct{ columns, rows [16]uint8 }

// column and row arrange the bytes for AVX2, which looks up four bits at a time, as in a
// table of ASCII, but with word characters in rows of their own, because that is what
// classes mostly tell apart. A space is among control characters, bytes outside ASCII share
// three rows.
func column(b byte) byte { return b & 15 }

func row(b byte) byte {
	if isWord(b) {
		return b>>4 + wordRow
	}
	if b == ' ' {
		return 0
	}
	return otherRow[b>>4]
}

const wordRow = 8 // of word characters, from high half 0 on

var (
	otherRow    = [16]uint8{0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 8, 9, 9, 10, 10} // of other bytes, by high half
	wordColumns = func() (of [16]uint16) {                                    // of word characters, by high half
		for b := range 256 {
			if isWord(byte(b)) {
				of[b>>4] |= 1 << (b & 15)
			}
		}
		return of
	}()
)

// counts are the groups of a plane that count, anywhere and only where a word begins,
// spread over a vector.
type counts struct{ any, start [32]uint8 }

// tables are what a kernel looks bytes up in. The assembly knows their layout.
type tables struct {
	slot  [window][planes]plane
	key   [keyWindow][planes]plane
	word  plane                           // by real halves
	row   struct{ other, word [16]uint8 } // by the high half of a byte
	wide  [planes]counts                  // of slots
	any   uint32                          // groups of slots that count anywhere
	start uint32                          // those that count only where a word begins

	slotAt [window][256]uint32 // by byte, the groups of slots whose class at the place has it
	keyAt  [keyWindow][256]uint32
	headAt [keyWindow][256]uint8 // by byte, those of keys that count only where a word begins

	pairs *pairTable // for the portable kernel only
	vbmi  *vbmiTables
}

// finish derives what the kernels need from what the plan has entered.
func (t *tables) finish() {
	t.setRows()
	for i := range t.wide {
		c := &t.wide[i]
		for j := range c.any {
			c.any[j], c.start[j] = uint8(t.any>>(8*i)), uint8(t.start>>(8*i))
		}
	}
	t.vbmi = newVBMITables(t)
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
	masks  [batch]masks
	halves [2][batch*block + 64]uint8 //nolint:unused // scratch of the assembly
}

// kernel fills out for n blocks of v, of which window bytes more must be readable. carry is
// 1 when the byte before v is a word character; loose is or'ed to masks.starts before it is
// used. It returns the next carry.
type kernel func(t *tables, v []byte, n int, carry, loose uint64, out *findings) uint64

// setSlots enters a group of class sequences, of which q is the union.
func (t *tables) setSlots(group int, q *sequence, wordStart bool) {
	for j := range t.slot {
		t.slot[j][group/8].add(group%8, q.at(j))
		q.at(j).each(func(b byte) { t.slotAt[j][b] |= 1 << group })
	}
	if wordStart {
		t.start |= 1 << group
	} else {
		t.any |= 1 << group
	}
}

// setHeads enters a group of keys that count only where a word begins. Kernels that do not
// look at them report every beginning of a word.
func (t *tables) setHeads(group int, q *sequence) {
	for j := range t.headAt {
		q.at(j).each(func(b byte) { t.headAt[j][b] |= 1 << group })
	}
}

// setKeys enters a group of keys that count anywhere.
func (t *tables) setKeys(group int, q *sequence) {
	for j := range t.key {
		t.key[j][group/8].add(group%8, q.at(j))
		q.at(j).each(func(b byte) { t.keyAt[j][b] |= 1 << group })
	}
}

func (p *plane) add(bit int, class byteSet) {
	class.each(func(b byte) {
		p.columns[column(b)] |= 1 << bit
		p.rows[row(b)] |= 1 << bit
	})
}

// at returns the groups whose class has b.
func (p *plane) at(b byte) uint8 { return p.columns[column(b)] & p.rows[row(b)] }

// setRows fills the tables by which rows are found. Each run of word characters within one
// high half has a bit of word.
func (t *tables) setRows() {
	runs := [...]struct{ hi, first, last int }{{3, 0, 9}, {4, 1, 15}, {5, 0, 10}, {5, 15, 15}, {6, 1, 15}, {7, 0, 10}}
	for bit, r := range runs {
		t.word.rows[r.hi] |= 1 << bit
		for lo := r.first; lo <= r.last; lo++ {
			t.word.columns[lo] |= 1 << bit
		}
	}
	t.row.other = otherRow
	for hi := range uint8(16) {
		t.row.word[hi] = (hi + wordRow) & 15
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
	name   string
	run    kernel
	keys   keysKernel
	gates  gatesKernel
	quad   quadKernel
	places placesKernel
	pairs  bool // it needs tables of pairs
}

var portable = namedKernel{"portable", portableKernel, portableKeys, portableGates, portableQuad, portablePlaces, true}

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
