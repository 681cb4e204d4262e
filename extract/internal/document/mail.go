package document

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"slices"
	"strings"

	"github.com/sluice-dlp/sluice/extract/internal/budget"
	"github.com/sluice-dlp/sluice/extract/internal/charset"
)

// isMail reports whether data begins as a message does: a header with three fields that
// messages have.
func isMail(data []byte) bool {
	head := data[:min(len(data), 4096)]
	if colon := bytes.IndexByte(head, ':'); colon < 1 || bytes.ContainsAny(head[:colon], " \n\r\t{<\"") {
		return false
	}
	n := 0
	for _, name := range [...]string{"From:", "To:", "Subject:", "MIME-Version:", "Received:", "Date:", "Message-ID:", "Content-Type:"} {
		if has(head, name) || bytes.Contains(head, []byte("\n"+name)) {
			n++
		}
	}
	return n >= 3
}

// mail reads a message (RFC 5322) with its parts and attachments.
func (w *walk) mail(path string, data []byte, depth int) {
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		w.text(path, charset.Detect(data, "").Decode(data))
		return
	}
	w.text(join(path, "header"), mailHeader(m.Header))
	w.mime(path, partHeader{m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), ""}, m.Body, depth)
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

func mailHeader(h mail.Header) []byte {
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
func (w *walk) mime(path string, h partHeader, r io.Reader, depth int) {
	switch strings.ToLower(strings.TrimSpace(h.transfer)) {
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, &base64Bytes{r})
	case "quoted-printable":
		raw, err := io.ReadAll(r) // a part of the message, which is in memory
		if err != nil {
			w.note(Broken)
		}
		r = bytes.NewReader(QuotedPrintable(raw, raw))
	}
	kind, params, err := mime.ParseMediaType(h.ctype)
	if err != nil && kind == "" {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") && params["boundary"] != "" {
		w.mimeParts(path, multipart.NewReader(r, params["boundary"]), depth)
		return
	}
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
		w.uu(join(path, name), data, depth)
		w.text(join(path, name), charset.Detect(data, params["charset"]).Decode(data))
	default:
		w.member(path, name, data, depth)
	}
}

func (w *walk) mimeParts(path string, mr *multipart.Reader, depth int) {
	for !w.over {
		p, err := mr.NextRawPart()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			w.note(Broken)
			return
		}
		if l := w.left.Enter(depth + 1); l != budget.None {
			w.limit(l)
			return
		}
		name := p.FileName()
		if s, err := words().DecodeHeader(name); err == nil {
			name = s
		}
		w.text(join(path, "names"), []byte(name))
		w.mime(path, partHeader{p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), name}, p, depth+1)
	}
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
