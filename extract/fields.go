package extract

import (
	"bytes"

	"github.com/sluice-dlp/sluice/extract/internal/budget"
)

// query reads the fields of the URL's query: prompts travel there too.
func (w *walk) query() {
	if w.in.Query == "" {
		return
	}
	// The query is no part of the body, so nothing in it can be written back.
	l := w.add(layer{parent: 0, codec: sealed, data: []byte(w.in.Query)})
	var routes []route
	if w.rule != nil {
		routes = w.rule.routes
	}
	w.fields(l, "query ", routes, stepQuery)
}

// urlPath reads the segments of the URL's path that are sentences: /search/what+is+this.
func (w *walk) urlPath() {
	path := []byte(w.in.Path)
	if bytes.IndexByte(path, '%') < 0 && bytes.IndexByte(path, '+') < 0 {
		return
	}
	role := Context
	if w.in.Body == nil || w.in.Body.Size() == 0 {
		role = User
	}
	l, end := w.add(layer{parent: 0, codec: sealed, data: path}), 0
	for segment := range bytes.SplitSeq(path, []byte("/")) {
		start := end
		end = start + len(segment)
		if words := unpercent(segment); prose(words) {
			w.text(role, "path", w.add(layer{parent: l, codec: percent, start: start, end: end, data: words}))
		}
		end++
	}
}

// form reads a URL-encoded form.
func (w *walk) form(l int, prefix string, routes []route, ctype string) bool {
	data := w.data(l)
	declared := mediaType(ctype) == "application/x-www-form-urlencoded"
	if !formLike(data) && !(declared && bytes.IndexByte(data, '=') > 0 && textual(data)) {
		return false
	}
	if w.rule != nil && w.rule.textRoutes() && !hasField(data, routes) {
		w.missed = true
	}
	w.fields(l, prefix+"form ", routes, stepForm)
	return true
}

// formLike reports whether data can only be a form: name=value pairs without a space.
func formLike(data []byte) bool {
	eq := bytes.IndexByte(data[:min(len(data), 256)], '=')
	if eq < 1 {
		return false
	}
	for i, c := range data[:min(len(data), 4096)] {
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		case i < eq && bytes.IndexByte([]byte("_.-%+[]*~:$"), c) >= 0:
		case i >= eq && c > 0x20 && c < 0x7f && c != '"' && c != '<' && c != '>' && c != '\\' && c != '{':
		case i == len(data)-1 && c == '\n':
		default:
			return false
		}
	}
	// Base64 ends in = and is no form.
	return !bytes.Equal(bytes.TrimRight(data[eq:], "=\n"), nil)
}

func hasField(data []byte, routes []route) bool {
	for pair := range bytes.SplitSeq(data, []byte("&")) {
		name, value, _ := bytes.Cut(pair, []byte("="))
		for _, r := range routes {
			if r.to == toUser && len(value) > 0 && len(r.steps) > 0 && r.steps[0].does == stepForm && r.steps[0].name == string(unpercent(name)) {
				return true
			}
		}
	}
	return false
}

// fields reads name=value pairs.
func (w *walk) fields(l int, prefix string, routes []route, does decoding) {
	data := w.data(l)
	for at, n := 0, 0; at < len(data); n++ {
		if n == maxFields {
			w.limitGap(pathOf(prefix), budget.Values)
			w.asItStands(l, at, pathOf(prefix))
			return
		}
		end := len(data)
		if i := bytes.IndexByte(data[at:], '&'); i >= 0 {
			end = at + i
		}
		eq := bytes.IndexByte(data[at:end], '=')
		nameEnd := end
		if eq >= 0 {
			nameEnd = at + eq
		}
		w.fieldName(l, prefix, at, nameEnd)
		if eq >= 0 && at+eq+1 < end {
			name := string(unpercent(data[at:nameEnd]))
			start := at + eq + 1
			value := w.add(layer{parent: l, codec: percent, start: start, end: end, data: unpercent(data[start:end])})
			w.field(value, prefix+name, name, matching(routes, does, name))
		}
		at = end + 1
	}
}

// fieldName adds the name of a field that tells more than a name does.
func (w *walk) fieldName(l int, prefix string, start, end int) {
	if end-start < leastName {
		return
	}
	if name := unpercent(w.data(l)[start:end]); tellingName(name) && !idLike(name) {
		w.text(Context, prefix+"(name)", w.add(layer{parent: l, codec: percent, start: start, end: end, data: name}))
	}
}

// matching returns what is left of the routes that begin with the field of that name.
func matching(routes []route, does decoding, name string) []route {
	var out []route
	for _, r := range routes {
		if len(r.steps) > 0 && r.steps[0].does == does && r.steps[0].name == name {
			out = append(out, r.next())
		}
	}
	return out
}

// field reads the value of one field, in layer l.
func (w *walk) field(l int, path, name string, routes []route) {
	if blob(w.data(l)) {
		w.file(fileHint{path: path}, l)
		return
	}
	for _, r := range routes {
		if len(r.steps) > 0 && r.steps[0].does != stepRaw {
			continue
		}
		switch r.to {
		case toUser:
			w.hit = w.hit || len(bytes.TrimSpace(w.data(l))) > 0
			w.text(User, path, l)
			return
		case toSystem:
			w.text(System, path, l)
			return
		case toContext:
			w.text(Context, path, l)
			return
		case toNoise:
			if prose(w.data(l)) { // an id has no words
				w.text(Context, path, l)
			}
			return
		case toFile:
			w.fileField(l, path)
			return
		case toRole:
		}
	}
	for _, r := range routes {
		if len(r.steps) > 0 && r.steps[0].does == stepBase64 {
			w.base64Field(l, path, fileHint{path: path})
			return
		}
	}
	if len(routes) > 0 && jsonLike(w.data(l)) || jsonLike(w.data(l)) && kindOfKey([]byte(name)) != keyNoise {
		if w.jsonField(l, path, routes) {
			return
		}
	}
	w.sweepField(l, path, name)
}

// jsonField reads a field that holds JSON.
func (w *walk) jsonField(l int, path string, routes []route) bool {
	if !jsonLike(w.data(l)) {
		return false
	}
	done := false
	w.deeper(path, func() { done = w.json(l, path+" > ", routes) })
	return done
}

// sweepField decides about a field that no route names.
func (w *walk) sweepField(l int, path, name string) {
	value := w.data(l)
	kind := kindOfKey([]byte(name))
	if namesThing(kind, value) {
		return
	}
	if w.inlineField(l, path) {
		return
	}
	switch kind {
	case keyPerson:
		role := Context
		if w.mode() == generic {
			role = User
		}
		w.text(role, path, l)
	case keySystem:
		w.text(System, path, l)
	case keyContext, keyDatum, keyPayload, keyNoise:
		w.text(Context, path, l)
	case keyOther:
		if prose(value) {
			w.text(Context, path, l)
		}
	case keyQuiet:
	}
}
