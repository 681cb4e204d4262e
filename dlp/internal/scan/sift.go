package scan

import (
	"encoding/binary"
	"math/bits"
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
	kept        [batch * block]kept
}

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
	for _, i := range l[:c] {
		h := t.hash(foldKey(binary.LittleEndian.Uint32(v[i:])))
		maybe[m&(len(maybe)-1)] = i
		m += int(t.four[h>>6] >> (h & 63) & 1)
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
	out := r.sieve.kept[:0]
	for _, i := range l[:c] {
		words := p.of[0][r.found.groups[0][i]] | p.of[1][r.found.groups[1][i]] | p.of[2][r.found.groups[2][i]]
		x := v[i : int(i)+window]
		var at [window]uint8
		for j := range at {
			at[j] = p.class[x[j]]
		}
		for ; words != 0; words &= words - 1 {
			for w := bits.TrailingZeros64(words); w < len(p.exact); w += 64 {
				if s := p.exact[w].match(&at); s != 0 {
					out = append(out, kept{i, uint16(w), s})
				}
			}
		}
	}
	return out
}

// match returns a bit for each of the word's slots that holds where bytes of such classes
// stand.
func (w *exactWord) match(at *[window]uint8) uint64 {
	return w.at[0][at[0]] & w.at[1][at[1]] & w.at[2][at[2]] & w.at[3][at[3]] &
		w.at[4][at[4]] & w.at[5][at[5]] & w.at[6][at[6]] & w.at[7][at[7]]
}
