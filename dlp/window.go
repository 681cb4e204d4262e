package dlp

import (
	"errors"
	"io"
	"iter"
)

// Windows bound what is in memory and inside the matcher at a time. A finding belongs to
// the window it starts in; the margins let a value that reaches over the border, and the
// words around one, be seen whole.
const (
	windowSize  = 1 << 20
	leftMargin  = 4 << 10
	rightMargin = 64 << 10
)

// window is a stretch of a text: data starts at offset base, and data[from:to] is what
// this window alone answers for.
type window struct {
	base     int64
	data     []byte
	from, to int
}

// windows yields a text in order; ok is false when it could not be read any further. The
// data of a Reader's window is overwritten by the next.
func windows(t *Text) iter.Seq2[window, bool] {
	return func(yield func(window, bool) bool) {
		size := int64(len(t.Data))
		if t.Reader != nil {
			size = t.Size
		}
		var buf []byte
		for at := int64(0); at < size; at += windowSize {
			from, to := max(0, at-leftMargin), min(size, at+windowSize+rightMargin)
			w := window{base: from, from: int(at - from), to: int(min(size, at+windowSize) - from)}
			if t.Reader == nil {
				w.data = t.Data[from:to]
			} else {
				if buf == nil {
					buf = make([]byte, min(size, windowSize+leftMargin+rightMargin))
				}
				w.data = buf[:to-from]
				if n, err := t.Reader.ReadAt(w.data, from); n < len(w.data) || err != nil && !errors.Is(err, io.EOF) {
					yield(w, false)
					return
				}
			}
			if !yield(w, true) {
				return
			}
		}
	}
}
