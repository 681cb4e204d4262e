package scan

import (
	"math"
	"slices"
)

// group joins kinds: where one of them holds, the group's sequence does.
type group struct {
	q         sequence
	wordStart bool
	cost      float64
	kinds     []int // indexes of grouper.kinds
}

// kind is a sequence that needs a place in one of the kernel's groups, for all that are alike.
type kind struct {
	q         sequence
	wordStart bool
}

// kindSet is a set of kinds.
type kindSet struct {
	all   []kind
	known map[kind]bool
}

func (s *kindSet) add(k kind) {
	if s.known[k] {
		return
	}
	if s.known == nil {
		s.known = map[kind]bool{}
	}
	s.known[k] = true
	s.all = append(s.all, k)
}

// grouper shares kinds out so that the groups hold at as few places of ordinary text as
// possible. places is how many bytes of a sequence the kernel looks at.
type grouper struct {
	sample *sample
	places int
	most   int // groups from which on the best pair to join is looked for
	kinds  []kind
}

const (
	rounds = 12   // how often every kind may move to another group
	moves  = 2000 // of kinds that are tried, about
)

// share returns the groups, at most limit, in which all of ks are.
func (g *grouper) share(ks []kind, limit int) []group {
	g.collect(ks)
	gs := g.join(neighbours(g.singles(), g.most), limit)
	out := make([]outline, len(gs))
	for i := range gs {
		out[i] = g.outline(&gs[i])
	}
	for range min(rounds, moves/max(1, len(g.kinds))) {
		if !g.refine(gs, out) {
			break
		}
	}
	return gs
}

// collect fills g.kinds with what is different of ks at the places that count.
func (g *grouper) collect(ks []kind) {
	var set kindSet
	for _, k := range ks {
		k.q.n = min(k.q.n, g.places)
		clear(k.q.class[k.q.n:])
		set.add(k)
	}
	g.kinds = set.all
}

// singles returns a group for each kind.
func (g *grouper) singles() []group {
	gs := make([]group, len(g.kinds))
	for i, k := range g.kinds {
		gs[i] = group{q: k.q, wordStart: k.wordStart, kinds: []int{i}}
	}
	return gs
}

// neighbours joins groups that are next to each other in the order of their classes until
// at most most are left, because the search for the best pair takes the square of their
// number.
func neighbours(gs []group, most int) []group {
	if len(gs) <= most {
		return gs
	}
	order := make([]*group, len(gs))
	for i := range gs {
		order[i] = &gs[i]
	}
	slices.SortStableFunc(order, func(a, b *group) int {
		if a.wordStart != b.wordStart {
			if a.wordStart {
				return 1
			}
			return -1
		}
		return a.q.compare(&b.q)
	})
	out := make([]group, 0, most)
	for i := range most {
		from, to := i*len(gs)/most, (i+1)*len(gs)/most
		u := *order[from]
		u.kinds = slices.Clone(u.kinds)
		for _, o := range order[from+1 : to] {
			u.q.widen(&o.q)
			u.wordStart = u.wordStart && o.wordStart
			u.kinds = append(u.kinds, o.kinds...)
		}
		out = append(out, u)
	}
	return out
}

// outline is a group drawn with the letters of the sample.
type outline struct {
	at        [window]sketch
	wordStart bool
	rate      float32
}

func (g *grouper) outline(x *group) outline {
	o := outline{wordStart: x.wordStart}
	for j := range g.places {
		o.at[j] = g.sample.sketch(x.q.at(j))
	}
	o.rate = g.sample.sketched(&o, g.places)
	return o
}

func (g *grouper) joined(a, b *outline) outline {
	o := outline{wordStart: a.wordStart && b.wordStart}
	for j := range g.places {
		o.at[j] = a.at[j] | b.at[j]
	}
	o.rate = g.sample.sketched(&o, g.places)
	return o
}

