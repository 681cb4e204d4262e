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

// siftKeys returns the positions of the first n blocks where a key of the table may be.
func (r *run) siftKeys(v []byte, n int) []uint16 {
	l, t := &r.sieve.keys, r.db.plan.keys
	c := 0
	for k := range n {
		c = l.put(c, k, r.found.masks[k].keys)
	}
	maybe, m := &r.sieve.maybe, 0
	four, shift := t.four, t.shift
	for _, i := range l[:c] {
		h := hashed(foldKey(binary.LittleEndian.Uint32(v[i:]))) >> shift
		maybe[m&(len(maybe)-1)] = i
		m += int(four[h>>6] >> (h & 63) & 1)
	}
	out, k := &r.sieve.places, 0
	for _, i := range maybe[:m] {
		u := binary.LittleEndian.Uint64(v[i:])
		g := t.gate(foldKey(uint32(u)))
		none := ^(r.found.masks[i/block&(batch-1)].starts >> (i % block)) << 63
		out[k&(len(out)-1)] = i
		if (u&^noStart|none)&g.mask == g.value {
			k++
		}
	}
	return out[:k]
}

// siftSlots returns the positions of the first n blocks where whole sequences hold.
func (r *run) siftSlots(v []byte, n int) []kept {
	l, p := &r.sieve.slots, r.db.plan
	c := 0
	for k := range n {
		c = l.put(c, k, r.found.masks[k].slots)
	}
	out, ps, n := r.sieve.kept[:0], &r.sieve.pairs, 0
	for _, i := range l[:c] {
		words := p.of[0][r.found.groups[0][i]] | p.of[1][r.found.groups[1][i]] | p.of[2][r.found.groups[2][i]]
		for ; words != 0; words &= words - 1 {
			ps[n] = pair{i, uint16(bits.TrailingZeros64(words))}
			n++
		}
		if n > pairs-64 {
			out = p.sift(v, ps[:n], out)
			n = 0
		}
	}
	out = p.sift(v, ps[:n], out)
	r.sieve.kept = out
	return out
}

// sift appends the pairs whose slots do hold to out.
func (p *plan) sift(v []byte, ps []pair, out []kept) []kept {
	for first := 0; first < len(p.exact); first += 64 {
		exact, n := p.exact[first:], len(out)
		out = slices.Grow(out, len(ps))[:n+len(ps)]
		for _, q := range ps {
			if int(q.word) >= len(exact) {
				continue
			}
			s := exact[q.word].match(&p.class, v[q.place:])
			out[n] = kept{q.place, q.word + uint16(first), s}
			n += int((s | -s) >> 63)
		}
		out = out[:n]
	}
	return out
}

// match returns a bit for each of the word's slots that holds at the beginning of v.
func (w *exactWord) match(class *[256]uint8, v []byte) uint64 {
	v = v[:window]
	return w.at[class[v[0]]][0] & w.at[class[v[1]]][1] & w.at[class[v[2]]][2] & w.at[class[v[3]]][3] &
		w.at[class[v[4]]][4] & w.at[class[v[5]]][5] & w.at[class[v[6]]][6] & w.at[class[v[7]]][7]
}
