package scan

import (
	"cmp"
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
const ahead = block

// sieve is the sift's working space.
type sieve struct {
	keys    keyWork
	slots   places
	gated   places
	hits    []quadHit
	second  []uint16 // places
	seconds []quadHit
	keyed   []candidate
	slotted []candidate
	short   batchText // for the last batch of a text
}

// bitsOf has, for each byte, the places of its bits, one in each byte, lowest first.
var bitsOf = func() (of [256]uint64) {
	for b := range of {
		for m, n := b, 0; m != 0; m, n = m&(m-1), n+8 {
			of[b] |= uint64(bits.TrailingZeros(uint(m))) << n
		}
	}
	return of
}()

// portablePlaces is the placesKernel in plain Go.
func portablePlaces(ms []masks, which field, out *places) []uint16 {
	n := 0
	for k := range ms {
		base, m := uint16(k*block), *which.of(ms[k:])
		for end := n + bits.OnesCount64(m); n < end; {
			d := (*[4]uint16)(out[n:])
			for j := range d {
				d[j] = base + uint16(bits.TrailingZeros64(m))
				m &= m - 1
			}
			n = min(n+len(d), end)
		}
	}
	return out[:n]
}

// batchText is the text of a batch. As an array it can be read without looking at its length.
type batchText [batch*block + window + 2*farPlaces]byte

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
	t, k := r.db.plan.keys, &r.db.kernel
	maybe := k.keys(&r.db.plan.tables, &t.probe, x, n, &r.found.masks, &r.sieve.keys)
	out, c := k.gates(t, &r.found.masks, x, maybe, &r.sieve.gated), 0
	for _, i := range out {
		u := x.at(i)
		out[c] = i
		c += t.gate(foldKey(uint32(u))).goesOn(u)
	}
	return out[:c]
}

// portableGates is the gatesKernel in plain Go.
func portableGates(t *keyTable, m *[batch]masks, x *batchText, at []uint16, out *places) []uint16 {
	c, gates, past := 0, t.gates, t.past&31
	for _, i := range at {
		u := x.at(i)
		g := &gates[hashedAgain(foldKey(uint32(u)))>>past]
		begins := m[i/block&(batch-1)].starts >> (i % block) & 1
		out[c&inBatch] = i
		if (u<<1|begins)&g.mask == g.value {
			c++
		}
	}
	return out[:c]
}

// siftSlots returns the positions of the first n blocks where whole sequences hold, and
// their slots.
func (r *run) siftSlots(x *batchText, n int) []quadHit {
	at, p := r.db.kernel.places(r.found.masks[:n], ofSlots, &r.sieve.slots), r.db.plan
	out := r.sieve.hits[:0]
	for q := range p.quads {
		out = slices.Grow(out, len(at))
		from := len(out)
		n := r.db.kernel.quad(&p.quads[q], &r.found.masks, x, at, out[from:from+len(at)])
		out = out[:from+n]
		for i := range out[from:] {
			out[from+i].place |= uint64(q) << quadShift
		}
	}
	r.sieve.hits = out
	if len(p.quads) > 1 {
		slices.SortStableFunc(out, func(a, b quadHit) int { return cmp.Compare(a.place&inBatch, b.place&inBatch) })
	}
	return out
}

const quadShift = 16 // of the number of a quad in a place

// portableQuad is the quadKernel in plain Go.
func portableQuad(q *quad, m *[batch]masks, x *batchText, at []uint16, out []quadHit) (n int) {
	for _, i := range at {
		u := x.at(i)
		w := &q.begin[m[i/block&(batch-1)].starts>>(i%block)&1]
		t := &q.at
		a, b, c, d := &t[u&255][0], &t[u>>8&255][1], &t[u>>16&255][2], &t[u>>24&255][3]
		e, f, g, h := &t[u>>32&255][4], &t[u>>40&255][5], &t[u>>48&255][6], &t[u>>56][7]
		s0 := a[0] & b[0] & c[0] & d[0] & e[0] & f[0] & g[0] & h[0] & w[0]
		s1 := a[1] & b[1] & c[1] & d[1] & e[1] & f[1] & g[1] & h[1] & w[1]
		s2 := a[2] & b[2] & c[2] & d[2] & e[2] & f[2] & g[2] & h[2] & w[2]
		s3 := a[3] & b[3] & c[3] & d[3] & e[3] & f[3] & g[3] & h[3] & w[3]
		if s0|s1|s2|s3 == 0 {
			continue
		}
		for j := range farPlaces {
			f := &q.far[x[int(i)+window+j]][j]
			s0, s1, s2, s3 = s0&f[0], s1&f[1], s2&f[2], s3&f[3]
		}
		if s0|s1|s2|s3 != 0 {
			out[n] = quadHit{uint64(i), slotSet{s0, s1, s2, s3}}
			n++
		}
	}
	return n
}
