package document

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"net/textproto"
	"slices"
	"strings"

	"github.com/sluice-dlp/sluice/extract/internal/budget"
	"github.com/sluice-dlp/sluice/extract/internal/charset"
)

// isMail reports whether data begins as a message does: a header with three fields that
// messages have, or two where one is MIME's own, as saved pages and encrypted mails have.
func isMail(data []byte) bool {
	head := data[:min(len(data), 4096)]
	if colon := bytes.IndexByte(head, ':'); colon < 1 || bytes.ContainsAny(head[:colon], " \n\r\t{<\"") {
		return false
	}
	head = bytes.ToLower(head)
	n := 0
	for name, counts := range mailFields {
		if has(head, name) || bytes.Contains(head, []byte("\n"+name)) {
			n += counts
		}
	}
	return n >= 3
}

// mailFields are fields that messages have, with how many each counts for.
var mailFields = map[string]int{"from:": 1, "to:": 1, "subject:": 1, "mime-version:": 2, "received:": 1, "date:": 1, "message-id:": 1, "content-type:": 1}

// mail reads a message (RFC 5322) with its parts and attachments.
func (w *walk) mail(path string, data []byte, depth int) {
	h, body := splitHead(data)
	w.text(join(path, "header"), mailHeader(h))
	w.mime(path, partHeader{h.Get("Content-Type"), h.Get("Content-Transfer-Encoding"), ""}, body, depth)
}

// maxHead bounds the header of a message or part in bytes; what is behind it is its body.
const maxHead = 256 << 10

// splitHead returns the header of a message or part, and what follows the first empty line. A
// line that is no field ends the header for its readers; here it is passed on as one.
func splitHead(data []byte) (h textproto.MIMEHeader, body []byte) {
	h = textproto.MIMEHeader{}
	for start := len(data); len(data) > 0 && start-len(data) < maxHead; {
		line, rest, _ := bytes.Cut(data, []byte("\n"))
		if data = rest; len(bytes.TrimRight(line, "\r")) == 0 {
			break
		}
		field := slices.Clip(bytes.TrimSpace(line))                                             // appending copies
		for len(data) > 0 && (data[0] == ' ' || data[0] == '\t') && start-len(data) < maxHead { // folded
			line, rest, _ = bytes.Cut(data, []byte("\n"))
			field, data = append(append(field, ' '), bytes.TrimSpace(line)...), rest
		}
		name, value, ok := bytes.Cut(field, []byte(":"))
		if !ok {
			name, value = nil, field
		}
		key := textproto.CanonicalMIMEHeaderKey(string(name))
		h[key] = append(h[key], string(bytes.TrimSpace(value)))
	}
	return h, data
}

// words decodes the words of a header (RFC 2047) in any charset.
func words() *mime.WordDecoder {
	return &mime.WordDecoder{CharsetReader: func(label string, r io.Reader) (io.Reader, error) {
		cs, ok := charset.Label(label)
		if !ok {
			return r, nil
		}
		b, err := io.ReadAll(r)
		return bytes.NewReader(cs.Decode(b)), err
	}}
}

func mailHeader(h textproto.MIMEHeader) []byte {
	dec := words()
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	var out []byte
	for _, name := range names {
		for _, v := range h[name] {
			if s, err := dec.DecodeHeader(v); err == nil {
				v = s
			}
			out = append(append(append(append(out, name...), ": "...), v...), '\n')
		}
	}
	return out
}

// partHeader is what the header of a MIME part says.
type partHeader struct{ ctype, transfer, name string }

