package scan

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sluice-dlp/sluice/dlp/internal/texts"
)

// Numbers with many ways to be written, more than the exact tables have room for, are found as package
// regexp finds them, also beside ſ and K, in windows, and where one way is the beginning of another.
func TestSecondTableEqualsRegexp(t *testing.T) {
	var exprs []string
	for i := range 9 {
		exprs = append(exprs, fmt.Sprintf(`\b[%d-9]\d ?\d ?\d ?\d ?\d ?\d[ks]?\b`, i), fmt.Sprintf(`\b\d{3}(?:[ -]?\d{%d}){1,3}`, 2+i%3))
	}
	exprs = append(exprs, `\b9\d ?\d ?\d ?\d{2}\b`, `\b(?:19|20)?\d{2} ?\d{2} ?\d\b`, `\d{3} \d{3}|12 k`) // keys find some of them
	for i := range 230 {                                                                                  // fill the first table
		exprs = append(exprs, fmt.Sprintf(`\b%d[a-f]\d{6,7}\b`, 100+i))
	}
	db, oracle := compiled(t, exprs)
	if n := len(db.plan.second); n < 2 || !slices.ContainsFunc(db.plan.second, func(t *secondTable) bool { return t.keyed }) {
		t.Fatalf("%d tables beside the first ones, want 2 or more, one for shapes that keys find", n)
	}
	r := rand.New(rand.NewPCG(uint64(texts.Number(t, "SCAN_SEED", 1)), 9))
	parts := []string{" ", " ", "-", "k", "s", "ſ", "\u212a", "é", "\xff", "x", "\n", "123a1234567", "12 3 45 67", "1234 5 6 7k", "345 12 34 56"}
	compareStrung(t, db, oracle, func() int { return r.IntN(120) }, func() string {
		return texts.Random(r, r.IntN(4), texts.Digits) + parts[r.IntN(len(parts))]
	})
	text := []byte(texts.Random(r, 200_000, texts.Digits+"  -k"))
	compare(t, db, oracle, text[:30_000]) // where candidates are dense
	compareWindows(t, db, exprs, text)
}
