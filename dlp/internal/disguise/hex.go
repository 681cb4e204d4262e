package disguise

// shortestHex is how many bytes in hexadecimal are worth reading: a card number is fifteen,
// a social-security number nine.
const shortestHex = 9

// hexAt reads bytes in hexadecimal from i on: "414b4941", "0x414b4941", "41:4b:49:41",
// "41 4b 49 41". It returns nil when there are none; next is where to go on.
func hexAt(text []byte, i int, budget *int) (r *rewrite, next int) {
	start := i
	if i+1 < len(text) && text[i] == '0' && text[i+1]|0x20 == 'x' {
		i += 2
	}
	if hexNumber(text, i, 2) < 0 {
		return nil, i
	}
	sep, step := byte(0), 2
	if i+2 < len(text) && separates(text[i+2]) {
		sep, step = text[i+2], 3
	}
	if n, end := hexPairs(text, i, step, sep); n < shortestHex { // as most of what looks like hexadecimal
		if sep != 0 && n > 0 && end < len(text) && wordByte(text[end]) {
			end -= step // the last is something else
		}
		return nil, end
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
			return nil, i + step*(d.checked+1) // behind what is no text
		}
	}
	out := d.out
	*budget -= len(out) - min(len(out), decodeFree)
	if sep != 0 && len(out) > 0 && end < len(text) && wordByte(text[end]) { // the last is something else
		out, end = out[:len(out)-1], end-step
	}
	if len(out) < shortestHex || end < len(text) && wordByte(text[end]) || start > 0 && wordByte(text[start-1]) {
		return nil, end
	}
	long := readable(out)
	if long == nil {
		return nil, i + step*(textual(out)+1) // behind what is no text
	}
	r = &rewrite{start: int32(start), end: int32(end), kind: Hex, blob: &blob{long: long}}
	if end-i > whole && &long[0] == &out[0] {
		r.segs = []seg{{src: int32(i), end: r.end, kind: Hex, in: uint8(step), out: 1}}
	}
	return r, end
}

// separates reports what may stand between two bytes in hexadecimal.
func separates(c byte) bool { return c == ' ' || c == ':' || c == '-' || c == ',' }

// hexPairs counts the first bytes in hexadecimal, shortestHex at most, that can be of a text, and
// returns where they end.
func hexPairs(text []byte, i, step int, sep byte) (n, end int) {
	for end = i; n < shortestHex; i += step {
		v := hexNumber(text, i, 2)
		if v < 0 || !plausible(byte(v)) && v != 0 {
			break
		}
		n, end = n+1, i+2
		if sep != 0 && (end >= len(text) || text[end] != sep) {
			break
		}
	}
	return n, end
}

// spacedHex reads bytes in hexadecimal with signs between them, from the first one on that begins
// at from or later and leads to those at i, and returns where to go on.
func spacedHex(text []byte, from, i int, budget *int) (b *rewrite, next int) {
	i = max(i, from)
	next = i
	for n := 0; n < 3 && next > from && !separates(text[next]); n++ {
		next--
	}
	if separates(text[next]) {
		next++
	}
	for next-3 >= from && separates(text[next-1]) && text[next-1] == text[next+2] && hexNumber(text, next-3, 2) >= 0 {
		next -= 3
	}
	if next > 0 && wordByte(text[next-1]) && hexNumber(text, next, 2) >= 0 {
		next += 3 // the first is the end of something else
	}
	for next <= i && b == nil && *budget > 0 {
		at := next
		if b, next = hexAt(text, at, budget); next < at+3*shortestHex {
			next = min(max(next, at+1), at+3) // another sign may begin behind the first byte
		}
	}
	return b, next
}
