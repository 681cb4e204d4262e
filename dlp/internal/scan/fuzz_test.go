package scan

import (
	"math/rand/v2"
	"regexp"
	"testing"

	"github.com/sluice-dlp/sluice/dlp/internal/texts"
)

// FuzzText compares the pattern list with package regexp on any text.
func FuzzText(f *testing.F) {
	_, exprs := patternList(f)
	list := Pattern{Words: append(texts.Words(300), "tax", "tax return", "ſalt", "mark"), Fold: true, WholeWord: true}
	var ps []Pattern
	var oracle []*regexp.Regexp
	for _, e := range exprs {
		ps = append(ps, Pattern{Expr: e})
		oracle = append(oracle, regexp.MustCompile(e))
	}
	ps = append(ps, list)
	oracle = append(oracle, regexp.MustCompile(wordsExpr(&list)))
	db, err := Compile(ps, Options{})
	if err != nil {
		f.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 30 {
		f.Add([]byte(texts.Mixed(r, exprs, list.Words)))
	}
	f.Fuzz(func(t *testing.T, text []byte) { compare(t, db, oracle, text) })
}

// FuzzPatterns makes patterns and texts from a seed.
func FuzzPatterns(f *testing.F) {
	f.Add(uint64(1), []byte("seed"))
	f.Fuzz(func(t *testing.T, seed uint64, text []byte) {
		r := rand.New(rand.NewPCG(seed, 3))
		var exprs []string
		for len(exprs) < 6 {
			e := randomExpr(r, 1+r.IntN(4))
			if _, err := regexp.Compile(e); err == nil {
				exprs = append(exprs, e)
			}
		}
		db, oracle := compiled(t, exprs)
		compare(t, db, oracle, text)
		for range 5 {
			compare(t, db, oracle, randomText(r))
		}
	})
}
