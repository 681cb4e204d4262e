package scan

import "encoding/binary"

// portableTables are the class tables for one byte at a time. Groups that count anywhere
// are looked for at every position, by their first four places; what that finds, and where
// words begin, is looked up in full.
type portableTables struct {
	// Entries have the groups that a byte fits at a place: in outer at place 0 and, in the
	// upper half, at place 2; in inner at places 1 and 3. One and of two entries so does
	// half of the work for two positions.
	outer, inner [256]uint64

	full  [window][256]uint32 // groups of slots and, with the bit folds, that of ſ and K
	count [2]uint32           // groups that count: anywhere, and where a word begins
}

const (
	upper = 32 // bits to the upper half of an entry
	folds = 1 << groups
)

func newPortableTables(t *tables) *portableTables {
	p := &portableTables{full: t.slotAt}
	p.count[0] = t.any | folds
	p.count[1] = p.count[0] | t.start
	for b := range 256 {
		for j := range p.full {
			if j >= keyWindow || t.keyAt[j][b]>>foldGroup&1 != 0 {
				p.full[j][b] |= folds
			}
		}
		at := func(j int) uint64 { return uint64(p.full[j][b] & p.count[0]) }
		p.outer[b] = at(0) | at(2)<<upper
		p.inner[b] = at(1) | at(3)<<upper
	}
	return p
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
		m := &out.masks[k]
		*m = masks{starts: starts}
		for c := starts | p.anywhere(x); c != 0; c &= c - 1 {
			i := trailing(c)
			y := x[i : i+window : i+window]
			f := &p.full
			g := f[0][y[0]] & f[1][y[1]] & f[2][y[2]] & f[3][y[3]] & f[4][y[4]] & f[5][y[5]] & f[6][y[6]] & f[7][y[7]]
			g &= p.count[starts>>i&1]
			m.slots |= nonzero(g&^folds) << i
			m.folds |= uint64(g/folds) << i
		}
	}
	return carry
}

// anywhere returns the positions of a block at which the first four places of a group hold.
func (p *portableTables) anywhere(x *[block + window]byte) (found uint64) {
	h0 := p.outer[x[0]] & p.inner[x[1]] // half of position 0, and of the one two before
	h1 := p.outer[x[1]] & p.inner[x[2]]
	for i := 0; i < block; i += 4 {
		h2 := p.outer[x[i+2]] & p.inner[x[i+3]]
		h3 := p.outer[x[i+3]] & p.inner[x[i+4]]
		h4 := p.outer[x[i+4]] & p.inner[x[i+5]]
		h5 := p.outer[x[i+5]] & p.inner[x[i+6]]
		g0, g1 := uint32(h0)&uint32(h2>>upper), uint32(h1)&uint32(h3>>upper)
		g2, g3 := uint32(h2)&uint32(h4>>upper), uint32(h3)&uint32(h5>>upper)
		h0, h1 = h4, h5
		found |= (nonzero(g0) | nonzero(g1)<<1 | nonzero(g2)<<2 | nonzero(g3)<<3) << (i & (block - 1))
	}
	return found
}

// nonzero returns 1 if g is not 0.
func nonzero(g uint32) uint64 { return -uint64(g) >> 63 }

// portableKeys is the keysKernel in plain Go. It looks at all positions: to find out which
// are worth it takes as long.
func portableKeys(p *probe, x *batchText, n int, m *[batch]masks, w *keyWork) []uint16 {
	four, shift := p.four, p.shift&31
	for k := range n {
		var found uint64
		for i := 0; i < block; i += 4 {
			u := x.at(uint16(k*block + i))
			h0 := hashed(foldKey(uint32(u))) >> shift
			h1 := hashed(foldKey(uint32(u>>8))) >> shift
			h2 := hashed(foldKey(uint32(u>>16))) >> shift
			h3 := hashed(foldKey(uint32(u>>24))) >> shift
			bits := four[h0>>6%mostWords]>>(h0&63)&1 | four[h1>>6%mostWords]>>(h1&63)&1<<1 |
				four[h2>>6%mostWords]>>(h2&63)&1<<2 | four[h3>>6%mostWords]>>(h3&63)&1<<3
			found |= bits << (i & (block - 1))
		}
		m[k&(batch-1)].keys = found
	}
	return portablePlaces(m[:n], ofKeys, &w.found)
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
