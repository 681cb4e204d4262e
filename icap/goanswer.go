package icap

import (
	"net/http"
	"strings"
)

// answer turns what was collected into a native answer.
func (w *goWriter) answer() Answer {
	a := w.decide()
	if w.code == 0 {
		return a
	}
	a.istag = w.istag()
	return a.With(fieldsOf(w.sent)...)
}

// istag returns the handler's ISTag, if it is one.
func (w *goWriter) istag() string { return strings.Trim(w.sent.Get("ISTag"), `"`) }

func (w *goWriter) decide() Answer {
	reqmod := w.m.native.Method == MethodReqmod
	switch {
	case w.code == 0: // a message that was forgotten must not be lost silently
		return Fail(500)
	case w.err != nil:
		return Fail(503)
	case w.code == http.StatusNoContent:
		return Unmodified()
	case w.code != http.StatusOK && w.code != http.StatusPartialContent:
		return Fail(w.code)
	}
	switch msg := w.message.(type) {
	case *http.Request:
		if msg != nil && reqmod {
			return w.modified(w.requestHead(msg))
		}
	case *http.Response:
		switch {
		case msg == nil:
		case reqmod:
			return w.respond(msg)
		default:
			return w.modified(w.responseHead(msg))
		}
	case nil:
		return w.modified([]byte{})
	}
	return Fail(500)
}

// respond answers a request with an HTTP response.
func (w *goWriter) respond(msg *http.Response) Answer {
	r := Response{Status: msg.StatusCode, Header: fieldsOf(msg.Header)}
	body, err := w.body()
	if err != nil {
		return Fail(503)
	}
	r.written = body
	return Respond(r)
}

// modified answers with the message; head is nil when it is the original one.
func (w *goWriter) modified(head []byte) Answer {
	m := Modification{head: head}
	if w.unchanged() {
		return Modified(m)
	}
	body, err := w.body()
	if err != nil {
		return Fail(503)
	}
	m.ReplaceBody, m.written, m.original, m.keep = true, body, w.original, w.keep
	return Modified(m)
}

// unchanged reports whether what was written is the original body, to its end.
func (w *goWriter) unchanged() bool {
	b := w.m.body
	switch {
	case w.keep:
		return w.written == 0 && w.original == 0
	case !w.hasBody:
		return b.body.None()
	case !w.same:
		return false
	case b.content != nil:
		return b.err == nil && w.written == b.content.Size()
	}
	return b.body.Complete() && w.written == int64(len(b.body.Preview()))
}

// body hands over what was written.
func (w *goWriter) body() (*Content, error) {
	if w.same && w.written > 0 { // a part of the original
		if err := w.copyOriginal(w.written); err != nil {
			return nil, err
		}
	}
	c := &Content{file: w.file, fileSize: w.fileSize, mem: w.mem, size: w.fileSize + int64(len(w.mem))}
	w.file = nil
	return c, nil
}
