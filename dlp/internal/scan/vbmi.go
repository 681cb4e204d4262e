package scan

// vbmiTables are what AVX-512 VBMI looks bytes up in: seven bits at once, so that bytes with
// the same groups everywhere share one of 128 codes. The assembly knows their layout.
type vbmiTables struct {
	code [256]uint8
	slot [window][planes][codes]uint8
	key  [keyWindow][planes][codes]uint8
	word [codes]uint8
	head [keyWindow][codes]uint8
	wide struct{ any, start [planes][block]uint8 }
}

const codes = 128

// byteGroups are the groups whose class has a byte, by place.
type byteGroups struct {
	slot [window]uint32
	key  [keyWindow]uint32
	head [keyWindow]uint8
	word bool
}

// newVBMITables returns the tables for t. They are exact for ASCII, unless that takes more
// codes than there are; then, as always outside ASCII, neighbours count as one byte.
func newVBMITables(t *tables) *vbmiTables {
	for coarse := uint8(1); ; coarse *= 2 {
		if x := t.coded(coarse); x != nil {
			return x
		}
	}
}

// coded returns tables in which so many bytes next to each other, and eight outside ASCII,
// count as one; nil when they take too many codes.
func (t *tables) coded(coarse uint8) *vbmiTables {
	x := &vbmiTables{}
	known := map[byteGroups]uint8{}
	for b := range 256 {
		g := t.groupsNear(uint8(b), coarse)
		c, ok := known[g]
		if !ok {
			if len(known) == codes {
				return nil
			}
			c = uint8(len(known))
			known[g] = c
			x.enter(c, &g)
		}
		x.code[b] = c
	}
	for i := range block {
		for p := range planes {
			x.wide.any[p][i], x.wide.start[p][i] = uint8(t.any>>(8*p)), uint8(t.start>>(8*p))
		}
	}
	return x
}

// groupsNear returns the groups of b and of its neighbours, word characters apart.
func (t *tables) groupsNear(b, coarse uint8) (g byteGroups) {
	const highCoarse = 8
	if b >= 0x80 {
		coarse = highCoarse
	}
	g.word = isWord(b)
	for n := b &^ (coarse - 1); ; n++ {
		if isWord(n) == g.word {
			for j := range g.slot {
				g.slot[j] |= t.slotAt[j][n]
			}
			for j := range g.key {
				g.key[j] |= t.keyAt[j][n]
				g.head[j] |= t.headAt[j][n]
			}
		}
		if n&(coarse-1) == coarse-1 {
			return g
		}
	}
}

// enter gives code c the groups g.
func (x *vbmiTables) enter(c uint8, g *byteGroups) {
	if g.word {
		x.word[c] = 1
	}
	for j := range g.head {
		x.head[j][c] = g.head[j]
	}
	for p := range planes {
		for j := range g.slot {
			x.slot[j][p][c] = uint8(g.slot[j] >> (8 * p))
		}
		for j := range g.key {
			x.key[j][p][c] = uint8(g.key[j] >> (8 * p))
		}
	}
}
