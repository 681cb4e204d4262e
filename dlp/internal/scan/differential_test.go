package scan

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/dlp/internal/texts"
)

// span is one match.
type span struct{ start, end int }

// scanned returns the matches of every pattern.
func scanned(t testing.TB, db *DB, n int, text []byte) [][]span {
	t.Helper()
	got := make([][]span, n)
	err := db.Scan(t.Context(), text, nil, func(p, start, end int) bool {
		got[p] = append(got[p], span{start, end})
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// compare reports every pattern whose matches differ from package regexp's.
func compare(t testing.TB, db *DB, oracle []*regexp.Regexp, text []byte) (matches int) {
	t.Helper()
	got := scanned(t, db, len(oracle), text)
	for p, re := range oracle {
		var want []span
		for _, m := range re.FindAllIndex(text, -1) {
			want = append(want, span{m[0], m[1]})
		}
		matches += len(want)
		if !slices.Equal(got[p], want) {
			d := 0
			for d < len(want) && d < len(got[p]) && want[d] == got[p][d] {
				d++
			}
			t.Errorf("pattern %d %q on %s: got %v, want %v; they part at match %d", p, re, quote(text), got[p], want, d)
		}
	}
	return matches
}

// compareMixed compares texts of parts strung together, and wants matches.
func compareMixed(t *testing.T, db *DB, oracle []*regexp.Regexp, r *rand.Rand, parts []string) {
	t.Helper()
	compareStrung(t, db, oracle, func() int { return r.IntN(150) }, func() string { return parts[r.IntN(len(parts))] })
}

// compareStrung does so with as many parts as length says, each from part.
func compareStrung(t *testing.T, db *DB, oracle []*regexp.Regexp, length func() int, part func() string) {
	t.Helper()
	matches := 0
	for range texts.Number(t, "SCAN_ROUNDS", 400) {
		text := ""
		for range length() {
			text += part()
		}
		matches += compare(t, db, oracle, []byte(text))
		if t.Failed() {
			t.FailNow()
		}
	}
	if matches < 1000 {
		t.Errorf("compared %d matches, want 1000 or more", matches)
	}
}

func quote(text []byte) string {
	if len(text) > 300 {
		return fmt.Sprintf("%.300q… (%d bytes)", text, len(text))
	}
	return fmt.Sprintf("%q", text)
}

func compiled(t testing.TB, exprs []string) (*DB, []*regexp.Regexp) {
	t.Helper()
	var ps []Pattern
	var oracle []*regexp.Regexp
	for _, e := range exprs {
		ps = append(ps, Pattern{Expr: e})
		oracle = append(oracle, regexp.MustCompile(e))
	}
	db, err := Compile(ps, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return db, oracle
}

func TestScanEqualsRegexp(t *testing.T) {
	exprs := []string{
		`\b\d{3}-\d{2}-\d{4}\b`, `(?i)password`, `(?i)\bsecret\b`, `\becret`, `[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,24}`,
		`社外秘|極秘`, `(?i)für den dienstgebrauch`, `a*`, `^begin`, `end$`, `(?m)^line$`, `\x{FFFD}`, `[^a]b`, `k`, `(?i)k`, `ſ`,
		`\bsk-[A-Za-z0-9]{4,}`, `(?:a|ab)(?:c|bcd)`, `x{2,4}?`, `(?i)ſtraße`, `\pL{3}\d`, `.\b.`, `(?s)a.{0,3}b`,
	}
	db, oracle := compiled(t, exprs)
	cases := map[string]string{
		"empty":                          "",
		"one match of each kind":         "begin 123-45-6789 password SECRET a@b.co 社外秘 für den Dienstgebrauch sk-abcd end",
		"long s and kelvin fold":         "paſſword PASSWORD \u212a secret ſecret aſecret STRAẞE straße",
		"invalid bytes":                  "a\xffb \xc5 \xe2\x84 pass\xffword \xed\xa0\x80b \xf0\x9fb",
		"adjacent and empty matches":     "aaa b aa",
		"match ends with the text":       strings.Repeat(" ", 60) + "123-45-6789",
		"lines":                          "line\nline\nlin\nline",
		"match over a block's edge":      strings.Repeat("x", 60) + " 123-45-6789 " + strings.Repeat("y", 50) + "password",
		"match over a batch's edge":      strings.Repeat("z", 2040) + " 123-45-6789 paſſword",
		"kelvin just behind a batch":     strings.Repeat("z", 2045) + "paſſword" + strings.Repeat(" ", 100),
		"alternatives prefer the first":  "abcd acd abbcd",
		"one position after another":     strings.Repeat("a@b.cd", 50),
		"letters of several widths meet": "éclair 3 ß9 äöü1 \u212a\u212a\u212a7",
	}
	n := 0
	for name, text := range cases {
		t.Run(name, func(t *testing.T) { n += compare(t, db, oracle, []byte(text)) })
	}
	if n < 100 {
		t.Errorf("compared %d matches, want 100 or more", n)
	}
}

// randomExpr makes an expression that has something to anchor on more often than not.
func randomExpr(r *rand.Rand, depth int) string {
	atoms := []string{
		"a", "b", "s", "k", "S", "0", "1", "-", "@", "\\.", " ", "ab", "sk", "key", "pass", "é", "ß", "ſ", "\u212a", "社",
		"[a-c]", "[^a]", "[0-9]", "\\d", "\\w", "\\s", "\\pL", "[é-ü]", ".", "(?s:.)", "\\x{FFFD}", "[k-s]", "\\W", "\\b", "\\B", "^", "$",
		"(?m:^)", "(?m:$)", "\\A", "\\z", "[ſ-ƀ]", "\U0001F600",
	}
	if depth <= 0 || r.IntN(4) == 0 {
		return atoms[r.IntN(len(atoms))]
	}
	sub := func() string { return randomExpr(r, depth-1) }
	switch r.IntN(8) {
	case 0:
		return "(?:" + sub() + "|" + sub() + ")"
	case 1:
		ops := []string{"*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{0,2}?", "{2,}"}
		return "(?:" + sub() + ")" + ops[r.IntN(len(ops))]
	case 2:
		return "(?i:" + sub() + sub() + ")"
	case 3:
		return "(" + sub() + ")"
	default:
		return sub() + sub() + sub()
	}
}

func randomText(r *rand.Rand) []byte {
	frags := []string{
		"a", "b", "s", "k", "S", "K", "0", "1", "12", "-", "@", ".", " ", "\n", "ab", "sk", "key", "Key", "pass", "paſs", "é", "É", "ß", "ẞ",
		"ſ", "\u212a", "社", "\xff", "\xc5", "\xe2\x84", "\xbf", "\xed\xa0\x80", "\U0001F600", "\ufffd", "_", "x", "ÿ", "\x00", "\xc5\xbf\xbf",
	}
	var b bytes.Buffer
	for n := r.IntN(40); n > 0; n-- {
		f := frags[r.IntN(len(frags))]
		b.WriteString(strings.Repeat(f, 1+r.IntN(2)*r.IntN(5)))
	}
	if r.IntN(4) == 0 {
		return append(bytes.Repeat([]byte(frags[r.IntN(len(frags))]), r.IntN(2200)), b.Bytes()...)
	}
	return b.Bytes()
}

// TestRandomPatternsEqualRegexp compares random patterns on random texts, in SCAN_ROUNDS
// rounds of 12 patterns and 30 texts, from SCAN_SEED on.
func TestRandomPatternsEqualRegexp(t *testing.T) {
	r := rand.New(rand.NewPCG(uint64(texts.Number(t, "SCAN_SEED", 1)), 2))
	rounds := 150
	if testing.Short() {
		rounds = 50
	}
	rounds = texts.Number(t, "SCAN_ROUNDS", rounds)
	matches := 0
	for range rounds {
		var exprs []string
		for len(exprs) < 12 {
			e := randomExpr(r, 3)
			if _, err := regexp.Compile(e); err == nil {
				exprs = append(exprs, e)
			}
		}
		db, oracle := compiled(t, exprs)
		for range 30 {
			matches += compare(t, db, oracle, randomText(r))
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	if matches < rounds {
		t.Errorf("compared %d matches, want %d or more", matches, rounds)
	}
}
