package known

import (
	"unicode"
	"unicode/utf8"
)

// word is a run of letters and digits.
type word struct {
	start, end int // in the text
	from, to   int // in the folded text
	digit      bool
}

// words splits text and folds its letters to lower case.
func words(text []byte) (list []word, folded []byte) {
	folded = make([]byte, 0, len(text))
	open := false
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(text[i:])
		}
		digit := unicode.IsDigit(r)
		if !digit && !unicode.IsLetter(r) && !unicode.Is(unicode.Mn, r) && !unicode.Is(unicode.Mc, r) {
			open = false
			i += size
			continue
		}
		if !open {
			open = true
			list = append(list, word{start: i, from: len(folded)})
		}
		folded = utf8.AppendRune(folded, unicode.ToLower(r))
		w := &list[len(list)-1]
		w.end, w.to, w.digit = i+size, len(folded), w.digit || digit
		i += size
	}
	return list, folded
}

// phrase writes words as one value: numbers without what groups them, names with one space
// between words.
func phrase(dst []byte, list []word, folded []byte) []byte {
	number := false
	for _, w := range list {
		number = number || w.digit
	}
	for i, w := range list {
		if i > 0 && !number {
			dst = append(dst, ' ')
		}
		dst = append(dst, folded[w.from:w.to]...)
	}
	return dst
}
