package document

import (
	"bytes"
	"image"
	_ "image/gif" // for their sizes
	_ "image/jpeg"
	_ "image/png"

	"github.com/sluice-dlp/sluice/extract/internal/budget"
)

// isMedia reports pictures, sound and films.
func isMedia(data []byte) bool {
	for _, magic := range [...]string{"\x89PNG\r\n", "\xff\xd8\xff", "GIF8", "II*\x00", "MM\x00*", "RIFF", "OggS", "ID3", "\x1aE\xdf\xa3", "fLaC", "BM\x36"} {
		if has(data, magic) {
			return true
		}
	}
	return len(data) > 12 && string(data[4:8]) == "ftyp"
}

// maxPixels bounds the pictures that are read by OCR.
const maxPixels = 40_000_000

// picture reads the words in a picture where there is a Helper that can, and what else is
// text in it: comments, EXIF, XMP, text chunks.
func (w *walk) picture(path string, data []byte) {
	stretches := [][]byte{data}
	if has(data, pngMagic) {
		stretches = w.png(path, data)
	}
	var text []byte
	for _, s := range stretches {
		text = append(text, runs(s, leastInBlob)...)
	}
	w.text(path, text)
	if w.help != nil {
		c, _, err := image.DecodeConfig(bytes.NewReader(data))
		if err == nil && c.Width > 0 && c.Height > 0 {
			if int64(c.Width)*int64(c.Height) > maxPixels {
				w.limit(budget.Pixels)
				return
			}
			if text, ok := w.help.Picture(w.left.Context(), data); ok {
				w.text(join(path, "ocr"), text)
				return
			}
		}
	}
	w.unsupported(path)
}

// unsupported notes that the file has no text that can be read; what is nested in another
// file, as a logo in a letter is, does not count.
func (w *walk) unsupported(path string) {
	if path == "" {
		w.note(Unsupported)
	}
}
