package extract

import (
	"bytes"
	"context"
	"strings"
	"unicode/utf8"

	"github.com/sluice-dlp/sluice/extract/internal/budget"
	"github.com/sluice-dlp/sluice/extract/internal/charset"
	"github.com/sluice-dlp/sluice/extract/internal/jsontree"
)

// walk is the extraction of one request.
type walk struct {
	x    *Extractor
	in   *Input
	rule *Rule
	doc  *Doc
	left budget.Budget

	trees   []*jsontree.Tree // borrowed from the Extractor
	scratch []byte           // for one path
	paths   strings.Builder  // all paths
	depth   int              // how many decodings lie above the current one
	hit     bool             // a route has led to text of the user
	missed  bool             // no route has, in the whole of the body
	latest  told
}

// mode says how leaves that no route has marked are read.
type mode uint8

const (
	generic mode = iota // no rule, or one that has led nowhere: what people write is the user's
	covered             // a rule has found the user's text: the rest is context
)

func (w *walk) mode() mode {
	switch {
	case w.rule == nil:
		return generic
	case w.rule.activity != "prompt" && w.rule.activity != "":
		return covered
	case w.missed || !w.rule.textRoutes():
		return generic
	}
	return covered
}

func (x *Extractor) extract(ctx context.Context, in *Input) *Doc {
	w := &walk{x: x, in: in, rule: in.Rule, doc: &Doc{}, left: budget.New(ctx, x.limits, x.slots)}
	w.doc.left = &w.left
	defer w.release()
	w.doc.signed = signedBy(in.Header)
	w.doc.fixedSize = sizeAnnounced(in.Header)
	var body []byte
	inMemory := true
	if in.Body != nil {
		if in.Body.Size() > budget.Free && !w.left.Admit() {
			return w.unread()
		}
		body, inMemory = w.bytes(in.Body)
	}
	w.doc.layers = append(make([]layer, 0, 4), layer{parent: -1, data: body})
	w.urlPath()
	w.query()
	switch {
	case !inMemory:
		w.spilled()
	case len(body) > 0:
		w.body()
	}
	w.checkDrift()
	w.fileNames()
	return w.doc
}

// unread leaves a body to the scanner as it is, when there was no time to read it.
func (w *walk) unread() *Doc {
	w.limitGap("body", budget.Time)
	w.doc.Texts = append(w.doc.Texts, Text{Role: Context, Path: "body", Reader: w.in.Body, Size: w.in.Body.Size()})
	return w.doc
}

// release gives the trees back.
func (w *walk) release() {
	for _, t := range w.trees {
		if cap(t.Nodes) > keepNodes {
			continue
		}
		t.Data = nil
		w.x.trees.Put(t)
	}
}

// parse reads JSON into a borrowed tree.
func (w *walk) parse(data []byte) *jsontree.Tree {
	t, ok := w.x.trees.Get().(*jsontree.Tree)
	if !ok {
		t = &jsontree.Tree{}
	}
	t.Parse(data, maxValues)
	w.trees = append(w.trees, t)
	return t
}

const (
	maxValues = 1 << 20 // values of one JSON document
	keepNodes = 1 << 14 // a larger slab is not kept for the next request
	maxTexts  = 1 << 16 // texts of one request
	maxFields = 1 << 14 // fields of one form, parts of one multipart body
)

// add adds a layer and returns its index.
func (w *walk) add(l layer) int {
	w.doc.layers = append(w.doc.layers, l)
	return len(w.doc.layers) - 1
}

func (w *walk) data(l int) []byte { return w.doc.layers[l].data }

// text adds the data of layer l as a text.
func (w *walk) text(role Role, path string, l int) {
	data := w.data(l)
	if len(bytes.TrimSpace(data)) == 0 {
		return
	}
	if w.full() {
		w.crowded(l)
		return
	}
	w.doc.Texts = append(w.doc.Texts, Text{Role: role, Path: path, Data: data, Size: int64(len(data)), edit: edit{l + 1}})
	if role != File { // of files it is read with the rest that they hold
		w.uuInside(path, l)
	}
}

// full reports that there is room for no more texts.
func (w *walk) full() bool { return len(w.doc.Texts) >= maxTexts }

// crowded leaves what holds layer l to the scanner as it stands, once: there are too many
// texts in it to look at each.
func (w *walk) crowded(l int) {
	w.limitGap("body", budget.Values)
	if len(w.doc.Texts) > maxTexts {
		return
	}
	for at := &w.doc.layers[l]; at.parent >= 0 && (at.codec == slice || at.codec == jsonText || at.codec == percent); at = &w.doc.layers[l] {
		l = at.parent
	}
	w.asItStands(l, 0, "body")
}

// asItStands leaves the end of layer l to the scanner.
func (w *walk) asItStands(l, from int, path string) {
	rest := w.data(l)[from:]
	w.doc.Texts = append(w.doc.Texts, Text{Role: Context, Path: path, Data: rest, Size: int64(len(rest))})
}

// gap adds a gap once.
func (w *walk) gap(reason, path string, limit budget.Limit) {
	g := Gap{Reason: reason, Path: path, Limit: string(limit)}
	for _, have := range w.doc.Gaps {
		if have == g {
			return
		}
	}
	if len(w.doc.Gaps) < 100 {
		w.doc.Gaps = append(w.doc.Gaps, g)
	}
}

