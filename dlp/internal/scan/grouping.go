package scan

import (
	"cmp"
	"math"
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
	cost      float64
	members   []int
}

// grouper shares members out so that the groups hold at as few places of ordinary text as
// possible. places is how many bytes of a sequence the kernel looks at.
type grouper struct {
	sample *sample
	places int
}

// seeds is the number of groups from which on the best pair to join is looked for; with
// more members, each first goes where it fits best.
const seeds = 48

// passes is how often every member may move to a better group.
const passes = 8

// share sets the group of every member and returns the groups, at most limit.
func (g *grouper) share(ms []member, limit int) []group {
	if limit == 0 || len(ms) == 0 {
		return nil
	}
	gs := g.join(g.seed(ms), limit)
	for range passes {
		if !g.refine(ms, gs) {
			break
		}
	}
	for k := range gs {
		for _, i := range gs[k].members {
			ms[i].group = k
		}
	}
	return gs
}

// seed returns at most seeds groups; the members that hold most often choose first.
func (g *grouper) seed(ms []member) []group {
	all := make([]group, len(ms))
	for i := range ms {
		all[i] = group{q: ms[i].q, wordStart: ms[i].wordStart, members: []int{i}}
		all[i].q.n = min(all[i].q.n, g.places)
		clear(all[i].q.class[all[i].q.n:])
		all[i].cost = g.cost(&all[i])
	}
	slices.SortStableFunc(all, func(a, b group) int { return cmp.Compare(b.cost, a.cost) })
	gs := all[:min(len(all), seeds)]
	for _, m := range all[len(gs):] {
		best, grown, least := 0, group{}, math.Inf(1)
		for k := range gs {
			u := g.union(&gs[k], &m)
			if d := u.cost - gs[k].cost; d < least {
				best, grown, least = k, u, d
			}
		}
		gs[best] = grown
	}
	return gs
}

// join joins the two groups that cost least together until limit are left.
func (g *grouper) join(gs []group, limit int) []group {
	n := len(gs)
	pair := make([][]float64, n) // what joining i and j>i costs more
	for i := range gs {
		pair[i] = make([]float64, n)
		for j := i + 1; j < n; j++ {
			pair[i][j] = g.union(&gs[i], &gs[j]).cost - gs[i].cost - gs[j].cost
		}
	}
	gone := make([]bool, n)
	for left := n; left > limit; left-- {
		a, b := -1, -1
		for i := range n {
			for j := i + 1; j < n; j++ {
				if !gone[i] && !gone[j] && (a < 0 || pair[i][j] < pair[a][b]) {
					a, b = i, j
				}
			}
		}
		gs[a] = g.union(&gs[a], &gs[b])
		gone[b] = true
		for k := range n {
			if k != a && !gone[k] && left > limit+1 {
				i, j := min(a, k), max(a, k)
				pair[i][j] = g.union(&gs[i], &gs[j]).cost - gs[i].cost - gs[j].cost
			}
		}
	}
	out := gs[:0]
	for i := range n {
		if !gone[i] {
			out = append(out, gs[i])
		}
	}
	return out
}

func (g *grouper) union(a, b *group) group {
	u := group{q: a.q.union(&b.q), wordStart: a.wordStart && b.wordStart}
	u.members = append(append(make([]int, 0, len(a.members)+len(b.members)), a.members...), b.members...)
	switch {
	case u.q == a.q && u.wordStart == a.wordStart:
		u.cost = a.cost
	case u.q == b.q && u.wordStart == b.wordStart:
		u.cost = b.cost
	default:
		u.cost = g.cost(&u)
	}
	return u
}

// cost estimates how often the kernel reports the group.
func (g *grouper) cost(x *group) float64 {
	return g.sample.rate(&x.q, g.places, x.wordStart, true)
}

// refine moves each member to the group that it widens least, and reports whether any
// moved.
func (g *grouper) refine(ms []member, gs []group) (moved bool) {
	for k := range gs {
		for _, i := range slices.Clone(gs[k].members) {
			if len(gs[k].members) == 1 {
				break
			}
			rest := g.without(ms, &gs[k], i)
			m := group{q: ms[i].q, wordStart: ms[i].wordStart, members: []int{i}}
			m.q.n = min(m.q.n, g.places)
			clear(m.q.class[m.q.n:])
			best, to, least := k, gs[k], gs[k].cost-rest.cost
			for j := range gs {
				if j == k {
					continue
				}
				u := g.union(&gs[j], &m)
				if d := u.cost - gs[j].cost; d < least*0.999 {
					best, to, least = j, u, d
				}
			}
			if best != k {
				gs[k], gs[best] = rest, to
				moved = true
			}
		}
	}
	return moved
}

// without returns what x is without member i.
func (g *grouper) without(ms []member, x *group, i int) group {
	rest := group{wordStart: true, members: make([]int, 0, len(x.members))}
	for _, m := range x.members {
		if m == i {
			continue
		}
		if len(rest.members) == 0 {
			rest.q = ms[m].q
		} else {
			rest.q = rest.q.union(&ms[m].q)
		}
		rest.wordStart = rest.wordStart && ms[m].wordStart
		rest.members = append(rest.members, m)
	}
	rest.q.n = min(rest.q.n, g.places)
	clear(rest.q.class[rest.q.n:])
	rest.cost = g.cost(&rest)
	return rest
}
