package dlp

import (
	"bytes"
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/wasilibs/go-re2/experimental"
)

// matcher finds where patterns match. Implementations are safe for concurrent use.
type matcher interface {
	// match calls hit for every leftmost-first, non-overlapping match of every wanted
	// pattern (nil: all), as regexp's FindAllIndex would return them. The order is the
	// matcher's own. It returns early with ctx's error.
	match(ctx context.Context, text []byte, want []bool, hit func(pattern, start, end int)) error
}

// standIn replaces a byte that is not UTF-8 for RE2, which matches nothing there. Like
// U+FFFD, which the standard library sees in its place, it is neither a word character
// nor white space nor, in classes that people write, listed.
const standIn = 0x7F

// slots caps how many windows are inside RE2 at the same time: beyond 4 GiB in flight its
// heap breaks for the whole process.
const slots = 64

// re2Matcher asks an RE2 set which patterns occur, and then each of those where.
type re2Matcher struct {
	patterns []*pattern
	set      *experimental.Set
	inFlight chan struct{}
}

func newRE2Matcher(patterns []*pattern) (*re2Matcher, error) {
	m := &re2Matcher{patterns: patterns, inFlight: make(chan struct{}, slots)}
	if len(patterns) == 0 {
		return m, nil
	}
	exprs := make([]string, len(patterns))
	for i, p := range patterns {
		exprs[i] = p.expr
	}
	set, err := experimental.CompileSet(exprs)
	if err != nil {
		return nil, fmt.Errorf("compile %d patterns together: %w", len(exprs), err)
	}
	m.set = set
	return m, nil
}

func (m *re2Matcher) match(ctx context.Context, text []byte, want []bool, hit func(pattern, start, end int)) error {
	if len(text) == 0 || len(m.patterns) == 0 {
		return ctx.Err()
	}
	select {
	case m.inFlight <- struct{}{}:
		defer func() { <-m.inFlight }()
	case <-ctx.Done():
		return ctx.Err()
	}
	seen := text
	mended := !utf8.Valid(text)
	if mended {
		seen = mend(text)
	}
	ids, err := m.set.FindAllWithError(seen, len(m.patterns))
	if err != nil { // its automaton ran out of memory: ask every pattern
		ids = ids[:0]
		for i := range m.patterns {
			ids = append(ids, i)
		}
	}
	for _, id := range ids {
		if want != nil && !want[id] {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		m.one(id, text, seen, mended, hit)
	}
	if mended {
		return m.exotic(ctx, text, want, hit)
	}
	return nil
}

// one reports all matches of a pattern that the set saw.
func (m *re2Matcher) one(id int, text, seen []byte, mended bool, hit func(pattern, start, end int)) {
	p := m.patterns[id]
	if mended && p.exotic {
		return
	}
	for _, at := range p.re2.FindAllIndex(seen, -1) {
		hit(id, at[0], at[1])
	}
}

// exotic runs the few patterns for which the stand-in is not as good as the bad byte.
func (m *re2Matcher) exotic(ctx context.Context, text []byte, want []bool, hit func(pattern, start, end int)) error {
	for id, p := range m.patterns {
		if !p.exotic || want != nil && !want[id] {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, at := range p.std.FindAllIndex(text, -1) {
			hit(id, at[0], at[1])
		}
	}
	return nil
}

// mend returns a copy of text in which every byte that is not UTF-8 is the stand-in, so
// that all offsets stay as they are.
func mend(text []byte) []byte {
	out := bytes.Clone(text)
	for i := 0; i < len(out); {
		if out[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(out[i:])
		if r == utf8.RuneError && size == 1 {
			out[i] = standIn
		}
		i += size
	}
	return out
}

// stdMatcher uses the standard library for the short texts of in-file tests, where
// compiling a set costs more than it saves.
type stdMatcher struct{ patterns []*pattern }

func (m stdMatcher) match(ctx context.Context, text []byte, want []bool, hit func(pattern, start, end int)) error {
	for id, p := range m.patterns {
		if want != nil && !want[id] {
			continue
		}
		for _, at := range p.std.FindAllIndex(text, -1) {
			hit(id, at[0], at[1])
		}
	}
	return ctx.Err()
}
