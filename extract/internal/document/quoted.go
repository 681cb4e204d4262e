package document

import "bytes"

// QuotedPrintable decodes data into dst[:0], which may be data[:0]: what it yields is never
// longer. It passes over nothing: lines may be longer than RFC 2045 §6.7 allows, an = that
// escapes nothing stands for itself, and blanks at the end of a line stay.
func QuotedPrintable(dst, data []byte) []byte {
	out := dst[:0]
	for len(data) > 0 {
		if has(data, "=\r\n") { // first, since it is what most lines end with
			data = data[len("=\r\n"):]
			continue
		}
		n := 1 // how much of data stands for itself
		if data[0] != '=' {
			if n = bytes.IndexByte(data, '='); n < 0 {
				n = len(data)
			}
		} else if c, ok := quotedByte(data); ok {
			out, data = append(out, c), data[3:]
			continue
		} else if rest, ok := softBreak(data); ok {
			data = rest
			continue
		}
		out, data = append(out, data[:n]...), data[n:]
	}
	return out
}

// quotedByte reads the =XX that data begins with.
func quotedByte(data []byte) (c byte, ok bool) {
	if len(data) < 3 {
		return 0, false
	}
	high, ok1 := Unhex(data[1])
	low, ok2 := Unhex(data[2])
	return high<<4 | low, ok1 && ok2
}

// Unhex returns the value of a hexadecimal digit; ok is false for any other byte.
func Unhex(c byte) (value byte, ok bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// softBreak returns what follows the = at the end of a line, and whether there is one. The
// end of data is the end of a line.
func softBreak(data []byte) (rest []byte, ok bool) {
	i := 1
	for i < len(data) && (data[i] == ' ' || data[i] == '\t') {
		i++
	}
	if i < len(data) && data[i] == '\r' {
		i++
	}
	switch {
	case i == len(data):
		return nil, true
	case data[i] == '\n':
		return data[i+1:], true
	}
	return data, false
}
