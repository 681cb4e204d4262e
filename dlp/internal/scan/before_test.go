package scan

import (
	"math/rand/v2"
	"testing"

	"github.com/sluice-dlp/sluice/dlp/internal/texts"
)

// Where a match begins is read backwards from its anchor, and the first place wins.
func TestBackwardsEqualsRegexp(t *testing.T) {
	exprs := []string{
		`\b(?:25[0-5]|2[0-4]\d|1?\d?\d)\.\d{3}\.`, `[A-ZÄ]{1,3}[- ][A-Z]{2}[1-9]`, `(?i)s{1,3}:[a-z]{3}`, `[ab]?b?[a-z]?@\d\d`, `(?:[a-z]b|c[a-z]b|[a-z])=[x-z]{2}`,
		`[a-z]{1,3}[a-z]{1,3}:[x-z]{2}`, `\pL{0,2}\.\d\d`, `\s?\x{FFFD}=x`, `\b\w{1,3}?-[A-Z]{2}`, `\b[a-z:]{1,3}:[x-z]{2}`, `\d{1,3}(?:\b\.|x)=y`,
	}
	db, oracle := compiled(t, exprs)
	for i := range exprs {
		if got, want := newBefore(&db.patterns[i]) != noBefore, i < len(exprs)-2; got != want {
			t.Errorf("%s is read backwards: %v, want %v (%s)", exprs[i], got, want, db.Explain(i))
		}
	}
	r := rand.New(rand.NewPCG(uint64(texts.Number(t, "SCAN_SEED", 1)), 9))
	parts := []string{"1", "12", ".", ".", "123", "A", "Ä", "B", " ", "-", "AB1", "s", "S", "ſ", ":", "abc", "xy", "@", "@12", "=", "=xy", "cab", "ab", "é", "\xff", "\n", "x"}
	compareMixed(t, db, oracle, r, parts)
}