// join joins the two groups that cost least together until limit are left. What a group
// costs is guessed from how often bytes occur, as if they did so independently.
func (g *grouper) join(gs []group, limit int) []group {
	n := len(gs)
	out := make([]outline, n)
	for i := range gs {
		out[i] = g.outline(&gs[i])
	}
	more := make([]float32, n*n) // by pair, the lower one first
	weigh := func(i, j int) {
		o := g.joined(&out[i], &out[j])
		more[i*n+j] = o.rate - out[i].rate - out[j].rate
	}
	best := make([]int, n) // for each group, the one behind it that it is best joined to, or -1
	find := func(i int) {
		best[i] = -1
		row := more[i*n : (i+1)*n]
		for j := i + 1; j < n; j++ {
			if len(gs[j].kinds) > 0 && (best[i] < 0 || row[j] < row[best[i]]) {
				best[i] = j
			}
		}
	}
	for i := range n {
		for j := i + 1; j < n; j++ {
			weigh(i, j)
		}
		find(i)
	}
	for left := n; left > limit; left-- {
		a := -1
		for i := range n {
			if len(gs[i].kinds) > 0 && best[i] >= 0 && (a < 0 || more[i*n+best[i]] < more[a*n+best[a]]) {
				a = i
			}
		}
		b := best[a]
		gs[a].q.widen(&gs[b].q)
		gs[a].wordStart = gs[a].wordStart && gs[b].wordStart
		gs[a].kinds = append(gs[a].kinds, gs[b].kinds...)
		gs[b].kinds = nil
		out[a] = g.joined(&out[a], &out[b])
		for i := range n {
			switch {
			case i == a || len(gs[i].kinds) == 0:
			case i < a:
				weigh(i, a)
			default:
				weigh(a, i)
			}
		}
		find(a)
		for i := range n {
			switch {
			case i == a || len(gs[i].kinds) == 0:
			case best[i] == a || best[i] == b:
				find(i)
			case i < a && more[i*n+a] < more[i*n+best[i]]:
				best[i] = a
			}
		}
	}
	gs = slices.DeleteFunc(gs, func(x group) bool { return len(x.kinds) == 0 })
	for i := range gs {
		gs[i].cost = g.cost(&gs[i])
	}
	return gs
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

// place returns the group that kind i widens least, other than except, and what becomes of
// it, kinds left out; -1 when every one costs limit or more. It counts for those only that
// are guessed to be best.
func (g *grouper) place(gs []group, out []outline, i, except int, limit float64) (int, group) {
	k := &g.kinds[i]
	o := g.outline(&group{q: k.q, wordStart: k.wordStart})
	type guess struct {
		to   int
		more float32
	}
	best := [...]guess{{-1, math.MaxFloat32}, {-1, math.MaxFloat32}, {-1, math.MaxFloat32}}
	for j := range gs {
		if j == except {
			continue
		}
		u := g.joined(&out[j], &o)
		x := guess{j, u.rate - out[j].rate}
		for b := range best {
			if x.more < best[b].more {
				best[b], x = x, best[b]
			}
		}
	}
	to, grown := -1, group{}
	for _, b := range best {
		if b.to < 0 {
			break
		}
		u := g.widened(&gs[b.to], &k.q, k.wordStart)
		if d := u.cost - gs[b.to].cost; d < limit {
			to, grown, limit = b.to, u, d
		}
	}
	return to, grown
}

// refine moves each kind to the group that it widens least, and reports whether any moved.
func (g *grouper) refine(gs []group, out []outline) (moved bool) {
	for from := range gs {
		for _, i := range slices.Clone(gs[from].kinds) {
			if len(gs[from].kinds) == 1 {
				break
			}
			rest := g.without(&gs[from], i)
			if to, grown := g.place(gs, out, i, from, 0.999*(gs[from].cost-rest.cost)); to >= 0 {
				grown.kinds = append(slices.Clone(gs[to].kinds), i)
				gs[from], gs[to] = rest, grown
				out[from], out[to] = g.outline(&gs[from]), g.outline(&gs[to])
				moved = true
			}
		}
	}
	return moved
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
			rest.q.widen(&k.q)
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
