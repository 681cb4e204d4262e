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

// newVBMITables returns the tables for t. They are exact unless that takes more codes than there
// are.
func newVBMITables(t *tables, c *coding) *vbmiTables {
	x := &vbmiTables{}
	x.code = c.code
	for i := range c.groups {
		x.enter(uint8(i), &c.groups[i])
	}
	for i := range block {
		for p := range planes {
			x.wide.any[p][i], x.wide.start[p][i] = uint8(t.any>>(8*p)), uint8(t.start>>(8*p))
		}
	}
	return x
}

// enter gives code c the groups g.
func (x *vbmiTables) enter(c uint8, g *byteGroups) {
	if g.side == wordASCII {
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
