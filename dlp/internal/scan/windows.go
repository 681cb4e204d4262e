package scan

import (
	"context"
	"errors"
)

// Margin is how many bytes a window must show behind the part that it answers for, unless
// the text ends there, and so how long a match can be that is found for certain. Patterns
// without a bound on their length, or with a higher one, may lose the part of a match that
// lies beyond, and what such a match hides; all others are found in windows exactly as in
// the whole text.
const Margin = 64 << 10

// context4 is how many bytes a window must show before the part that it answers for: the
// rune in front of a match.
const context4 = 4

// Windows is the scan of one text that is seen a window at a time. It is not safe for
// concurrent use.
type Windows struct {
	db   *DB
	only []bool
	emit func(pattern, start, end int) bool
	next []int64 // by pattern: starts before it are decided
	at   int64   // how far the text is scanned
	last int64   // where the last match ends
	done bool
}

var errWindow = errors.New("scan: window does not continue the one before or shows too little around its part")

// Windows begins the scan of a text. What it finds goes to emit as in [DB.Scan], with
// offsets in the window. Patterns that can match nothing at all are left out.
func (db *DB) Windows(only []bool, emit func(pattern, start, end int) bool) *Windows {
	return &Windows{db: db, only: only, emit: emit, next: make([]int64, len(db.patterns))}
}

// Next scans the next window: data begins at offset base of the text, and matches that
// start in data[from:to] are reported. That part must begin where the last one ended; four
// bytes before it (or all that there are) must be in data, and [Margin] bytes behind it,
// unless data ends with the text, which last says. The returned error is ctx's, or says
// that the window is not such a one.
func (w *Windows) Next(ctx context.Context, data []byte, base int64, from, to int, last bool) error {
	switch {
	case from < 0 || from > to || to > len(data) || base+int64(from) != w.at,
		base > 0 && from < context4, !last && len(data)-to < Margin:
		return errWindow
	case w.done:
		return nil
	}
	r := w.db.runs.Get().(*run)
	defer r.release()
	r.begin(data, w.only, w.emit)
	r.from, r.to, r.origin, r.next, r.base = from, to, base == 0, w.next, base
	r.turns.last = int(w.last - base)
	for p := range r.open {
		r.open[p] = max(r.open[p], int(w.next[p]-base))
	}
	if last && to == len(data) {
		r.to++
	}
	if err := r.through(ctx); err != nil {
		return err
	}
	if err := r.others(ctx); err != nil {
		return err
	}
	r.keep()
	w.last = max(w.last, base+int64(r.turns.end()))
	w.at, w.done = base+int64(to), r.ended
	return nil
}

// keep notes for the next window how far each pattern has come.
func (r *run) keep() {
	for p, open := range r.open {
		if open != shut {
			r.next[p] = max(r.next[p], r.base+int64(open))
		}
	}
}
