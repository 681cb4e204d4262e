package disguise

import (
	"bytes"
	"html"
	"slices"
	"strconv"
	"unicode/utf8"
)

// mendMargin is how much of the text around a rewritten character is read with it: more than
// context words are away from a value.
const mendMargin = 256

// manyRewrites is after how many Mend makes room for as many as they promise to become.
const manyRewrites = 1 << 10

// traits are what the whole text tells about how to read its characters.
type traits struct {
	quotedPrintable bool
	lists           bool // something joins lists of strings
}

func traitsOf(text []byte) traits { return traits{isQuotedPrintable(text), joinsLists(text)} }

// special is 1 for the bytes at which a rewrite can start.
var special = func() (t [256]uint8) {
	for c, is := range leads {
		if is {
			t[c] = 1
		}
	}
	for _, c := range []byte("%&\\=\"'`[<*") {
		t[c] = 1
	}
	return t
}()

// nextSpecial returns where, from i on, the first special byte is, or the end of text.
func nextSpecial(text []byte, i int) int {
	for ; i+8 <= len(text); i += 8 {
		w := (*[8]byte)(text[i:])
		if special[w[0]]|special[w[1]]|special[w[2]]|special[w[3]]|special[w[4]]|special[w[5]]|special[w[6]]|special[w[7]] != 0 {
			break
		}
	}
	for i < len(text) && special[text[i]] == 0 {
		i++
	}
	return i
}

// Mend undoes what disguises single characters. It returns nil when nothing does. Inside is
// the view that text is of, or nil: only what that one decoded is then looked at again.
func Mend(text []byte, inside *View) *View {
	t := traitsOf(text)
	var list []rewrite
	strong := false
	native := 0 // up to here, the word has no Latin letter
	for i := 0; ; {
		if i = nextSpecial(text, i); i == len(text) {
			break
		}
		if foreign(text[i]) {
			if i >= native {
				native = nativeWord(text, i)
			}
			if i < native || lookAlike(text, i) == 0 {
				i++
				continue
			}
		}
		r, size, ok := t.at(text, i)
		if !ok || inside != nil && !inside.decoded(i, int(r.end)) {
			i += size
			continue
		}
		strong = strong || !r.weak
		if len(list) == manyRewrites { // as dense as so far, at the most: growing step by step costs more
			list = slices.Grow(list, min(len(text)-i, manyRewrites*(len(text)/(i+1)+1)))
		}
		list = append(list, r)
		i = int(r.end)
	}
	if !strong {
		return nil
	}
	v := view(text, list, mendMargin)
	v.pieces = true
	return v
}

