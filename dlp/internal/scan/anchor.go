package scan

import (
	"math"
	"regexp/syntax"
	"slices"
)

// anchor is a necessary condition of a pattern: where a match is, the text shows one of
// the sequences, and the match begins near to far bytes before it. If far is unbounded, it
// begins somewhere in the run of bytes of the set run that ends there.
type anchor struct {
	sequences []sequence
	near, far int
	run       byteSet
	wordStart bool // the sequences hold only where a word begins
	cut       int  // the item of the pattern, flattened, at which the sequences begin
	walk      int  // bytes of any kind that an automaton reads behind the sequences before it can fail
	cost      float64
}

// What the steps after the kernel cost, in nanoseconds, for choosing among anchors.
const (
	costLook    = 8    // a position that the kernel reports
	costTry     = 150  // a position where the whole sequence holds
	costPair    = 4    // a position that the table of pairs reports
	costStart   = 3    // each further possible start
	costStep    = 8    // a byte that an automaton reads in a stretch of nearly any bytes
	costSlot    = .01  // a class sequence makes the kernel's groups wider
	costAnySlot = .015 // one that counts anywhere makes its group do so
	costRun     = .3   // a text of one repeated byte is a candidate at every position
	costUsable  = 4    // above, going without an anchor is better
)

const (
	maxKeys    = 128 // four-byte keys of one sequence that begins a word
	maxAnyKeys = 32  // of one that can begin anywhere, so that only near-literals qualify
	maxStarts  = 512 // possible starts before an anchor
	maxRun     = 200 // kinds of bytes in a run of unknown length before an anchor
	maxCuts    = 48
	maxTurns   = 16 // of a repetition, between which an anchor can begin
	goodEnough = 0.002
	costly     = 0.05
	fewer      = 256 // sequences of a further place, when there is one already that is not costly
	few        = 12  // sequences of one pattern that are worth comparing with each other
	dear       = 64  // sequences that are weighed one by one
)

// findAnchor returns the cheapest anchor of re, or nil when re can match the empty string
// or shows nothing that is rare enough.
func findAnchor(re *syntax.Regexp, x *expander, r *sample) *anchor {
	if lo, _ := width(re); lo == 0 {
		return nil
	}
	x.reset()
	items := flatten(re, nil)
	var best, first *anchor // first is the one at the beginning
	cheapest := math.Inf(1)
	var before anchor
	boundary := false
	for i, it := range items {
		if _, most := width(it); most == 0 {
			boundary = boundary || it.Op == syntax.OpWordBoundary
			continue
		}
		if a := anchorAt(items[i:], &before, boundary, x); a != nil && a.weigh(r, cheapest) {
			a.cut, a.sequences = i, slices.Clone(a.sequences)
			best, cheapest = a, a.cost
			if a.cost < costly {
				x.limit = fewer // a place with more ways is hardly any better
			}
		}
		if best != nil && before.far == 0 && boundary {
			first = best
		}
		if best != nil && best.cost < goodEnough || i >= maxCuts {
			break
		}
		boundary = false
		lo, hi := width(it)
		before.near, before.far = plus(before.near, lo), plus(before.far, hi)
		bytesOf(it, &before.run)
		if before.far >= unbounded && before.run.size() > maxRun || before.far < unbounded && before.far-before.near > maxStarts {
			break
		}
	}
	if best == nil || best.cost > costUsable {
		return nil
	}
	if first != nil && first != best && !best.wordStart && !best.several() {
		if s := shapesOf(re); s != nil && s.cost(first, r) < s.cost(best, r) {
			best = first
		}
	}
	best.compress(r)
	return best
}

// anchorAt returns the anchor that items begin with, or nil. Its sequences are x's.
func anchorAt(items []*syntax.Regexp, before *anchor, boundary bool, x *expander) *anchor {
	qs, ok := x.expand(items)
	if !ok || len(qs) == 0 {
		return nil
	}
	a := &anchor{sequences: widest(merge(qs)), near: before.near, far: before.far, run: before.run, wordStart: boundary, walk: stretch(items)}
	for i := range a.sequences {
		q := &a.sequences[i]
		if q.n == 0 {
			return nil
		}
		a.wordStart = a.wordStart && q.class[0].subset(wordBytes)
	}
	return a
}

