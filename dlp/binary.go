package dlp

import "unicode/utf8"

// noiseReach is how far around a match is looked to tell text from other bytes.
const noiseReach = 32

// amidNoise reports whether text[start:end] is, or lies among, bytes that are no text, as in
// a picture or an encrypted file: there, short patterns match by chance.
func amidNoise(text []byte, start, end int) bool {
	if noise, all := noiseIn(text[start:end], end < len(text)); noise*5 > all {
		return true
	}
	from, to := max(0, start-noiseReach), min(len(text), end+noiseReach)
	for from < start && !utf8.RuneStart(text[from]) { // not in the middle of a character
		from++
	}
	noise, all := noiseIn(text[from:to], true)
	return all >= noiseReach/2 && noise*5 > all*2
}

// noiseIn counts the bytes that are no text, and all. NUL, which pads the fields of many
// formats, counts neither way. Cut says that the last character may be incomplete.
func noiseIn(text []byte, cut bool) (noise, all int) {
	for i := 0; i < len(text); {
		if c := text[i]; c >= ' ' && c < 0x7f {
			i++
			all++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		i += size
		switch {
		case r == 0:
			continue
		case r == utf8.RuneError && size == 1 && (i < len(text) || !cut), r < ' ' && r != '\t' && r != '\n' && r != '\r', r == 0x7f:
			noise++
		}
		all++
	}
	return noise, all
}
