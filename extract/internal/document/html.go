package document

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/sluice-dlp/sluice/extract/internal/budget"
	"github.com/sluice-dlp/sluice/extract/internal/charset"
)

func isHTML(data []byte) bool {
	head := data[:min(len(data), 2048)]
	if cs, ok := charset.Unicode(data); ok {
		head = cs.Decode(head[:len(head)&^3])
	}
	head = bytes.ToLower(head)
	return bytes.Contains(head, []byte("<html")) || bytes.Contains(head, []byte("<!doctype html"))
}

// maxToken bounds one token of HTML, so that an unfinished tag is not a second copy.
const maxToken = 4 << 20

// html reads what a page shows or hides: text, comments, scripts, the attributes that hold
// words or addresses, the files in data: URIs, and of styles what may be more than that.
func (w *walk) html(path string, data []byte, cs charset.Charset, depth int) {
	if cs.UTF8() {
		if label, ok := charset.Label(metaCharset(data)); ok && !label.UTF8() && !bytes.Equal(bytes.ToValidUTF8(data, nil), data) {
			cs = label
		}
	}
	data = cs.Decode(data)
	z := newTokenizer(data)
	out := make([]byte, 0, len(data)/2)
	style, verbatim := false, 0
	for n := 0; n%256 != 0 || !w.left.Late(); n++ { // the clock costs more than a short tag
		kind := z.Next()
		data = data[len(z.Raw()):]
		switch kind {
		case html.ErrorToken: // too long, or not ended: what was read of it is text as it stands
			out = append(out, z.Raw()...)
			if len(data) == 0 {
				w.text(path, out)
				return
			}
			z = newTokenizer(data)
		case html.TextToken:
			if style {
				out = appendStyle(out, z.Text(), func(file []byte) { w.member(path, "style", file, depth) })
			} else {
				out = appendCollapsed(out, z.Text(), verbatim > 0)
			}
		case html.CommentToken:
			out = append(append(append(out, '\n'), z.Text()...), '\n')
		case html.StartTagToken, html.SelfClosingTagToken:
			name, attrs := z.TagName()
			tag := atom.Lookup(name)
			style = tag == atom.Style
			if keepsSpace(tag) {
				verbatim++
			}
			out = appendBlock(out, tag)
			for attrs {
				var key, value []byte
				key, value, attrs = z.TagAttr()
				if file, ok := DataURI(value); ok {
					w.member(path, string(key), file, depth)
					continue
				}
				out = appendHTMLAttribute(out, key, value)
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			tag := atom.Lookup(name)
			style = false
			if keepsSpace(tag) {
				verbatim = max(0, verbatim-1)
			}
			out = appendBlock(out, tag)
		case html.DoctypeToken:
			if text := z.Text(); digitsIn(text) >= leastDigits {
				out = append(append(out, text...), '\n')
			}
		}
	}
	w.text(path, out)
	w.limit(budget.Time)
}

func newTokenizer(data []byte) *html.Tokenizer {
	z := html.NewTokenizer(bytes.NewReader(data))
	z.SetMaxBuf(maxToken)
	return z
}

func keepsSpace(tag atom.Atom) bool {
	return tag == atom.Pre || tag == atom.Textarea || tag == atom.Script
}

// appendCollapsed appends text as a browser shows it: a run of white space, which lines
// broken by a program make, is one space.
func appendCollapsed(out, text []byte, verbatim bool) []byte {
	if verbatim {
		return append(out, text...)
	}
	for _, c := range text {
		switch c {
		case ' ', '\t', '\n', '\r', '\f':
			if n := len(out); n == 0 || out[n-1] != ' ' && out[n-1] != '\n' && out[n-1] != '\t' {
				out = append(out, ' ')
			}
		default:
			out = append(out, c)
		}
	}
	return out
}

func appendBlock(out []byte, tag atom.Atom) []byte {
	switch tag {
	case atom.P, atom.Div, atom.Br, atom.Tr, atom.Li, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Table,
		atom.Section, atom.Article, atom.Title, atom.Pre, atom.Option, atom.Ul, atom.Ol, atom.Dt, atom.Dd, atom.Blockquote, atom.Script, atom.Style:
		return append(out, '\n')
	case atom.Td, atom.Th:
		return append(out, '\t')
	}
	return out
}

func appendHTMLAttribute(out, key, value []byte) []byte {
	if len(value) == 0 {
		return out
	}
	switch string(key) {
	case "href", "src", "alt", "title", "value", "content", "placeholder", "aria-label", "label", "data-value", "action", "cite", "srcdoc":
		out = append(out, '\n')
		out = append(out, bytes.TrimPrefix(value, []byte("mailto:"))...)
		return append(out, '\n')
	case "class", "style", "id", "d", "points", "path", "transform", "viewbox", "srcset", "sizes", "media", "rel", "integrity", "values", "keytimes":
		return out
	}
	if telling(value) { // data-*, and whatever a page makes up
		out = append(append(append(out, '\n'), value...), '\n')
	}
	return out
}

// DataURI returns the bytes in a data: URI (RFC 2397), read as browsers do: base64 may be
// percent-encoded and hold blanks. They are at most as many as the URI's.
func DataURI(value []byte) ([]byte, bool) {
	const scheme = "data:"
	if len(value) < len(scheme) || !strings.EqualFold(string(value[:len(scheme)]), scheme) {
		return nil, false
	}
	head, body, ok := bytes.Cut(value[len(scheme):], []byte(","))
	if !ok {
		return nil, false
	}
	body = unescape(body)
	if !strings.HasSuffix(strings.ToLower(string(head)), ";base64") {
		return body, true
	}
	body = bytes.TrimRight(bytes.Join(bytes.Fields(body), nil), "=")
	data, err := base64.RawStdEncoding.AppendDecode(nil, body)
	return data, err == nil
}

// unescape returns a copy of the text of a URI with %XX as the byte that it stands for; a percent
// sign before anything else stands for itself.
func unescape(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		var one [1]byte
		if text[i] == '%' && i+2 < len(text) {
			if _, err := hex.Decode(one[:], text[i+1:i+3]); err == nil {
				out = append(out, one[0])
				i += 2
				continue
			}
		}
		out = append(out, text[i])
	}
	return out
}

// metaCharset returns the charset that the head of a page names.
func metaCharset(data []byte) string {
	head := bytes.ToLower(data[:min(len(data), 2048)])
	_, rest, ok := bytes.Cut(head, []byte("charset="))
	if !ok {
		return ""
	}
	rest = bytes.TrimLeft(rest, `"' `)
	if end := bytes.IndexAny(rest, `"'>;/ `); end >= 0 {
		rest = rest[:end]
	}
	return string(rest[:min(len(rest), 40)])
}
