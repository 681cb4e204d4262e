package scan

import "regexp/syntax"

// closure is the scratch space for building one transition.
type closure struct {
	seen  []uint32 // generation in which an instruction was met
	gen   uint32
	stack []uint32
	ready []uint32 // rune instructions, by priority
	next  []uint32
	buf   []byte
}

func (c *closure) init(insts int) { c.seen = make([]uint32, insts) }

// key encodes a state for the index.
func (c *closure) key(st state) []byte {
	c.buf = append(c.buf[:0], byte(st.side))
	for _, pc := range st.pcs {
		c.buf = append(c.buf, byte(pc), byte(pc>>8), byte(pc>>16))
	}
	return c.buf
}

// step reads r (-1: the end of the text) in state from. It returns the state behind r, its
// slice valid until the next call, and a bit for each part whose match can end before r.
func (c *closure) step(d *dfa, from state, r rune) (state, uint16) {
	hits := c.follow(d, from, r)
	to := state{c.next[:0], side(r, d.looks)}
	if r < 0 {
		return to, hits
	}
	c.gen++
	for _, pc := range c.ready {
		in := &d.prog.Inst[pc]
		if in.MatchRune(r) && c.seen[in.Out] != c.gen {
			c.seen[in.Out] = c.gen
			to.pcs = append(to.pcs, in.Out)
		}
	}
	c.next = to.pcs
	return to, hits
}

// follow collects in c.ready the rune instructions that from leads to without reading, in
// the order of priority, when r comes next. Those of a part behind its match are cut off;
// it returns a bit for each part with a match.
func (c *closure) follow(d *dfa, from state, r rune) (hits uint16) {
	holds := assertions(from.side, r)
	c.gen++
	c.ready = c.ready[:0]
	part := 0
	for _, start := range from.pcs {
		for start >= d.parts[part].end {
			part++
		}
		if hits>>part&1 == 0 && c.reach(d, start, holds) {
			hits |= 1 << part
		}
	}
	return hits
}

// reach collects what start leads to, and reports whether it came to a match.
func (c *closure) reach(d *dfa, start uint32, holds syntax.EmptyOp) bool {
	c.stack = append(c.stack[:0], start)
	for len(c.stack) > 0 {
		pc := c.stack[len(c.stack)-1]
		c.stack = c.stack[:len(c.stack)-1]
		if c.seen[pc] == c.gen {
			continue
		}
		c.seen[pc] = c.gen
		in := &d.prog.Inst[pc]
		switch in.Op {
		case syntax.InstFail:
		case syntax.InstAlt, syntax.InstAltMatch:
			c.stack = append(c.stack, in.Arg, in.Out)
		case syntax.InstNop, syntax.InstCapture:
			c.stack = append(c.stack, in.Out)
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(in.Arg)&^holds == 0 {
				c.stack = append(c.stack, in.Out)
			}
		case syntax.InstMatch:
			return true
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			c.ready = append(c.ready, pc)
		}
	}
	return false
}

// assertions returns what holds between a rune of side before and the rune after.
func assertions(before int, after rune) syntax.EmptyOp {
	prev := [...]rune{sideEdge: -1, sideLine: '\n', sideWord: 'a', sideOther: ' '}
	return syntax.EmptyOpContext(prev[before], after)
}
