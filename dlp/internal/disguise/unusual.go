package disguise

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// unusual reads a character that looks like an ASCII one, or like nothing.
func unusual(text []byte, i, size int, c rune, r *rewrite) bool {
	r.kind = Unusual
	switch {
	case isTag(c) && inTagRun(text, i):
		r.n, r.text[0] = 1, byte(c)
		return true
	case foreign(text[i]):
		r.n, r.text[0] = 1, lookAlike(text, i)
		r.weak = !besideLatin(text, i)
		return true
	case invisible(c):
		r.kind = Invisible
		end := i + size
		if c == softHyphen {
			end = behindBreak(text, end)
		}
		next := behindInvisible(text, end)
		r.weak = i == 0 || text[i-1] < ' ' || next < ' ' || !graphic(text[i-1]) && !graphic(next) || text[i-1] >= 0x7f || next >= 0x7f
		return true
	case c == 0x20e3: // the frame of a key: one digit in it numbers a list, several are a number
		r.kind = Invisible
		r.weak = i+size >= len(text) || !wordByte(text[i+size])
		return true
	case struck(c):
		r.kind = Invisible
		r.weak = i == 0 || !wordByte(text[i-1])
		return i > 0 && (text[i-1]-'0' < 10 || overlaid(c))
	case dash(c):
		r.weak = !between(text, i, size, func(b byte) bool {
			return b >= '0' && b <= '9' || c < '—' && wordByte(b)
		})
		return r.set("-")
	case c == '\u0085' || c == '\u2800' || c >= utf8.RuneSelf && unicode.IsSpace(c):
		r.weak = !between(text, i, size, wordByte)
		return r.set(" ")
	case c >= '！' && c <= '～': // the full-width forms of ! to ~
		b := byte(c - '！' + '!')
		r.weak = !wordByte(b)
		r.n, r.text[0] = 1, b
		return true
	case unicode.IsDigit(c):
		r.n, r.text[0] = 1, digit(c)
		return true
	case compatible(c):
		plain := norm.NFKC.String(string(c))
		next, _ := utf8.DecodeRune(text[i+size:])
		r.weak = c < 0x10000 && !compatible(next) && !between(text, i, size, wordByte) // one alone is a footnote
		return plain[0] < utf8.RuneSelf && r.set(plain)
	}
	return false
}

// between reports whether the bytes on both sides of a character satisfy is.
func between(text []byte, i, size int, is func(byte) bool) bool {
	return i > 0 && i+size < len(text) && is(text[i-1]) && is(text[i+size])
}

func graphic(c byte) bool { return c > ' ' && c < 0x7f }

// behindInvisible returns the first byte behind a run of invisible characters.
func behindInvisible(text []byte, i int) byte {
	const longest = 64
	for stop := min(len(text), i+longest); i < stop; {
		c, size := utf8.DecodeRune(text[i:])
		if !invisible(c) {
			return text[i]
		}
		i += size
	}
	return 0
}

// invisible reports a character that shows nothing: soft hyphens, joiners, marks of
// direction, fillers, variation selectors, tags.
func invisible(c rune) bool {
	switch {
	case c < 0xad:
		return false
	case c >= 0x200b && c <= 0x200f, c >= 0x202a && c <= 0x202e, c >= 0x2060 && c <= 0x206f,
		c >= 0xfe00 && c <= 0xfe0f, c >= 0xfff9 && c <= 0xfffb, c >= 0x1bca0 && c <= 0x1bca3, c >= 0x1d173 && c <= 0x1d17a, c >= 0x180b && c <= 0x180f, c >= 0xe0000 && c <= 0xe0fff:
		return true
	}
	switch c {
	case softHyphen, 0x34f, 0x61c, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x3164, 0xfeff, 0xffa0:
		return true
	}
	return false
}

// softHyphen shows only where a line is broken.
const softHyphen = 0xad

// behindBreak returns where the next line begins when a line ends at i, else i.
func behindBreak(text []byte, i int) int {
	switch {
	case i < len(text) && text[i] == '\n':
		return i + 1
	case i+1 < len(text) && text[i] == '\r' && text[i+1] == '\n':
		return i + 2
	}
	return i
}

// struck reports marks that are drawn over or under a character. No digit has one in any script,
// and no Latin letter is struck through that way.
func struck(c rune) bool { return c >= 0x300 && c <= 0x36f && c != 0x34f }

// overlaid reports the lines through and under a character.
func overlaid(c rune) bool { return c >= 0x332 && c <= 0x338 }

func dash(c rune) bool {
	return c >= 0x2010 && c <= 0x2015 || c == 0x2043 || c == 0x2212 || c == 0xfe58 || c == 0xfe63 || c == 0xff0d
}

// digit returns the ASCII digit of the same value. Digits lie in blocks of ten.
func digit(c rune) byte {
	for _, r := range unicode.Nd.R16 {
		if c <= rune(r.Hi) {
			return '0' + byte((c-rune(r.Lo))%10)
		}
	}
	for _, r := range unicode.Nd.R32 {
		if c <= rune(r.Hi) {
			return '0' + byte((c-rune(r.Lo))%10)
		}
	}
	return '0'
}

// compatible reports characters that are ASCII in another dress: raised, lowered, circled,
// mathematical, small.
func compatible(c rune) bool {
	switch {
	case c == '²', c == '³', c == '¹':
		return true
	case c >= 0x2070 && c <= 0x208e, // raised and lowered
		c >= 0x2460 && c <= 0x2468, c >= 0x24b6 && c <= 0x24ea, // circled
		c >= 0xfe50 && c <= 0xfe6b, // small
		c >= 0x1d400 && c <= 0x1d7cb,
		c >= 0x1f130 && c <= 0x1f149: // squared
		return true
	}
	return false
}
