package disguise

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
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
// then looked at again. Budget is how many bytes may be decoded; what was, also in vain, is
// taken from it.
// Cut says that text begins in the middle of a longer one.
func Decode(text []byte, inside *View, cut bool, budget *int) *View {
	var list []rewrite
	for i := 0; *budget > 0; {
		b := nextBlob(text, i, len(text), cut, budget)
		if b == nil {
			break
		}
		if i = int(b.end); inside == nil || inside.decoded(int(b.start), i) {
			list = append(list, *b)
		}
	}
	if list == nil {
		return nil
	}
	return view(text, list, blobMargin)
}

// nextBlob returns the first blob that begins at from or later, of which it reads most bytes; nil
// when there is none, or the budget is spent.
func nextBlob(text []byte, from, most int, cut bool, budget *int) (b *rewrite) {
	for i := from &^ 7; *budget > 0; i = max(i+8, from&^7) {
		i = nextWord(text, i)
		if i < 0 {
			return nil
		}
		switch signs(text[i:]) {
		case spaced0, spaced1, spaced2:
			b, from = spacedHex(text, from, i, budget)
		case 0:
			start := max(i, from)
			for start > from && alphabet[text[start-1]] != 0xff {
				start--
			}
			part := text[:start+min(len(text)-start, most)]
			if end := run(part, start); end-start >= shortestRun {
				b, from = runAt(part, start, end, cut && start == 0, budget)
			}
		}
		if b != nil {
			return b
		}
	}
	return nil
}

// nextWord returns the first word of eight bytes, from i on, that can lie in a blob, -1 when there is
// none: bytes in hexadecimal with spaces between, or no spaces at all, as then half a word beside
// it has none either. Whatever is long enough for a blob has such a word.
func nextWord(text []byte, i int) int {
	if i+8 > len(text) {
		return -1
	}
	before, now := uint64(0), spaces(binary.LittleEndian.Uint64(text[i:]))
	if i >= 8 {
		before = spaces(binary.LittleEndian.Uint64(text[i-8:]))
	}
	for rest := text[i+8:]; ; rest, i = rest[8:], i+8 {
		next := uint64(0)
		if len(rest) >= 8 {
			next = spaces(binary.LittleEndian.Uint64(rest))
		}
		if halves := before >> 32 * (next & math.MaxUint32); now|halves == 0 || now == spaced0 || now == spaced1 || now == spaced2 {
			return i
		}
		if len(rest) < 8 {
			return -1
		}
		before, now = now, next
	}
}

// spaces has the high bits of those of eight bytes that are below '+' or outside ASCII; behind one
// that is, a '+' may have it, too.
func spaces(x uint64) uint64 { return (sparse(x, '+') | x) & highs }

// signs has those of what may separate bytes in hexadecimal, too.
func signs(b []byte) uint64 {
	x := binary.LittleEndian.Uint64(b)
	return spaces(x) | (sparse(x^ones*':', 1)|sparse(x^ones*',', 1))&highs
}

// Words of bytes in hexadecimal with signs between: where the signs can be.
const (
	spaced0 = 0x0080000080000080
	spaced1 = 0x8000008000008000
	spaced2 = 0x0000800000800000
)

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

// runAt tries to decode the run of base64 from i to end, which may be hexadecimal, and returns where
// to go on.
func runAt(text []byte, i, end int, cut bool, budget *int) (b *rewrite, next int) {
	if b, _ := hexAt(text, i, budget); b != nil {
		return b, int(b.end)
	}
	for shift := range 4 {
		if b := base64At(text, i+shift, end, budget); b != nil {
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
			if b := base64At(text, j, end, budget); b != nil {
				return b, int(b.end)
			}
		}
		if stop < end {
			if b := base64At(text, j, stop, budget); b != nil {
				return b, int(b.end)
			}
		}
		j = stop + 1
	}
	return nil, end
}

