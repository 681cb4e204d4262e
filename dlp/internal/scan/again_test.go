package scan

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/dlp/internal/texts"
)

// What an automaton has read before it does not read again, nor what only looks like it.
func TestTextThatRepeatsEqualsRegexp(t *testing.T) {
	exprs := []string{
		`pass(?:word)?=[^;\s]{2,100}[^;\s.]`, `password[^\n]{0,24}? to \w+`, `(?i)pass\S*é`, `\bpassw\w+=\w{3,20}\b`, `password=.{10,40}?1`,
		`pass[a-z=]{20,40}\b`, `passw[^a]{9,12}`, `passw(?:o|or)rd`, `\b\d{3}-\d{2}-\d{4}\b`, `\b(?:\d{1,3}\.){3}\d{1,3}\b`, `[A-Z]{1,3} [A-Z]{1,2}[1-9]`,
	}
	parts := []string{"password=", "pass", "PASSWORD", "=", " to ", "é", "\xc3", "社", "1", "1.1.1.1", "123-45-6789", "AB C1", " ", ".", ";", "\n", "ſ", "x"}
	db, oracle := compiled(t, exprs)
	r := rand.New(rand.NewPCG(uint64(texts.Number(t, "SCAN_SEED", 1)), 17))
	matches, rounds := 0, texts.Number(t, "SCAN_ROUNDS", 300)
	for range rounds {
		one := ""
		for range 1 + r.IntN(4) {
			one += parts[r.IntN(len(parts))]
		}
		text := []byte(strings.Repeat(one, 1+5000/len(one)))
		matches += compare(t, db, oracle, text)
		for range 10 {
			copy(text[r.IntN(len(text)):], parts[r.IntN(len(parts))])
		}
		matches += compare(t, db, oracle, text)
	}
	if matches < 200*rounds {
		t.Errorf("compared %d matches, want 200 a round or more", matches)
	}
}

// Of a stretch that ends within a rune, which what comes behind tells, only the part before
// it is remembered.
func TestWaysThroughStretches(t *testing.T) {
	cases := map[string]struct {
		text  string
		known bool
	}{
		"a match within":      {"ab0123456789abcdef", true},
		"ends within a rune":  {"ab0123456789abc\xc3\xa9", true},
		"ends with bad bytes": {"ab0123456789abc\xc3x", true},
		"is no ASCII":         {strings.Repeat("\xc3\xa9", 8) + "0123456", false},
		"shorter":             {"ab0123456789abc", false},
	}
	for name, c := range cases {
		db, _ := compiled(t, []string{`(?:ab|é)[é\w]*`})
		r := db.runs.New().(*run)
		steps := [2]int{}
		for k := range steps {
			r.begin([]byte(c.text), nil, func(_, _, _ int) bool { return true })
			r.dense, r.again.luck = true, 1
			if end, want := r.end(&db.patterns[0], 0, &steps[k]), db.patterns[0].end(r.text, 0, new(int)); end != want {
				t.Errorf("%s: ends at %d, want %d", name, end, want)
			}
		}
		if known := steps[1] < 5; known != c.known {
			t.Errorf("%s: %d steps in the first pass, %d in the second", name, steps[0], steps[1])
		}
	}
}
