package disguise

import "bytes"

// shortestHex is how many bytes in hexadecimal are worth reading: a card number is fifteen,
// a social-security number nine.
const shortestHex = 9

// hexAt reads bytes in hexadecimal from i on: "414b4941", "41:4b:49:41", "41 4b 49 41".
func hexAt(text []byte, i int) (rewrite, bool) {
	if hexNumber(text, i, 2) < 0 {
		return rewrite{}, false
	}
	sep, step := byte(0), 2
	if i+2 < len(text) && bytes.IndexByte([]byte(" :-,"), text[i+2]) >= 0 {
		sep, step = text[i+2], 3
	}
	var out []byte
	end := i
	for j := i; ; j += step {
		v := hexNumber(text, j, 2)
		if v < 0 || !plausible(byte(v)) && v != 0 {
			break
		}
		out = append(out, byte(v))
		end = j + 2
		if sep != 0 && (end >= len(text) || text[end] != sep) {
			break
		}
	}
	if len(out) < shortestHex || end < len(text) && wordByte(text[end]) || i > 0 && wordByte(text[i-1]) {
		return rewrite{}, false
	}
	r := rewrite{start: int32(i), end: int32(end), kind: Hex, long: readable(out)}
	if r.long == nil {
		return rewrite{}, false
	}
	if end-i > whole && &r.long[0] == &out[0] {
		r.segs = []seg{{src: r.start, end: r.end, kind: Hex, in: uint8(step), out: 1}}
	}
	return r, true
}

// spacedHex reports whether bytes in hexadecimal with spaces between them stand at i.
func spacedHex(text []byte, i int) bool {
	for n := 0; n < 3 && i > 0 && text[i] != ' '; n++ {
		i--
	}
	if text[i] == ' ' {
		i++
	}
	_, ok := hexAt(text, i)
	return ok
}
