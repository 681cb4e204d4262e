package dlp

import "unicode/utf8"

// noiseReach is how far around a match is looked to tell text from other bytes.
const noiseReach = 32

// amidNoise reports whether text[start:end] lies among bytes that are no text, as in a
// picture or an encrypted file: there, short patterns match by chance. NUL, which pads the
// fields of many formats, counts neither way.
func amidNoise(text []byte, start, end int) bool {
	noise, all := 0, 0
	from, to := max(0, start-noiseReach), min(len(text), end+noiseReach)
	for from < start && !utf8.RuneStart(text[from]) { // not in the middle of a character
		from++
	}
	for i := from; i < to; {
		r, size := utf8.DecodeRune(text[i:])
		i += size
		switch {
		case r == 0:
			continue
		case r == utf8.RuneError && size == 1 && i < to, r < ' ' && r != '\t' && r != '\n' && r != '\r', r == 0x7f:
			noise++
		}
		all++
	}
	return all >= noiseReach/2 && noise*5 > all*2
}
