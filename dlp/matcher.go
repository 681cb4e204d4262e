package dlp

import (
	"context"
	"fmt"

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

func newScanMatcher(patterns []*pattern) (*scanMatcher, error) {
	list := make([]multi.Pattern, len(patterns))
	for i, p := range patterns {
		list[i].Expr = p.expr
	}
	db, err := multi.Compile(list, multi.Options{})
	if err != nil {
		return nil, fmt.Errorf("compile %d patterns together: %w", len(list), err)
	}
	return &scanMatcher{db}, nil
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
