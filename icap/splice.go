package icap

import (
	"bytes"
	"strconv"
	"strings"
)

// unsized is the length of a body whose Content-Length stays as it is.
const unsized = -1

// splice appends head with m applied: fields that m does not name keep their bytes,
// order and case. length is that of a replaced body, or unsized. via, if any, is added as
// RFC 3507 §4.4.2 says.
func splice(dst, head []byte, m *Modification, length int64, via string) []byte {
	if len(head) == 0 {
		return dst
	}
	line, rest, _ := bytes.Cut(head[:len(head)-2], crlf)
	dst = append(append(dst, line...), crlf...)
	var done uint64 // fields of m.Set that stand already; RFC 9110 §5.2 lists of more than 64 are appended
	coded, sized := false, false
	for len(rest) > 0 {
		var lines []byte
		lines, rest = nextLines(rest)
		name, _, _ := bytes.Cut(lines, colon)
		name = trim(name)
		switch i := indexField(m.Set, name); {
		case length >= 0 && equalFold(name, "content-length"):
			if !sized {
				dst = appendLength(dst, length)
				sized = true
			}
		case i >= 0 && i < 64:
			if done&(1<<i) == 0 {
				dst = appendField(dst, m.Set[i])
				done |= 1 << i
			}
		case i >= 64 || indexName(m.Del, name) >= 0:
		default:
			coded = coded || equalFold(name, "transfer-encoding")
			dst = append(dst, lines...)
		}
	}
	for i, f := range m.Set {
		if (i >= 64 || done&(1<<i) == 0) && !(length >= 0 && strings.EqualFold(f.Name, "Content-Length")) {
			dst = appendField(dst, f)
		}
	}
	if length >= 0 && !sized && !coded {
		dst = appendLength(dst, length)
	}
	if via != "" {
		dst = append(append(append(dst, "Via: ICAP/1.0 "...), via...), crlf...)
	}
	return append(dst, crlf...)
}

func appendLength(dst []byte, n int64) []byte {
	dst = strconv.AppendInt(append(dst, "Content-Length: "...), n, 10)
	return append(dst, crlf...)
}

// indexField returns the first of fields with that name, or -1.
func indexField(fields []Field, name []byte) int {
	for i, f := range fields {
		if equalFoldString(name, f.Name) {
			return i
		}
	}
	return -1
}

func indexName(names []string, name []byte) int {
	for i, n := range names {
		if equalFoldString(name, n) {
			return i
		}
	}
	return -1
}

// appendFields appends the fields that are sound and not reserved.
func appendFields(dst []byte, fields []Field, reserved func(name string) bool) []byte {
	for _, f := range fields {
		if !reserved(f.Name) {
			dst = appendField(dst, f)
		}
	}
	return dst
}

// appendField appends one field line. A field that would break the header is dropped.
func appendField(dst []byte, f Field) []byte {
	if !isToken(f.Name) || !validValue(f.Value) {
		return dst
	}
	dst = append(append(dst, f.Name...), ": "...)
	return append(append(dst, f.Value...), crlf...)
}

func validValue(v string) bool { return !strings.ContainsAny(v, "\r\n\x00") }
