package scan

// avx2Tables are what AVX2 looks bytes up in: 16 codes in one instruction, so 32 in two. The
// assembly knows their layout.
type avx2Tables struct {
	code [16][16]uint8 // by the upper and the lower half of a byte
	slot [window][avx2Planes]codePlane
	key  [keyWindow][planes]codePlane
	head [keyWindow]codePlane
	wide [avx2Planes]counts // of slots
}

// codePlane has, for one place, the groups among eight whose class there has a code, in two
// tables of 16.
type codePlane [2][16]uint8

// counts are the groups of a plane that count, anywhere and only where a word begins,
// spread over a vector.
type counts struct{ any, start [32]uint8 }

const (
	avx2Planes = 2 // of slots: a third takes as long as the places that it turns down
	avx2Codes  = 32
	upperCode  = 0x80 // the code is in the second table: then the first one gives 0
	wordCode   = 0x40 // the byte is a word character; look-ups do not see this bit
)

// newAVX2Tables returns the tables for t.
func newAVX2Tables(t *tables, c *coding) *avx2Tables {
	x := &avx2Tables{}
	for b, code := range c.code {
		of := code & 15
		if code >= 16 {
			of |= upperCode
		}
		if c.groups[code].side == wordASCII {
			of |= wordCode
		}
		x.code[b>>4][b&15] = of
	}
	for code := range c.groups {
		g := &c.groups[code]
		half, at := code>>4, code&15
		for j := range g.head {
			x.head[j][half][at] = g.head[j]
		}
		for j := range g.slot {
			for p := range avx2Planes {
				x.slot[j][p][half][at] = uint8(g.slot[j] >> (8 * p))
			}
		}
		for j := range g.key {
			for p := range planes {
				x.key[j][p][half][at] = uint8(g.key[j] >> (8 * p))
			}
		}
	}
	for p := range x.wide {
		w := &x.wide[p]
		for j := range w.any {
			w.any[j], w.start[j] = uint8(t.any>>(8*p)), uint8(t.start>>(8*p))
		}
	}
	return x
}
