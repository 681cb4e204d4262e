package scan

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// member is a sequence that needs a place in one of the kernel's groups.
type member struct {
	q         sequence
	wordStart bool
	group     int
}

// group joins kinds of members: where one of them holds, the group's sequence does.
type group struct {
	q         sequence
	wordStart bool
	cost      float64
	kinds     []int // indexes of grouper.kinds
}

// kind is what equal members have in common.
type kind struct {
	q         sequence
	wordStart bool
}

// grouper shares members out so that the groups hold at as few places of ordinary text as
// possible. places is how many bytes of a sequence the kernel looks at.
type grouper struct {
	sample *sample
	places int
	kinds  []kind
}

const (
	seeds  = 48  // groups from which on the best pair to join is looked for
	rounds = 12  // how often the worst groups may be dissolved
	many   = 192 // kinds whose groups will hold nearly everywhere, however they are shared
)

// share sets the group of every member and returns the groups, at most limit.
func (g *grouper) share(ms []member, limit int) []group {
	of := g.sort(ms)
	gs := g.join(g.seed(), limit)
	if len(g.kinds) <= many {
		g.refine(gs)
		gs = g.improve(gs)
	}
	in := make([]int, len(g.kinds))
	for k := range gs {
		for _, i := range gs[k].kinds {
			in[i] = k
		}
	}
	for i := range ms {
		ms[i].group = in[of[i]]
	}
	return gs
}

// sort fills g.kinds and returns the kind of each member.
func (g *grouper) sort(ms []member) []int {
	index := map[kind]int{}
	of := make([]int, len(ms))
	for i := range ms {
		k := kind{ms[i].q, ms[i].wordStart}
		k.q.n = min(k.q.n, g.places)
		clear(k.q.class[k.q.n:])
		j, ok := index[k]
		if !ok {
			j = len(g.kinds)
			index[k] = j
			g.kinds = append(g.kinds, k)
		}
		of[i] = j
	}
	return of
}

// seed returns at most seeds groups. Those that hold most often come first; each of the
// rest goes where it adds the fewest bytes.
func (g *grouper) seed() []group {
	all := make([]group, len(g.kinds))
	for i, k := range g.kinds {
		all[i] = group{q: k.q, wordStart: k.wordStart, kinds: []int{i}}
		all[i].cost = g.cost(&all[i])
	}
	slices.SortStableFunc(all, func(a, b group) int { return cmp.Compare(b.cost, a.cost) })
	gs := all[:min(len(all), seeds)]
	for i := range all[len(gs):] {
		m := &all[len(gs)+i]
		best, least := 0, math.MaxInt
		for k := range gs {
			if d := gs[k].q.added(&m.q); d < least {
				best, least = k, d
			}
		}
		gs[best].q = gs[best].q.union(&m.q)
		gs[best].wordStart = gs[best].wordStart && m.wordStart
		gs[best].kinds = append(gs[best].kinds, m.kinds...)
	}
	if len(all) > len(gs) {
		for k := range gs {
			gs[k].cost = g.cost(&gs[k])
		}
	}
	return gs
}

// added returns how many bytes the classes of q grow by when they take in those of o.
func (q *sequence) added(o *sequence) (n int) {
	for j := range q.n {
		c := o.at(j)
		for i, w := range q.class[j] {
			n += bits.OnesCount64(c[i] &^ w)
		}
	}
	return n
}

