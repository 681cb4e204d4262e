package extract

import (
	"bytes"

	"github.com/sluice-dlp/sluice/extract/internal/budget"
	"github.com/sluice-dlp/sluice/extract/internal/document"
)

const (
	maxURIs    = 64 // data: URIs in one text
	maxURIHead = 256
)

// urisInside adds the files that a text holds as data: URIs, as Markdown has pictures.
func (w *walk) urisInside(path string, l int) {
	const mark = ";base64,"
	value := w.data(l)
	for at, n := 0, 0; n < maxURIs; n++ {
		i := bytes.Index(value[at:], []byte(mark))
		if i < 0 {
			return
		}
		comma := at + i + len(mark)
		end := comma
		for end < len(value) && base64Byte(value[end]) {
			end++
		}
		from := max(at, comma-maxURIHead)
		start := bytes.LastIndex(value[from:comma], []byte("data:"))
		at = end
		if start < 0 || bytes.ContainsAny(value[from+start:comma], " \t\r\n") {
			continue
		}
		start += from
		w.dataURI(w.add(layer{parent: l, codec: slice, start: start, end: end, data: value[start:end]}), fileHint{path: path})
	}
}

// uuInside adds the files that a text holds uuencoded.
func (w *walk) uuInside(path string, l int) {
	text := w.data(l)
	document.UUFiles(text, func(name string, data []byte) bool {
		if !w.left.Expand(len(data)) {
			w.limitGap(path, budget.Expanded)
			return false
		}
		w.file(fileHint{name: name, path: path}, w.add(layer{parent: l, codec: sealed, end: len(text), data: data}))
		return true
	})
}

func base64Byte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/' || c == '-' || c == '_' || c == '='
}

// blob reports a value that is no text whatever its place says: it has zero bytes, or ends
// as an archive does.
func blob(value []byte) bool {
	return bytes.IndexByte(value, 0) >= 0 && !textual(value) || document.IsArchive(value)
}

const (
	leastName   = 12 // bytes of a member's name that may be more than a name
	leastDigits = 7
	mostDigits  = 16 // longer ones are ids
)

// tellingName reports a member's name that is no name of a program: words, or a long
// number. What a person or a tool makes a table of may stand there.
func tellingName(key []byte) bool {
	if len(key) < leastName {
		return false
	}
	digits, blanks, letters := 0, 0, 0
	for _, c := range key {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c == ' ' || c == '@':
			blanks++
		case c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F': // as in hashes
		default:
			letters++
		}
	}
	return blanks > 0 || digits >= leastDigits && digits <= mostDigits && letters == 0
}