// at reads the rewrite that starts at i; size is how far to go on when there is none.
func (t traits) at(text []byte, i int) (r rewrite, size int, ok bool) {
	r.start = int32(i)
	end := 0
	switch text[i] {
	case '%':
		r.kind, end = Percent, percent(text, i, &r)
	case '&':
		r.kind, end = Entity, entity(text, i, &r)
	case '\\':
		if n := inARow(text, i, '\\'); n > longestEscape {
			return r, n, false
		}
		r.kind, end = Escape, escape(text, i, &r)
	case '=':
		if t.quotedPrintable {
			r.kind, end = QuotedPrintable, quotedPrintable(text, i, &r)
		}
	case '"', '\'', '`':
		r.kind, end = Split, t.split(text, i)
	case '[': // of a list that is joined to the string behind it
		if t.lists && i+1 < len(text) && closes(text[i+1]) {
			r.kind, r.weak, end = Split, true, i+1
		}
	case '<':
		r.kind = Markup
		end, r.weak = tags(text, i)
	case '*':
		r.kind, end = Markup, emphasis(text, i)
		if end == 0 {
			return r, inARow(text, i, '*'), false
		}
	default:
		if text[i] < utf8.RuneSelf || !mayBeUnusual(text, i) && !foreign(text[i]) {
			return r, 1, false
		}
		c, size := utf8.DecodeRune(text[i:])
		if !unusual(text, i, size, c, &r) {
			return r, size, false
		}
		end = i + size
		if c == softHyphen {
			end = behindBreak(text, end)
		}
	}
	r.end = int32(end)
	return r, 1, end > 0
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// hexNumber reads exactly n hexadecimal digits at i; -1 when they are not there.
func hexNumber(text []byte, i, n int) int {
	if i+n > len(text) {
		return -1
	}
	v := 0
	for _, c := range text[i : i+n] {
		d := hexDigit(c)
		if d < 0 {
			return -1
		}
		v = v<<4 | d
	}
	return v
}

// mostNested is how often a sign may be escaped by itself: %2525252541. Text that is full of
// that would otherwise be read once for each time.
const mostNested = 8

// percent reads %41 and %u0041.
func percent(text []byte, i int, r *rewrite) int {
	if v := hexNumber(text, i+1, 2); v >= 0 {
		end := i + 3
		for n := 1; v == '%' && n < mostNested; n++ {
			inner := hexNumber(text, end, 2)
			if inner < 0 {
				break
			}
			v, end = inner, end+2
		}
		r.n, r.text[0] = 1, byte(v)
		return end
	}
	if i+1 < len(text) && text[i+1] == 'u' {
		if v := hexNumber(text, i+2, 4); v >= 0 && r.set(string(rune(v))) {
			return i + 6
		}
	}
	return 0
}

// longestEntity bounds the name between & and ;.
const longestEntity = 32

// entity reads &amp;, &#65; and &#x41;.
func entity(text []byte, i int, r *rewrite) int {
	n := bytes.IndexByte(text[i:min(len(text), i+longestEntity)], ';')
	if n < 3 {
		return 0
	}
	name := string(text[i : i+n+1])
	plain := html.UnescapeString(name)
	if len(plain) >= len(name) || plain == "" || plain[len(plain)-1] == ';' || !r.set(plain) {
		return 0
	}
	return i + n + 1
}

// longestEscape is how many backslashes in a row are escapes: four levels of strings in strings
// make sixteen. More are a drawing.
const longestEscape = 16

// inARow counts how many of c are in a row from i on, where one is.
func inARow(text []byte, i int, c byte) int {
	n := 1
	for i+n < len(text) && text[i+n] == c {
		n++
	}
	return n
}

// escape reads what stands behind a backslash in strings of programs and JSON, and in
// Markdown.
func escape(text []byte, i int, r *rewrite) int {
	if i+1 >= len(text) {
		return 0
	}
	number := func(from, digits int) int {
		v := hexNumber(text, from, digits)
		if v < 0 || v > utf8.MaxRune || !r.set(string(rune(v))) {
			return 0
		}
		return from + digits
	}
	switch c := text[i+1]; {
	case c == 'u' && i+2 < len(text) && text[i+2] == '{':
		if n := bytes.IndexByte(text[i:min(len(text), i+12)], '}'); n > 3 {
			if end := number(i+3, n-3); end > 0 {
				return end + 1
			}
		}
		return 0
	case c == 'u':
		if high := hexNumber(text, i+2, 4); high&0xfc00 == 0xd800 && i+12 <= len(text) && text[i+6] == '\\' && text[i+7] == 'u' {
			if low := hexNumber(text, i+8, 4); low&0xfc00 == 0xdc00 {
				r.set(string(rune(high&0x3ff<<10 | low&0x3ff + 0x10000)))
				return i + 12
			}
		}
		return number(i+2, 4)
	case c == 'U':
		return number(i+2, 8)
	case c == 'x':
		return number(i+2, 2)
	case c == 'n' || c == 'r' || c == 't' || c == 'f' || c == 'v':
		// Only what follows can be cut off from the letter.
		r.weak = i+2 >= len(text) || !wordByte(text[i+2])
		r.set(map[byte]string{'n': "\n", 'r': "\r", 't': "\t", 'f': "\f", 'v': "\v"}[c])
		return i + 2
	case c == '\n':
		return i + 2 // a line goes on
	case c == '\r' && i+2 < len(text) && text[i+2] == '\n':
		return i + 3
	case c >= '0' && c <= '3' && i+3 < len(text):
		if v, err := strconv.ParseUint(string(text[i+1:i+4]), 8, 8); err == nil {
			r.set(string(rune(v)))
			return i + 4
		}
		return 0
	case c > ' ' && c < utf8.RuneSelf && !wordByte(c):
		r.n, r.text[0] = 1, c
		before, behind := i > 0 && wordByte(text[i-1]), i+2 < len(text) && wordByte(text[i+2])
		switch c { // expressions for searching are full of the others
		case '"', '\'', '/':
			r.weak = !before && !behind
		case '\\':
			r.weak = i+2 >= len(text) || !escaping(text[i+2])
		default:
			r.weak = !before || !behind
		}
		return i + 2
	}
	return 0
}

// escaping reports what a backslash that was escaped itself may have stood in front of.
func escaping(c byte) bool {
	return c == 'n' || c == 'r' || c == 't' || c == 'u' || c == 'U' || c == 'x' || c == '"' || c == '\\' || c == '/'
}

// isQuotedPrintable looks for what only quoted-printable has: soft line breaks inside of
// words and pairs of encoded bytes. A lone =41 may be the beginning of a number.
func isQuotedPrintable(text []byte) bool {
	for i := 0; ; i++ {
		n := bytes.IndexByte(text[i:], '=')
		if n < 0 {
			return false
		}
		if i += n; qpEvidence(text, i) {
			return true
		}
	}
}

func qpEvidence(text []byte, i int) bool {
	if end := softBreak(text, i); end > 0 {
		return i > 0 && text[i-1] != '=' && end < len(text) && text[end] >= ' ' && (text[i-1] > ' ' || text[i-1] == ' ' && text[end] > ' ')
	}
	if i+3 >= len(text) || text[i+1] < '0' || qpByte(text, i) < 0 {
		return false
	}
	return text[i+1] == '3' && text[i+2] == 'D' || text[i+3] == '=' && i+5 < len(text) && qpByte(text, i+3) >= 0
}

// qpByte reads =41; -1 when it is not there. Standard encoders write capitals.
func qpByte(text []byte, i int) int {
	v := hexNumber(text, i+1, 2)
	if v < 0 || text[i+1] >= 'a' || text[i+2] >= 'a' {
		return -1
	}
	return v
}

// softBreak returns where the line goes on behind a = at its end.
func softBreak(text []byte, i int) int {
	if end := behindBreak(text, i+1); end > i+1 {
		return end
	}
	return 0
}

func quotedPrintable(text []byte, i int, r *rewrite) int {
	if end := softBreak(text, i); end > 0 {
		return end
	}
	v := qpByte(text, i)
	if v < 0 {
		return 0
	}
	if (wordByte(byte(v)) || v >= utf8.RuneSelf) && !(i >= 3 && text[i-3] == '=') && !(i+3 < len(text) && text[i+3] == '=') {
		return 0 // an encoder leaves letters and digits alone, and the rest comes in pairs: card=4111…
	}
	r.n, r.text[0] = 1, byte(v)
	return i + 3
}

func wordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// closes reports what cannot be the edge of a string's contents.
func closes(c byte) bool { return c == '"' || c == '\'' || c == '`' || c == '\\' }

// longestJoint bounds what stands between two strings that are joined.
const longestJoint = 48

// split returns the end of what joins two strings: `" + "`. It is 0 when i does not close a
// string that another follows.
func (t traits) split(text []byte, i int) int {
	if i == 0 || text[i-1] < ' ' || closes(text[i-1]) {
		return 0
	}
	operators, spaces := 0, 0
	for j := i + 1; j < min(len(text), i+longestJoint); j++ {
		switch c := text[j]; c {
		case ' ', '\t', '\n', '\r':
			spaces++
		case '+', '.', '&', '|', '\\':
			operators++
		case ',':
			if !t.lists {
				return 0
			}
			operators++
		case '"', '\'', '`':
			if operators+spaces == 0 || operators > 3 || c != text[i] && operators == 0 ||
				j+1 >= len(text) || text[j+1] < ' ' || closes(text[j+1]) || !wordByte(text[i-1]) && !wordByte(text[j+1]) {
				return 0
			}
			return j + 1
		default:
			return 0
		}
	}
	return 0
}
