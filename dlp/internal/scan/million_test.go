package scan

import (
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	re2 "github.com/wasilibs/go-re2"

	"github.com/sluice-dlp/sluice/dlp/internal/texts"
)

var literal = regexp.MustCompile(`[A-Za-z0-9_@.:=-]{2,12}`)

// mixedText strings together what patterns are made of, items that they find, words, and
// damage of several kinds.
func mixedText(r *rand.Rand, exprs, list []string) string {
	var b strings.Builder
	for size := 20 + r.IntN(400); b.Len() < size; {
		var s string
		switch r.IntN(8) {
		case 0, 1:
			parts := literal.FindAllString(exprs[r.IntN(len(exprs))], -1)
			if len(parts) > 0 {
				s = parts[r.IntN(len(parts))]
			}
		case 2, 3:
			s = " " + texts.Item(r) + " "
		case 4:
			s = " " + list[r.IntN(len(list))] + []string{" ", ",", "s", "K", "\u017f"}[r.IntN(5)]
		case 5:
			s = texts.Random(r, 1+r.IntN(90), "0123456789abcdefABCDEFXYZ_-. ")
		case 6:
			s = []string{"ſ", "\u212a", "\xff", "\xc5", "\xe2\x84", "é", "社外秘", "für", "\n", "@", ":", "=", "://", "\x00", "\"", "'"}[r.IntN(16)]
		default:
			s = strings.Repeat([]string{"0", "1 ", "a", "a.", "-", "@", "sk-", "::"}[r.IntN(8)], 1+r.IntN(30))
		}
		switch r.IntN(12) {
		case 0:
			s = strings.ToUpper(s)
		case 1:
			s = strings.NewReplacer("s", "ſ", "k", "\u212a", "S", "ſ", "K", "\u212a").Replace(s)
		case 2:
			if s != "" {
				c := []byte(s)
				c[r.IntN(len(c))] = byte(r.Uint32())
				s = string(c)
			}
		case 3:
			s = strings.Repeat(s, 1+r.IntN(5))
		}
		b.WriteString(s)
	}
	return b.String()
}

// TestMillionTexts compares the pattern list and a word list with package regexp, and on
// valid texts with RE2, on as many random texts as SCAN_TEXTS says, with every kernel in
// turn. Package regexp, which is slow, judges the texts at which RE2 is blind, and some
// others.
func TestMillionTexts(t *testing.T) {
	n := 400
	if s := os.Getenv("SCAN_TEXTS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	seed := uint64(1)
	if s := os.Getenv("SCAN_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	_, exprs := patternList(t)
	list := Pattern{Words: append(texts.Words(200), "tax", "tax return", "mark", "top secret"), Fold: true, WholeWord: true}
	oracle := make([]*re2.Regexp, 0, len(exprs)+1)
	strict := make([]*regexp.Regexp, 0, len(exprs)+1)
	var ps []Pattern
	for _, e := range append(exprs[:len(exprs):len(exprs)], wordsExpr(&list)) {
		ps = append(ps, Pattern{Expr: e})
		oracle = append(oracle, re2.MustCompile(e))
		strict = append(strict, regexp.MustCompile(e))
	}
	ps[len(ps)-1] = list
	var dbs []*DB
	for _, k := range kernels() {
		db, err := Compile(ps, Options{Kernel: k.name})
		if err != nil {
			t.Fatal(err)
		}
		dbs = append(dbs, db)
	}
	r := rand.New(rand.NewPCG(seed, 5))
	matches, viaRE2 := 0, 0
	for i := range n {
		text := []byte(mixedText(r, exprs, list.Words))
		db := dbs[i%len(dbs)]
		if !utf8.Valid(text) || i%50 == 0 {
			matches += compare(t, db, strict, text)
		} else {
			viaRE2++
			matches += compareRE2(t, db, oracle, text)
		}
		if t.Failed() {
			t.Fatalf("text %d of seed %d", i, seed)
		}
	}
	t.Logf("%d texts (%d against RE2), %d matches, no difference", n, viaRE2, matches)
	if matches < n {
		t.Errorf("compared %d matches in %d texts", matches, n)
	}
}

func compareRE2(t *testing.T, db *DB, oracle []*re2.Regexp, text []byte) (matches int) {
	t.Helper()
	got := scanned(t, db, len(oracle), text)
	for p, re := range oracle {
		want := re.FindAllIndex(text, -1)
		matches += len(want)
		same := len(want) == len(got[p])
		for i := 0; same && i < len(want); i++ {
			same = got[p][i] == span{want[i][0], want[i][1]}
		}
		if !same {
			t.Errorf("pattern %d %q on %s: got %v, want RE2's %v", p, re, quote(text), got[p], want)
		}
	}
	return matches
}
