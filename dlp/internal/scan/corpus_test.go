package scan

import (
	_ "embed"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/dlp/internal/texts"
)

//go:embed testdata/patterns.txt
var patternFile string

// patternList returns the names and expressions of testdata/patterns.txt.
func patternList(t testing.TB) (names, exprs []string) {
	t.Helper()
	for line := range strings.Lines(patternFile) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		name, expr, ok := strings.Cut(line, "\t")
		if !ok {
			t.Fatalf("testdata/patterns.txt: no tab in %q", line)
		}
		names, exprs = append(names, name), append(exprs, expr)
	}
	return names, exprs
}

func ordinary(t testing.TB) *texts.Corpora {
	t.Helper()
	c, err := texts.Ordinary()
	if err != nil {
		t.Fatal(err)
	}
	return c
}
