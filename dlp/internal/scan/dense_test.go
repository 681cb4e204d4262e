package scan

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/dlp/internal/texts"
)

// Where candidates are dense, what lies within matches is passed over, and what common
// landmarks rule out.
func TestDenseCandidatesEqualRegexp(t *testing.T) {
	exprs := []string{
		`\b\d{3}-\d{2}-\d{4}\b`, `\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b`, `\d{1,3}(?:\.\d{1,3}){3}`, `[A-Z]{1,3} [A-Z]{1,2}[1-9]`, `\b\d{9}\b`, `(?i)\bkey[=:]\w{3}`,
		`\b(?:[0-9a-f]{2}:){2,}`, `\d{1,2}(?:-\d+)+`, `(?i)key[^\n]{0,24}? (?:to|for)\s\w`, `\bkeys?\b`, `(?i)[a-z]{0,5}key`, `\d{3}-\d{3}|AB C`,
	}
	for n := range manyAlike {
		exprs = append(exprs, `(?i)key[^\n]{0,24}? `+string(rune('a'+n))+`\w`)
	}
	db, oracle := compiled(t, exprs)
	r := rand.New(rand.NewPCG(uint64(texts.Number(t, "SCAN_SEED", 4)), 4))
	parts := []string{"123-45-6789", "12-", "aa:bb:cc:dd:ee:ff", "aa:", "1.1.1.1.1", "AB C1 ", "123456789", "key=abc", "KEY:", " ", "ſ", "\xff", "key", " to ab", "\n", "kind"}
	matches := 0
	for range texts.Number(t, "SCAN_ROUNDS", 200) {
		one := ""
		for range 1 + r.IntN(5) {
			one += parts[r.IntN(len(parts))]
		}
		matches += compare(t, db, oracle, []byte(strings.Repeat(one, 1+r.IntN(4000)/len(one))))
		text := ""
		for len(text) < 1000 {
			text += parts[r.IntN(len(parts))]
		}
		matches += compare(t, db, oracle, []byte(text))
		if t.Failed() {
			t.FailNow()
		}
	}
	if matches < 10_000 {
		t.Errorf("compared %d matches, want 10,000 or more", matches)
	}
}

// A common landmark is not looked for any more where it is nearly everywhere.
func TestCommonLandmarks(t *testing.T) {
	db, _ := compiled(t, []string{`key[^\n]{0,24}? [tf]\w`})
	m := db.patterns[0].landmark()
	if m == nil || !m.common || m.pivot != 0 || m.byte != ' ' {
		t.Fatalf("landmark %+v, want a common one that begins with a blank", m)
	}
	r := db.runs.New().(*run)
	for text, want := range map[string]bool{"key is ": false, "key to ": true} {
		text = strings.Repeat(text, 300)
		r.begin([]byte(text), nil, func(int, int, int) bool { return true })
		if err := r.through(t.Context()); err != nil {
			t.Fatal(err)
		}
		if blind := r.at[0].blind > 0; blind != want {
			t.Errorf("%s: not looked for any more: %v, want %v", text[:7], blind, want)
		}
	}
}
