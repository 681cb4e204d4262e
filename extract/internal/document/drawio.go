package document

import (
	"bytes"
	"encoding/base64"

	"github.com/klauspost/compress/flate"
)

// diagrams reads the pages of a drawing of draw.io that are packed: XML with percent signs,
// deflated, in base64.
func (w *walk) diagrams(path string, data []byte, depth int) {
	if !bytes.Contains(data[:min(len(data), 1024)], []byte("<mxfile")) {
		return
	}
	for !w.over {
		_, rest, ok := bytes.Cut(data, []byte("<diagram"))
		if !ok {
			return
		}
		var page []byte
		if page, data, ok = bytes.Cut(rest, []byte("</diagram>")); !ok {
			return
		}
		_, page, _ = bytes.Cut(page, []byte(">"))
		packed := bytes.TrimSpace(page)
		if len(packed) == 0 || bytes.IndexByte(packed, '<') >= 0 {
			continue // as it stands
		}
		raw, err := base64.StdEncoding.AppendDecode(nil, packed)
		if err != nil {
			w.note(Broken)
			continue
		}
		w.member(path, "diagram", unescape(w.read(flate.NewReader(bytes.NewReader(raw)))), depth)
	}
}
