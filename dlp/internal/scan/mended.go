package scan

import "unicode/utf8"

// To package regexp a byte that is not UTF-8 is a U+FFFD of width one. RE2 matches nothing
// there. So it gets a copy in which each such byte is a real U+FFFD, and its offsets are
// translated back.

// mended is a copy of a text with its bad bytes replaced.
type mended struct {
	text []byte
	bad  []int // offsets in text of the replacements
}

const replacement = string(utf8.RuneError)

func mend(b []byte) *mended {
	m := &mended{text: make([]byte, 0, len(b)+len(b)/8)}
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			m.text = append(m.text, b[i])
			i++
			continue
		}
		r, w := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && w == 1 {
			m.bad = append(m.bad, len(m.text))
			m.text = append(m.text, replacement...)
		} else {
			m.text = append(m.text, b[i:i+w]...)
		}
		i += w
	}
	return m
}

// translate changes offsets in the copy, in rising order of matches, to those in the
// original.
func (m *mended) translate(found [][]int) {
	k := 0 // replacements that end at or before the offset
	for _, at := range found {
		for j, x := range at {
			for k < len(m.bad) && m.bad[k] < x {
				k++
			}
			at[j] = x - k*(len(replacement)-1)
		}
	}
}
