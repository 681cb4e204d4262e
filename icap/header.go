package icap

import "bytes"

// Header is a raw header block: the lines as received, in order and case, without
// the start line and without the blank line. It shares the connection's buffer.
type Header struct{ raw []byte }

// Get returns the first value of name without surrounding white space, or nil. name
// is compared without regard to ASCII case. Get does not allocate.
func (h Header) Get(name string) []byte {
	for rest := h.raw; len(rest) > 0; {
		var key, value []byte
		if key, value, rest = nextField(rest); equalFoldString(key, name) {
			return value
		}
	}
	return nil
}

// Each calls f for every field in order until f returns false. It does not allocate.
// The value of a folded field holds the line ends of its folds; a line without a colon
// has no name and is its own value.
func (h Header) Each(f func(name, value []byte) bool) {
	for rest := h.raw; len(rest) > 0; {
		var key, value []byte
		if key, value, rest = nextField(rest); !f(key, value) {
			return
		}
	}
}

// Raw returns the block as received, each line with its CRLF.
func (h Header) Raw() []byte { return h.raw }

// ParseHeader returns raw as a Header, for tests and for tools that read captures.
// Lines may end in CRLF or LF.
func ParseHeader(raw []byte) Header { return Header{raw: raw} }

// nextField cuts the first field, folds included, off a header block.
func nextField(b []byte) (name, value, rest []byte) {
	line, rest := nextLines(b)
	name, value, ok := bytes.Cut(line, colon)
	if !ok {
		return nil, trim(line), rest
	}
	return trim(name), trim(value), rest
}

var colon = []byte(":")

// nextLines cuts one line, with its line end and the folded lines that continue it
// (RFC 9112 §5.2), off a header block.
func nextLines(b []byte) (lines, rest []byte) {
	end := 0
	for {
		i := bytes.IndexByte(b[end:], '\n')
		if i < 0 {
			return b, nil
		}
		end += i + 1
		if end == len(b) || b[end] != ' ' && b[end] != '\t' {
			return b[:end], b[end:]
		}
	}
}