// weigh estimates what the anchor costs per byte of ordinary text, and reports whether that
// is less than limit; if not, the cost is not known.
func (a *anchor) weigh(r *sample, limit float64) bool {
	start := a.tryCost()
	a.cost = 0
	for i := range a.sequences {
		if i == dear {
			a.cost *= float64(len(a.sequences)) / dear // near enough
			break
		}
		if a.cost >= limit {
			return false
		}
		q := &a.sequences[i]
		rate := r.rate(q, window, a.wordStart)
		a.cost += rate * start
		if a.keyed(q) {
			a.cost += r.rate(q, keyBytes, a.wordStart) * costLook
		} else {
			a.cost += rate*costLook + a.slotCost()
			if r.pairs && !a.wordStart {
				a.cost += (r.rate(q, pairPlaces, false) + r.rate(q, pairPlaces-1, false)) / 2 * costPair
			}
		}
		if !a.wordStart && q.repeats() {
			a.cost += costRun
		}
	}
	return a.cost < limit
}

// slotCost is what one more slot costs. Those that count anywhere make their group do so.
func (a *anchor) slotCost() float64 {
	if a.wordStart {
		return costSlot
	}
	return costAnySlot
}

// repeats reports whether one byte over and over is a way to write q.
func (q *sequence) repeats() bool {
	all := anyByte
	for i := range q.n {
		for w := range all {
			all[w] &= q.class[i][w]
		}
	}
	return !all.empty()
}

// tryCost is what it costs to try a place where a sequence holds. Of many possible starts
// only few are looked at, because what is behind the anchor is looked at first.
func (a *anchor) tryCost() float64 {
	starts := 12
	if a.far < unbounded {
		starts = min(1+a.far-a.near, 64)
	}
	return costTry + costStart*float64(starts) + costStep*float64(a.walk)
}

// stretch returns how many bytes of nearly any kind can follow, with hardly anything before
// them, in what items begin with.
func stretch(items []*syntax.Regexp) int {
	const broad, most = 128, 24
	before := 0
	for _, it := range items {
		switch it.Op {
		case syntax.OpStar, syntax.OpPlus, syntax.OpRepeat:
			var class byteSet
			bytesOf(it, &class)
			if _, times := repeats(it); class.size() >= broad && (times < 0 || times >= most/2) {
				if times < 0 {
					return most
				}
				return min(times, most)
			}
		default:
		}
		lo, _ := width(it)
		if before = plus(before, lo); before > window {
			break
		}
	}
	return 0
}

// several reports whether a match can begin at several distances before the anchor.
func (a *anchor) several() bool { return a.far != a.near }

// keyed reports whether q is looked up by its first four bytes, because there are few
// enough different ones, rather than as a class sequence.
func (a *anchor) keyed(q *sequence) bool {
	if a.wordStart {
		return keyCount(q) <= maxKeys
	}
	return keyCount(q) <= maxAnyKeys
}

// compress joins class sequences of the anchor as long as what the wider one finds in vain
// costs less than a slot.
func (a *anchor) compress(r *sample) {
	var keys, qs []sequence
	for i := range a.sequences {
		if q := &a.sequences[i]; a.keyed(q) {
			keys = append(keys, *q)
		} else {
			qs = append(qs, *q)
		}
	}
	if len(qs) > few {
		return
	}
	cost := func(q *sequence) float64 { return a.tryCost()*r.rate(q, window, a.wordStart) + a.slotCost() }
	costs := make([]float64, len(qs))
	for i := range qs {
		costs[i] = cost(&qs[i])
	}
	for {
		saved, at, with, joined := 0.0, 0, 0, sequence{}
		for i := range qs {
			for j := range i {
				u := qs[i].union(&qs[j])
				if d := costs[i] + costs[j] - cost(&u); d > saved {
					saved, at, with, joined = d, j, i, u
				}
			}
		}
		if saved == 0 {
			break
		}
		costs[at] += costs[with] - saved
		qs[at] = joined
		qs, costs = slices.Delete(qs, with, with+1), slices.Delete(costs, with, with+1)
	}
	a.sequences = append(keys, qs...)
}

