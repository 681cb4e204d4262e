package dlp

import "slices"

// Patterns that nobody asks about cost time: the more are looked for, the more places of a
// text look as if one of them began there. A set of profiles that is asked about often gets
// a matcher for its own patterns; until that is compiled, the one for all serves it.

// narrowed is a matcher for the patterns of one selection.
type narrowed struct {
	matcher *scanMatcher
	of      []int // the engine's index of each of its patterns
}

const (
	narrowAfter = 1 << 20 // bytes scanned for a selection before it is worth compiling
	narrowLeast = 16      // one in so many patterns must be left out
	mostNarrow  = 4       // selections of an engine; a matcher takes 1 to 3 MB
)

// used counts n bytes scanned for s and has a matcher compiled, aside, when they are enough.
func (e *Engine) used(s *selection, n int) {
	if now := s.scanned.Add(int64(n)); !s.known || now < narrowAfter || now-int64(n) >= narrowAfter {
		return
	}
	wanted := 0
	for _, w := range s.want {
		if w {
			wanted++
		}
	}
	if wanted == 0 || (len(s.want)-wanted)*narrowLeast < len(s.want) || e.selections.narrowing.Add(1) > mostNarrow {
		return
	}
	e.selections.closing.Lock()
	defer e.selections.closing.Unlock()
	if !e.selections.closed {
		e.selections.compiling.Go(func() { e.narrow(s) })
	}
}

// Close waits for matchers that are being compiled, a second at most for each. Scans that
// run go on, and an engine that is closed still scans; it only gets no more matchers of its
// own. The engine that takes its place, or the end of the program, is the time to call it.
func (e *Engine) Close() {
	e.selections.closing.Lock()
	e.selections.closed = true
	e.selections.closing.Unlock()
	e.selections.compiling.Wait()
}

// narrow compiles a matcher for s. Should that fail, the one for all goes on.
func (e *Engine) narrow(s *selection) {
	all, ok := e.matcher.(*scanMatcher)
	if !ok {
		return
	}
	n := &narrowed{}
	var patterns []*pattern
	for i, p := range e.patterns {
		if s.want[i] {
			patterns, n.of = append(patterns, p), append(n.of, i)
		}
	}
	m, err := newScanMatcher(slices.Clip(patterns), all)
	if err != nil {
		return
	}
	n.matcher = m
	s.narrow.Store(n)
}

// match finds the patterns that the scan asks about.
func (s *scan) match(data []byte) error {
	if s.own != nil {
		return s.own.matcher.match(s.ctx, data, nil, s.hit)
	}
	return s.e.matcher.match(s.ctx, data, s.want, s.hit)
}
