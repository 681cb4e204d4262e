package disguise

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"unicode/utf8"
)

const (
	// blobMargin is how much of the text around decoded bytes is read with them: as much as
	// context words may be away.
	blobMargin = 96

	shortestRun = 16 // characters that are worth decoding: twelve bytes in base64
	whole       = 1024

	maxInflated = 1 << 20 // bytes out of one compressed blob
)

// Decode reads what stands in base64 or hexadecimal, also compressed. It returns nil when
// nothing does. Inside is the view that text is of, or nil: only what that one decoded is
// then looked at again. Budget is how many bytes may be decoded; what was is taken from it.
// Cut says that text begins in the middle of a longer one.
func Decode(text []byte, inside *View, cut bool, budget *int) *View {
	var list []rewrite
	for i := 0; i < len(text) && *budget > 0; {
		b, next := blobAt(text, i, cut && i == 0, *budget)
		if b.long != nil && (inside == nil || inside.decoded(int(b.start), int(b.end))) {
			*budget -= len(b.long)
			list = append(list, b)
		}
		i = next
	}
	if list == nil {
		return nil
	}
	return view(text, list, blobMargin)
}

// alphabet is base64 of both kinds; 0xff: not in it.
var alphabet = func() (a [256]byte) {
	for i := range a {
		a[i] = 0xff
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		a[c] = byte(i)
	}
	a['-'], a['_'] = 62, 63
	return a
}()

// run returns the end of the run of base64 characters that begins at i.
func run(text []byte, i int) int {
	for i < len(text) && alphabet[text[i]] != 0xff {
		i++
	}
	return i
}

// worthDecoding reports whether the word around i, which begins at from or later, has
// something that decodes, and where the word ends.
func worthDecoding(text []byte, from, i int) (bool, int) {
	for i > from && text[i-1] > ' ' && text[i-1] < utf8.RuneSelf {
		i--
	}
	for i < len(text) && text[i] > ' ' && text[i] < utf8.RuneSelf {
		b, next := blobAt(text, i, false, maxInflated)
		if b.long != nil {
			return true, next
		}
		i = next
	}
	return false, i
}

// blobAt tries to decode what begins at i, and returns where to go on.
func blobAt(text []byte, i int, cut bool, budget int) (b rewrite, next int) {
	if alphabet[text[i]] == 0xff {
		return b, i + 1
	}
	end := run(text, i)
	if end-i <= 2 {
		if b, ok := hexAt(text, i); ok {
			return b, int(b.end)
		}
		return b, end
	}
	if end-i < shortestRun {
		return b, end
	}
	if b, ok := hexAt(text, i); ok {
		return b, int(b.end)
	}
	for shift := range 4 {
		if b, ok := base64At(text, i+shift, end, budget); ok {
			return b, int(b.end)
		}
		if !cut {
			break
		}
	}
	// What is before a slash, or a dash, may be something else: a path, a name.
	tries := 4
	for j := i; j+shortestRun <= end; {
		stop := j
		for stop < end && !outsider(text[stop]) {
			stop++
		}
		if j > i && tries > 0 {
			tries--
			if b, ok := base64At(text, j, end, budget); ok {
				return b, int(b.end)
			}
		}
		if stop < end {
			if b, ok := base64At(text, j, stop, budget); ok {
				return b, int(b.end)
			}
		}
		j = stop + 1
	}
	return b, end
}

// outsider reports a character of the alphabet that is more often something else.
func outsider(c byte) bool { return c == '/' || c == '-' || c == '_' || c == '+' }

// base64At decodes text[i:end], and the lines behind it when they belong to it.
func base64At(text []byte, i, end, budget int) (rewrite, bool) {
	if end-i < shortestRun || !promising(text[i:i+4]) {
		return rewrite{}, false
	}
	r := rewrite{start: int32(i), kind: Base64}
	first := end - i
	out, pieces := make([]byte, 0, min(first, budget)*3/4+3), []seg(nil)
	for {
		pieces = append(pieces, seg{view: int32(len(out)), src: int32(i), end: int32(end), kind: Base64, in: 4, out: 3})
		if out = unbase64(out, text[i:end]); out == nil || len(out) > budget {
			return rewrite{}, false
		}
		next := nextLine(text, end, first)
		if next == 0 {
			break
		}
		i, end = next, run(text, next)
	}
	for n := 0; n < 2 && end < len(text) && text[end] == '='; n++ {
		end++
	}
	r.end = int32(end)
	pieces[len(pieces)-1].end = r.end
	plain, kind := inflated(out, budget)
	if r.long = readable(plain); r.long == nil {
		return rewrite{}, false
	}
	r.kind |= kind
	if r.end-r.start > whole && kind == 0 && &r.long[0] == &out[0] {
		r.segs = pieces
	}
	return r, true
}

