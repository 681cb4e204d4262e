package scan

import (
	"math"
	"math/bits"
	"slices"
)

// pairing shares kinds out to the buckets of a pair table so that these hold at few places of
// ordinary text.
type pairing struct {
	sites  []pairSites // by kind
	in     []int       // by kind: the bucket
	unions []pairSites // by bucket
	cost   []int       // by bucket: at how many places it holds
}

// pairSites are the places of the sample at which those parts of a sequence fit that are
// looked up at once: places 0 and 1, 2 and 3; 0, 1 and 2.
type pairSites [4]bitmap

const (
	pairStep   = 3    // every how many words of the sample count
	pairRounds = 2    // how often every kind may move
	pairMoves  = 2000 // of kinds that are tried, about
)

func newPairing(kinds []kind, buckets int, r *sample) *pairing {
	p := &pairing{make([]pairSites, len(kinds)), make([]int, len(kinds)), make([]pairSites, buckets), make([]int, buckets)}
	for b := range p.unions {
		p.unions[b] = newPairSites(r)
	}
	for k := range kinds {
		p.in[k] = -1
		p.sites[k] = newPairSites(r)
		p.sites[k].find(&kinds[k], r)
	}
	for range max(1, min(pairRounds, pairMoves/max(1, len(kinds)))) {
		for k := range kinds {
			p.leave(k)
			p.enter(k)
		}
	}
	return p
}

func newPairSites(r *sample) (s pairSites) {
	n := len(r.acc) / pairStep
	all := make(bitmap, len(s)*n)
	for i := range s {
		s[i] = all[i*n:][:n]
	}
	return s
}

// find sets s to the sites of k.
func (s *pairSites) find(k *kind, r *sample) {
	var at [keyBytes]bitmap
	for j := range at {
		at[j] = r.class(k.q.at(j)).at
	}
	for i := range s[0] {
		from := i * pairStep
		a, b, c, d := at[0].behind(from, 0), at[1].behind(from, 1), at[2].behind(from, 2), at[3].behind(from, 3)
		s[0][i], s[1][i], s[2][i], s[3][i] = a&b, c&d, a, b&c
		if k.wordStart {
			s[2][i] &= r.starts[from]
		}
	}
}

// behind returns the positions of word i that m has j bytes behind them.
func (m bitmap) behind(i int, j uint) uint64 {
	if i+1 == len(m) {
		return m[i] >> j
	}
	return m[i]>>j | m[i+1]<<(64-j)
}

// leave takes kind k out of its bucket.
func (p *pairing) leave(k int) {
	b := p.in[k]
	if b < 0 {
		return
	}
	p.in[k] = -1
	u := &p.unions[b]
	for i := range u {
		clear(u[i])
	}
	for o, in := range p.in {
		if in == b {
			u.widen(&p.sites[o])
		}
	}
	p.cost[b] = u.with(u, math.MaxInt)
}

// enter puts kind k into the bucket that it makes hold least more often.
func (p *pairing) enter(k int) {
	s := &p.sites[k]
	best, least := 0, math.MaxInt/2
	for b := range p.unions {
		if more := p.unions[b].with(s, p.cost[b]+least) - p.cost[b]; more < least {
			best, least = b, more
		}
	}
	p.in[k] = best
	p.unions[best].widen(s)
	p.cost[best] += least
}

// with returns at how many places the union of s and o holds; limit or more if it is that.
func (s *pairSites) with(o *pairSites, limit int) (n int) {
	for i := range s[0] {
		if n >= limit {
			break
		}
		n += bits.OnesCount64((s[0][i]|o[0][i])&(s[1][i]|o[1][i])) + bits.OnesCount64((s[2][i]|o[2][i])&(s[3][i]|o[3][i]))
	}
	return n
}

func (s *pairSites) widen(o *pairSites) {
	for i := range s {
		s[i].or(o[i])
	}
}

// pair makes the table of pairs.
func (p *plan) pair(anchors []*anchor, r *sample) {
	var kinds, lists kindSet
	for i := range p.slots {
		kinds.addBucketed(&p.slots[i].q, p.slots[i].wordStart)
	}
	for _, a := range anchors {
		if a == nil {
			continue
		}
		to, keys := &kinds, a.keys()
		if len(keys) > long {
			to = &lists
		}
		for _, q := range keys {
			to.addBucketed(q, a.wordStart)
		}
	}
	p.tables.pairs = newPairTable()
	p.tables.pairs.fill(kinds.all, lists.all, r)
}

// addBucketed adds what the pair table must know of q. Where a word of four bytes or more
// begins, the portable kernel looks anyway, so of what holds only where a word begins, that
// is what shows something else among its first four bytes.
func (s *kindSet) addBucketed(q *sequence, wordStart bool) {
	k := kind{sequence{n: keyBytes}, wordStart}
	for j := range keyBytes {
		k.q.class[j] = q.at(j)
	}
	if !wordStart {
		s.add(&k)
		return
	}
	for j := 1; j < keyBytes; j++ {
		k.q.class[j-1] = k.q.class[j-1].intersect(wordBytes)
		other := k
		other.q.class[j] = k.q.class[j].intersect(otherBytes)
		if !slices.ContainsFunc(other.q.class[:j+1], byteSet.empty) {
			s.add(&other)
		}
	}
}