// outsider reports a character of the alphabet that is more often something else.
func outsider(c byte) bool { return c == '/' || c == '-' || c == '_' || c == '+' }

// base64At decodes text[i:end], and the lines behind it when they belong to it.
func base64At(text []byte, i, end int, budget *int) *rewrite {
	if end-i < shortestRun || !promising(text[i:i+4]) || !begins(text[i:end]) {
		return nil
	}
	r := &rewrite{start: int32(i), kind: Base64}
	first := end - i
	d, pieces := decoding{out: make([]byte, 0, min(first, decodeBlock)*3/4+3)}, []seg(nil)
	defer func() { *budget -= len(d.out) - min(len(d.out), decodeFree) }()
	for next := i; next >= 0 && len(d.out) <= *budget; next = nextLine(text, end, first) {
		before, stop := len(d.out), end
		if before > 0 {
			stop = run(text, next)
		}
		ok := d.add(text[next:stop])
		if before == 0 && !ok {
			return nil
		}
		if before > 0 && !(ok && d.hopeful()) {
			d.out = d.out[:before] // the lines so far: behind them, a word may stand alone
			break
		}
		pieces = append(pieces, seg{view: int32(before), src: int32(next), end: int32(stop), kind: Base64, in: 4, out: 3})
		end = stop
	}
	for n := 0; n < 2 && end < len(text) && text[end] == '='; n++ {
		end++
	}
	r.end = int32(end)
	if len(d.out) == 0 {
		return nil
	}
	pieces[len(pieces)-1].end = r.end
	plain, kind := inflated(d.out, *budget)
	if kind != 0 {
		*budget -= len(plain)
	}
	long := readable(plain)
	if long == nil {
		return nil
	}
	r.kind, r.blob = r.kind|kind, &blob{long: long}
	if r.end-r.start > whole && kind == 0 && &long[0] == &d.out[0] {
		r.segs = pieces
	}
	return r
}

// begins reports whether the first block of base64 can mean something. Most that looks like it
// ends here, without garbage.
func begins(src []byte) bool {
	var out [firstBlock / 4 * 3]byte
	n, checked, ok := 0, 0, true
	for q := src[:min(len(src)&^3, firstBlock)]; len(q) >= 4 && ok; q = q[4:] {
		out[n], out[n+1], out[n+2] = quad(q)
		if n += 3; n == 6 || len(q) == 4 {
			checked, ok = hopeful(out[:n], checked)
		}
	}
	return ok
}

// quad decodes four characters of base64.
func quad(q []byte) (a, b, c byte) {
	v := uint32(alphabet[q[0]])<<18 | uint32(alphabet[q[1]])<<12 | uint32(alphabet[q[2]])<<6 | uint32(alphabet[q[3]])
	return byte(v >> 16), byte(v >> 8), byte(v)
}

// promising reports whether four base64 characters stand for text or for something packed.
func promising(q []byte) bool {
	a, b, c := quad(q)
	return plausible(a) && (plausible(b) || b == 0) && plausible(c) ||
		a == 0x1f && b == 0x8b && c == 8 || a == 0x78 && (b == 1 || b == 0x5e || b == 0x9c || b == 0xda) ||
		a == 0xef && b == 0xbb && c == 0xbf || a == 0xff && b == 0xfe
}

// plausible reports a byte of a text.
func plausible(c byte) bool {
	return c >= ' ' && c != 0x7f || c == '\n' || c == '\t' || c == '\r'
}

// nextLine returns where a block of base64 of lines of equal length goes on; -1 when it ends
// here.
func nextLine(text []byte, end, length int) int {
	const shortest = 40
	if length < shortest {
		return -1
	}
	i := end
	for i < len(text) && i-end < 16 && (text[i] == '\r' || text[i] == '\n' || text[i] == ' ' || text[i] == '\t') {
		i++
	}
	if i == end || bytes.IndexByte(text[end:i], '\n') < 0 {
		return -1
	}
	stop := run(text, i)
	if stop-i == length || stop-i < length && stop > i && (stop == len(text) || text[stop] == '=' || text[stop] <= ' ' || text[stop] == '"') {
		return i
	}
	return -1
}

