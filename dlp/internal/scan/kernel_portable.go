package scan

import "encoding/binary"

// portableTables are the class tables for two bytes at a time: entry b0|b1<<8 has the
// groups of slots that b0 and b1 fit at two neighbouring places, and above them those of
// keys. Ordinary text meets so few different pairs that they stay in the nearest cache.
type portableTables struct {
	first, second [1 << 16]uint32                 // places 0 and 1, and 2 and 3
	rest          [window - keyWindow][256]uint16 // groups of slots at places 4 to 7
}

func newPortableTables(t *tables) *portableTables {
	p := &portableTables{}
	var at [keyWindow][256]uint32
	for b := range 256 {
		for j := range at {
			at[j][b] = uint32(t.slot[j].at(byte(b))) | uint32(t.key[j].at(byte(b)))<<groups
		}
		for j := range p.rest {
			p.rest[j][b] = t.slot[keyWindow+j].at(byte(b))
		}
	}
	for b1 := range 256 {
		for b0 := range 256 {
			p.first[b0|b1<<8] = at[0][b0] & at[1][b1]
			p.second[b0|b1<<8] = at[2][b0] & at[3][b1]
		}
	}
	return p
}

// portableKernel is the kernel in plain Go.
func portableKernel(t *tables, v []byte, n int, carry, loose uint64, out *findings) uint64 {
	p := t.portable
	for k := range n {
		x := v[k*block:]
		x = x[: block+window : block+window]
		w := uint64(0)
		for i := 0; i < block; i += 8 {
			w |= wordMask(binary.LittleEndian.Uint64(x[i:])) << i
		}
		m := masks{starts: w&^(w<<1|carry) | loose}
		carry = w >> 63
		for i := 0; i < block; i += 4 {
			u := binary.LittleEndian.Uint64(x[i:])
			g0 := p.first[uint16(u)] & p.second[uint16(u>>16)]
			g1 := p.first[uint16(u>>8)] & p.second[uint16(u>>24)]
			g2 := p.first[uint16(u>>16)] & p.second[uint16(u>>32)]
			g3 := p.first[uint16(u>>24)] & p.second[uint16(u>>40)]
			if g0|g1|g2|g3 == 0 {
				continue
			}
			for j, g := range [4]uint32{g0, g1, g2, g3} {
				if g != 0 {
					m.hit(t, g, x[i+j:i+j+window], i+j, out, k)
				}
			}
		}
		out.masks[k] = m
	}
	return carry
}

// hit sorts out a position at which groups g hold in their first four places.
func (m *masks) hit(t *tables, g uint32, x []byte, i int, out *findings, k int) {
	p := t.portable
	start := -uint16(m.starts >> i & 1) // all ones where a word begins
	slot := uint16(g) & p.rest[0][x[4]] & p.rest[1][x[5]] & p.rest[2][x[6]] & p.rest[3][x[7]]
	if slot &= t.slotAny | t.slotStart&start; slot != 0 {
		m.slots |= 1 << i
		out.groups[0][k*block+i] = uint8(slot)
		out.groups[1][k*block+i] = uint8(slot >> 8)
	}
	key := uint16(g >> groups)
	if key&(t.keyAny|t.keyStart&start) != 0 {
		m.keys |= 1 << i
	}
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
