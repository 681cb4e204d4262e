package scan

import (
	"bytes"
	"context"
	"math"
	"slices"
)

// Where text that has much to look at repeats itself, two turns that hold the same matches tell
// what the turns behind them hold: those matches, each a turn further on. That is so as far as
// the text goes on to repeat what the second turn depends on. Therefore what is read for that one
// is noted, and what was found out before about the text from there on is forgotten.

const (
	turnFound   = 64      // places of a batch at which something holds, from which on turns are looked for
	turnPeriod  = 1 << 10 // bytes after which the text repeats itself, at most
	turnLook    = 16      // bytes by which that is noticed
	turnGuesses = 8       // of how long a turn is
	turnTries   = 5       // turns that are read to find two that are alike
	turnWait    = 8       // batches to the next try
	turnSlack   = 128     // bytes behind a place that are read without a note, at most
	turnsMost   = 1 << 20 // bytes that are told of before turns are read again
)

// turnFactors make a period a turn of 2 to 4 KB, so that most rows of matches end with it.
var turnFactors = [...]int{2, 3, 2, 2, 5, 2, 3, 2, 2, 2, 2, 2}

// turns is what is known of them.
type turns struct {
	likely    bool // the last batch had much to look at
	wait      int  // batches until they are looked for again
	last      int  // where the last match ends that any pattern has, but for long ones
	noting    bool
	now, old  []matched // in this turn and in the one before
	long      []matched // that may cover turns
	low, high int       // what this turn has read
	spared    int       // bytes of the text that were not looked at; tests ask
}

// matched is a match of a pattern, which stands for its twins.
type matched struct{ pattern, start, end int }

// begin prepares t for another text.
func (t *turns) begin() {
	t.likely, t.wait, t.last, t.spared, t.long = false, 0, 0, 0, t.long[:0]
}

// end returns where the last match ends that any pattern has, long ones included.
func (t *turns) end() int {
	last := t.last
	for _, m := range t.long {
		last = max(last, m.end)
	}
	return last
}

// saw notes that what is found depends on the text before i.
func (t *turns) saw(i int) { t.high = max(t.high, i) }

// note notes a match.
func (t *turns) note(p, start, end int) {
	if end-start > batch*block {
		t.long = append(t.long, matched{p, start, end})
	} else {
		t.last = max(t.last, end)
	}
	if t.noting {
		t.now = append(t.now, matched{p, start, end})
	}
}

// period returns after how many bytes the text repeats itself from off on, and how far it does:
// for least bytes, if that is so. What is nearest may repeat only a part of the turn.
func (r *run) period(off, least int) (period, until int) {
	b, from := r.text, max(0, off-turnPeriod)
	until = off
	for n, tries := turnLook, 0; n <= turnPeriod && off+n <= len(b) && tries < turnGuesses; n, tries = until-off+1, tries+1 {
		at := bytes.LastIndex(b[from:off+n-1], b[off:off+n])
		if at < 0 {
			break
		}
		period = off - from - at
		if until = r.repeated(off, period); until-off >= least {
			break
		}
	}
	return period, until
}

// repeated returns how far from off on the text is what it was period bytes before.
func (r *run) repeated(off, period int) (until int) {
	b, end := r.text, min(len(r.text), off+turnsMost)
	for until = off; until < end; {
		n := min(end-until, block)
		if !bytes.Equal(b[until:until+n], b[until-period:until-period+n]) {
			break
		}
		until += n
	}
	for until < end && b[until] == b[until-period] {
		until++
	}
	return until
}

// turnOf returns a turn of many periods.
func turnOf(period int) int {
	for _, f := range turnFactors {
		if period*f <= batch*block {
			period *= f
		}
	}
	return period
}

