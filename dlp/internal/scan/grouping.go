package scan

import (
	"cmp"
	"slices"
)

// member is a sequence that needs a place in one of the kernel's groups.
type member struct {
	q         sequence
	wordStart bool
	group     int
}

// group joins members: where one of them holds, the group's sequence does.
type group struct {
	q         sequence
	wordStart bool
	n         int
	cost      float64
}

// grouper shares members out so that the groups hold at as few places of ordinary text as
// possible. places is how many bytes of a sequence the kernel looks at.
type grouper struct {
	rates  *rates
	places int
	closed map[byteSet]byteSet
}

const refinements = 2

// share sets the group of every member and returns the groups, at most limit.
func (g *grouper) share(ms []member, limit int) []group {
	if limit == 0 || len(ms) == 0 {
		return nil
	}
	order := make([]int, len(ms))
	own := make([]float64, len(ms))
	for i := range ms {
		order[i] = i
		own[i] = g.cost(&ms[i].q, ms[i].wordStart)
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(own[b], own[a]), cmp.Compare(a, b)) })
	gs := make([]group, limit)
	for _, i := range order {
		g.place(gs, &ms[i])
	}
	if len(ms) <= 256 {
		for range refinements {
			for _, i := range order {
				g.remove(gs, ms, i)
				g.place(gs, &ms[i])
			}
		}
	}
	return gs
}

// place puts m where it widens a group least.
func (g *grouper) place(gs []group, m *member) {
	best, grown := -1, group{}
	for k := range gs {
		n := group{q: m.q, wordStart: m.wordStart, n: gs[k].n + 1}
		if gs[k].n > 0 {
			n.q = gs[k].q.union(&m.q)
			n.wordStart = gs[k].wordStart && m.wordStart
		}
		if gs[k].n > 0 && n.q == gs[k].q && n.wordStart == gs[k].wordStart {
			n.cost = gs[k].cost
		} else {
			n.cost = g.cost(&n.q, n.wordStart)
		}
		if best < 0 || n.cost-gs[k].cost < grown.cost-gs[best].cost {
			best, grown = k, n
		}
		if gs[k].n == 0 {
			break // the other empty groups are no better
		}
	}
	gs[best] = grown
	m.group = best
}

// remove takes member i out of its group.
func (g *grouper) remove(gs []group, ms []member, i int) {
	k := ms[i].group
	ms[i].group = -1
	n := group{wordStart: true}
	for j := range ms {
		if ms[j].group != k {
			continue
		}
		if n.n == 0 {
			n.q = ms[j].q
		} else {
			n.q = n.q.union(&ms[j].q)
		}
		n.wordStart = n.wordStart && ms[j].wordStart
		n.n++
	}
	if n.n > 0 {
		n.cost = g.cost(&n.q, n.wordStart)
	}
	gs[k] = n
}

// cost estimates how often the kernel reports q.
func (g *grouper) cost(q *sequence, wordStart bool) float64 {
	c := *q
	c.n = min(c.n, g.places)
	for i := range c.n {
		c.class[i] = g.closure(c.class[i])
	}
	f := g.rates.of(&c, g.places)
	if wordStart {
		f *= 0.2
	}
	return f
}

func (g *grouper) closure(s byteSet) byteSet {
	c, ok := g.closed[s]
	if !ok {
		c = closure16(s)
		g.closed[s] = c
	}
	return c
}
