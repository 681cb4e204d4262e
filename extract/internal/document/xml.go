package document

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"github.com/sluice-dlp/sluice/extract/internal/charset"
)

// xmlText returns the character data of an XML part: runs glued, a line end where a block
// ends. It is a flat scanner: it knows no document type, no entity definitions and no
// nesting, so the bombs made of those do not work on it.
func xmlText(data []byte) []byte {
	data = xmlUTF8(data)
	out := make([]byte, 0, len(data)/4)
	var aside []byte // what would tear the text apart where it stands
	for len(data) > 0 {
		i := bytes.IndexByte(data, '<')
		if i < 0 {
			i = len(data)
		}
		out = appendEntities(out, data[:i])
		data = data[i:]
		switch {
		case len(data) == 0:
		case has(data, "<!--"):
			rest := after(data, "-->")
			aside, data = append(append(aside, bytes.TrimSuffix(data[len("<!--"):len(data)-len(rest)], []byte("-->"))...), '\n'), rest
		case has(data, "<![CDATA["):
			inside, rest, _ := bytes.Cut(data[len("<![CDATA["):], []byte("]]>"))
			out, data = append(out, inside...), rest
		case has(data, "<!DOCTYPE"):
			inside := data[:min(len(data), endOfDoctype(data))]
			aside, data = append(append(aside, inside...), '\n'), data[len(inside):]
		case has(data, "<?"):
			rest := after(data, "?>")
			if inside := data[:len(data)-len(rest)]; rest == nil || !has(inside, "<?xml ") {
				aside = append(append(aside, inside...), '\n')
			}
			data = rest
		case bytes.IndexByte(data, '>') < 0: // no tag
			out, data = append(out, data...), nil
		default:
			var tag []byte
			tag, data = cutTag(data)
			out, aside = appendTag(out, tag), appendAside(aside, tag)
		}
	}
	return append(append(out, '\n'), aside...)
}

// xmlUTF8 decodes UTF-16, and what the XML declaration names.
func xmlUTF8(data []byte) []byte {
	if cs, ok := charset.Unicode(data); ok {
		return cs.Decode(data)
	}
	if has(data, "<?xml") && !utf8.Valid(data) {
		decl, _, _ := bytes.Cut(data[:min(len(data), 256)], []byte("?>"))
		if cs, ok := charset.Label(string(attr(decl, "encoding"))); ok {
			return cs.Decode(data)
		}
	}
	return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
}

func after(data []byte, mark string) []byte {
	if i := bytes.Index(data, []byte(mark)); i >= 0 {
		return data[i+len(mark):]
	}
	return nil
}

func endOfDoctype(data []byte) int {
	end := bytes.IndexByte(data, '>')
	if subset := bytes.IndexByte(data, '['); subset >= 0 && subset < end {
		if i := bytes.Index(data, []byte("]>")); i >= 0 {
			return i + 2
		}
		return len(data)
	}
	if end < 0 {
		return len(data)
	}
	return end + 1
}

// cutTag splits a tag off; a > within quotes does not end it.
func cutTag(data []byte) (tag, rest []byte) {
	quote := byte(0)
	for i, c := range data {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return data[1:i], data[i+1:]
		}
		if i > 1<<16 && quote != 0 { // an apostrophe in broken markup
			break
		}
	}
	if i := bytes.IndexByte(data, '>'); i > 0 {
		return data[1:i], data[i+1:]
	}
	return data[1:], nil
}

// appendTag appends what a tag stands for: white space, a hyphen, or attributes that a
// reader of the document sees.
func appendTag(out, tag []byte) []byte {
	closing := len(tag) > 0 && tag[0] == '/'
	name := localName(bytes.TrimPrefix(tag, []byte("/")))
	if !closing {
		out = appendAttributes(out, tag)
	}
	if self := len(tag) > 0 && tag[len(tag)-1] == '/'; closing || self {
		return appendBreak(out, name, tag)
	}
	return out
}

func localName(tag []byte) []byte {
	if i := bytes.IndexAny(tag, " \t\r\n/"); i >= 0 {
		tag = tag[:i]
	}
	if i := bytes.IndexByte(tag, ':'); i >= 0 {
		tag = tag[i+1:]
	}
	return tag
}