// cycle returns after how many bytes all patterns have their last matches again, or 0 if that is too many.
func (t *turns) cycle(period int) int {
	n := period
	last := map[int]matched{}
	for _, m := range slices.Backward(t.now) {
		l, seen := last[m.pattern]
		if !seen {
			last[m.pattern] = m
			continue
		}
		if d := l.start - m.start; d > 0 && d%period == 0 && l.end == m.end+d {
			last[m.pattern] = matched{} // known
			for one := n; n%d != 0; n += one {
				if n > batch*block {
					return 0
				}
			}
		}
	}
	return n
}

// stands reports whether the turn from at to end tells of those behind it although there are long matches,
// and up to where it then does. Either they have ended before it, or they cover it and turns behind it, too.
func (t *turns) stands(at, end, until int) (int, bool) {
	for _, m := range t.long {
		if m.end > at {
			if until = min(until, m.end); m.end < end {
				return 0, false
			}
		}
	}
	return until, true
}

// repeats searches the text from off on, if it is full of beginnings and made of turns there, and
// returns how far it is searched. The error is ctx's.
func (r *run) repeats(ctx context.Context, off int) (int, error) {
	t := &r.turns
	if !t.likely {
		return off, nil
	}
	if t.wait > 0 {
		t.wait--
		return off, nil
	}
	t.wait = turnWait
	const least = (turnTries + 2) * batch * block
	period, until := r.period(off, least)
	if until-off < least {
		return off, nil
	}
	t.long = slices.DeleteFunc(t.long, func(m matched) bool { return m.end <= off-r.db.plan.back })
	t.noting = true
	defer func() { t.noting = false }()
	at, turn := off, turnOf(period)
	before := math.MaxInt // where the last match ended when the turn before this one began
	for range turnTries {
		floor := max(before, off)
		fresh := floor < at-r.db.plan.back
		if fresh {
			r.forget(floor)
		}
		before = t.last
		t.old, t.now = t.now, t.old[:0]
		t.low, t.high = at, at+turn+turnSlack
		redo := len(r.redo)
		r.search(r.text[at:], at, at+turn, (turn+block-1)/block, wordBit[r.text[at-1]])
		at += turn
		switch {
		case r.ended || len(r.redo) > redo:
			return at, nil
		case fresh && t.low > floor && t.alike(turn):
			if until, stands := t.stands(at-turn-r.db.plan.back, at, until); stands {
				n := max(0, min(until, r.to)-t.high) / turn
				t.wait, t.noting = 0, false
				return at + n*turn, r.tellAgain(ctx, turn, n)
			}
		}
		if d := t.cycle(period); d > 0 && turn%d != 0 {
			turn, before = turnOf(d), math.MaxInt
		}
	}
	return at, nil
}

// forget lets all that is not before floor be looked at again, but for what lies within long matches and those
// of this turn. No other match ends behind floor.
func (r *run) forget(floor int) {
	for p, open := range r.open {
		if open != shut {
			r.open[p] = min(open, floor)
		}
	}
	for _, m := range slices.Concat(r.turns.now, r.turns.long) {
		if r.open[m.pattern] != shut {
			r.open[m.pattern] = max(r.open[m.pattern], m.end)
		}
	}
}

// alike reports whether this turn has the matches of the one before.
func (t *turns) alike(turn int) bool {
	if len(t.now) != len(t.old) {
		return false
	}
	for i, m := range t.old {
		if t.now[i] != (matched{m.pattern, m.start + turn, m.end + turn}) {
			return false
		}
	}
	return true
}

// tellAgain tells of the matches of n turns behind this one, which are alike. The error is ctx's.
func (r *run) tellAgain(ctx context.Context, turn, n int) error {
	r.turns.spared += n * turn
	for i := 1; i <= n; i++ {
		if i%(checkEvery/(batch*block)) == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		for _, m := range r.turns.now {
			if r.open[m.pattern] = m.end + i*turn; !r.emit(m.pattern, m.start+i*turn, m.end+i*turn) {
				r.ended = true
				return nil
			}
		}
	}
	return nil
}
