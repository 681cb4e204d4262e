package scan

import (
	"bytes"
	"math"
	"slices"
)

// Where text that is full of beginnings repeats itself, two turns that hold the same matches tell
// what the turns behind them hold: those matches, each a turn further on. That is so as far as
// the text goes on to repeat what the second turn depends on. Therefore what is read for that one
// is noted, and what was found out before about the text from there on is forgotten.

const (
	turnPeriod = 1 << 10 // bytes after which the text repeats itself, at most
	turnLook   = 16      // bytes by which that is noticed
	turnTries  = 5       // turns that are read to find two that are alike
	turnWait   = 8       // batches to the next try
	turnSlack  = 128     // bytes behind a place that are read without a note, at most
)

// turnFactors make a period a turn of 2 to 4 KB, so that most rows of matches end with it.
var turnFactors = [...]int{2, 3, 2, 2, 5, 2, 3, 2, 2, 2, 2, 2}

// turns is what is known of them.
type turns struct {
	wait      int // batches until they are looked for again
	last      int // where the last match ends that any pattern has
	noting    bool
	now, old  []matched // in this turn and in the one before
	low, high int       // what this turn has read
	spared    int       // bytes of the text that were not looked at; tests ask
}

// matched is a match of a pattern, which stands for its twins.
type matched struct{ pattern, start, end int }

// saw notes that what is found depends on the text before i.
func (t *turns) saw(i int) { t.high = max(t.high, i) }

// note notes a match.
func (t *turns) note(p, start, end int) {
	if t.last = max(t.last, end); t.noting {
		t.now = append(t.now, matched{p, start, end})
	}
}

// period returns after how many bytes the text repeats itself from off on, and how far it does.
func (r *run) period(off int) (period, until int) {
	b, from := r.text, max(0, off-turnPeriod)
	at := bytes.LastIndex(b[from:off+turnLook-1], b[off:off+turnLook])
	if at < 0 {
		return 0, off
	}
	period, until = off-from-at, off
	end := min(len(b), off+checkEvery+2*batch*block)
	for until < end {
		n := min(end-until, block)
		if !bytes.Equal(b[until:until+n], b[until-period:until-period+n]) {
			break
		}
		until += n
	}
	for until < end && b[until] == b[until-period] {
		until++
	}
	return period, until
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

// cycle returns how far apart the last match and the one of its kind before it are, or else 0.
func (t *turns) cycle(period int) int {
	if len(t.now) == 0 {
		return 0
	}
	last := t.now[len(t.now)-1]
	for _, m := range slices.Backward(t.now) {
		if d := last.start - m.start; d > 0 && m.pattern == last.pattern && d%period == 0 && m.end+d == last.end {
			return d
		}
	}
	return 0
}

// repeats searches the text from off on, if it is full of beginnings and made of turns there, and
// returns how far it is searched.
func (r *run) repeats(off int) int {
	t := &r.turns
	if !r.dense {
		return off
	}
	if t.wait > 0 {
		t.wait--
		return off
	}
	t.wait = turnWait
	period, until := r.period(off)
	if until-off < (turnTries+2)*batch*block {
		return off
	}
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
			return at
		case fresh && t.low > floor && t.alike(turn):
			n := max(0, min(min(until, r.to)-t.high, off+checkEvery-at)/turn)
			t.wait, t.noting = 0, false
			r.tellAgain(turn, n)
			return at + n*turn
		}
		if d := t.cycle(period); d > 0 && turn%d != 0 {
			turn, before = turnOf(d), math.MaxInt
		}
	}
	return at
}

// forget lets all that is not before floor be looked at again, but for what lies within the matches
// of this turn. No other match ends behind floor.
func (r *run) forget(floor int) {
	for p, open := range r.open {
		if open != shut {
			r.open[p] = min(open, floor)
		}
	}
	for _, m := range r.turns.now {
		if r.open[m.pattern] != shut {
			r.open[m.pattern] = m.end
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

// tellAgain tells of the matches of n turns behind this one, which are alike.
func (r *run) tellAgain(turn, n int) {
	r.turns.spared += n * turn
	for i := 1; i <= n; i++ {
		for _, m := range r.turns.now {
			if r.open[m.pattern] = m.end + i*turn; !r.emit(m.pattern, m.start+i*turn, m.end+i*turn) {
				r.ended = true
				return
			}
		}
	}
}
