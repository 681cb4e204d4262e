package extract

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/sluice-dlp/sluice/extract/internal/budget"
	"github.com/sluice-dlp/sluice/extract/internal/document"
)

// part is one part of a multipart body (RFC 2046 §5.1, RFC 7578), as spans of the body.
type part struct {
	name, file      string
	named           bool  // it has a file name, be it empty
	nameAt          *spot // where the file name stands as it is, if it does
	ctype, transfer string
	start, end      int   // its body
	stated          *spot // its Content-Length, if it has one
}

// multipart reads a multipart body. The boundary of the header counts only when the body
// uses it; else the body shows its own.
func (w *walk) multipart(l int, prefix string, routes []route, ctype string) bool {
	data := w.data(l)
	boundary := boundaryOf(data, ctype)
	if boundary == "" {
		return false
	}
	parts, whole := splitParts(data, boundary)
	if len(parts) == 0 {
		return false
	}
	if !whole {
		w.gap("undecodable", pathOf(prefix), budget.None)
	}
	w.around(l, prefix, parts, boundary)
	if w.rule != nil && w.rule.textRoutes() && !hasPart(parts, routes) {
		w.missed = true
	}
	for i, p := range parts {
		if i == maxFields {
			w.limitGap(pathOf(prefix), budget.Values)
			w.asItStands(l, parts[i-1].end, pathOf(prefix))
			break
		}
		w.part(l, prefix, &p, routes)
	}
	return true
}

// around adds what stands before the first part and behind the last one: readers pass over
// it, and something may hide there.
func (w *walk) around(l int, prefix string, parts []part, boundary string) {
	data := w.data(l)
	first := document.Delimiter(data, []byte("--"+boundary), 0)
	last := document.Delimiter(data, []byte("--"+boundary+"--"), parts[len(parts)-1].end)
	ends := [][2]int{{0, max(0, first)}}
	if last >= 0 {
		ends = append(ends, [2]int{last + len(boundary) + 4, len(data)})
	}
	for _, e := range ends {
		rest := data[e[0]:e[1]]
		if len(bytes.TrimSpace(rest)) == 0 {
			continue
		}
		at := w.add(layer{parent: l, codec: slice, start: e[0], end: e[1], data: rest})
		if blob(rest) {
			w.file(fileHint{path: pathOf(prefix)}, at)
		} else {
			w.text(Context, pathOf(prefix), at)
		}
	}
}

// boundaryOf returns the boundary of a multipart body, or "" for any other.
func boundaryOf(data []byte, ctype string) string {
	boundary := parameter(ctype, "boundary")
	if boundary != "" && strings.HasPrefix(mediaType(ctype), "multipart/") && bytes.Contains(data, []byte("--"+boundary)) {
		return boundary
	}
	return sniffBoundary(data)
}

// sniffBoundary returns the boundary with which a body begins, if a part's header follows.
func sniffBoundary(data []byte) string {
	line, rest, ok := bytes.Cut(data[:min(len(data), 4096)], []byte("\n"))
	if !ok || !bytes.HasPrefix(line, []byte("--")) {
		return ""
	}
	b := strings.TrimRight(string(line[2:]), "\r \t")
	if b == "" || len(b) > 256 || !bytes.HasPrefix(bytes.ToLower(rest), []byte("content-")) {
		return ""
	}
	return b
}

// splitParts finds the parts, one more than are read. whole is false when the closing
// delimiter is missing.
func splitParts(data []byte, boundary string) (parts []part, whole bool) {
	delimiter := []byte("--" + boundary)
	at := document.Delimiter(data, delimiter, 0)
	for at >= 0 && len(parts) <= maxFields {
		at += len(delimiter)
		if bytes.HasPrefix(data[at:], []byte("--")) {
			return parts, true
		}
		nl := bytes.IndexByte(data[at:], '\n')
		if nl < 0 {
			return parts, false
		}
		start := at + nl + 1
		next := document.Delimiter(data, delimiter, start)
		end := next
		if next < 0 {
			end = len(data)
		} else if end--; end > start && data[end-1] == '\r' {
			end-- // the line end before a delimiter belongs to the delimiter
		}
		parts = append(parts, readPart(data, start, max(start, end)))
		at = next
	}
	return parts, at >= 0
}

