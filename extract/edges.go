package extract

import (
	"io"
	"slices"
	"unicode/utf8"

	"github.com/sluice-dlp/sluice/extract/internal/document"
)

// EdgeBytes is how much of each end of an uploaded file [UploadedFile.Edges] returns: a
// value that reaches over two parts of one upload lies within.
const EdgeBytes = 4 << 10

// Edges returns the first and the last bytes of the file, at most [EdgeBytes] of each; nil
// when its bytes are not in this request. They may be part of the body: the caller must
// not change them, and copies what it keeps.
func (f *UploadedFile) Edges() (head, tail []byte) { return f.head, f.tail }

// setEdges keeps the ends of a file in memory.
func (f *UploadedFile) setEdges(data []byte) {
	f.head, f.tail = data[:min(len(data), EdgeBytes)], data[max(0, len(data)-EdgeBytes):]
}

// readEdges keeps the ends of a file that is not in memory.
func (f *UploadedFile) readEdges(head []byte, r *io.SectionReader) {
	f.head = head[:min(len(head), EdgeBytes)]
	tail := make([]byte, min(EdgeBytes, r.Size()))
	n, _ := r.ReadAt(tail, r.Size()-int64(len(tail))) // what is missing was a gap already
	f.tail = tail[:n]
}

// Seam puts the end of one part of a text file and the beginning of the next one together,
// in UTF-8. at is where the second begins in text. It is false when they are no text.
func Seam(before, after []byte) (text []byte, at int, ok bool) {
	for n := 0; n < utf8.UTFMax-1 && len(before) > 0 && before[0]&0xc0 == 0x80; n++ {
		before = before[1:] // the rest of a character that is cut
	}
	raw := slices.Concat(before, after)
	if _, size := utf8.DecodeLastRune(raw); size == 1 {
		raw = trimCut(raw)
	}
	cs, ok := document.Plain(raw)
	if !ok {
		return nil, 0, false
	}
	if cs.UTF8() {
		return raw, min(len(before), len(raw)), true
	}
	text = cs.Decode(raw)
	return text, min(len(cs.Decode(before)), len(text)), true // a cut character decodes to more alone
}

// trimCut takes a character off the end that is cut, unless the text is not UTF-8 at all.
func trimCut(raw []byte) []byte {
	for n := 1; n < utf8.UTFMax && n <= len(raw); n++ {
		if cut := raw[len(raw)-n:]; cut[0] >= 0xc0 && !utf8.FullRune(cut) {
			return raw[:len(raw)-n]
		}
	}
	return raw
}