// decodeBlock is how many characters of base64 are decoded before what they mean is looked at.
const decodeBlock = 4 << 10

// firstBlock is how many the first time.
const firstBlock = 40

// decodeFree is how much of a decoding does not count: most that is tried ends within it.
const decodeFree = 64

// decoding is decoded for as long as it can mean something: most of what only looks like
// base64 ends within its first line.
type decoding struct {
	out     []byte
	checked int // out[:checked] is text
}

// add decodes more base64. It returns false when the whole is neither text nor packed.
func (d *decoding) add(src []byte) bool {
	if len(src)%4 == 1 {
		src = src[:len(src)-1] // cut short
	}
	for len(src) >= 4 {
		block := min(len(src)&^3, decodeBlock)
		if len(d.out) == 0 {
			block = min(block, firstBlock)
		}
		for q := src[:block]; len(q) >= 4; q = q[4:] {
			a, b, c := quad(q)
			d.out = append(d.out, a, b, c)
		}
		if src = src[block:]; !d.hopeful() {
			return false
		}
		if block == decodeBlock && len(src) > cap(d.out)-len(d.out) {
			d.out = slices.Grow(d.out, len(src)/4*3+2) // it looks good
		}
	}
	switch len(src) {
	case 2:
		d.out = append(d.out, alphabet[src[0]]<<2|alphabet[src[1]]>>4)
	case 3:
		d.out = append(d.out, alphabet[src[0]]<<2|alphabet[src[1]]>>4, alphabet[src[1]]<<4|alphabet[src[2]]>>2)
	}
	return true
}

// hopeful reports whether what is decoded so far can go on to something readable.
func (d *decoding) hopeful() (ok bool) {
	d.checked, ok = hopeful(d.out, d.checked)
	return ok
}

// hopeful reports whether out, of which the first bytes are known to be text, can go on to
// something readable, and how many are known then.
func hopeful(out []byte, checked int) (int, bool) {
	if out[0] == 0x1f || zlibHeader(out) && out[1] != 0 {
		return checked, true // packed
	}
	if out[1] == 0 || out[0] == 0xff { // UTF-16
		for ; checked+1 < len(out); checked += 2 {
			if low := out[checked]; out[checked+1] == 0 && !plausible(low) {
				return checked, false
			}
		}
		return checked, true
	}
	checked += textual(out[checked:])
	return checked, checked == len(out) || !utf8.FullRune(out[checked:])
}

// textual returns how many of the first bytes are whole characters of a text.
func textual(b []byte) int {
	for i := 0; i < len(b); {
		for i+8 <= len(b) {
			x := binary.LittleEndian.Uint64(b[i:])
			if (x|(x+ones))&highs != 0 || sparse(x, ' ') != 0 {
				break // not ASCII, DEL, or a control character
			}
			i += 8
		}
		if i == len(b) {
			break
		}
		if c := b[i]; c < utf8.RuneSelf {
			if !plausible(c) {
				return i
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(b)
}

func zlibHeader(b []byte) bool { return b[0] == 0x78 && (int(b[0])<<8|int(b[1]))%31 == 0 }

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
	case zlibHeader(b):
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

// damaged reports an error that leaves what came before as it is. What stands behind gzip is an
// ErrHeader.
func damaged(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, zlib.ErrChecksum) || errors.As(err, &corrupt)
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
	if n := textual(b); n < len(b) && utf8.FullRune(b[n:]) {
		return nil
	}
	if len(b) < shortForeign && foreignBytes(b) > len(b)/2 {
		return nil
	}
	return b
}

// shortForeign is how long text without ASCII must be: numbers read as base64 look like short
// words in Hangul, 0.66666666666666666 for one.
const shortForeign = 48

func foreignBytes(b []byte) (n int) {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			n++
		}
	}
	return n
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
