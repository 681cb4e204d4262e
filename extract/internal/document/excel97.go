package document

import (
	"encoding/binary"
	"math"
	"strconv"
)

// Records of [MS-XLS] 2.3 that hold text or numbers.
const (
	biffFormula   = 0x06
	biffHeader    = 0x14
	biffFooter    = 0x15
	biffNote      = 0x1c
	biffFilePass  = 0x2f
	biffContinue  = 0x3c
	biffSheet     = 0x85
	biffMulRK     = 0xbd
	biffXF        = 0xe0
	biffSST       = 0xfc
	biffText      = 0x1b6
	biffLabelSST  = 0xfd
	biffNumber    = 0x203
	biffLabel     = 0x204
	biffString    = 0x207
	biffRK        = 0x27e
	biffFormat    = 0x41e
	biffHyperlink = 0x1b8
	biffHeader8   = 0x89c
)

// biff is the state of reading a workbook stream.
type biff struct {
	out     []byte
	formats map[int]string // code by number of the format
	styles  []int          // format by index of the cell's style
	shared  []string
}

// excel97 reads an Excel 97-2003 workbook stream.
func (w *walk) excel97(path string, data []byte) {
	b := biff{formats: map[int]string{}}
	for len(data) >= 4 {
		kind, n := le16(data, 0), le16(data, 2)
		if 4+n > len(data) {
			break
		}
		body := data[4 : 4+n]
		data = data[4+n:]
		if kind == biffFilePass {
			w.note(Encrypted)
			return
		}
		chunks := [][]byte{body}
		for kind != biffContinue && len(data) >= 4 && le16(data, 0) == biffContinue {
			m := le16(data, 2)
			if 4+m > len(data) {
				break
			}
			chunks = append(chunks, data[4:4+m])
			data = data[4+m:]
		}
		b.record(kind, body, chunks)
		if len(b.out) > 1<<20 {
			w.text(path, b.out)
			b.out = b.out[:0:0]
		}
		if w.over {
			return
		}
	}
	w.text(path, b.out)
}

func (b *biff) record(kind int, body []byte, chunks [][]byte) {
	switch kind {
	case biffSST:
		b.sharedStrings(chunks)
	case biffLabelSST:
		if i := le32(body, 6); len(body) >= 10 && i >= 0 && i < len(b.shared) {
			b.line([]byte(b.shared[i]))
		}
	case biffFormat:
		if len(body) > 5 {
			b.formats[le16(body, 0)] = biffChars(body[2:])
		}
	case biffXF:
		b.styles = append(b.styles, le16(body, 2))
	case biffNumber:
		if len(body) >= 14 {
			b.number(le16(body, 4), math.Float64frombits(binary.LittleEndian.Uint64(body[6:])))
		}
	case biffFormula:
		if len(body) >= 14 && le16(body, 12) != 0xffff {
			b.number(le16(body, 4), math.Float64frombits(binary.LittleEndian.Uint64(body[6:])))
		}
	case biffRK:
		if len(body) >= 10 {
			b.number(le16(body, 4), rk(uint32(le32(body, 6))))
		}
	case biffMulRK:
		for i := 4; i+6 <= len(body)-2; i += 6 {
			b.number(le16(body, i), rk(uint32(le32(body, i+2))))
		}
	case biffText: // of a comment or a box: the characters are in the first continuation
		if len(chunks) > 1 && len(chunks[1]) > 1 {
			b.line(biffRunes(chunks[1][1:], chunks[1][0]&1 != 0))
		}
	case biffLabel, biffString, biffNote, biffSheet, biffHeader, biffFooter, biffHyperlink, biffHeader8:
		for _, c := range chunks {
			b.out = append(b.out, runs(c, 2)...)
		}
	}
}

func (b *biff) line(s []byte) { b.out = append(append(b.out, s...), '\n') }

// number writes a number as the sheet shows it, and as it is.
func (b *biff) number(style int, f float64) {
	v := strconv.FormatFloat(f, 'f', -1, 64)
	if style < len(b.styles) {
		if shown := digitMask(v, b.formats[b.styles[style]]); shown != "" {
			b.line([]byte(shown))
		}
	}
	b.line([]byte(v))
}

// rk decodes the short form of numbers ([MS-XLS] 2.5.217).
func rk(v uint32) float64 {
	f := math.Float64frombits(uint64(v&^3) << 32)
	if v&2 != 0 {
		f = float64(int32(v) >> 2)
	}
	if v&1 != 0 {
		f /= 100
	}
	return f
}

// biffChars decodes a string of 16-bit length.
func biffChars(b []byte) string {
	n := le16(b, 0)
	if len(b) < 3 {
		return ""
	}
	size := n
	if b[2]&1 != 0 {
		size *= 2
	}
	return string(biffRunes(b[3:min(len(b), 3+size)], b[2]&1 != 0))
}

func biffRunes(b []byte, wide bool) []byte {
	if wide {
		return appendUTF16(nil, b)
	}
	return latin1(b)
}

// sharedStrings reads the table of strings ([MS-XLS] 2.4.265). A string may be cut by the
// end of a record; the rest of it begins with a new byte of flags.
func (b *biff) sharedStrings(chunks [][]byte) {
	c := cutReader{chunks: chunks}
	c.skip(4)
	total := c.number(4)
	for range min(total, 1<<20) {
		if c.done() {
			return
		}
		n, flags := c.number(2), c.number(1)
		runsOf, ext := 0, 0
		if flags&8 != 0 {
			runsOf = c.number(2)
		}
		if flags&4 != 0 {
			ext = c.number(4)
		}
		s := c.chars(n, flags&1 != 0)
		c.skip(4*runsOf + ext)
		b.shared = append(b.shared, string(s))
	}
}

// cutReader reads over the ends of records.
type cutReader struct {
	chunks [][]byte
	at     int
}

func (c *cutReader) done() bool {
	for len(c.chunks) > 0 && c.at >= len(c.chunks[0]) {
		c.chunks, c.at = c.chunks[1:], 0
	}
	return len(c.chunks) == 0
}

func (c *cutReader) skip(n int) {
	for n > 0 && !c.done() {
		k := min(n, len(c.chunks[0])-c.at)
		c.at, n = c.at+k, n-k
	}
}

func (c *cutReader) number(size int) int {
	v := 0
	for i := range size {
		if c.done() {
			return v
		}
		v |= int(c.chunks[0][c.at]) << (8 * i)
		c.at++
	}
	return v
}

func (c *cutReader) chars(n int, wide bool) []byte {
	var out []byte
	for n > 0 && !c.done() {
		width := 1
		if wide {
			width = 2
		}
		k := min(n, (len(c.chunks[0])-c.at)/width)
		out = append(out, biffRunes(c.chunks[0][c.at:c.at+k*width], wide)...)
		c.at, n = c.at+k*width, n-k
		if n == 0 {
			break
		}
		c.at = len(c.chunks[0])
		if c.done() {
			break
		}
		wide = c.chunks[0][0]&1 != 0
		c.at = 1
	}
	return out
}
