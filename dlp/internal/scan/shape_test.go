package scan

import (
	"math/rand/v2"
	"regexp"
	"regexp/syntax"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/dlp/internal/texts"
)

// Rows come in the order in which package regexp prefers them.
func TestRowsOf(t *testing.T) {
	for expr, want := range map[string]string{
		`ab`: "ab", `a?b`: "ab b", `a??b`: "b ab", `a{1,3}`: "aaa aa a", `a{0,2}?`: " a aa", `(?:a|bc)d?`: "ad a bcd bc",
		`(a)(?:b(?:c|d))?`: "ab# a", `x[01]y|x2z|x2w`: "x#y x2#", `(?i)kb`: "##",
		`a*`: "-", `a+b`: "-", `[^a]`: "-", `é`: "-", `(?:a?){3}`: "-", `[ſa]`: "-", `a\bb`: "-", `a{41}`: "-", `[ab]?[c]?[de]?f?g?h?i?j?`: "-",
	} {
		re, err := syntax.Parse(expr, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, row := range rowsOf(re, inASCII).join() {
			s := ""
			for _, class := range row {
				c := "#" // of several
				if class.size() == 1 {
					class.each(func(b byte) { c = string(rune(b)) })
				}
				s += c
			}
			got = append(got, s)
		}
		if rowsOf(re, inASCII) == nil {
			got = []string{"-"}
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s: %q, want %q", expr, s, want)
		}
	}
}

// Numbers of a few shapes are what package regexp finds, also beside ſ and K, at the ends of
// the text, and where one shape of a pattern is the beginning of another.
func TestShapesEqualRegexp(t *testing.T) {
	exprs := []string{
		`\b\d{5}\b`, `\b\d{2}[ -]?\d{3}\b`, `\b\d{3}(?: ?\d{2}){1,2}?\b`, `\b\d{3}(?: ?\d{2}){1,2}`, `\b\d{14}\b`, `\d{3}-\d{4}`,
		`\b(?i)\d{4}[ -]?[KSZ]\b`, `(?i)[ks]\d{5}s?\b`, `\b\d{7,10}\b`, `\b\d{2}(?:k|kk|s)\d{3}\b`, `\d{4} ?(?:1|11|111)`, `(?:-|--)\d{4}\b`, `\b\d{30}\b`,
	}
	db, oracle := compiled(t, exprs)
	if len(db.plan.shapes) < len(exprs) {
		t.Fatalf("%d shapes of %d patterns", len(db.plan.shapes), len(exprs))
	}
	r := rand.New(rand.NewPCG(uint64(texts.Number(t, "SCAN_SEED", 1)), 8))
	parts := []string{" ", "-", "--", "k", "s", "Z", "ſ", "\u212a", "é", "\xff", "\x00", "a", "_", "1", "11", "\n", strings.Repeat("7", 25)}
	compareStrung(t, db, oracle, func() int { return r.IntN(80) }, func() string {
		number := texts.Random(r, r.IntN(6), texts.Digits)
		if r.IntN(3) > 0 {
			number += parts[r.IntN(len(parts))]
		}
		return number
	})
}

// Patterns that have no row of ASCII for each way to match are left to their automata.
func TestNoShapes(t *testing.T) {
	for _, expr := range []string{`\b\d{5}\b`, `\d{5}-\W\b`, `\b-\d{4}`, `\d{4}-?[^\d]`, `\d+-\d{5}`, `(?:\d{3}[ ./-]?){2,6}`} {
		db, _ := compiled(t, []string{expr, regexp.QuoteMeta("[]") + `\d`})
		if got, want := db.shapes(0) != nil, expr == `\b\d{5}\b`; got != want {
			t.Errorf("%s: shapes %v, want %v", expr, got, want)
		}
	}
}