func readPart(data []byte, start, end int) part {
	p := part{start: end, end: end}
	for at := start; at < end; {
		stop := end
		if i := bytes.IndexByte(data[at:end], '\n'); i >= 0 {
			stop = at + i
		}
		line := bytes.TrimRight(data[at:stop], "\r")
		if len(line) == 0 {
			p.start = min(stop+1, end)
			return p
		}
		key, value, _ := bytes.Cut(line, []byte(":"))
		p.header(strings.ToLower(string(bytes.TrimSpace(key))), string(bytes.TrimSpace(value)), at, stop, data)
		at = stop + 1
	}
	p.start = start // there is no empty line: all of it may be the body
	return p
}

func (p *part) header(key, value string, at, stop int, data []byte) {
	switch key {
	case "content-disposition":
		p.name, p.file = parameter(value, "name"), dispositionName(value)
		p.named = strings.Contains(strings.ToLower(value), "filename")
		if i := bytes.Index(data[at:stop], []byte(`filename="`+p.file+`"`)); i >= 0 && p.file != "" {
			start := at + i + len(`filename="`)
			p.nameAt = &spot{start, start + len(p.file)}
		}
	case "content-type":
		p.ctype = value
	case "content-transfer-encoding":
		p.transfer = strings.ToLower(value)
	case "content-length":
		if _, err := strconv.ParseUint(value, 10, 63); err == nil {
			i := bytes.Index(data[at:stop], []byte(value))
			p.stated = &spot{at + i, at + i + len(value)}
		}
	}
}

func hasPart(parts []part, routes []route) bool {
	for _, p := range parts {
		for _, r := range routes {
			if r.to == toUser && p.end > p.start && len(r.steps) > 0 && r.steps[0].does == stepPart && r.steps[0].name == p.name {
				return true
			}
		}
	}
	return false
}

// part reads one part: a field or a file.
func (w *walk) part(l int, prefix string, p *part, routes []route) {
	body := w.add(layer{
		parent: l, codec: slice, start: p.start, end: p.end, data: w.data(l)[p.start:p.end],
		stated: p.stated,
	})
	if p.transfer == "quoted-printable" {
		body = w.quotedPrintable(body)
	}
	mine := matching(routes, stepPart, p.name)
	path := prefix + "part " + p.name
	if tellingName([]byte(p.name)) {
		w.text(Context, path+" (name)", w.add(layer{parent: l, codec: sealed, data: []byte(p.name)}))
	}
	name, inBase64 := p.file, p.transfer == "base64"
	if rest, ok := strings.CutPrefix(name, "base64;"); ok { // HuggingChat says it in the name
		name, inBase64 = rest, true
	}
	hint := fileHint{name: name, ctype: p.ctype, path: path}
	if at := p.nameAt; at != nil && len(name) == len(p.file) {
		hint.named = 1 + w.add(layer{parent: l, codec: slice, start: at.start, end: at.end, data: []byte(name)})
	}
	if inBase64 && w.base64Field(body, path, hint) {
		return
	}
	if strings.HasPrefix(mediaType(p.ctype), "multipart/") {
		w.deeper(path, func() { w.multipart(body, path+" > ", mine, p.ctype) })
		return
	}
	switch {
	case p.named && len(mine) > 0 && jsonRoute(mine) && w.jsonField(body, path, mine): // new Blob([json])
	case !p.named && p.name == "" && mediaType(p.ctype) == "application/json" && w.jsonField(body, path, nil): // multipart/related
	case p.named, p.name == "" && p.ctype != "":
		w.file(hint, body)
	case len(mine) == 0 && p.ctype != "" && !fieldType(p.ctype):
		w.file(hint, body)
	default:
		w.field(body, path, p.name, mine)
	}
}

// quotedPrintable decodes a part; what is too large stays as it is.
func (w *walk) quotedPrintable(l int) int {
	data := w.data(l)
	if !w.left.Expand(len(data)) {
		return l
	}
	out := document.QuotedPrintable(make([]byte, 0, len(data)), data)
	return w.add(layer{parent: l, codec: sealed, end: len(data), data: out})
}

func jsonRoute(routes []route) bool {
	for _, r := range routes {
		if len(r.steps) > 0 && r.steps[0].does == stepJSON {
			return true
		}
	}
	return false
}

// fieldType reports types that a field has which is not a file.
func fieldType(ctype string) bool {
	switch mediaType(ctype) {
	case "text/plain", "application/json", "application/x-www-form-urlencoded":
		return true
	}
	return false
}
