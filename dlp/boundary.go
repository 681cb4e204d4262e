package dlp

import (
	"unicode"
	"unicode/utf8"
)

// touches reports that a match is a part of something longer: its edge is a letter or
// digit, and so is what stands next to it, or that is a separator with a digit behind it.
// (The \b in front of most patterns sees ASCII only and no separators.)
func touches(text []byte, start, end int) bool {
	first, _ := utf8.DecodeRune(text[start:end])
	if alnum(first) {
		before, size := utf8.DecodeLastRune(text[:start])
		if joins(before) {
			return true
		}
		if separator(before) {
			if r, _ := utf8.DecodeLastRune(text[:start-size]); unicode.IsDigit(r) {
				return true
			}
		}
	}
	last, _ := utf8.DecodeLastRune(text[start:end])
	if alnum(last) {
		after, size := utf8.DecodeRune(text[end:])
		if joins(after) {
			return true
		}
		if separator(after) {
			if r, _ := utf8.DecodeRune(text[end+size:]); unicode.IsDigit(r) {
				return true
			}
		}
	}
	return false
}

func alnum(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// joins reports a character that makes one word with a letter or digit next to it.
// Scripts that write without spaces, or add endings to numbers, do not.
func joins(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}
	return unicode.IsDigit(r) || unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic)
}

func separator(r rune) bool {
	return r == '-' || r == '.' || r >= 0x2010 && r <= 0x2015 || r == 0x2212
}
