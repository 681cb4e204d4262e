package icap

import (
	"bytes"
	"errors"
	"net/http"
	"os"

	goicap "github.com/go-icap/icap"
)

// goWriter collects what a go-icap handler answers.
type goWriter struct {
	m       *goMessage
	header  http.Header
	sent    http.Header // header as it was at WriteHeader
	code    int         // 0: nothing written yet
	message any
	hasBody bool

	same     bool   // what was written so far is how the original body begins
	written  int64  // bytes
	mem      []byte // what was written, once it differs from the original body
	file     *os.File
	fileSize int64
	original int64
	keep     bool
	err      error
}

var (
	_ goicap.ResponseWriter = (*goWriter)(nil)
	_ Unmodifier            = (*goWriter)(nil)
	_ OriginalBodyUser      = (*goWriter)(nil)
)

var errNoBody = errors.New("icap: body written to an answer without one")

// Header implements goicap.ResponseWriter.
func (w *goWriter) Header() http.Header { return w.header }

// WriteHeader implements goicap.ResponseWriter. Only the first call counts.
func (w *goWriter) WriteHeader(code int, message any, hasBody bool) {
	if w.code != 0 {
		return
	}
	w.code, w.message, w.hasBody, w.same = code, message, hasBody, true
	w.sent = w.header.Clone()
}

// Unmodified implements [Unmodifier].
func (w *goWriter) Unmodified() { w.WriteHeader(http.StatusNoContent, nil, false) }

// UseOriginalBody implements [OriginalBodyUser].
func (w *goWriter) UseOriginalBody(from int64) {
	if w.code == 0 || w.keep || from < 0 {
		return
	}
	w.original, w.keep, w.hasBody = from, true, true
}

// Write implements goicap.ResponseWriter. As long as the handler writes back what it
// read, nothing is copied.
func (w *goWriter) Write(p []byte) (int, error) {
	if w.code == 0 {
		w.WriteHeader(http.StatusOK, nil, true)
	}
	if !w.hasBody || w.keep {
		return 0, errNoBody
	}
	if w.same {
		if w.echoes(p) {
			w.written += int64(len(p))
			return len(p), nil
		}
		w.same = false
		if w.err == nil {
			w.err = w.copyOriginal(w.written)
		}
	}
	if w.err == nil {
		w.err = w.collect(p)
	}
	if w.err != nil {
		return 0, w.err
	}
	w.written += int64(len(p))
	return len(p), nil
}

// echoes reports whether p is what the original body has at this place.
func (w *goWriter) echoes(p []byte) bool {
	var buf [4 << 10]byte
	for off := w.written; len(p) > 0; {
		n := w.m.body.peek(buf[:min(len(p), len(buf))], off)
		if n == 0 || !bytes.Equal(buf[:n], p[:n]) {
			return false
		}
		off += int64(n)
		p = p[n:]
	}
	return true
}

// peek copies bytes of the body that the handler has read.
func (b *goBody) peek(p []byte, off int64) int {
	if b.content == nil {
		preview := b.body.Preview()
		return copy(p, preview[min(off, int64(len(preview))):])
	}
	n, _ := b.content.ReadAt(p, off)
	return n
}

// copyOriginal collects the first n bytes of the original body.
func (w *goWriter) copyOriginal(n int64) error {
	buf := make([]byte, min(n, 64<<10))
	for off := int64(0); off < n; {
		m := w.m.body.peek(buf[:min(n-off, int64(len(buf)))], off)
		if m == 0 {
			return errors.New("icap: original body cannot be read again")
		}
		if err := w.collect(buf[:m]); err != nil {
			return err
		}
		off += int64(m)
	}
	return nil
}

// collect keeps p in memory, or over the threshold in a file within the spill budget.
func (w *goWriter) collect(p []byte) error {
	w.mem = append(w.mem, p...)
	srv := w.server()
	if srv == nil || int64(len(w.mem)) <= srv.o.MaxInMemory {
		return nil
	}
	if !srv.spill.take(int64(len(w.mem))) {
		srv.counts.hit(limitSpill)
		return ErrBusy
	}
	var err error
	w.file, err = appendSpill(w.file, srv.o.SpillDir, w.mem, w.fileSize)
	if err != nil {
		srv.spill.give(int64(len(w.mem)))
		srv.o.Log.Error("spill icap answer", "dir", srv.o.SpillDir, "error", err)
		return ErrBusy
	}
	w.fileSize += int64(len(w.mem))
	w.mem = w.mem[:0]
	return nil
}

// server is nil for a request that came from no connection.
func (w *goWriter) server() *Server {
	if c := w.m.native.Body.conn; c != nil {
		return c.srv
	}
	return nil
}

// discard closes the file of an answer that is not used. The engine closes the one of an
// answer that is.
func (w *goWriter) discard() {
	if w.file != nil {
		w.file.Close()
		w.server().spill.give(w.fileSize)
		w.file = nil
	}
}
