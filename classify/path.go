package classify

import (
	"errors"
	"strings"
)

// Bounds of path matching: beyond them a request has no endpoint, only its app.
const (
	maxPath      = 4096 // bytes of a request path
	maxWildcards = 6    // wildcards of a template
)

// template is a compiled path template. It matches without allocation, and reads percent
// escapes in the request path as the bytes they stand for.
type template []pathToken

type pathToken struct {
	kind pathKind
	text string // of a literal
}

type pathKind uint8

const (
	literal pathKind = iota
	some             // {id}: at least one byte within a segment
	star             // *: any bytes within a segment
	rest             // **: any bytes
)

// parseTemplate compiles "/v1/{id}/files/*" or "**/chat/completions".
func parseTemplate(s string) (template, error) {
	if !strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "**") {
		return nil, errors.New(`must begin with "/" or "**"`)
	}
	if i := strings.IndexAny(s, "?#"); i >= 0 {
		return nil, errors.New("holds a query; write it as when: {query: key=value}")
	}
	var t template
	wild, rests := 0, 0
	for s != "" {
		i := strings.IndexAny(s, "*{")
		if i < 0 {
			i = len(s)
		}
		if i > 0 {
			t = append(t, pathToken{literal, s[:i]})
			s = s[i:]
			continue
		}
		tok, n, err := parseWildcard(s)
		if err != nil {
			return nil, err
		}
		if tok.kind == rest {
			rests++
		}
		wild++
		t, s = append(t, tok), s[n:]
	}
	if rests > 1 {
		return nil, errors.New("holds ** more than once")
	}
	if wild > maxWildcards {
		return nil, errors.New("holds too many wildcards")
	}
	return t, nil
}

func parseWildcard(s string) (pathToken, int, error) {
	if strings.HasPrefix(s, "**") {
		return pathToken{kind: rest}, 2, nil
	}
	if s[0] == '*' {
		return pathToken{kind: star}, 1, nil
	}
	end := strings.IndexByte(s, '}')
	if end < 2 || strings.ContainsAny(s[1:end], "{/*") {
		return pathToken{}, 0, errors.New("holds a { that is no {name}")
	}
	return pathToken{kind: some}, end + 1, nil
}

// match reports whether the template covers all of path. A slash at the end of a path
// makes no difference.
func (t template) match(path string) bool {
	if len(path) > maxPath {
		return false
	}
	if t.matchFrom(path) {
		return true
	}
	return len(path) > 1 && path[len(path)-1] == '/' && t.matchFrom(path[:len(path)-1])
}

func (t template) matchFrom(path string) bool {
	for i, tok := range t {
		if tok.kind == literal {
			n, ok := eatLiteral(path, tok.text)
			if !ok {
				return false
			}
			path = path[n:]
			continue
		}
		return t[i+1:].matchAfter(tok.kind, path)
	}
	return path == ""
}

// matchAfter tries every length that a wildcard of kind k before t may have.
func (t template) matchAfter(k pathKind, path string) bool {
	if len(t) == 0 {
		return k == rest || strings.IndexByte(path, '/') < 0 && (k == star || path != "")
	}
	if k == rest && len(t) == 1 && t[0].kind == literal {
		if strings.HasSuffix(path, t[0].text) {
			return true
		}
		if strings.IndexByte(path, '%') < 0 {
			return false
		}
	}
	first := byte('%') // of the literal that must follow, if there is one
	if t[0].kind == literal {
		first = t[0].text[0]
	}
	for n := 0; ; n++ {
		next := n == len(path) || first == '%' || path[n] == first || path[n] == '%'
		if next && (n > 0 || k != some) && t.matchFrom(path[n:]) {
			return true
		}
		if n == len(path) || (k != rest && path[n] == '/') {
			return false
		}
	}
}

// eatLiteral returns how many bytes of path stand for text. An escaped slash is not a
// slash: RFC 3986 §2.2 makes it data.
func eatLiteral(path, text string) (int, bool) {
	if strings.HasPrefix(path, text) {
		return len(text), true
	}
	n := 0
	for i := range len(text) {
		if n >= len(path) {
			return 0, false
		}
		c, size := path[n], 1
		if c == '%' && n+2 < len(path) {
			if hi, lo := unhex(path[n+1]), unhex(path[n+2]); hi < 16 && lo < 16 && hi<<4|lo != '/' {
				c, size = hi<<4|lo, 3
			}
		}
		if c != text[i] {
			return 0, false
		}
		n += size
	}
	return n, true
}

func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 16
}
