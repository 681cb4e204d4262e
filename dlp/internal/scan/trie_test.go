package scan

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

func TestWordsEqualTheirExpression(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 9))
	frags := []string{"a", "b", "ab", "s", "k", "S", "K", "ſ", "\u212a", "é", "É", "ß", "-", " ", "tax", "tax return", "project x", "1", "\ufffd", "社", "Ⅷ"}
	word := func() string {
		var b strings.Builder
		for range 1 + r.IntN(4) {
			b.WriteString(frags[r.IntN(len(frags))])
		}
		return b.String()
	}
	matches := 0
	for range 300 {
		var ps []Pattern
		var oracle []*regexp.Regexp
		for i := range 8 {
			p := Pattern{Fold: i&1 != 0, WholeWord: i&2 != 0}
			for range 1 + r.IntN(30*(i>>2)+4) {
				p.Words = append(p.Words, word())
			}
			ps = append(ps, p)
			oracle = append(oracle, regexp.MustCompile(wordsExpr(&p)))
		}
		db, err := Compile(ps, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			var b strings.Builder
			for range r.IntN(60) {
				if r.IntN(3) == 0 {
					p := ps[r.IntN(len(ps))]
					b.WriteString(p.Words[r.IntN(len(p.Words))])
				} else {
					b.WriteString(append(frags, "\xff", "\xc5", "\n")[r.IntN(len(frags)+3)])
				}
			}
			matches += compare(t, db, oracle, []byte(b.String()))
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	if matches < 10_000 {
		t.Errorf("compared %d matches, want 10000 or more", matches)
	}
}
