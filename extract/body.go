package extract

import (
	"bytes"
	"context"
	"strings"

	"github.com/sluice-dlp/sluice/extract/internal/budget"
)

// bytes returns the body if it is in memory, or small enough to be brought there.
func (w *walk) bytes(b Body) ([]byte, bool) {
	if data, ok := b.Bytes(); ok {
		return data, true
	}
	if b.Size() > w.left.Expanded || b.Size() > maxInMemory {
		return nil, false
	}
	data := make([]byte, b.Size())
	if n, err := b.ReadAt(data, 0); n < len(data) && err != nil {
		w.gap("undecodable", "body", budget.None)
		return data[:n], true
	}
	return data, true
}

// maxInMemory bounds what is read back of a body that did not fit in memory.
const maxInMemory = 64 << 20

// body reads the body in memory.
func (w *walk) body() {
	l, broken := w.contentCodings(0)
	if broken {
		w.gap("undecodable", "body", budget.None)
		w.raw(l, "", nil, "")
		return
	}
	ctype := string(w.header("Content-Type"))
	if w.intent(l) {
		return
	}
	var routes []route
	if w.rule != nil {
		routes = w.rule.routes
	}
	if w.rule != nil && w.rule.carrier == "raw" {
		w.raw(l, "", routes, ctype)
		return
	}
	w.content(w.quietCodings(l), "", routes, ctype)
}

func (x *Extractor) peek(ctx context.Context, in *Input, limit int64) []byte {
	if in.Body == nil {
		return nil
	}
	data, ok := in.Body.Bytes()
	if !ok {
		return nil
	}
	limits := x.limits
	limits.Expanded, limits.Member = limit*maxStack, limit
	w := &walk{x: x, in: in, doc: &Doc{}, left: budget.New(ctx, limits, nil)}
	w.doc.layers = append(w.doc.layers, layer{parent: -1, data: data})
	l, _ := w.contentCodings(0)
	data = w.data(w.quietCodings(l))
	return data[:min(int64(len(data)), limit)]
}

// contentCodings undoes what Content-Encoding names, the last one first. A header that
// lies is passed over when the bytes tell better. broken says that they tell nothing.
func (w *walk) contentCodings(l int) (last int, broken bool) {
	names := strings.Split(strings.ToLower(string(w.header("Content-Encoding"))), ",")
	for i := len(names) - 1; i >= 0 && i > len(names)-1-maxStack; i-- {
		name := strings.TrimSpace(names[i])
		candidates := namedCodings(name)
		if candidates == nil && (name == "" || name == "identity" || name == "aws-chunked" || structured(w.data(l))) {
			continue
		}
		if c := sniffCoding(w.data(l)); c != identity {
			candidates = append(candidates, c)
		}
		next, ok := w.unpack(l, candidates)
		switch {
		case ok:
			l = next
		case structured(w.data(l)) || textual(w.data(l)):
			return l, false // it says gzip and is plain
		default:
			next, ok = w.unpack(l, []coding{zlibbed, deflated, brotlied})
			if !ok {
				return l, true
			}
			l = next
		}
	}
	return l, false
}

// quietCodings undoes codings that no header names, where something that carries prompts
// is inside; any other compressed body is a file.
func (w *walk) quietCodings(l int) int {
	at := l
	for range maxStack {
		c := sniffCoding(w.data(at))
		if c == identity {
			break
		}
		next, ok := w.unpack(at, []coding{c})
		if !ok {
			break
		}
		at = next
		if structured(w.data(at)) {
			return at
		}
	}
	return l
}

// unpack expands layer l with the first of the codings that fits and adds what is inside
// as a layer. Of a coding that breaks off, what came before counts when nothing fits.
func (w *walk) unpack(l int, candidates []coding) (int, bool) {
	var part []byte
	for _, c := range candidates {
		out, limit, err := c.expand(w.data(l), &w.left)
		if err != nil && limit == budget.None {
			if len(out) > len(part) && (structured(out) || textual(out)) {
				part = out
			}
			continue
		}
		w.limitGap("body", limit)
		kind := packed
		if limit != budget.None {
			kind = sealed // what is not here could not be written back
		}
		return w.add(layer{parent: l, codec: kind, end: len(w.data(l)), data: out, coding: c}), true
	}
	if part == nil {
		return l, false
	}
	w.gap("undecodable", "body", budget.None)
	return w.add(layer{parent: l, codec: sealed, end: len(w.data(l)), data: part}), true
}

// raw reads a body without structure: a file, or the text itself.
func (w *walk) raw(l int, prefix string, routes []route, ctype string) {
	role, named := User, false
	for _, r := range routes {
		if len(r.steps) == 1 && r.steps[0].does == stepRaw {
			switch r.to {
			case toUser:
				named = w.rule == nil || w.rule.activity != "upload"
				w.hit = w.hit || named
			case toSystem:
				role, named = System, true
			case toContext:
				role, named = Context, true
			case toFile, toNoise, toRole:
			}
		}
	}
	if prefix == "" && !named && role == User {
		w.missed = true
	}
	path := pathOf(prefix)
	mt := mediaType(ctype)
	text := textual(w.data(l))
	upload := w.in.Method == "PUT" || w.rule != nil && w.rule.activity == "upload"
	switch {
	case text && named, text && !upload && (mt == "" || mt == "text/plain" || mt == "application/x-www-form-urlencoded" || mt == "application/json"):
		if !named && w.mode() == covered {
			role = Context
		}
		w.text(role, path, l)
	default:
		w.file(fileHint{name: w.uploadName(), ctype: ctype, path: path}, l)
	}
}

// uploadName returns the file name that the headers of a raw upload give.
func (w *walk) uploadName() string {
	if cd := string(w.header("Content-Disposition")); cd != "" {
		if name := dispositionName(cd); name != "" {
			return name
		}
	}
	for _, h := range [...]string{"X-Goog-Upload-File-Name", "X-File-Name", "X-Filename", "Slug"} {
		if v := w.header(h); len(v) > 0 {
			out := make([]byte, 0, len(v))
			for raw := v; len(raw) > 0; { // percent-encoded by those who follow RFC 5023 §9.7
				n, m, dec := percentStep(raw)
				if raw[0] == '+' {
					dec[0] = '+'
				}
				out = append(out, dec[:m]...)
				raw = raw[n:]
			}
			return string(out)
		}
	}
	return ""
}

// dispositionName returns the file name of a Content-Disposition (RFC 6266, RFC 8187).
func dispositionName(value string) string {
	if ext := parameter(value, "filename*"); ext != "" {
		if _, rest, ok := strings.Cut(ext, "'"); ok {
			if _, enc, ok := strings.Cut(rest, "'"); ok {
				return string(unpercent([]byte(strings.ReplaceAll(enc, "+", "%2B"))))
			}
		}
	}
	name := parameter(value, "filename")
	// The form encoding of browsers (WHATWG HTML §4.10.21.8) escapes just these three.
	return strings.NewReplacer("%22", `"`, "%0D", "\r", "%0A", "\n").Replace(name)
}

// unpercent decodes a form value.
func unpercent(raw []byte) []byte {
	if bytes.IndexByte(raw, '%') < 0 && bytes.IndexByte(raw, '+') < 0 {
		return raw
	}
	out := make([]byte, 0, len(raw))
	for len(raw) > 0 {
		n, m, dec := percentStep(raw)
		out = append(out, dec[:m]...)
		raw = raw[n:]
	}
	return out
}
