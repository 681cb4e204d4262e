package document

import (
	"bytes"
	"strings"
)

// appendStyle appends what may be more than a style in a style sheet (CSS Syntax Level 3):
// comments, strings, what is no rule, and whatever has as many digits as the number of an
// account. The rules themselves are a program's, and would make source code of every page. file
// is given what stands there as data: URIs.
func appendStyle(out, css []byte, file func([]byte)) []byte {
	tell := func(text []byte) {
		if text = bytes.TrimSpace(text); len(text) > 0 {
			out = append(append(out, text...), '\n')
		}
	}
	value := func(text []byte) {
		if data, ok := DataURI(text); ok {
			file(data)
		} else {
			tell(text)
		}
	}
	var rule []byte // a selector or declaration without comments and strings
	end := func(with byte) {
		if longNumber(rule) || with != '{' && bytes.IndexByte(rule, ':') < 0 && !bytes.HasPrefix(rule, []byte("@")) {
			tell(rule)
		}
		rule = rule[:0]
	}
	for len(css) > 0 {
		n := 1
		switch c := css[0]; {
		case bytes.HasPrefix(css, []byte("/*")):
			text, _, _ := bytes.Cut(css[2:], []byte("*/"))
			tell(text)
			n = len(text) + 4
		case c == '"' || c == '\'':
			text := quoted(css[1:], c)
			value(text)
			n = len(text) + 2
		case len(css) > 9 && strings.EqualFold(string(css[:9]), "url(data:"):
			text, _, _ := bytes.Cut(css[4:], []byte(")"))
			value(text)
			n = len(text) + 5
		case c == ';' || c == '{' || c == '}':
			end(c)
		case len(rule) > 0 || c > ' ':
			rule = append(rule, c)
		}
		css = css[min(n, len(css)):]
	}
	end(0)
	return out
}

// longNumber reports a number that is longer than measures are, in groups or not.
func longNumber(text []byte) bool {
	digits := 0
	for _, c := range text {
		switch {
		case c >= '0' && c <= '9':
			if digits++; digits == leastDigits {
				return true
			}
		case c != ' ' && c != '-' && c != '.':
			digits = 0
		}
	}
	return false
}

// quoted returns a string up to its closing quote or the end of its line.
func quoted(text []byte, quote byte) []byte {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case quote, '\n':
			return text[:i]
		case '\\':
			i++
		}
	}
	return text
}
