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
	middle               int // where the value is in folded
	table                table
}

// forget is called when the text is another.
func (s *surroundings) forget() { s.from, s.table = -1, table{folded: s.table.folded} }

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
	s.middle = len(s.folded)
	for to < len(text) && to > end && letterByte(text[to-1]) && letterByte(text[to]) {
		to-- // the far cut went through a word
	}
	s.folded = fold(s.folded, text[end:to])
	return s.folded
}

// hinted is a word found near a value.
type hinted struct {
	hint
	at       int  // in the folded text
	distance int  // bytes of folded text between it and the value
	behind   bool // the value
}

// near looks for the nearest of the words around text[start:end].
func (h *hints) near(text []byte, start, end int, around *surroundings) (hinted, bool) {
	from, to := max(0, start-h.before), min(len(text), end+h.after)
	if !h.begins.in(text[from:start]) && !h.begins.in(text[end:to]) {
		return hinted{}, false
	}
	folded := around.fold(text, from, start, end, to)
	return h.find(folded, around.middle)
}

// find looks for the word of a folded text that is nearest to the value at middle, which no
// word reaches across. Of words equally near, the first in the list counts.
func (h *hints) find(folded []byte, middle int) (hinted, bool) {
	best, found := len(h.words), hinted{distance: len(folded) + 1}
	for i, c := range folded {
		if h.first[c] == 0 {
			continue
		}
		if i-middle > found.distance {
			break
		}
		begins := i == 0 || !inWord(folded, i)
		for _, k := range h.buckets[h.first[c]] {
			away := i - middle
			if i < middle {
				away = middle - 1 - i - len(h.words[k].folded) // without the line end in front of the value
			}
			if (away < found.distance || away == found.distance && k < best) && (begins || h.words[k].openStart) && h.words[k].at(folded, i) {
				best, found = k, hinted{h.words[k], i, away, i >= middle}
			}
		}
	}
	return found, best < len(h.words)
}

// labels reports whether w, a context word, is the value's label, and against, further away,
// another value's: "SSN 515-06-9705, EIN 82-1026499" or "order 4711, card 4956511913338275".
func (w *hinted) labels(against *hinted, around *surroundings) bool {
	const beside = 2 // what stands in front is as near as what is so much nearer behind
	switch {
	case w.behind:
		return false
	case against.behind:
		return w.distance <= against.distance+beside
	case w.distance >= against.distance:
		return false
	}
	digits := 0
	for _, c := range around.folded[against.at:around.middle] {
		if isDigit(c) {
			digits++
		}
	}
	return digits >= 4
}

// index sorts the words by their first byte.
func (h *hints) index() {
	h.buckets = [][]int{nil}
	for k := range h.words {
		c := h.words[k].folded[0]
		if h.first[c] == 0 {
			h.first[c] = uint8(len(h.buckets))
			h.buckets = append(h.buckets, nil)
		}
		h.buckets[h.first[c]] = append(h.buckets[h.first[c]], k)
		h.digits = h.digits || isDigit(c)
		h.begins.add(&h.words[k])
	}
}

// at reports whether the word stands at place i of a folded text.
func (h *hint) at(folded []byte, i int) bool {
	end := i + len(h.folded)
	return end <= len(folded) && string(folded[i:end]) == h.folded &&
		(h.openEnd || end == len(folded) || !inWord(folded, end))
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
	if ascii(s) {
		return foldASCII(dst, s)
	}
	return foldRunes(dst, norm.NFD.Bytes(s))
}

// foldRunes is fold for decomposed text.
func foldRunes(dst, s []byte) []byte {
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

// foldASCII is fold for what most texts consist of.
func foldASCII(dst, s []byte) []byte {
	prev := byte(' ')
	for i, c := range s {
		switch {
		case !letterByte(c) && !isDigit(c):
			if n := len(dst); n == 0 || dst[n-1] > ' ' {
				dst = append(dst, ' ')
			}
		case isUpper(c):
			if isDigit(prev) || isLower(prev) || isUpper(prev) && len(s) > i+2 && isLower(s[i+1]) && isLower(s[i+2]) {
				dst = append(dst, ' ')
			}
			dst = append(dst, c+'a'-'A')
		default:
			if isDigit(prev) != isDigit(c) && (letterByte(prev) || isDigit(prev)) {
				dst = append(dst, ' ')
			}
			dst = append(dst, c)
		}
		prev = c
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

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func ascii(s []byte) bool {
	for _, c := range s {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
