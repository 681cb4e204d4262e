package document

import (
	"bytes"
	"encoding/binary"

	"github.com/sluice-dlp/sluice/extract/internal/charset"
)

const (
	pngMagic    = "\x89PNG\r\n\x1a\n"
	pngOverhead = 12      // of a chunk: size, type, checksum
	maxPNGTexts = 1 << 12 // text chunks of one file; what follows is read as the rest is
)

// png reads the text chunks of a PNG file (PNG, third edition, §11.3.3), packed or not, and
// returns the stretches between them.
func (w *walk) png(path string, data []byte) (rest [][]byte) {
	var text []byte
	from := 0 // where the current stretch begins
	for at, n := len(pngMagic), 0; at+pngOverhead <= len(data) && n < maxPNGTexts && !w.over; {
		kind := string(data[at+4 : at+8])
		size := min(int64(binary.BigEndian.Uint32(data[at:])), int64(len(data)-at-8))
		body := data[at+8:][:size]
		next := min(at+pngOverhead+int(size), len(data))
		if kind == "tEXt" || kind == "zTXt" || kind == "iTXt" {
			rest = append(rest, data[from:at])
			text = w.appendPNGText(text, kind, body)
			from = next
			n++
		}
		if at = next; kind == "IEND" {
			break
		}
	}
	w.text(join(path, "text"), text)
	return append(rest, data[from:])
}

// appendPNGText appends a text chunk: its keyword, and the text with its language, if it has one.
func (w *walk) appendPNGText(out []byte, kind string, body []byte) []byte {
	keyword, text, _ := bytes.Cut(body, []byte{0})
	packed := kind == "zTXt"
	var notes []byte // language and keyword in it
	switch {
	case kind == "iTXt" && len(text) >= 2:
		packed = text[0] == 1
		var language, translated []byte
		language, text, _ = bytes.Cut(text[2:], []byte{0})
		translated, text, _ = bytes.Cut(text, []byte{0})
		notes = bytes.Join([][]byte{language, translated}, []byte{' '})
	case packed && len(text) >= 1:
		text = text[1:] // the method: there is only one
	}
	if packed {
		text = w.read(w.inflater(bytes.NewReader(text[min(2, len(text)):]))) // behind the header of zlib
	}
	for i, part := range [][]byte{keyword, notes, text} {
		if part = bytes.TrimSpace(part); len(part) == 0 {
			continue
		}
		if i > 0 {
			out = append(out, ": "...)
		}
		out = append(out, charset.Detect(part, "").Decode(part)...)
	}
	return append(out, '\n')
}
