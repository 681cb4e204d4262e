package scan

import "encoding/binary"

// portableTables are the class tables for one byte at a time.
type portableTables struct {
	// head has, from the lowest byte on, the groups of slots that a byte fits at places
	// 0 to 3, then the groups of keys.
	head [256]uint64
	tail [window - keyWindow][256]uint8 // groups of slots at places 4 to 7
}

func newPortableTables(t *tables) *portableTables {
	p := &portableTables{}
	for b := range 256 {
		lo, hi := b&15, b>>4
		for j := range keyWindow {
			p.head[b] |= uint64(t.slotLo[j][lo]&t.slotHi[j][hi])<<(8*j) | uint64(t.keyLo[j][lo]&t.keyHi[j][hi])<<(32+8*j)
		}
		for j := range p.tail {
			p.tail[j][b] = t.slotLo[keyWindow+j][lo] & t.slotHi[keyWindow+j][hi]
		}
	}
	return p
}

const (
	eachByte = 0x0101010101010101
	topBits  = 0x8080808080808080
	fresh    = 0x000000ff000000ff // every group may begin at every byte
	found    = 0xff000000ff000000 // groups that hold at the byte three back
)

// portableKernel is the kernel in plain Go: a shift-and automaton with all groups of slots
// and keys in one word.
func portableKernel(t *tables, v []byte, n int, carry, loose uint64, out *[batch]masks) uint64 {
	p := t.portable
	d := uint64(0)
	for _, b := range v[:keyWindow-1] {
		d = (d<<8 | fresh) & p.head[b]
	}
	for k := range n {
		x := v[k*block:]
		x = x[: block+window : block+window]
		w := uint64(0)
		for i := 0; i < block; i += 8 {
			w |= wordMask(binary.LittleEndian.Uint64(x[i:])) << i
		}
		m := masks{starts: w&^(w<<1|carry) | loose}
		carry = w >> 63
		for i := range block {
			d = (d<<8 | fresh) & p.head[x[i+keyWindow-1]]
			if d&found != 0 {
				m.hit(t, d, x[i:i+window], i)
			}
		}
		out[k] = m
	}
	return carry
}

// hit sorts out a position at which some group holds in its first four places.
func (m *masks) hit(t *tables, d uint64, x []byte, i int) {
	p := t.portable
	start := -uint8(m.starts >> i & 1) // all ones where a word begins
	if s := uint8(d>>24) & p.tail[0][x[4]] & p.tail[1][x[5]] & p.tail[2][x[6]] & p.tail[3][x[7]]; s&(t.slotAny|t.slotStart&start) != 0 {
		m.slots |= 1 << i
	}
	s := uint8(d >> 56)
	if s&(t.keyAny|t.keyStart&start) != 0 {
		m.keys |= 1 << i
	}
	m.folds |= uint64(s>>foldGroup) << i
}

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
