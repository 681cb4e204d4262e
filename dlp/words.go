package dlp

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// wordOptions say how the words of a list are compared.
type wordOptions struct {
	ignoreCase bool
	wholeWord  bool
	confidence Confidence
	named      bool // the words are those of a file
}

// wordList finds any of many words and phrases in one pass. A text costs one look-up a
// position for the hash of the first letters, and where words begin so, one for each of
// their lengths. White space in a phrase stands for any run of it in the text.
type wordList struct {
	wordOptions
	words  map[string]struct{} // folded
	byHead map[uint32][]int    // lengths of the words with that head, in runes, shortest first
	starts [256]bool           // first bytes that a word can start with
}

func newWordList(list []string, o wordOptions) *wordList {
	w := &wordList{wordOptions: o, words: make(map[string]struct{}, len(list)), byHead: map[uint32][]int{}}
	for _, word := range list {
		runes := w.folded(word)
		if len(runes) == 0 {
			continue
		}
		w.words[string(runes)] = struct{}{}
		h := head(runes)
		if at, known := slices.BinarySearch(w.byHead[h], len(runes)); !known {
			w.byHead[h] = slices.Insert(w.byHead[h], at, len(runes))
		}
		w.allowStart(runes[0])
	}
	return w
}

// allowStart marks the bytes that spellings of a first letter can start with.
func (w *wordList) allowStart(r rune) {
	mark := func(r rune) { w.starts[utf8.AppendRune(nil, r)[0]] = true }
	mark(r)
	if w.ignoreCase {
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			mark(f)
		}
	}
}

// headLength is how many letters the hash takes in: enough to tell words apart, and few
// enough that short words have them.
const headLength = 4

func head(runes []rune) uint32 {
	h := uint32(2166136261)
	for i := range min(headLength, len(runes)) {
		h = (h ^ uint32(runes[i])) * 16777619
	}
	return h
}

// folded turns a word into the form in which words are compared.
func (w *wordList) folded(s string) []rune {
	var out []rune
	for _, r := range s {
		r = w.foldRune(r)
		if r == ' ' && (len(out) == 0 || out[len(out)-1] == ' ') {
			continue
		}
		out = append(out, r)
	}
	for len(out) > 0 && out[len(out)-1] == ' ' {
		out = out[:len(out)-1]
	}
	return out
}

func (w *wordList) foldRune(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case !w.ignoreCase:
		return r
	case r < utf8.RuneSelf:
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}
	least := r // of all spellings, so that ſ, s and S agree
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	if least >= 'A' && least <= 'Z' {
		least += 'a' - 'A'
	}
	return least
}

// find implements finder: the longest word at every position, left to right.
func (w *wordList) find(text []byte, hit func(start, end int, c Confidence, evidence string)) {
	if len(w.byHead) == 0 {
		return
	}
	var seen []byte
	for i := 0; i < len(text); {
		if !w.starts[text[i]] || w.wholeWord && i > 0 && inside(text, i) {
			i++
			continue
		}
		if end := w.longestAt(text, i, &seen); end > 0 {
			hit(i, end, w.confidence, "word list")
			i = end
			continue
		}
		i++
	}
}

// longestAt returns where the longest word that starts at i ends; 0 when none does.
func (w *wordList) longestAt(text []byte, i int, seen *[]byte) int {
	h, at, best := uint32(2166136261), i, 0
	*seen = (*seen)[:0]
	var lengths []int
	for n := 1; n <= headLength || len(lengths) > 0; n++ {
		r, next := w.next(text, at)
		if next == at {
			break
		}
		*seen, at = utf8.AppendRune(*seen, r), next
		if n <= headLength {
			h = (h ^ uint32(r)) * 16777619
			lengths = w.byHead[h]
		}
		for len(lengths) > 0 && lengths[0] < n {
			lengths = lengths[1:]
		}
		if len(lengths) == 0 || lengths[0] != n {
			continue
		}
		if _, is := w.words[string(*seen)]; is && (!w.wholeWord || at == len(text) || !inside(text, at)) {
			best = at
		}
	}
	return best
}

// next reads one folded letter of the text; a run of white space is one.
func (w *wordList) next(text []byte, at int) (rune, int) {
	if at >= len(text) {
		return 0, at
	}
	r, size := utf8.DecodeRune(text[at:])
	at += size
	if r = w.foldRune(r); r != ' ' {
		return r, at
	}
	for at < len(text) {
		space, size := utf8.DecodeRune(text[at:])
		if !unicode.IsSpace(space) {
			break
		}
		at += size
	}
	return ' ', at
}

// inside reports that position i of the text lies between two characters of one word.
func inside(text []byte, i int) bool {
	before, _ := utf8.DecodeLastRune(text[:i])
	after, _ := utf8.DecodeRune(text[i:])
	return joins(before) && alnum(after) || joins(after) && alnum(before)
}
