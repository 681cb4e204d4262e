package jsontree

import (
	"unicode/utf16"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// Key returns the member name of node i without escapes. It allocates only when the
// name has escapes.
func (t *Tree) Key(i int) []byte {
	n := &t.Nodes[i]
	raw := t.Data[n.KeyStart:n.KeyEnd]
	for _, c := range raw {
		if c == '\\' {
			return AppendUnescaped(nil, raw)
		}
	}
	return raw
}

// Named reports whether node i is a member of an object.
func (t *Tree) Named(i int) bool {
	p := t.Nodes[i].Parent
	return p >= 0 && t.Nodes[p].Kind == Object
}

// Raw returns the bytes of node i as they stand in the input.
func (t *Tree) Raw(i int) []byte { return t.Data[t.Nodes[i].Start:t.Nodes[i].End] }

// Str returns the value of a string without escapes, else nil. It allocates only when
// there are escapes.
func (t *Tree) Str(i int) []byte {
	n := &t.Nodes[i]
	switch {
	case n.Kind != String:
		return nil
	case n.Escaped:
		return AppendUnescaped(nil, t.Raw(i))
	}
	return t.Raw(i)
}

// maxMembers bounds how many members of one object are looked at for a name, so that the
// work stays linear in the input.
const maxMembers = 256

// Child returns the member of object i with that name, or -1. Of two with the same
// name it returns the last, as most readers do.
func (t *Tree) Child(i int, name string) int {
	found := -1
	if t.Nodes[i].Kind != Object {
		return -1
	}
	for c := i + 1; c < t.Nodes[i].Skip && t.Nodes[c].Index < maxMembers; c = t.Nodes[c].Skip {
		if string(t.Key(c)) == name {
			found = c
		}
	}
	return found
}

// Step decodes the beginning of the inside of a string: n bytes of it stand for the m
// bytes in out. A surrogate without its half and bytes that are not an escape stand for
// themselves or U+FFFD, and nothing is lost.
func Step(raw []byte) (n, m int, out [4]byte) {
	if raw[0] != '\\' || len(raw) == 1 {
		out[0] = raw[0]
		return 1, 1, out
	}
	switch c := raw[1]; c {
	case 'n':
		out[0] = '\n'
	case 't':
		out[0] = '\t'
	case 'r':
		out[0] = '\r'
	case 'b':
		out[0] = '\b'
	case 'f':
		out[0] = '\f'
	case 'u':
		r, n := unicode(raw)
		if n == 0 {
			out[0] = 'u'
			return 2, 1, out
		}
		return n, utf8.EncodeRune(out[:], r), out
	default:
		out[0] = c
	}
	return 2, 1, out
}

// unicode decodes \uXXXX, or two of them that are a surrogate pair.
func unicode(raw []byte) (rune, int) {
	r, ok := hex4(raw)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(r) {
		if low, ok := hex4(raw[6:]); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return pair, 12
			}
		}
		return utf8.RuneError, 6
	}
	return r, 6
}

func hex4(raw []byte) (r rune, ok bool) {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return 0, false
	}
	for _, c := range raw[2:6] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// AppendUnescaped appends the value of the inside of a string.
func AppendUnescaped(dst, raw []byte) []byte {
	for len(raw) > 0 {
		plain := 0
		for plain < len(raw) && raw[plain] != '\\' {
			plain++
		}
		dst = append(dst, raw[:plain]...)
		raw = raw[plain:]
		if len(raw) == 0 {
			break
		}
		n, m, out := Step(raw)
		dst = append(dst, out[:m]...)
		raw = raw[n:]
	}
	return dst
}

// AppendEscaped appends s as it must stand inside a string (RFC 8259 §7).
func AppendEscaped(dst, s []byte) []byte {
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c < 0x20 || c == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
