package dlp

import (
	"context"
	"fmt"
	"slices"

	multi "github.com/sluice-dlp/sluice/dlp/internal/scan"
)

// matcher finds where patterns match. Implementations are safe for concurrent use.
type matcher interface {
	// match calls hit for every leftmost-first, non-overlapping match of every wanted
	// pattern (nil: all), as regexp's FindAllIndex would return them. The order is the
	// matcher's own. It returns early with ctx's error, or when hit returns false.
	match(ctx context.Context, text []byte, want []bool, hit func(pattern, start, end int) bool) error
}

// scanMatcher finds all patterns in one pass (package scan).
type scanMatcher struct{ db *multi.DB }

// newScanMatcher compiles patterns. with, if not nil, is a matcher with which the new one
// shares what bounds the bytes inside RE2.
func newScanMatcher(patterns []*pattern, with *scanMatcher) (*scanMatcher, error) {
	list := make([]multi.Pattern, len(patterns))
	for i, p := range patterns {
		list[i].Expr = p.expr
	}
	var o multi.Options
	if with != nil {
		o.With = with.db
	}
	db, err := multi.Compile(list, o)
	if err != nil {
		return nil, fmt.Errorf("compile %d patterns together: %w", len(list), err)
	}
	return &scanMatcher{db}, nil
}

// Usage is what the pattern matcher of an engine holds and has done; bytes are near enough,
// not exact.
type Usage struct {
	Patterns   int
	Unanchored int   // patterns that show nothing rare: RE2 runs over every text for each
	Tables     int64 // bytes of the compiled patterns
	Automata   int64 // bytes of the automata's states so far; all goroutines share them
	Goroutine  int64 // bytes of working space for each scan that runs at a time
	InRE2      int64 // bytes of text inside RE2 now
	Redone     int64 // times that a pattern's budget was spent and RE2 took over
}

// Usage may be asked while scans run.
func (e *Engine) Usage() Usage {
	m, ok := e.matcher.(*scanMatcher)
	if !ok {
		return Usage{Patterns: len(e.patterns)}
	}
	u := Usage(m.db.Usage())
	e.selections.known.Range(func(_, s any) bool {
		if n := s.(*selection).narrow.Load(); n != nil {
			v := n.matcher.db.Usage()
			u.Tables, u.Automata, u.Redone = u.Tables+v.Tables, u.Automata+v.Automata, u.Redone+v.Redone
		}
		return true
	})
	return u
}

// everywhere returns those of the patterns for which RE2 would have to read every text,
// because no part of them is rare enough to look for.
func everywhere(patterns []*pattern) []*pattern {
	m, err := newScanMatcher(patterns, nil)
	if err != nil {
		return nil // told as a mistake
	}
	var out []*pattern
	for _, i := range m.db.Unanchored() {
		out = append(out, patterns[i])
	}
	return out
}

// Expressions returns the patterns as they are matched, with their word boundaries, for
// tools and benchmarks: those of all detectors, or of those that profiles use.
func (r *Rules) Expressions(profiles ...string) []string {
	var out []string
	used := r.used(profiles)
	for _, d := range r.detectors {
		if len(profiles) > 0 && !used[d.id] {
			continue
		}
		for _, p := range d.patterns {
			out = append(out, p.expr)
		}
	}
	return out
}

// used returns the detectors of profiles; nil means all that are loaded.
func (r *Rules) used(profiles []string) map[string]bool {
	used := map[string]bool{}
	for _, p := range r.profiles {
		if profiles != nil && !slices.Contains(profiles, p.id) {
			continue
		}
		for id := range p.detectors {
			used[id] = true
		}
	}
	return used
}

func (m *scanMatcher) match(ctx context.Context, text []byte, want []bool, hit func(pattern, start, end int) bool) error {
	return m.db.Scan(ctx, text, want, hit)
}

// stdMatcher uses the standard library for the short texts of in-file tests, where
// compiling a set costs more than it saves.
type stdMatcher struct{ patterns []*pattern }

func (m stdMatcher) match(ctx context.Context, text []byte, want []bool, hit func(pattern, start, end int) bool) error {
	for id, p := range m.patterns {
		if want != nil && !want[id] {
			continue
		}
		for _, at := range p.std.FindAllIndex(text, -1) {
			if !hit(id, at[0], at[1]) {
				return ctx.Err()
			}
		}
	}
	return ctx.Err()
}