// foldKey makes the letters of a four-byte key small. Other bytes may collide; what a key
// finds is looked at again.
func foldKey(k uint32) uint32 { return k | 0x20202020 }

// keyCount returns how many folded four-byte keys q begins with.
func keyCount(q *sequence) int {
	if q.n < keyBytes {
		return unbounded
	}
	n := 1
	for i := range keyBytes {
		n = times(n, folded4(q.class[i]).size())
	}
	return n
}

// folded4 returns what foldKey makes of the bytes of s: the upper of each two halves of 32.
func folded4(s byteSet) (f byteSet) {
	for i, w := range s {
		f[i] = (w | w<<32) &^ 0xffffffff
	}
	return f
}

// flatten opens captures, concatenations, literals and the turns that every match makes of
// a repetition, so that an anchor can begin between any two items.
func flatten(re *syntax.Regexp, out []*syntax.Regexp) []*syntax.Regexp {
	switch re.Op {
	case syntax.OpCapture:
		return flatten(re.Sub[0], out)
	case syntax.OpConcat:
		for _, s := range re.Sub {
			out = flatten(s, out)
		}
		return out
	case syntax.OpLiteral:
		for i := range re.Rune {
			out = append(out, &syntax.Regexp{Op: syntax.OpLiteral, Flags: re.Flags, Rune: re.Rune[i : i+1]})
		}
		return out
	case syntax.OpPlus, syntax.OpRepeat:
		least, most := repeats(re)
		if lo, _ := width(re.Sub[0]); least == 0 || lo == 0 {
			break
		}
		turns, last := min(least, maxTurns), 0
		if least > maxTurns && oneRune(re.Sub[0]) {
			last = maxTurns / 2 // it does not matter which of them are optional
			turns -= last
		}
		for range turns {
			out = flatten(re.Sub[0], out)
		}
		if most != turns {
			out = append(out, &syntax.Regexp{Op: syntax.OpRepeat, Flags: re.Flags, Sub: re.Sub, Min: least - turns - last, Max: max(-1, most-turns-last)})
		}
		for range last {
			out = append(out, re.Sub[0])
		}
		return out
	default:
	}
	return append(out, re)
}

// oneRune reports whether re matches one rune and nothing else.
func oneRune(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return true
	case syntax.OpLiteral:
		return len(re.Rune) == 1
	default:
		return false
	}
}

// merge drops equal sequences, and joins those that differ only behind the fourth byte
// when there are many. It uses the space of qs.
func merge(qs []sequence) []sequence {
	out := qs[:0]
	for i := range qs {
		if !slices.Contains(out, qs[i]) {
			if len(out) == few {
				return mergeHeads(append(out, qs[i:]...))
			}
			out = append(out, qs[i])
		}
	}
	return out
}

// widest drops sequences that hold only where another one does, of few bytes or of many kinds:
// of two words with anything between them, the first one and anything says it all. It uses
// the space of qs.
func widest(qs []sequence) []sequence {
	var at [few]int
	wide := at[:0]
	for i := range qs {
		if keyCount(&qs[i]) > maxAnyKeys {
			if len(wide) == few {
				return qs
			}
			wide = append(wide, i)
		}
	}
	if len(wide) == 0 {
		return qs
	}
	covered := make([]bool, len(qs))
	for i := range qs {
		for _, w := range wide {
			covered[i] = covered[i] || w != i && !covered[w] && qs[w].covers(&qs[i])
		}
	}
	n := 0
	for i := range qs {
		if !covered[i] {
			qs[n] = qs[i]
			n++
		}
	}
	return qs[:n]
}

// mergeHeads joins sequences that have their first four classes in common.
func mergeHeads(qs []sequence) []sequence {
	type head [4]byteSet
	index := map[head]int{}
	out, last := qs[:0], head{}
	for i := range qs {
		h := head{qs[i].at(0), qs[i].at(1), qs[i].at(2), qs[i].at(3)}
		at := len(out) - 1
		if at < 0 || h != last {
			var ok bool
			if at, ok = index[h]; !ok {
				index[h] = len(out)
				last = h
				out = append(out, qs[i])
				continue
			}
		}
		out[at].widen(&qs[i])
	}
	return out
}
