package dlp

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// hint is one context word. A star at either end lifts the word boundary there.
type hint struct {
	word      string // as the author wrote it, for the evidence
	folded    string
	openStart bool
	openEnd   bool
}

func newHint(word string) hint {
	h := hint{word: word}
	bare := word
	if bare, h.openStart = strings.CutPrefix(bare, "*"); h.openStart {
		h.word = bare
	}
	if bare, h.openEnd = strings.CutSuffix(bare, "*"); h.openEnd {
		h.word = bare
	}
	h.folded = string(bytes.TrimSpace(fold(nil, []byte(bare))))
	first, _ := utf8.DecodeRuneInString(h.folded)
	last, _ := utf8.DecodeLastRuneInString(h.folded)
	h.openStart = h.openStart || unspaced(first)
	h.openEnd = h.openEnd || unspaced(last)
	return h
}

// unspaced reports a letter of a script that puts no spaces between words.
func unspaced(r rune) bool {
	return r >= 0xE00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// surroundings is the folded text around one value, kept because several detectors look at
// the same value, and each at what is around it.
type surroundings struct {
	from, start, end, to int
	folded               []byte
}

// forget is called when the text is another.
func (s *surroundings) forget() { s.from = -1 }

// fold returns text[from:start] and text[end:to] folded. No word reaches across the value.
func (s *surroundings) fold(text []byte, from, start, end, to int) []byte {
	if s.from == from && s.start == start && s.end == end && s.to == to {
		return s.folded
	}
	s.from, s.start, s.end, s.to = from, start, end, to
	for from > 0 && from < start && letterByte(text[from-1]) && letterByte(text[from]) {
		from++ // the far cut went through a word
	}
	s.folded = append(fold(s.folded[:0], text[from:start]), '\n')
	for to < len(text) && to > end && letterByte(text[to-1]) && letterByte(text[to]) {
		to-- // the far cut went through a word
	}
	s.folded = fold(s.folded, text[end:to])
	return s.folded
}

// near looks for the first of the words around text[start:end].
func (h *hints) near(text []byte, start, end int, around *surroundings) (hint, bool) {
	folded := around.fold(text, max(0, start-h.before), start, end, min(len(text), end+h.after))
	for i := range h.words {
		if h.words[i].in(folded) {
			return h.words[i], true
		}
	}
	return hint{}, false
}

// in reports whether folded text holds the word.
func (h *hint) in(folded []byte) bool {
	for at := 0; ; {
		i := bytes.Index(folded[at:], []byte(h.folded))
		if i < 0 {
			return false
		}
		i += at
		end := i + len(h.folded)
		if (h.openStart || i == 0 || !inWord(folded, i)) && (h.openEnd || end == len(folded) || !inWord(folded, end)) {
			return true
		}
		at = i + 1
	}
}

// inWord reports whether folded text has word characters on both sides of i. Fold leaves
// only letters, digits, spaces and line ends.
func inWord(folded []byte, i int) bool {
	return folded[i-1] > ' ' && folded[i] > ' '
}

func letterByte(c byte) bool {
	return c >= utf8.RuneSelf || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// fold appends s in lower case without accents, with one space for every run of other
// characters, between letters and digits, and where camelCase starts a new word.
func fold(dst, s []byte) []byte {
	if !ascii(s) {
		s = norm.NFD.Bytes(s)
	}
	prev := rune(' ') // the last rune of s that was looked at
	for i := 0; i < len(s); {
		r, size := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(s[i:])
		}
		switch {
		case r >= utf8.RuneSelf && unicode.Is(unicode.Mn, r):
			i += size
			continue
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			if n := len(dst); n == 0 || dst[n-1] > ' ' {
				dst = append(dst, ' ')
			}
		default:
			if wordStarts(prev, r, s[i+size:]) {
				dst = append(dst, ' ')
			}
			if r < utf8.RuneSelf {
				if r >= 'A' && r <= 'Z' {
					r += 'a' - 'A'
				}
				dst = append(dst, byte(r))
			} else {
				dst = utf8.AppendRune(dst, unicode.ToLower(r))
			}
		}
		prev, _ = utf8.DecodeRune(s[i:])
		i += size
	}
	return dst
}

// wordStarts reports a border between two letters or digits: "cardNumber", "NHSNumber", "w2".
func wordStarts(prev, r rune, rest []byte) bool {
	if !unicode.IsLetter(prev) && !unicode.IsDigit(prev) {
		return false
	}
	if unicode.IsDigit(prev) != unicode.IsDigit(r) {
		return true
	}
	if !unicode.IsUpper(r) {
		return false
	}
	return !unicode.IsUpper(prev) || len(rest) >= 2 && isLower(rest[0]) && isLower(rest[1])
}

func isLower(c byte) bool { return c >= 'a' && c <= 'z' }

func ascii(s []byte) bool {
	for _, c := range s {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