// mime reads one MIME part (RFC 2045).
func (w *walk) mime(path string, h partHeader, body []byte, depth int) {
	kind, params, err := mime.ParseMediaType(h.ctype)
	if err != nil && kind == "" {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") && params["boundary"] != "" {
		if Delimiter(body, []byte("--"+params["boundary"]), 0) < 0 { // not allowed to be encoded, but some readers decode it
			if r, encoded := decoded(body, h.transfer); encoded {
				body = w.read(r)
			}
		}
		w.mimeParts(path, body, params["boundary"], depth)
		return
	}
	r, _ := decoded(body, h.transfer)
	name := h.name
	if name == "" {
		name = params["name"]
	}
	data, limit, err := w.left.Read(r)
	w.limit(limit)
	if err != nil && limit == budget.None {
		w.note(Broken)
	}
	switch {
	case kind == "text/html":
		cs, ok := charset.Label(params["charset"])
		if !ok {
			cs = charset.Detect(data, metaCharset(data))
		}
		w.html(join(path, name), data, cs, depth)
	case strings.HasPrefix(kind, "text/"):
		w.insideText(join(path, name), data, depth)
		w.text(join(path, name), charset.Detect(data, params["charset"]).Decode(data))
	default:
		w.member(path, name, data, depth)
	}
}

// decoded returns body without its transfer encoding (RFC 2045 §6), and whether it has one.
func decoded(body []byte, transfer string) (r io.Reader, encoded bool) {
	switch strings.ToLower(strings.TrimSpace(transfer)) {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, &base64Bytes{bytes.NewReader(body)}), true
	case "quoted-printable":
		return bytes.NewReader(QuotedPrintable(make([]byte, 0, len(body)), body)), true
	default:
		return bytes.NewReader(body), false
	}
}

// mimeParts reads the parts of a multipart body (RFC 2046 §5.1), and what stands before and
// behind them, which readers of mail pass over; without the boundary that is all.
func (w *walk) mimeParts(path string, body []byte, boundary string, depth int) {
	delimiter := []byte("--" + boundary)
	at := Delimiter(body, delimiter, 0)
	w.text(join(path, "before"), body[:max(at, 0)])
	if at < 0 {
		w.text(join(path, "around"), body)
	}
	for at >= 0 && !w.over {
		at += len(delimiter)
		line, rest, _ := bytes.Cut(body[at:], []byte("\n"))
		if bytes.HasPrefix(line, []byte("--")) {
			w.text(join(path, "behind"), body[at+2:])
			return
		}
		start := len(body) - len(rest)
		next := Delimiter(body, delimiter, start)
		end := next
		if next < 0 {
			w.note(Broken)
			end = len(body)
		}
		if l := w.left.Enter(depth + 1); l != budget.None {
			w.limit(l)
			return
		}
		w.mimePart(path, body[start:end], depth+1)
		at = next
	}
}

func (w *walk) mimePart(path string, part []byte, depth int) {
	h, body := splitHead(part)
	_, params, _ := mime.ParseMediaType(h.Get("Content-Disposition"))
	name := params["filename"]
	if s, err := words().DecodeHeader(name); err == nil {
		name = s
	}
	w.text(join(path, "names"), append([]byte(name+"\n"), partNotes(h)...))
	w.mime(path, partHeader{h.Get("Content-Type"), h.Get("Content-Transfer-Encoding"), name}, body, depth)
}

// Delimiter returns where a delimiter begins a line of data at or after from, or -1. One that
// goes on is another's: the boundary of an inner body may begin with that of the outer one.
func Delimiter(data, delimiter []byte, from int) int {
	for from <= len(data) {
		i := bytes.Index(data[from:], delimiter)
		if i < 0 {
			return -1
		}
		i += from
		end := i + len(delimiter)
		if (i == 0 || data[i-1] == '\n') && (end == len(data) || strings.IndexByte(" \t\r\n-", data[end]) >= 0) {
			return i
		}
		from = i + 1
	}
	return -1
}

// partNotes returns the fields of a part's header that say nothing of its form.
func partNotes(h textproto.MIMEHeader) []byte {
	notes := textproto.MIMEHeader{}
	for name, values := range h {
		switch name {
		case "Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-Id", "Content-Location", "Content-Length", "Mime-Version":
		default:
			notes[name] = values
		}
	}
	return mailHeader(notes)
}

// base64Bytes passes on the characters of base64 only: mail in the wild has others.
type base64Bytes struct{ r io.Reader }

func (b *base64Bytes) Read(p []byte) (int, error) {
	for {
		n, err := b.r.Read(p)
		kept := p[:0]
		for _, c := range p[:n] {
			if c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/' || c == '=' {
				kept = append(kept, c)
			}
		}
		if len(kept) > 0 || err != nil {
			return len(kept), err
		}
	}
}
