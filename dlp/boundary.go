package dlp

import (
	"unicode"
	"unicode/utf8"
)

// touchesLeft reports that a match is the end of something longer: its first character is
// a letter or digit, and so is what stands before it, or that is a separator behind a
// digit. (The \b in front of most patterns sees ASCII only and no separators.)
func touchesLeft(text []byte, start, end int) bool {
	if first, _ := utf8.DecodeRune(text[start:end]); !alnum(first) {
		return false
	}
	before, size := utf8.DecodeLastRune(text[:start])
	if !separator(before) {
		return joins(before)
	}
	r, _ := utf8.DecodeLastRune(text[:start-size])
	return unicode.IsDigit(r)
}

// touchesRight reports that a match is the beginning of something longer.
func touchesRight(text []byte, start, end int) bool {
	if last, _ := utf8.DecodeLastRune(text[start:end]); !alnum(last) {
		return false
	}
	after, size := utf8.DecodeRune(text[end:])
	if !separator(after) {
		return joins(after)
	}
	r, _ := utf8.DecodeRune(text[end+size:])
	return unicode.IsDigit(r)
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
