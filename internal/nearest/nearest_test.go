package nearest_test

import (
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/internal/nearest"
)

func TestHint(t *testing.T) {
	known := []string{"block", "allow", "isolate", "log"}
	for word, want := range map[string]string{
		"blok":                     ` (did you mean "block"?)`,
		"ALOW":                     ` (did you mean "allow"?)`,
		"isolat":                   ` (did you mean "isolate"?)`,
		"reject":                   "",
		"x":                        "",
		"":                         "",
		strings.Repeat("log", 100): "",
	} {
		if got := nearest.Hint(word, known); got != want {
			t.Errorf("%.20q: got %q, want %q", word, got, want)
		}
	}
	if got, want := nearest.HintOrAll("reject", known), " (one of block, allow, isolate, log)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
