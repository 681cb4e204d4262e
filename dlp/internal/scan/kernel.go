package scan

import (
	"fmt"
	"os"
)

const (
	block = 64 // bytes that one set of masks covers
	batch = 32 // blocks in one call of a kernel

	groups    = 16         // of class sequences, and of keys; one bit each
	keyWindow = 4          // bytes that a key's group looks at
	foldGroup = groups - 1 // the group of keys that finds ſ and K
)

// halves are the groups whose class at one place has a byte, by the byte's low and high
// half: groups 0 to 7, then 8 to 15. A byte counts as being in a class when its two halves
// occur there, if not together; that is what AVX2 can look up at once, and the portable
// kernel does the same, so that all kernels return the same masks.
type halves struct{ lo, hi [2][16]uint8 }

// tables are what a kernel looks bytes up in. The assembly knows their layout.
type tables struct {
	slot      [window]halves
	key       [keyWindow]halves
	word      struct{ lo, hi [16]uint8 }
	wide      [4][2][32]uint8 // the four below, spread over a vector
	slotAny   uint16          // groups of slots that count anywhere
	slotStart uint16          // groups of slots that count only where a word begins
	keyAny    uint16
	keyStart  uint16

	portable *portableTables
}

// finish derives what the kernels need from what the plan has entered.
func (t *tables) finish() {
	t.setWords()
	for i, groups := range [...]uint16{t.slotAny, t.slotStart, t.keyAny, t.keyStart} {
		for j := range t.wide[i][0] {
			t.wide[i][0][j], t.wide[i][1][j] = uint8(groups), uint8(groups>>8)
		}
	}
	t.portable = newPortableTables(t)
}

// masks say which of a block's 64 positions deserve a look.
type masks struct {
	slots  uint64 // a group of class sequences holds
	keys   uint64 // a group of keys holds
	folds  uint64 // ſ or K may stand here
	starts uint64 // a word begins
}

// findings are what a kernel finds in a batch.
type findings struct {
	masks  [batch]masks
	groups [2][batch * block]uint8    // the groups of slots that hold, where masks.slots is set
	halves [2][batch*block + 64]uint8 // scratch
}

// kernel fills out for n blocks of v, of which window bytes more must be readable. carry is
// 1 when the byte before v is a word character; loose is or'ed to masks.starts before it is
// used. It returns the next carry.
type kernel func(t *tables, v []byte, n int, carry, loose uint64, out *findings) uint64

// setGroup enters group with the sequence that joins its members.
func setGroup(places []halves, group int, q *sequence) {
	half, bit := group>>3, uint8(1)<<(group&7)
	for j := range places {
		q.at(j).each(func(b byte) {
			places[j].lo[half][b&15] |= bit
			places[j].hi[half][b>>4] |= bit
		})
	}
}

// at returns the groups whose class has b.
func (h *halves) at(b byte) uint16 {
	lo, hi := b&15, b>>4
	return uint16(h.lo[0][lo]&h.hi[0][hi]) | uint16(h.lo[1][lo]&h.hi[1][hi])<<8
}

// setWords fills the tables for word characters; each run of them within one high half
// has a bit.
func (t *tables) setWords() {
	runs := [...]struct{ hi, first, last int }{{3, 0, 9}, {4, 1, 15}, {5, 0, 10}, {5, 15, 15}, {6, 1, 15}, {7, 0, 10}}
	for bit, r := range runs {
		t.word.hi[r.hi] |= 1 << bit
		for lo := r.first; lo <= r.last; lo++ {
			t.word.lo[lo] |= 1 << bit
		}
	}
}

// chooseKernel returns the kernel of that name; empty means what SLUICE_KERNEL says, or
// else the best one for this processor.
func chooseKernel(name string) (kernel, string, error) {
	if name == "" {
		name = os.Getenv("SLUICE_KERNEL")
	}
	ks := kernels()
	if name == "" {
		return ks[0].run, ks[0].name, nil
	}
	for _, k := range ks {
		if k.name == name {
			return k.run, k.name, nil
		}
	}
	return nil, "", fmt.Errorf("kernel %q: not on this machine", name)
}

// namedKernel is a kernel that this machine can run.
type namedKernel struct {
	name string
	run  kernel
}
