package icap

import (
	"context"
	"net/http"
	"slices"
	"strings"

	goicap "github.com/go-icap/icap"
)

// Unmodifier is what the ResponseWriter that [GoICAP] hands to handlers implements
// besides goicap.ResponseWriter. Unmodified lets the message pass as it is, however the
// client wants to hear that: 204, or an echo. Nothing may have been written before.
type Unmodifier interface{ Unmodified() }

// OriginalBodyUser is what the ResponseWriter that [GoICAP] hands to handlers implements
// besides goicap.ResponseWriter. UseOriginalBody says that what was written is followed
// by the original body from an offset on; where the client allows it, these bytes need not
// be sent back (206). It is called once, after WriteHeader and any Write.
type OriginalBodyUser interface{ UseOriginalBody(from int64) }

// GoICAP runs a github.com/go-icap/icap handler on this engine, unmodified: it gains
// persistent connections, limits, deadlines, TLS and drain, and the messages it passes on
// keep the order and case of their header fields.
//
// What h answers is collected, a body over the memory threshold in a temporary file,
// and sent when h returns. A body behind a preview is received when h first reads beyond
// the preview. The context of the HTTP request is the call's, and [RequestFrom] finds the
// native request in it. OPTIONS is answered by the engine with the fields that h sets.
//
// The returned Handler may be used by many goroutines at once if h may.
func GoICAP(h goicap.Handler) Handler { return &goHandler{h} }

type goHandler struct{ h goicap.Handler }

type requestKey struct{}

// RequestFrom returns the native request in the context of an HTTP request that a handler
// got through [GoICAP].
func RequestFrom(ctx context.Context) (*Request, bool) {
	r, ok := ctx.Value(requestKey{}).(*Request)
	return r, ok
}

// ServeICAP implements [Handler].
func (g *goHandler) ServeICAP(ctx context.Context, r *Request) Answer {
	m := newGoMessage(ctx, r)
	w := &goWriter{m: m, header: http.Header{}}
	defer w.discard()
	g.h.ServeICAP(w, m.request)
	return w.answer()
}

// options asks the handler what it says to OPTIONS: an answer of fields alone.
func (g *goHandler) options(ctx context.Context, r *Request) Answer {
	m := newGoMessage(ctx, r)
	w := &goWriter{m: m, header: http.Header{}}
	defer w.discard()
	g.h.ServeICAP(w, m.request)
	if w.code != http.StatusOK {
		return Answer{}
	}
	return Answer{fields: fieldsOf(w.sent), istag: w.istag()}
}

// fieldsOf lists header fields, by name.
func fieldsOf(h http.Header) (fields []Field) {
	for name, values := range h {
		for _, v := range values {
			fields = append(fields, Field{name, v})
		}
	}
	slices.SortStableFunc(fields, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	return fields
}

// appendOptions appends the engine's fields of an OPTIONS answer, replaced or completed by
// a handler's. What the engine does for every handler stays as it says.
func (s *service) appendOptions(dst []byte, fields []Field) []byte {
	fields = slices.DeleteFunc(fields, func(f Field) bool {
		return isICAPFraming(f.Name) || indexName([]string{"Methods", "Allow", "Max-Connections"}, []byte(f.Name)) >= 0
	})
	starred := slices.ContainsFunc(fields, func(f Field) bool {
		name := strings.ToLower(f.Name)
		return (name == "transfer-ignore" || name == "transfer-complete") && strings.Contains(f.Value, "*")
	})
	for rest := s.options; len(rest) > 0; {
		name, _, _ := nextField(rest)
		var line []byte
		line, rest = nextLines(rest)
		if indexField(fields, name) < 0 && !(starred && equalFold(name, "transfer-preview")) {
			dst = append(dst, line...)
		}
	}
	for _, f := range fields {
		dst = appendField(dst, f)
	}
	previews := indexField(fields, []byte("Preview")) >= 0 && indexField(fields, []byte("Transfer-Preview")) < 0
	if previews && !starred && s.Preview == noPreview {
		dst = append(dst, "Transfer-Preview: *\r\n"...)
	}
	return dst
}