// join joins the two groups that cost least together until limit are left.
func (g *grouper) join(gs []group, limit int) []group {
	n := len(gs)
	pair := make([][]float64, n) // what joining i and j>i costs more
	for i := range gs {
		pair[i] = make([]float64, n)
		for j := i + 1; j < n; j++ {
			pair[i][j] = g.more(&gs[i], &gs[j])
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
				pair[i][j] = g.more(&gs[i], &gs[j])
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

// more returns how much more a and b cost together than each alone.
func (g *grouper) more(a, b *group) float64 {
	return g.widened(a, &b.q, b.wordStart).cost - a.cost - b.cost
}

// union returns the group of all that is in a or b.
func (g *grouper) union(a, b *group) group {
	u := g.widened(a, &b.q, b.wordStart)
	u.kinds = slices.Concat(a.kinds, b.kinds)
	return u
}

// widened returns a, without its kinds, with q taken in.
func (g *grouper) widened(a *group, q *sequence, wordStart bool) group {
	u := group{q: a.q.union(q), wordStart: a.wordStart && wordStart, cost: a.cost}
	if u.wordStart != a.wordStart || u.q != a.q {
		u.cost = g.cost(&u)
	}
	return u
}

// cost estimates how often the kernel reports the group.
func (g *grouper) cost(x *group) float64 {
	return g.sample.kernelRate(&x.q, g.places, x.wordStart)
}

// improve dissolves the most expensive groups, one at a time: all kinds in it but one look
// for a better place. What does not help is undone.
func (g *grouper) improve(gs []group) []group {
	tried := 0 // of the most expensive groups, in vain
	for range rounds {
		order := make([]int, len(gs))
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(a, b int) int { return cmp.Compare(gs[b].cost, gs[a].cost) })
		if tried == len(gs) {
			break
		}
		trial := slices.Clone(gs)
		g.dissolve(trial, order[tried])
		g.refine(trial)
		if sum(trial) < 0.98*sum(gs) {
			gs, tried = trial, 0
			continue
		}
		tried++
	}
	return gs
}

func sum(gs []group) (cost float64) {
	for i := range gs {
		cost += gs[i].cost
	}
	return cost
}

// dissolve leaves in group k the kind that holds most often, and puts each of the others
// where it costs least.
func (g *grouper) dissolve(gs []group, k int) {
	kinds := slices.Clone(gs[k].kinds)
	own := func(i int) float64 {
		return g.cost(&group{q: g.kinds[i].q, wordStart: g.kinds[i].wordStart})
	}
	slices.SortStableFunc(kinds, func(a, b int) int { return cmp.Compare(own(b), own(a)) })
	first := &g.kinds[kinds[0]]
	gs[k] = group{q: first.q, wordStart: first.wordStart, cost: own(kinds[0]), kinds: kinds[:1:1]}
	for _, i := range kinds[1:] {
		to, grown := g.place(gs, i, -1, math.Inf(1))
		grown.kinds = append(slices.Clone(gs[to].kinds), i)
		gs[to] = grown
	}
}

// place returns the group that kind i widens least, other than except, and what becomes of
// it, kinds left out; -1 when every one costs limit or more.
func (g *grouper) place(gs []group, i, except int, limit float64) (int, group) {
	k, best, grown := &g.kinds[i], -1, group{}
	for j := range gs {
		if j == except {
			continue
		}
		u := g.widened(&gs[j], &k.q, k.wordStart)
		if d := u.cost - gs[j].cost; d < limit {
			best, grown, limit = j, u, d
		}
	}
	return best, grown
}

// refine moves each kind to the group that it widens least.
func (g *grouper) refine(gs []group) {
	for from := range gs {
		for _, i := range slices.Clone(gs[from].kinds) {
			if len(gs[from].kinds) == 1 {
				break
			}
			rest := g.without(&gs[from], i)
			if to, grown := g.place(gs, i, from, 0.999*(gs[from].cost-rest.cost)); to >= 0 {
				grown.kinds = append(slices.Clone(gs[to].kinds), i)
				gs[from], gs[to] = rest, grown
			}
		}
	}
}

// without returns what x is without one of its kinds.
func (g *grouper) without(x *group, kind int) group {
	rest := group{wordStart: true, kinds: make([]int, 0, len(x.kinds))}
	for _, i := range x.kinds {
		if i == kind {
			continue
		}
		k := &g.kinds[i]
		if len(rest.kinds) == 0 {
			rest.q = k.q
		} else {
			rest.q = rest.q.union(&k.q)
		}
		rest.wordStart = rest.wordStart && k.wordStart
		rest.kinds = append(rest.kinds, i)
	}
	rest.cost = x.cost
	if rest.q != x.q || rest.wordStart != x.wordStart {
		rest.cost = g.cost(&rest)
	}
	return rest
}
