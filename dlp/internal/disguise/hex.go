package disguise

import "bytes"

// shortestHex is how many bytes in hexadecimal are worth reading: a card number is fifteen,
// a social-security number nine.
const shortestHex = 9

// hexAt reads bytes in hexadecimal from i on: "414b4941", "0x414b4941", "41:4b:49:41",
// "41 4b 49 41". Its long is nil when there are none; next is where to go on.
func hexAt(text []byte, i int, budget *int) (r rewrite, next int) {
	start := i
	if i+1 < len(text) && text[i] == '0' && text[i+1]|0x20 == 'x' {
		i += 2
	}
	if hexNumber(text, i, 2) < 0 {
		return r, i
	}
	sep, step := byte(0), 2
	if i+2 < len(text) && bytes.IndexByte([]byte(" :-,"), text[i+2]) >= 0 {
		sep, step = text[i+2], 3
	}
	d, end := decoding{out: make([]byte, 0, decodeFree)}, i
	for j := i; len(d.out) <= *budget; j += step {
		v := hexNumber(text, j, 2)
		if v < 0 || !plausible(byte(v)) && v != 0 {
			break
		}
		d.out = append(d.out, byte(v))
		end = j + 2
		if sep != 0 && (end >= len(text) || text[end] != sep) {
			break
		}
		if len(d.out)%decodeFree == 0 && !d.hopeful() {
			return r, i + step*(d.checked+1) // behind what is no text
		}
	}
	out := d.out
	*budget -= len(out) - min(len(out), decodeFree)
	if sep != 0 && len(out) > 0 && end < len(text) && wordByte(text[end]) { // the last is something else
		out, end = out[:len(out)-1], end-step
	}
	if len(out) < shortestHex || end < len(text) && wordByte(text[end]) || start > 0 && wordByte(text[start-1]) {
		return r, end
	}
	long := readable(out)
	if long == nil {
		return rewrite{}, i + step*(textual(out)+1) // behind what is no text
	}
	r.blob = &blob{long: long}
	r.start, r.end, r.kind = int32(start), int32(end), Hex
	if end-i > whole && &long[0] == &out[0] {
		r.segs = []seg{{src: int32(i), end: r.end, kind: Hex, in: uint8(step), out: 1}}
	}
	return r, end
}

// spacedHex reports whether bytes in hexadecimal with spaces between them stand at i, and
// where to go on.
func spacedHex(text []byte, i int, budget *int) (found bool, next int) {
	for n := 0; n < 3 && i > 0 && text[i] != ' '; n++ {
		i--
	}
	if text[i] == ' ' {
		i++
	}
	r, next := hexAt(text, i, budget)
	return r.blob != nil || *budget <= 0, next
}
