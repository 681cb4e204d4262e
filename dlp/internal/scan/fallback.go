package scan

import (
	"context"
	"regexp"
	"regexp/syntax"
	"slices"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	re2 "github.com/wasilibs/go-re2"
	"golang.org/x/sync/semaphore"
)

// fallback is the other engine for one pattern, compiled when first needed: RE2 where it
// agrees with package regexp, and package regexp itself where it does not, that is for
// repetitions of what can be empty, of which RE2 prefers other ones.
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

// find returns all matches in b. Bytes count against flight while RE2 has them: it copies
// its input to a heap that breaks, for the whole process, beyond 4 GiB.
func (f *fallback) find(ctx context.Context, b []byte, flight *flight) ([][]int, error) {
	if !f.strict {
		f.re2Once.Do(func() { f.re2, _ = re2.Compile(f.expression()) })
	}
	n := int64(len(b)) * int64(len(replacement)) // were all of it bad
	if f.re2 == nil || n > flight.most {
		f.stdOnce.Do(func() { f.std, _ = regexp.Compile(f.expression()) })
		if f.std == nil {
			return nil, nil
		}
		return f.std.FindAllIndex(b, -1), nil
	}
	if err := flight.sem.Acquire(ctx, n); err != nil {
		return nil, err
	}
	flight.bytes.Add(n)
	defer func() {
		flight.bytes.Add(-n)
		flight.sem.Release(n)
	}()
	if utf8.Valid(b) {
		return f.inRE2(b), nil
	}
	m := mend(b)
	found := f.inRE2(m.text)
	m.translate(found)
	return found, nil
}

// inRE2 returns RE2's matches, without those of nothing within a rune.
func (f *fallback) inRE2(b []byte) [][]int {
	return slices.DeleteFunc(f.re2.FindAllIndex(b, -1), func(m []int) bool { return m[0] == m[1] && inside(b, m[0]) })
}

// flight bounds the bytes that are inside RE2 at a time.
type flight struct {
	most  int64
	bytes atomic.Int64 // for people
	sem   *semaphore.Weighted
}

func newFlight(most int64) *flight {
	return &flight{most: most, sem: semaphore.NewWeighted(most)}
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
