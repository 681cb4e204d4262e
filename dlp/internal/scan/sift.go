package scan

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// Between the kernel and the automata stands the sift. It turns most of the positions that
// the kernel reports down with loops that have no branch to mispredict: every position is
// written to a list, whose length grows by the outcome.

// places is a list of positions in a batch.
type places [batch*block + ahead]uint16

// ahead is how many positions are written without looking whether there are so many.
const ahead = 4

// sieve is the sift's working space.
type sieve struct {
	keys, slots places
	maybe       [batch * block]uint16 // not keys itself: loads would wait for stores
	places      [batch * block]uint16
	hits        [hits]quadHit
	kept        []kept
	short       batchText // for the last batch of a text
}

const hits = 128 // places in one call of a quadKernel

// kept is a position at which some of the slots of exact[word] hold.
type kept struct {
	place uint16
	word  uint16
	slots uint64
}

// put appends the positions that m has in block k to the n that are in the list.
func (l *places) put(n, k int, m uint64) int {
	base := uint16(k * block)
	c := n + bits.OnesCount64(m)
	for ; n < c; n += ahead {
		d := l[n : n+ahead : n+ahead]
		for j := range d {
			d[j] = base + uint16(bits.TrailingZeros64(m))
			m &= m - 1
		}
	}
	return c
}

// batchText is the text of a batch. As an array it can be read without looking at its length.
type batchText [batch*block + window]byte

const inBatch = batch*block - 1 // masks positions

// text returns v as a batch, in a copy when v is shorter.
func (s *sieve) text(v []byte) *batchText {
	if len(v) >= len(s.short) {
		return (*batchText)(v)
	}
	clear(s.short[copy(s.short[:], v):])
	return &s.short
}

// at returns the eight bytes at position i.
func (x *batchText) at(i uint16) uint64 {
	i &= inBatch
	return binary.LittleEndian.Uint64(x[i : i+window])
}

// siftKeys returns the positions of the first n blocks where a key of the table may be.
func (r *run) siftKeys(x *batchText, n int) []uint16 {
	l, t := &r.sieve.keys, r.db.plan.keys
	c := 0
	for k := range n {
		c = l.put(c, k, r.found.masks[k].keys)
	}
	maybe, m := &r.sieve.maybe, 0
	four, shift := t.four, t.shift&31
	for _, i := range l[:c] {
		h := hashed(foldKey(uint32(x.at(i)))) >> shift
		maybe[m&(len(maybe)-1)] = i
		m += int(four[h>>6%mostWords] >> (h & 63) & 1)
	}
	out, k := &r.sieve.places, 0
	gates, past := t.gates, t.past&31
	for _, i := range maybe[:m] {
		u := x.at(i)
		g := &gates[hashedAgain(foldKey(uint32(u)))>>past]
		none := ^(r.found.masks[i/block&(batch-1)].starts >> (i % block)) << 63
		out[k&(len(out)-1)] = i
		if (u&^noStart|none)&g.mask == g.value {
			k++
		}
	}
	return out[:k]
}

// siftSlots returns the positions of the first n blocks where whole sequences hold.
func (r *run) siftSlots(x *batchText, n int) []kept {
	l, p := &r.sieve.slots, r.db.plan
	c := 0
	for k := range n {
		c = l.put(c, k, r.found.masks[k].slots)
	}
	out, hits := r.sieve.kept[:0], &r.sieve.hits
	for q := range p.quads {
		for at := l[:c]; len(at) > 0; {
			few := at[:min(len(at), len(hits))]
			at = at[len(few):]
			for _, h := range hits[:r.db.quad(&p.quads[q], &p.class, x, few, hits[:])] {
				for k, slots := range h.slots {
					if slots != 0 {
						out = append(out, kept{uint16(h.place), uint16(q*quadWords + k), slots})
					}
				}
			}
		}
	}
	if len(p.quads) > 1 {
		slices.SortStableFunc(out, func(a, b kept) int { return int(a.place) - int(b.place) })
	}
	r.sieve.kept = out
	return out
}

// portableQuad is the quadKernel in plain Go.
func portableQuad(q *quad, class *[256]uint8, x *batchText, at []uint16, out []quadHit) (n int) {
	for _, i := range at {
		u := x.at(i)
		a, b, c, d := &q[class[u&255]][0], &q[class[u>>8&255]][1], &q[class[u>>16&255]][2], &q[class[u>>24&255]][3]
		e, f, g, h := &q[class[u>>32&255]][4], &q[class[u>>40&255]][5], &q[class[u>>48&255]][6], &q[class[u>>56]][7]
		s0 := a[0] & b[0] & c[0] & d[0] & e[0] & f[0] & g[0] & h[0]
		s1 := a[1] & b[1] & c[1] & d[1] & e[1] & f[1] & g[1] & h[1]
		s2 := a[2] & b[2] & c[2] & d[2] & e[2] & f[2] & g[2] & h[2]
		s3 := a[3] & b[3] & c[3] & d[3] & e[3] & f[3] & g[3] & h[3]
		if s0|s1|s2|s3 != 0 {
			out[n] = quadHit{uint64(i), [quadWords]uint64{s0, s1, s2, s3}}
			n++
		}
	}
	return n
}
