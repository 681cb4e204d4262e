package scan

import (
	"cmp"
	"math"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

// wordsExpr returns the expression that a word list stands for: the words as alternatives,
// longest first, with \b at each end of a word where a word character is.
func wordsExpr(p *Pattern) string {
	words := slices.Clone(p.Words)
	slices.SortFunc(words, func(a, b string) int {
		return cmp.Or(cmp.Compare(utf8.RuneCountInString(b), utf8.RuneCountInString(a)), cmp.Compare(a, b))
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

// wordsAnchor returns the anchor of a word list: the first bytes of its words. Those of
// words that are too short for a key are joined, so that they need few slots.
func wordsAnchor(p *Pattern, x *expander, r *sample) *anchor {
	x.reset()
	a := &anchor{wordStart: p.WholeWord}
	flags := syntax.Perl
	if p.Fold {
		flags |= syntax.FoldCase
	}
	var short [keyBytes]sequence
	for _, w := range p.Words {
		a.wordStart = a.wordStart && isWord(w[0])
		runes := []rune(w)
		qs, ok := x.expand([]*syntax.Regexp{{Op: syntax.OpLiteral, Flags: flags, Rune: runes[:min(len(runes), window)]}})
		if !ok {
			return nil
		}
		for _, q := range qs {
			n := q.n
			if last := w[len(w)-1] | 0x20; p.WholeWord && n < window && n == len(w) && isWord(w[n-1]) && last != 's' && last != 'k' {
				q.class[n] = behindWord
				q.n++
			}
			switch s := &short[min(n, keyBytes-1)]; {
			case n >= keyBytes:
				a.sequences = append(a.sequences, q)
			case s.n == 0:
				*s = q
			default:
				s.widen(&q)
			}
		}
	}
	a.sequences = merge(a.sequences)
	for i := range short {
		if short[i].n > 0 {
			a.sequences = append(a.sequences, short[i])
		}
	}
	a.weigh(r, math.Inf(1))
	return a
}

// behindWord are the bytes of folded text that can follow a whole word. The letters are
// there for ſ and K, which are no word characters for \b; behind a word that can end with
// one, anything may follow.
var behindWord = func() (s byteSet) {
	for b := range 256 {
		if !isWord(byte(b)) || b == 's' || b == 'k' {
			s.add(byte(b))
		}
	}
	return s
}()
