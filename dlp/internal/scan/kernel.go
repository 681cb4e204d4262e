package scan

import (
	"fmt"
	"os"
)

const (
	block = 64 // bytes that one set of masks covers
	batch = 32 // blocks in one call of a kernel

	groups    = 8 // of class sequences, one bit of a byte each
	keyWindow = 4 // bytes that a key's group looks at
	foldGroup = 7 // the group of keys that finds ſ and K
)

// tables are what a kernel looks bytes up in. A byte is in a class when the entries for
// its low and its high four bits share the group's bit; that is what AVX2 can do at once,
// and the portable kernel does the same, so that all kernels return the same masks.
type tables struct {
	slotLo, slotHi [window][16]uint8
	keyLo, keyHi   [keyWindow][16]uint8
	wordLo, wordHi [16]uint8
	slotAny        uint8 // groups of slots that count anywhere
	slotStart      uint8 // groups of slots that count only where a word begins
	keyAny         uint8
	keyStart       uint8

	portable *portableTables
}

// masks say which of a block's 64 positions deserve a look.
type masks struct {
	slots  uint64 // a group of class sequences holds
	keys   uint64 // a group of keys holds
	folds  uint64 // ſ or K may stand here
	starts uint64 // a word begins
}

// kernel fills out[:n] for n blocks of v, of which window bytes more must be readable.
// carry is 1 when the byte before v is a word character; loose is or'ed to masks.starts
// before it is used. It returns the next carry.
type kernel func(t *tables, v []byte, n int, carry, loose uint64, out *[batch]masks) uint64

// set fills the class tables for one group from the sequence that joins its members.
func setGroup(lo, hi [][16]uint8, group int, q *sequence) {
	for j := range lo {
		q.at(j).each(func(b byte) {
			lo[j][b&15] |= 1 << group
			hi[j][b>>4] |= 1 << group
		})
	}
}

// closure16 is what the tables make of a class: every byte whose low half and whose high
// half occur in it.
func closure16(s byteSet) (c byteSet) {
	var lo, hi uint16
	s.each(func(b byte) {
		lo |= 1 << (b & 15)
		hi |= 1 << (b >> 4)
	})
	for b := range 256 {
		if lo>>(b&15)&1 != 0 && hi>>(b>>4)&1 != 0 {
			c.add(byte(b))
		}
	}
	return c
}

// setWords fills the tables for word characters; each run of them within one high half
// has a bit.
func (t *tables) setWords() {
	runs := [...]struct{ hi, first, last int }{{3, 0, 9}, {4, 1, 15}, {5, 0, 10}, {5, 15, 15}, {6, 1, 15}, {7, 0, 10}}
	for bit, r := range runs {
		t.wordHi[r.hi] |= 1 << bit
		for lo := r.first; lo <= r.last; lo++ {
			t.wordLo[lo] |= 1 << bit
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
