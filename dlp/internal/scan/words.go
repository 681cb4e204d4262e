package scan

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// wordsExpr returns the expression that a word list stands for: the words as alternatives,
// longest first, with \b at each end of a word where a word character is.
func wordsExpr(p *Pattern) string {
	words := slices.Clone(p.Words)
	slices.SortFunc(words, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	words = slices.Compact(words)
	var b strings.Builder
	if p.Fold {
		b.WriteString("(?i)")
	}
	b.WriteString("(?:")
	for i, w := range words {
		if i > 0 {
			b.WriteByte('|')
		}
		if p.WholeWord && isWord(w[0]) {
			b.WriteString(`\b`)
		}
		b.WriteString(regexp.QuoteMeta(w))
		if p.WholeWord && isWord(w[len(w)-1]) {
			b.WriteString(`\b`)
		}
	}
	b.WriteByte(')')
	return b.String()
}
