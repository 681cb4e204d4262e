package scan

import "unicode/utf8"

// avx2Tables are what AVX2 looks bytes up in: 16 codes in one instruction, so 32 in two. The
// assembly knows their layout.
type avx2Tables struct {
	slotCode [16][16]uint8          // by the upper and the lower half of a byte: see telescope
	keyCode  [keyRows + 8][16]uint8 // those of folded bytes, then those of bytes outside ASCII
	slot     [window][avx2Planes]codePlane
	key      [keyBytes][planes]codePlane
	head     [keyBytes]codePlane
	any      [avx2Planes][32]uint8 // groups of slots that count anywhere, spread over a vector
}

// codePlane has, for one place, the groups among eight whose class there has a code, in two
// tables of 16.
type codePlane [2][16]uint8

const (
	avx2Planes = 2 // of slots: a third takes as long as the places that it turns down
	avx2Codes  = 32
	keyRows    = 4    // of bytes of ASCII that have the bit by which letters fold
	upperCode  = 0x80 // the code is in the second table: then the first one gives 0
	wordCode   = 0x40 // the byte is a word character; look-ups do not see this bit
)

// newAVX2Tables returns the tables for t.
func newAVX2Tables(t *tables, slots, keys *coding) *avx2Tables {
	x := &avx2Tables{}
	for b := range 256 {
		row, of := b>>4, slots.halved(b)
		if isWord(uint8(b)) {
			of |= wordCode
		}
		x.slotCode[row][b&15] = of // row 0 is not looked up
		switch {
		case b >= utf8.RuneSelf:
			x.keyCode[row-8+keyRows][b&15] = keys.halved(b)
		case b&0x20 != 0:
			x.keyCode[row>>1&2|row&1][b&15] = keys.halved(b)
		}
	}
	telescope(x.slotCode[1:8])
	telescope(x.slotCode[8:])
	telescope(x.keyCode[:keyRows])
	telescope(x.keyCode[keyRows:])
	for code := range slots.groups {
		for j, of := range slots.groups[code].slot {
			for p := range x.slot[j] {
				x.slot[j][p][code>>4][code&15] = uint8(of >> (8 * p))
			}
		}
	}
	for code := range keys.groups {
		g := &keys.groups[code]
		for j := range x.key {
			x.head[j][code>>4][code&15] = g.head[j]
			for p := range planes {
				x.key[j][p][code>>4][code&15] = uint8(g.key[j] >> (8 * p))
			}
		}
	}
	for p := range x.any {
		for j := range x.any[p] {
			x.any[p][j] = uint8(t.any >> (8 * p))
		}
	}
	return x
}

// control returns the other control character that is looked up in the same row.
func control(b uint8) uint8 {
	if b < ' ' {
		return b ^ 0x10
	}
	return b
}

// folded returns the other byte of ASCII that keys take for b.
func folded(b uint8) uint8 { return b ^ 0x20 }

// halved returns the code of b as AVX2 looks it up.
func (c *coding) halved(b int) uint8 {
	code := c.code[b]
	return code&15 | code>>4*upperCode
}

// telescope changes rows such that what one had is what it and all rows behind it have, one xor
// the other: of rows looked up for a byte, the last ones are those from its own on.
func telescope(rows [][16]uint8) {
	for i, next := range rows[1:] {
		for j := range next {
			rows[i][j] ^= next[j]
		}
	}
}