// limitGap adds the gap that a limit leaves.
func (w *walk) limitGap(path string, limit budget.Limit) {
	switch limit {
	case budget.None:
	case budget.Time:
		w.gap("deadline", path, limit)
	case budget.Expanded, budget.Member, budget.Text, budget.Depth, budget.Members, budget.Pages, budget.Window, budget.Values, budget.Pixels:
		w.gap("too_large", path, limit)
	}
}

// header returns a header of the request, or nil.
func (w *walk) header(name string) []byte {
	if w.in.Header == nil {
		return nil
	}
	return w.in.Header(name)
}

// deeper runs f one decoding deeper, unless that is too deep.
func (w *walk) deeper(path string, f func()) {
	if w.depth >= w.left.Depth {
		w.gap("too_large", path, budget.Depth)
		return
	}
	w.depth++
	f()
	w.depth--
}

// checkDrift reports a prompt endpoint whose rule has led to no text of the user.
func (w *walk) checkDrift() {
	if w.rule == nil || w.rule.activity != "prompt" || !w.rule.textRoutes() {
		return
	}
	w.doc.Drift = !w.hit && len(w.doc.Files) == 0 && len(w.doc.Gaps) == 0
}

// content finds out what the data of layer l is and reads it. prefix is the path so far;
// routes are the rest of those that lead here; ctype is only a hint.
func (w *walk) content(l int, prefix string, routes []route, ctype string) {
	data := w.data(l)
	if len(bytes.TrimSpace(data)) == 0 {
		return
	}
	if cs := bodyCharset(data, ctype); !cs.UTF8() && boundaryOf(data, ctype) == "" { // a part has a charset of its own
		if decoded := cs.Decode(data); structured(decoded) || textual(decoded) {
			cs := cs // the other one stays on the stack
			l = w.add(layer{parent: l, codec: wide, end: len(data), data: decoded, charset: &cs})
		}
	}
	if strings.HasPrefix(mediaType(ctype), "application/grpc-web-text") {
		if enc, raw, ok := decodeBase64(w.data(l)); ok && w.left.Expand(len(raw)) {
			l = w.add(layer{parent: l, codec: encoded, end: len(data), data: raw, base64: enc})
		}
	}
	switch {
	case w.multipart(l, prefix, routes, ctype):
	case w.envelopes(l, prefix, routes, ctype):
	case w.json(l, prefix, routes):
	case w.form(l, prefix, routes, ctype):
	case w.protobuf(l, prefix, routes, ctype):
	default:
		w.raw(l, prefix, routes, ctype)
	}
}

// bodyCharset returns the charset of a body: UTF-16 shows itself, others need a label.
func bodyCharset(data []byte, ctype string) charset.Charset {
	if cs, ok := charset.Unicode(data); ok {
		return cs
	}
	if label := parameter(ctype, "charset"); label != "" && !utf8.Valid(data) {
		if cs, ok := charset.Label(label); ok {
			return cs
		}
	}
	return charset.Charset{}
}

// structured reports whether data begins as JSON, multipart or a form do.
func structured(data []byte) bool {
	head := bytes.TrimLeft(data, " \t\r\n\ufeff")
	if len(head) == 0 {
		return false
	}
	return head[0] == '{' || head[0] == '[' || bytes.HasPrefix(head, []byte(")]}'")) ||
		sniffBoundary(head) != "" || formLike(head)
}

// textual reports whether the beginning of data is text: valid UTF-8 but for its end,
// and without control characters but for spaces.
func textual(data []byte) bool {
	head := data[:min(len(data), 4096)]
	for len(head) > 0 {
		r, n := utf8.DecodeRune(head)
		switch {
		case r == utf8.RuneError && n == 1 && (len(head) >= utf8.UTFMax || len(data) <= 4096):
			return false
		case r < 0x20 && r != '\n' && r != '\r' && r != '\t' && r != '\f' && r != 0x1b && r != 0x1e, r == 0x7f:
			return false
		}
		head = head[n:]
	}
	return true
}

// parameter returns a parameter of a header value such as text/plain; charset=utf-8.
func parameter(value, name string) string {
	for value != "" {
		_, rest, ok := strings.Cut(value, ";")
		if !ok {
			return ""
		}
		key, val, ok := strings.Cut(strings.TrimLeft(rest, " \t"), "=")
		if !ok {
			return ""
		}
		val = strings.TrimLeft(val, " \t")
		if strings.HasPrefix(val, `"`) {
			unquoted, after := quotedString(val)
			if strings.EqualFold(strings.TrimSpace(key), name) {
				return unquoted
			}
			value = after
			continue
		}
		if strings.EqualFold(strings.TrimSpace(key), name) {
			v, _, _ := strings.Cut(val, ";")
			return strings.TrimSpace(v)
		}
		value = rest
	}
	return ""
}

// quotedString reads a quoted string (RFC 9110 §5.6.4) and returns what follows it. A
// backslash before anything but a quote or a backslash stands for itself, as in the file
// names of old Windows browsers.
func quotedString(s string) (value, rest string) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:]
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}

// mediaType returns the type of a Content-Type without its parameters.
func mediaType(ctype string) string {
	m, _, _ := strings.Cut(ctype, ";")
	return strings.ToLower(strings.TrimSpace(m))
}
