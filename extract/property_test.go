package extract_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sluice-dlp/sluice/extract"
)

// TestRewriteProperty cuts random spans out of the texts of every known request: the
// result is read again, the texts that were cut are what they should be, and no other has
// changed.
func TestRewriteProperty(t *testing.T) {
	x, cat := extract.New(extract.Options{}), catalogue(t)
	all := loadCases(t)
	for _, f := range cat.Fixtures() {
		all = append(all, labelled{ID: f.File, Method: f.Method, URL: f.URL, Headers: f.Headers, Body: f.Body})
	}
	masks := []string{"[credit_card]", "••••", `say "no" \ to	it` + "\n", "x", "&=+%", "😀"}
	edits := 0
	for n := range 5 * len(all) {
		c := all[n%len(all)]
		r := rand.New(rand.NewPCG(uint64(n), 7))
		in := c.input(t, cat)
		before := x.Extract(t.Context(), in)
		for i, text := range before.Texts {
			start, end, ok := span(r, text.Data)
			if !ok {
				continue
			}
			with := masks[r.IntN(len(masks))]
			t.Run(fmt.Sprintf("%s %s", c.ID, text.Path), func(t *testing.T) {
				out, err := before.Rewrite([]extract.Cut{{Text: i, Start: start, End: end, With: with}})
				if errors.Is(err, extract.ErrNotEditable) {
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				edits++
				again := in
				again.Body = memory{strings.NewReader(string(out))}
				after := x.Extract(t.Context(), again)
				if len(after.Texts) != len(before.Texts) {
					t.Fatalf("%d texts after, %d before", len(after.Texts), len(before.Texts))
				}
				for j, b := range before.Texts {
					want := string(b.Data)
					if j == i {
						want = want[:start] + with + want[end:]
					}
					if strings.HasSuffix(b.Path, " (name)") && b.Role == extract.File {
						want = strings.ReplaceAll(want, "_", " ")
					}
					if got := after.Texts[j]; string(got.Data) != want || got.Role != b.Role {
						t.Errorf("text %d at %s is %.60q, want %.60q", j, got.Path, got.Data, want)
					}
				}
			})
		}
	}
	if edits < 500 {
		t.Errorf("%d edits, want 500", edits)
	}
}

// span returns a random span in the middle of a text of some length, at the edges of
// characters.
func span(r *rand.Rand, text []byte) (start, end int, ok bool) {
	if len(text) < 24 || !utf8.Valid(text) || text[0] == '{' || text[0] == '[' { // cut at random, JSON in a text is none
		return 0, 0, false
	}
	edge := func(i int) int {
		for i < len(text) && !utf8.RuneStart(text[i]) {
			i++
		}
		return i
	}
	start = edge(8 + r.IntN(len(text)/3))
	end = edge(start + 1 + r.IntN(len(text)/3))
	return start, end, end <= len(text)
}
