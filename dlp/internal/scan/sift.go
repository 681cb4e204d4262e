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
	pairs       [pairs]pair
	kept        []kept
	short       batchText // for the last batch of a text
}

// pair is a position at which slots of exact[word], or of one 64 further on, may hold.
type pair struct{ place, word uint16 }

const pairs = 512

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
	out, ps, n := r.sieve.kept[:0], &r.sieve.pairs, 0
	for _, i := range l[:c] {
		i &= inBatch
		words := p.of[0][r.found.groups[0][i]] | p.of[1][r.found.groups[1][i]] | p.of[2][r.found.groups[2][i]]
		for ; words != 0; words &= words - 1 {
			ps[n] = pair{i, uint16(bits.TrailingZeros64(words))}
			n++
		}
		if n > pairs-64 {
			out = p.sift(x, ps[:n], out)
			n = 0
		}
	}
	out = p.sift(x, ps[:n], out)
	r.sieve.kept = out
	return out
}

// sift appends the pairs whose slots do hold to out.
func (p *plan) sift(x *batchText, ps []pair, out []kept) []kept {
	for first := 0; first < len(p.exact); first += 64 {
		exact, n := p.exact[first:], len(out)
		out = slices.Grow(out, len(ps))[:n+len(ps)]
		for _, q := range ps {
			if int(q.word) >= len(exact) {
				continue
			}
			u := x.at(q.place)
			w := &exact[q.word].at
			s := w[p.class[u&255]][0] & w[p.class[u>>8&255]][1] & w[p.class[u>>16&255]][2] & w[p.class[u>>24&255]][3] &
				w[p.class[u>>32&255]][4] & w[p.class[u>>40&255]][5] & w[p.class[u>>48&255]][6] & w[p.class[u>>56]][7]
			out[n] = kept{q.place, q.word + uint16(first), s}
			n += int((s | -s) >> 63)
		}
		out = out[:n]
	}
	return out
}
