package dlp

import (
	"regexp/syntax"
	"testing"
)

func TestOnlyLiteralsThatAreNoWordsNeedNoBoundary(t *testing.T) {
	for expr, want := range map[string]bool{
		`PRJ-77x4-blue`: true, `BLOCKME-7f3a`: true,
		`codename`: false, `PRJ-77`: false, `123456789`: false, `(?i)PRJ-77x4-blue`: false, `PRJ-\d{4}-blue`: false,
	} {
		tree, err := syntax.Parse(expr, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		if got := unlikeWord(tree); got != want {
			t.Errorf("unlikeWord(%s) = %v, want %v", expr, got, want)
		}
	}
}
