package scan

import "encoding/binary"

// portableTables are the class tables for one byte at a time. An entry has the groups of
// slots and, above them, those of keys that a byte fits at some place: in outer at place 0
// and, in the upper half, at place 2; in inner at places 1 and 3. One and of two entries so
// does half of the work for two positions.
type portableTables struct {
	outer, inner [256]uint64
	rest         [window - keyWindow][256]uint16 // groups of slots at places 4 to 7
	count        [2]uint32                       // groups that count: anywhere, and where a word begins
}

func newPortableTables(t *tables) *portableTables {
	p := &portableTables{}
	for b := range 256 {
		at := func(j int) uint64 {
			return uint64(t.slot[j].at(byte(b))) | uint64(t.key[j].at(byte(b)))<<groups
		}
		p.outer[b] = at(0) | at(2)<<(2*groups)
		p.inner[b] = at(1) | at(3)<<(2*groups)
		for j := range p.rest {
			p.rest[j][b] = t.slot[keyWindow+j].at(byte(b))
		}
	}
	p.count[0] = uint32(t.slotAny) | uint32(t.keyAny|1<<foldGroup)<<groups
	p.count[1] = p.count[0] | uint32(t.slotStart) | uint32(t.keyStart)<<groups
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
		s := m.starts
		h0 := p.outer[x[0]] & p.inner[x[1]] // half of position 0, and of the one two before
		h1 := p.outer[x[1]] & p.inner[x[2]]
		for i := 0; i < block; i += 4 {
			u := binary.LittleEndian.Uint64(x[i+2:])
			b2, b3, b4, b5, b6 := uint8(u), uint8(u>>8), uint8(u>>16), uint8(u>>24), uint8(u>>32)
			h2 := p.outer[b2] & p.inner[b3]
			h3 := p.outer[b3] & p.inner[b4]
			h4 := p.outer[b4] & p.inner[b5]
			h5 := p.outer[b5] & p.inner[b6]
			g0 := uint32(h0) & uint32(h2>>(2*groups)) & p.count[s&1]
			g1 := uint32(h1) & uint32(h3>>(2*groups)) & p.count[s>>1&1]
			g2 := uint32(h2) & uint32(h4>>(2*groups)) & p.count[s>>2&1]
			g3 := uint32(h3) & uint32(h5>>(2*groups)) & p.count[s>>3&1]
			h0, h1 = h4, h5
			s >>= 4
			if g0|g1|g2|g3 == 0 {
				continue
			}
			m.hit(p, g0, x[i:], k*block, i, out)
			m.hit(p, g1, x[i+1:], k*block, i+1, out)
			m.hit(p, g2, x[i+2:], k*block, i+2, out)
			m.hit(p, g3, x[i+3:], k*block, i+3, out)
		}
		out.masks[k] = m
	}
	return carry
}

// hit sorts out position i of the block at base, where x stands and groups g hold in their
// first four places.
func (m *masks) hit(p *portableTables, g uint32, x []byte, base, i int, out *findings) {
	if g == 0 {
		return
	}
	if slot := uint16(g); slot != 0 {
		x = x[:window]
		slot &= p.rest[0][x[4]] & p.rest[1][x[5]] & p.rest[2][x[6]] & p.rest[3][x[7]]
		out.groups[0][base+i] = uint8(slot)
		out.groups[1][base+i] = uint8(slot >> 8)
		if slot != 0 {
			m.slots |= 1 << i
		}
	}
	const fold = 1 << foldGroup
	key := uint16(g >> groups)
	if key&^fold != 0 {
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