func appendBreak(out, name, tag []byte) []byte {
	switch string(name) {
	case "s": // <text:s text:c="3"/>
		return append(out, ' ')
	case "tab", "tc", "table-cell", "td", "th", "c":
		return append(out, '\t')
	case "noBreakHyphen", "softHyphen":
		return append(out, '-')
	case "sym":
		if n, err := strconv.ParseUint(string(attr(tag, "w:char")), 16, 16); err == nil {
			return utf8.AppendRune(out, rune(n)&0xff)
		}
	case "p", "br", "h", "line-break", "cr", "comment", "note", "si", "row", "tr", "title", "subject", "creator", "description",
		"keywords", "li", "div", "h1", "h2", "h3", "h4", "h5", "h6", "text", "sheet", "definedName", "lpwstr", "Relationship",
		"oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter", "author", "cm", "annotation",
		"user-defined", "initial-creator", "date", "Company", "Manager", "fldSimple", "property", "dt", "dd", "pt", "v":
		return append(out, '\n')
	}
	return out
}

// attr returns the raw value of an attribute.
func attr(tag []byte, name string) []byte {
	for from := 0; ; {
		i := bytes.Index(tag[from:], []byte(name))
		if i < 0 {
			return nil
		}
		i += from
		from = i + len(name)
		if i == 0 || tag[i-1] != ' ' && tag[i-1] != '\t' && tag[i-1] != '\n' && tag[i-1] != '\r' {
			continue
		}
		rest := bytes.TrimLeft(tag[from:], " \t\r\n")
		if len(rest) < 2 || rest[0] != '=' {
			continue
		}
		rest = bytes.TrimLeft(rest[1:], " \t\r\n")
		if len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
			continue
		}
		end := bytes.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return nil
		}
		return rest[1 : 1+end]
	}
}

// appendEntities appends text with the predefined and the numeric entities decoded.
func appendEntities(out, s []byte) []byte {
	for {
		i := bytes.IndexByte(s, '&')
		if i < 0 {
			return append(out, s...)
		}
		out, s = append(out, s[:i]...), s[i:]
		end := bytes.IndexByte(s[:min(len(s), 12)], ';')
		if end < 0 {
			out, s = append(out, '&'), s[1:]
			continue
		}
		out, s = appendEntity(out, s[1:end]), s[end+1:]
	}
}

func appendEntity(out, name []byte) []byte {
	switch string(name) {
	case "lt":
		return append(out, '<')
	case "gt":
		return append(out, '>')
	case "amp":
		return append(out, '&')
	case "quot":
		return append(out, '"')
	case "apos":
		return append(out, '\'')
	}
	if len(name) > 1 && name[0] == '#' {
		digits, base := string(name[1:]), 10
		if digits[0] == 'x' || digits[0] == 'X' {
			digits, base = digits[1:], 16
		}
		if n, err := strconv.ParseUint(digits, base, 32); err == nil {
			return utf8.AppendRune(out, rune(n))
		}
	}
	return out
}

// elements calls f with the tag and the inside of each element of that name; elements of
// one name do not nest. f returns false to stop.
func elements(data []byte, name string, f func(tag, inside []byte) bool) {
	open, end := []byte("<"+name), []byte("</"+name+">")
	for {
		i := bytes.Index(data, open)
		if i < 0 {
			return
		}
		data = data[i:]
		if len(data) == len(open) || !bytes.ContainsRune([]byte(" >/\n\r\t"), rune(data[len(open)])) {
			data = data[len(open):]
			continue
		}
		tag, rest := cutTag(data)
		data = rest
		if len(tag) > 0 && tag[len(tag)-1] == '/' {
			if !f(tag, nil) {
				return
			}
			continue
		}
		k := bytes.Index(data, end)
		if k < 0 {
			k = len(data)
		}
		if !f(tag, data[:k]) {
			return
		}
		data = data[min(len(data), k+len(end)):]
	}
}

func isXML(data []byte) bool {
	head := bytes.TrimLeft(data[:min(len(data), 1024)], "\ufeff \t\r\n")
	if cs, ok := charset.Unicode(data); ok {
		head = cs.Decode(data[:min(len(data), 2048)&^3])
	}
	if has(head, "<?xml") || has(head, "<svg") {
		return true
	}
	end := bytes.IndexByte(head, '>') // without a declaration, which may be left out
	return has(head, "<") && end > 0 && bytes.Contains(head[:end], []byte(" xmlns"))
}
