package scan

import (
	"math"
	"slices"
)

// outline is what is looked for at each place, and whether only where a word begins.
type outline struct {
	at        [window]sketch
	wordStart bool
	guess     float32 // how often it holds
}

// group joins kinds: where one of them holds, its outline does.
type group struct {
	outline
	kinds []int   // indexes of grouper.kinds
	cost  float64 // how often the kernel reports it
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

func (s *kindSet) add(k *kind) {
	if s.known[*k] {
		return
	}
	if s.known == nil {
		s.known = map[kind]bool{}
	}
	s.known[*k] = true
	s.all = append(s.all, *k)
}

// addFirst adds the first places of q.
func (s *kindSet) addFirst(q *sequence, places int, wordStart bool) {
	k := kind{*q, wordStart}
	k.q.n = min(k.q.n, places)
	clear(k.q.class[k.q.n:])
	s.add(&k)
}

// grouper shares kinds out so that the groups hold at as few places of ordinary text as
// possible. places is how many bytes of a sequence the kernel looks at.
type grouper struct {
	sketches *sketches
	coding   *coding // bytes with one code count as one; nil: each by itself
	places   int
	most     int     // groups from which on the best pair to join is looked for
	doubt    float64 // how much the guess counts beside the sample, which is short
	kinds    []kind
	drawn    []outline // kinds
}

const (
	rounds = 12  // how often every kind may move to another group
	moves  = 800 // of kinds that are tried, about
)

// share returns the groups, at most limit, in which all of ks are, and how often they are reported.
func (g *grouper) share(ks []kind, limit int) (us []kind, rate float64) {
	g.collect(ks)
	gs := g.join(g.neighbours(), limit)
	for i := range gs {
		gs[i].cost = g.cost(&gs[i].outline)
	}
	for range min(rounds, moves/max(1, len(g.kinds))) {
		if !g.refine(gs) {
			break
		}
	}
	for i := range gs {
		rate += gs[i].cost
	}
	return g.unions(gs), rate
}

// unions returns what groups look for.
func (g *grouper) unions(gs []group) []kind {
	out := make([]kind, len(gs))
	for i := range gs {
		for n, k := range gs[i].kinds {
			if n == 0 {
				out[i] = g.kinds[k]
				continue
			}
			out[i].q.widen(&g.kinds[k].q)
			out[i].wordStart = out[i].wordStart && g.kinds[k].wordStart
		}
	}
	return out
}

// collect draws ks, which are all different.
func (g *grouper) collect(ks []kind) {
	if g.kinds = ks; g.coding != nil {
		g.kinds = slices.Clone(ks)
		g.coding.coarsen(g.kinds)
	}
	g.drawn = make([]outline, len(g.kinds))
	for i := range g.kinds {
		k, o := &g.kinds[i], &g.drawn[i]
		o.wordStart = k.wordStart
		for j := range g.places {
			o.at[j] = g.sketches.of(k.q.at(j))
		}
		o.guess = g.sketches.guess(o, g.places)
	}
}

// cost estimates how often the kernel reports o.
func (g *grouper) cost(o *outline) float64 {
	return g.sketches.rate(o, g.places) + g.doubt*float64(o.guess)
}

// joined returns a with b taken in.
func (g *grouper) joined(a, b *outline) outline {
	o := *a
	o.widen(b)
	o.guess = g.sketches.guess(&o, g.places)
	return o
}

// widen takes o in; the guess stays what it was.
func (x *outline) widen(o *outline) {
	for j := range x.at {
		x.at[j] |= o.at[j]
	}
	x.wordStart = x.wordStart && o.wordStart
}

// neighbours returns a group for each kind, or, when there are too many, for some that are next
// to each other in the order of their classes, because the search for the best pair takes the
// square of their number.
func (g *grouper) neighbours() []group {
	order := make([]int, len(g.kinds))
	for i := range order {
		order[i] = i
	}
	if len(order) > g.most {
		slices.SortStableFunc(order, func(x, y int) int {
			a, b := &g.kinds[x], &g.kinds[y]
			if a.wordStart != b.wordStart {
				if a.wordStart {
					return 1
				}
				return -1
			}
			return a.q.compare(&b.q)
		})
	}
	n := min(len(order), g.most)
	out := make([]group, 0, n)
	for i := range n {
		few := order[i*len(order)/n : (i+1)*len(order)/n]
		u := group{outline: g.drawn[few[0]], kinds: few}
		for _, k := range few[1:] {
			u.outline = g.joined(&u.outline, &g.drawn[k])
		}
		out = append(out, u)
	}
	return out
}

// join joins groups until limit are left. What a group costs is guessed from how often bytes
// occur, as if they did so independently.
func (g *grouper) join(gs []group, limit int) []group {
	left := joinCheapest(len(gs), limit, func(i, j int) float32 {
		o := g.joined(&gs[i].outline, &gs[j].outline)
		return o.guess - gs[i].guess - gs[j].guess
	}, func(i, j int) {
		gs[i] = group{outline: g.joined(&gs[i].outline, &gs[j].outline), kinds: slices.Concat(gs[i].kinds, gs[j].kinds)}
	})
	out := make([]group, len(left))
	for k, i := range left {
		out[k] = gs[i]
	}
	return out
}

// place returns the group that o widens least, other than except, and what becomes of its
// outline and its cost; -1 when every one costs limit or more. It measures those only that are
// guessed to be best.
func (g *grouper) place(gs []group, o *outline, except int, limit float64) (to int, grown outline, cost float64) {
	type guess struct {
		to   int
		more float32
	}
	best := [...]guess{{-1, math.MaxFloat32}, {-1, math.MaxFloat32}, {-1, math.MaxFloat32}}
	for j := range gs {
		if j == except {
			continue
		}
		u := g.joined(&gs[j].outline, o)
		x := guess{j, u.guess - gs[j].guess}
		for b := range best {
			if x.more < best[b].more {
				best[b], x = x, best[b]
			}
		}
	}
	to = -1
	for _, b := range best {
		if b.to < 0 {
			break
		}
		u := g.joined(&gs[b.to].outline, o)
		c := gs[b.to].cost
		if u != gs[b.to].outline {
			c = g.cost(&u)
		}
		if d := c - gs[b.to].cost; d < limit {
			to, grown, cost, limit = b.to, u, c, d
		}
	}
	return to, grown, cost
}

// refine moves each kind to the group that it widens least, and reports whether any moved.
func (g *grouper) refine(gs []group) (moved bool) {
	for from := range gs {
		for _, i := range slices.Clone(gs[from].kinds) {
			if len(gs[from].kinds) == 1 {
				break
			}
			rest := g.without(&gs[from], i)
			if rest.cost >= gs[from].cost {
				continue // it widens nothing where it is
			}
			if to, grown, cost := g.place(gs, &g.drawn[i], from, 0.999*(gs[from].cost-rest.cost)); to >= 0 {
				gs[from], gs[to] = rest, group{grown, append(slices.Clone(gs[to].kinds), i), cost}
				moved = true
			}
		}
	}
	return moved
}

// without returns what x is without one of its kinds.
func (g *grouper) without(x *group, kind int) group {
	rest := group{kinds: make([]int, 0, len(x.kinds)), cost: x.cost}
	for _, i := range x.kinds {
		if i == kind {
			continue
		}
		if len(rest.kinds) == 0 {
			rest.outline = g.drawn[i]
		} else {
			rest.widen(&g.drawn[i])
		}
		rest.kinds = append(rest.kinds, i)
	}
	if rest.guess = x.guess; rest.outline != x.outline {
		rest.guess = g.sketches.guess(&rest.outline, g.places)
		rest.cost = g.cost(&rest.outline)
	}
	return rest
}