// promising reports whether four base64 characters stand for text or for something packed.
func promising(q []byte) bool {
	v := uint32(alphabet[q[0]])<<18 | uint32(alphabet[q[1]])<<12 | uint32(alphabet[q[2]])<<6 | uint32(alphabet[q[3]])
	a, b, c := byte(v>>16), byte(v>>8), byte(v)
	return plausible(a) && (plausible(b) || b == 0) && plausible(c) ||
		a == 0x1f && b == 0x8b && c == 8 || a == 0x78 && (b == 1 || b == 0x5e || b == 0x9c || b == 0xda) ||
		a == 0xef && b == 0xbb && c == 0xbf || a == 0xff && b == 0xfe
}

// plausible reports a byte of a text.
func plausible(c byte) bool {
	return c >= ' ' && c != 0x7f || c == '\n' || c == '\t' || c == '\r'
}

// nextLine returns where a block of base64 of lines of equal length goes on; 0 when it ends
// here.
func nextLine(text []byte, end, length int) int {
	const shortest = 40
	if length < shortest {
		return 0
	}
	i := end
	for i < len(text) && i-end < 16 && (text[i] == '\r' || text[i] == '\n' || text[i] == ' ' || text[i] == '\t') {
		i++
	}
	if i == end || bytes.IndexByte(text[end:i], '\n') < 0 {
		return 0
	}
	stop := run(text, i)
	if stop-i == length || stop-i < length && stop > i && (stop == len(text) || text[stop] == '=' || text[stop] <= ' ' || text[stop] == '"') {
		return i
	}
	return 0
}

// unbase64 appends what src means. It returns nil when src cannot be base64.
func unbase64(dst, src []byte) []byte {
	if len(src)%4 == 1 {
		src = src[:len(src)-1] // cut short
	}
	for len(src) >= 4 {
		v := uint32(alphabet[src[0]])<<18 | uint32(alphabet[src[1]])<<12 | uint32(alphabet[src[2]])<<6 | uint32(alphabet[src[3]])
		dst = append(dst, byte(v>>16), byte(v>>8), byte(v))
		if src = src[4:]; len(dst) == 30 && !early(dst) {
			return nil
		}
	}
	switch len(src) {
	case 2:
		dst = append(dst, alphabet[src[0]]<<2|alphabet[src[1]]>>4)
	case 3:
		dst = append(dst, alphabet[src[0]]<<2|alphabet[src[1]]>>4, alphabet[src[1]]<<4|alphabet[src[2]]>>2)
	}
	return dst
}

// early reports whether the first decoded bytes can go on to something readable: most that
// only look like base64 end here.
func early(b []byte) bool {
	if b[0] == 0x1f || b[0] == 0x78 {
		return true
	}
	bad := 0
	for _, c := range b {
		if !plausible(c) && c != 0 {
			bad++
		}
	}
	return bad == 0
}

// inflated unpacks gzip and zlib.
func inflated(b []byte, budget int) ([]byte, Kind) {
	if len(b) < 8 {
		return b, 0
	}
	var in io.Reader
	var err error
	switch {
	case b[0] == 0x1f && b[1] == 0x8b:
		in, err = gzip.NewReader(bytes.NewReader(b))
	case b[0] == 0x78 && (int(b[0])<<8|int(b[1]))%31 == 0:
		in, err = zlib.NewReader(bytes.NewReader(b))
	default:
		return b, 0
	}
	if err != nil {
		return b, 0
	}
	// What comes before damage, or before the limit, counts.
	out, err := io.ReadAll(io.LimitReader(in, int64(min(maxInflated, budget))))
	if len(out) == 0 || err != nil && !damaged(err) {
		return b, 0
	}
	return out, Gzip
}

func damaged(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, zlib.ErrChecksum) || errors.As(err, &corrupt)
}

// readable returns decoded bytes as text; nil when they are none. UTF-16 is turned into
// UTF-8.
func readable(b []byte) []byte {
	if len(b) < 8 {
		return nil
	}
	if b[0] == 0xff && b[1] == 0xfe {
		b = b[2:]
	}
	if b[1] == 0 && b[3] == 0 && b[5] == 0 {
		return fromUTF16(b)
	}
	ascii := 0
	for i := 0; i < len(b); {
		c := b[i]
		if c < utf8.RuneSelf {
			if !plausible(c) {
				return nil
			}
			i++
			ascii++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 && utf8.FullRune(b[i:]) {
			return nil
		}
		i += size
	}
	if len(b) < 48 && ascii < len(b)/2 { // digits read as Hangul: 0.66666666666666666
		return nil
	}
	return b
}

// fromUTF16 reads little-endian UTF-16 of which half is ASCII.
func fromUTF16(b []byte) []byte {
	out := make([]byte, 0, len(b)/2)
	for i := 0; i+1 < len(b); i += 2 {
		r := rune(b[i]) | rune(b[i+1])<<8
		if r < ' ' && !plausible(byte(r)) {
			return nil
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}
