package dlp

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"
	"unicode/utf8"

	re2 "github.com/wasilibs/go-re2"

	multi "github.com/sluice-dlp/sluice/dlp/internal/scan"
	sampletexts "github.com/sluice-dlp/sluice/dlp/internal/texts"
	"github.com/sluice-dlp/sluice/profiles"
)

// oracles judge what the matcher finds for one pattern.
type oracles struct {
	std *regexp.Regexp
	re2 *re2.Regexp
}

// TestBuiltinPatternsEqualTheirOracles compares the built-in patterns and a word list with
// RE2 and with package regexp, on as many random texts as SCAN_TEXTS says, with every kernel
// in turn. RE2 judges all texts that are UTF-8; package regexp, which is slow, one in 100 of
// them. RE2 is blind at bytes that are not UTF-8: package regexp judges one in 20 of the
// texts with such, the others are mended first.
func TestBuiltinPatternsEqualTheirOracles(t *testing.T) {
	n := sampletexts.Number(t, "SCAN_TEXTS", 300)
	seed := uint64(sampletexts.Number(t, "SCAN_SEED", 1))
	rules, err := Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	exprs := rules.Expressions()
	judges := make([]oracles, len(exprs))
	ps := make([]multi.Pattern, len(exprs))
	for i, e := range exprs {
		ps[i].Expr, judges[i] = e, oracles{regexp.MustCompile(e), re2.MustCompile(e)}
	}
	list := append(sampletexts.Words(200), "tax", "tax return", "mark", "top secret")
	ps = append(ps, multi.Pattern{Words: list, Fold: true, WholeWord: true})
	var dbs []*multi.DB
	for _, kernel := range multi.Kernels() {
		db, err := multi.Compile(ps, multi.Options{Kernel: kernel})
		if err != nil {
			t.Fatal(err)
		}
		dbs = append(dbs, db)
	}
	r := rand.New(rand.NewPCG(seed, 5)) //nolint:gosec // the same texts for the same seed
	matches, viaRE2, viaStd := 0, 0, 0
	for i := range n {
		text := []byte(sampletexts.Mixed(r, exprs, list))
		std := i%100 == 0
		if !utf8.Valid(text) {
			if std = r.IntN(20) == 0; !std {
				text = bytes.ToValidUTF8(text, []byte("\ufffd"))
			}
		}
		got := make([][][]int, len(ps))
		err := dbs[i%len(dbs)].Scan(t.Context(), text, nil, func(p, start, end int) bool {
			got[p] = append(got[p], []int{start, end})
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		valid := utf8.Valid(text)
		if valid {
			viaRE2++
		}
		if std {
			viaStd++
		}
		for p := range exprs {
			if valid {
				matches += agree(t, fmt.Sprintf("seed %d, text %d, RE2, %s", seed, i, exprs[p]), got[p], judges[p].re2.FindAllIndex(text, -1))
			}
			if std {
				matches += agree(t, fmt.Sprintf("seed %d, text %d, regexp, %s", seed, i, exprs[p]), got[p], judges[p].std.FindAllIndex(text, -1))
			}
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("%d texts × %d patterns: %d judged by RE2, %d by package regexp; %d matches, no difference", n, len(exprs), viaRE2, viaStd, matches)
	if matches < n || viaStd == 0 {
		t.Errorf("compared %d matches in %d texts", matches, n)
	}
}

// agree compares the places of matches.
func agree(t *testing.T, what string, got, want [][]int) int {
	t.Helper()
	if !slices.EqualFunc(got, want, slices.Equal[[]int]) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
	return len(want)
}
