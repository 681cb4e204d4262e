package document

import (
	"bytes"
	"strconv"

	"github.com/sluice-dlp/sluice/extract/internal/budget"
)

// pdf reads a PDF file: by the Helper, which knows fonts and encryption; else, and when
// that fails, by inflating its streams and reading the strings in them.
func (w *walk) pdf(path string, data []byte, depth int) {
	if w.help != nil {
		if p, ok := w.help.PDF(w.left.Context(), w.left.Deadline(), data); ok {
			w.pdfPages(path, &p, depth)
			if i := bytes.LastIndex(data, []byte("%%EOF")); i >= 0 && endRecord(data) < 0 { // a zip there is read as such
				w.text(join(path, "behind"), runs(data[i+len("%%EOF"):], leastRun))
			}
			if !p.Cut && p.Limit == budget.None {
				return
			}
			w.over = false // what can still be had quickly is worth having
		}
	}
	w.pdfStreams(path, data, depth)
}

func (w *walk) pdfPages(path string, p *PDF, depth int) {
	if p.Encrypted {
		w.note(Encrypted)
	}
	if p.Cut {
		w.note(Broken)
	}
	w.limit(p.Limit)
	w.text(join(path, "info"), []byte(p.Info))
	for i, page := range p.Pages {
		w.text(join(path, "page "+strconv.Itoa(i+1)), []byte(page))
	}
	for _, f := range p.Files {
		if !w.left.Expand(len(f.Data)) {
			w.limit(budget.Expanded)
			return
		}
		w.member(path, f.Name, f.Data, depth)
	}
}

const (
	maxPDFStreams = 5000
	maxFilters    = 4
)

// pdfStreams reads a PDF file without its structure: every stream is expanded, and the
// strings that content streams show and objects hold are written out.
func (w *walk) pdfStreams(path string, data []byte, depth int) {
	if bytes.Contains(data, []byte("/Encrypt")) && bytes.Contains(data, []byte("/Standard")) {
		w.note(Encrypted)
		return
	}
	var out []byte
	rest, plain := data, data
	for n := 0; n < maxPDFStreams; n++ {
		i := bytes.Index(rest, []byte("stream"))
		if i < 0 {
			break
		}
		head := rest[:i]
		body := rest[i+len("stream"):]
		if bytes.HasSuffix(head, []byte("end")) {
			rest = body
			continue
		}
		body = bytes.TrimPrefix(bytes.TrimPrefix(body, []byte("\r")), []byte("\n"))
		end := bytes.Index(body, []byte("endstream"))
		if end < 0 {
			end = len(body)
		}
		dict := head[max(0, len(head)-2048):]
		if k := bytes.LastIndex(dict, []byte("obj")); k >= 0 {
			dict = dict[k:]
		}
		out = appendStrings(out, head, false)
		out = w.pdfStream(path, out, dict, body[:end], depth)
		rest = body[end:]
		plain = rest
		if w.over {
			break
		}
	}
	out = appendStrings(out, plain, false)
	w.text(path, out)
}

// pdfStream expands one stream and reads what is in it.
func (w *walk) pdfStream(path string, out, dict, body []byte, depth int) []byte {
	if bytes.Contains(dict, []byte("/Subtype/Image")) || bytes.Contains(dict, []byte("/Subtype /Image")) {
		return out
	}
	body = w.pdfFilters(dict, body)
	switch {
	case bytes.Contains(dict, []byte("/EmbeddedFile")):
		w.text(path, out)
		w.member(path, "attachment", body, depth)
		return out[:0:0]
	case bytes.Contains(dict, []byte("/ObjStm")):
		return appendStrings(out, body, false)
	case bytes.Contains(dict, []byte("/Metadata")):
		return append(out, xmlText(body)...)
	}
	return appendStrings(out, body, true)
}

