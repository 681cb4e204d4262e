package scan

import (
	"encoding/binary"
	"math/bits"
)

// portableTables are the class tables for one byte at a time. Groups that count anywhere
// are looked for at every position, in lanes of a word; those that count only where a word
// begins only there. What either finds is looked up in full.
type portableTables struct {
	// Entries have the lanes that a byte fits at a place: in outer at place 0 and, in the
	// upper half, at place 2; in inner at places 1 and 3. One and of two entries so does
	// half of the work for two positions.
	outer, inner [256]uint64

	full  [window][256]uint64 // groups of slots and, above them, of keys
	count [2]uint64           // groups that count: anywhere, and where a word begins
}

const (
	lanes     = 32
	laneBytes = 4 // that are looked at in lanes
)

// newPortableTables returns the tables for t, in which slots and keys tell the groups that a
// byte counts for at a place.
func newPortableTables(t *tables, slots, keys func(j int, b byte) uint32) *portableTables {
	p := &portableTables{}
	p.count[0] = uint64(t.slotAny) | uint64(t.keyAny|1<<foldGroup)<<slotGroups
	p.count[1] = p.count[0] | uint64(t.slotStart) | uint64(t.keyStart)<<slotGroups
	for b := range 256 {
		for j := range p.full {
			key := uint32(1<<keyGroups - 1)
			if j < keyWindow {
				key = keys(j, byte(b))
			}
			at := uint64(slots(j, byte(b))) | uint64(key)<<slotGroups
			p.full[j][b] = at
			if j >= laneBytes {
				continue
			}
			lane := inLanes(at, p.count[0]) << (j / 2 * lanes)
			if j%2 == 0 {
				p.outer[b] |= lane
			} else {
				p.inner[b] |= lane
			}
		}
	}
	return p
}

// inLanes gives each of the groups in any a lane, or several one, and returns the lanes of
// those in at.
func inLanes(at, any uint64) (in uint64) {
	for n := 0; any != 0; n++ {
		in |= at >> bits.TrailingZeros64(any) & 1 << (n % lanes)
		any &= any - 1
	}
	return in
}

// portableKernel is the kernel in plain Go.
func portableKernel(t *tables, v []byte, n int, carry, loose uint64, out *findings) uint64 {
	p := t.portable
	for k := range n {
		x := (*[block + window]byte)(v[k*block:])
		w := uint64(0)
		for i := 0; i < block; i += 8 {
			w |= wordMask(binary.LittleEndian.Uint64(x[i:])) << i
		}
		starts := w&^(w<<1|carry) | loose
		carry = w >> 63
		out.masks[k] = masks{starts: starts}
		for c := starts | p.anywhere(x); c != 0; c &= c - 1 {
			i := trailing(c)
			y := x[i : i+window : i+window]
			g := p.full[0][y[0]] & p.full[1][y[1]] & p.full[2][y[2]] & p.full[3][y[3]] & p.count[starts>>i&1]
			if g != 0 {
				p.hit(g, y, k, i, out)
			}
		}
	}
	return carry
}

// anywhere returns the positions of a block at which a lane holds.
func (p *portableTables) anywhere(x *[block + window]byte) (found uint64) {
	h0 := p.outer[x[0]] & p.inner[x[1]] // half of position 0, and of the one two before
	h1 := p.outer[x[1]] & p.inner[x[2]]
	for i := 0; i < block; i += 4 {
		h2 := p.outer[x[i+2]] & p.inner[x[i+3]]
		h3 := p.outer[x[i+3]] & p.inner[x[i+4]]
		h4 := p.outer[x[i+4]] & p.inner[x[i+5]]
		h5 := p.outer[x[i+5]] & p.inner[x[i+6]]
		g0, g1 := uint32(h0)&uint32(h2>>lanes), uint32(h1)&uint32(h3>>lanes)
		g2, g3 := uint32(h2)&uint32(h4>>lanes), uint32(h3)&uint32(h5>>lanes)
		h0, h1 = h4, h5
		if g0|g1|g2|g3 != 0 {
			found |= (nonzero(g0) | nonzero(g1)<<1 | nonzero(g2)<<2 | nonzero(g3)<<3) << (i & (block - 1))
		}
	}
	return found
}

// nonzero returns 1 if g is not 0.
func nonzero(g uint32) uint64 { return -uint64(g) >> 63 }

// hit notes position i of block k, where y stands and groups g hold in their first four
// places.
func (p *portableTables) hit(g uint64, y []byte, k, i int, out *findings) {
	m := &out.masks[k]
	g &= p.full[4][y[4]] & p.full[5][y[5]] & p.full[6][y[6]] & p.full[7][y[7]]
	slot := uint32(g) & (1<<slotGroups - 1)
	m.slots |= nonzero(slot) << i
	const fold = 1 << foldGroup
	key := uint32(g >> slotGroups)
	m.keys |= nonzero(key&^fold) << i
	m.folds |= uint64(key>>foldGroup) << i
}

const (
	eachByte = 0x0101010101010101
	topBits  = 0x8080808080808080
)

// wordMask returns a bit for each of eight bytes that is a word character.
func wordMask(x uint64) uint64 {
	y := x &^ topBits
	z := y | 0x20*eachByte
	letter := (z + (0x80-'a')*eachByte) &^ (z + (0x80-'z'-1)*eachByte)
	digit := (y + (0x80-'0')*eachByte) &^ (y + (0x80-'9'-1)*eachByte)
	low := (y + (0x80-'_')*eachByte) &^ (y + (0x80-'_'-1)*eachByte)
	in := (letter | digit | low) &^ x & topBits
	return in >> 7 * 0x0102040810204080 >> 56
}
