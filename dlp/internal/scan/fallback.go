package scan

import (
	"context"
	"regexp"
	"regexp/syntax"
	"slices"
	"sync"
	"unicode/utf8"

	re2 "github.com/wasilibs/go-re2"
)

// fallback is the other engine for one pattern, compiled when first needed: RE2 where it
// agrees with package regexp, and package regexp itself where it does not: for invalid
// UTF-8, at which RE2 is blind, and for repetitions of what can be empty, of which RE2
// prefers other ones.
type fallback struct {
	expr   string
	words  *Pattern // a word list, instead of expr
	strict bool     // never RE2

	re2Once, stdOnce sync.Once
	re2              *re2.Regexp
	std              *regexp.Regexp
}

func (f *fallback) expression() string {
	if f.words != nil {
		return wordsExpr(f.words)
	}
	return f.expr
}

// find returns all matches in b.
func (f *fallback) find(b []byte) [][]int {
	if !f.strict && utf8.Valid(b) {
		f.re2Once.Do(func() { f.re2, _ = re2.Compile(f.expression()) })
		if f.re2 != nil {
			return f.re2.FindAllIndex(b, -1)
		}
	}
	f.stdOnce.Do(func() { f.std, _ = regexp.Compile(f.expression()) })
	if f.std == nil {
		return nil
	}
	return f.std.FindAllIndex(b, -1)
}

// others runs the other engine for the patterns that need it.
func (r *run) others(ctx context.Context) error {
	for _, p := range append(r.redo, r.db.always...) {
		if r.ended {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if r.only != nil && !r.only[p] {
			continue
		}
		next := r.of(p).next
		for _, m := range r.db.patterns[p].other.find(r.text) {
			if m[0] < next || m[0] == m[1] && inside(r.text, m[0]) {
				continue // known already, or RE2's idea of nothing within a rune
			}
			if !r.emit(p, m[0], m[1]) {
				r.ended = true
				break
			}
		}
	}
	return nil
}

// repeatsEmpty reports whether re repeats something that can be empty.
func repeatsEmpty(re *syntax.Regexp) bool {
	if _, most := repeats(re); most != 1 {
		if lo, _ := width(re.Sub[0]); lo == 0 {
			return true
		}
	}
	return slices.ContainsFunc(re.Sub, repeatsEmpty)
}