// pdfFilters undoes the filters that the dictionary names, in order (ISO 32000-1, 7.4).
func (w *walk) pdfFilters(dict, body []byte) []byte {
	_, names, ok := bytes.Cut(dict, []byte("/Filter"))
	if !ok {
		return body
	}
	if end := bytes.IndexAny(names, ">]"); end >= 0 {
		names = names[:end]
	}
	for n := 0; n < maxFilters; n++ {
		_, rest, ok := bytes.Cut(names, []byte("/"))
		if !ok {
			break
		}
		names = rest
		switch {
		case has(rest, "FlateDecode"), has(rest, "Fl "), has(rest, "Fl]"):
			body = w.inflatePDF(body)
		case has(rest, "ASCIIHexDecode"), has(rest, "AHx"):
			body = hexString(body)
		case has(rest, "ASCII85Decode"), has(rest, "A85"):
			body = ascii85Bytes(body)
		}
	}
	return body
}

// appendStrings writes out the strings of a content stream, or of objects: ( ) in
// PDFDocEncoding or UTF-16, < > in hexadecimal. Between strings of one TJ array a large
// shift is a space.
func appendStrings(out, data []byte, content bool) []byte {
	for i := 0; i < len(data); i++ {
		switch c := data[i]; c {
		case '(':
			s, n := literalString(data[i:])
			out = appendPDFString(out, s)
			if !content {
				out = append(out, '\n')
			}
			i += n - 1
		case '<':
			if i+1 < len(data) && data[i+1] == '<' {
				i++
				continue
			}
			end := bytes.IndexByte(data[i:min(len(data), i+1<<16)], '>')
			if end < 0 {
				continue
			}
			if content || end > 4 {
				out = appendPDFString(out, hexString(data[i+1:i+end]))
				if !content {
					out = append(out, '\n')
				}
			}
			i += end
		case ']', '\'', '"':
			if content {
				out = append(out, '\n')
			}
		case 'T':
			if content && i+1 < len(data) && bytes.IndexByte([]byte("dDm*jJ"), data[i+1]) >= 0 {
				out = append(out, '\n')
			}
		case '-':
			if content && shifted(data[i+1:]) {
				out = append(out, ' ')
			}
		}
	}
	return out
}

// shifted reports a number of three digits: a shift as wide as a space.
func shifted(b []byte) bool {
	n := 0
	for n < len(b) && b[n] >= '0' && b[n] <= '9' {
		n++
	}
	return n >= 3
}

// literalString reads a string in parentheses and returns its length with them.
func literalString(b []byte) (s []byte, n int) {
	depth := 0
	for n = 0; n < len(b) && n < 1<<16; n++ {
		switch c := b[n]; c {
		case '(':
			if depth++; depth > 1 {
				s = append(s, c)
			}
		case ')':
			if depth--; depth == 0 {
				return s, n + 1
			}
			s = append(s, c)
		case '\\':
			var used int
			s, used = escapedChar(s, b[n+1:])
			n += used
		default:
			s = append(s, c)
		}
	}
	return nil, 1
}

func escapedChar(s, b []byte) ([]byte, int) {
	if len(b) == 0 {
		return s, 0
	}
	switch c := b[0]; {
	case c == 'n':
		return append(s, '\n'), 1
	case c == 'r', c == 't', c == 'b', c == 'f':
		return append(s, ' '), 1
	case c == '\r', c == '\n':
		return s, 1
	case c >= '0' && c <= '7':
		v, n := 0, 0
		for n < 3 && n < len(b) && b[n] >= '0' && b[n] <= '7' {
			v, n = v<<3|int(b[n]-'0'), n+1
		}
		return append(s, byte(v)), n
	default:
		return append(s, c), 1
	}
}

func appendPDFString(out, s []byte) []byte {
	if has(s, "\xfe\xff") {
		for i := 2; i+1 < len(s); i += 2 {
			out = appendUTF16(out, []byte{s[i+1], s[i]})
		}
		return out
	}
	if has(s, "\xef\xbb\xbf") {
		return append(out, s[3:]...)
	}
	for _, c := range s {
		if c >= 0x20 || c == '\n' || c == '\t' {
			out = append(out, string(cp1252(c))...)
		}
	}
	return out
}
