package document

import "bytes"

// appendAttributes appends links, descriptions and the values of spreadsheet cells.
func appendAttributes(out, tag []byte) []byte {
	eachAttribute(tag, func(name, v []byte) {
		if len(v) == 0 {
			return
		}
		switch string(name) {
		case "descr", "alt", "title", "office:string-value", "string", "tooltip", "w:author":
		case "office:value":
			out = append(out, ' ')
		case "Target", "href", "xlink:href":
			if bytes.IndexByte(v, ':') < 0 {
				return
			}
			v = bytes.TrimPrefix(v, []byte("mailto:"))
		case "name":
			if string(localName(tag)) != "sheet" {
				return
			}
		default:
			return
		}
		out = append(appendEntities(out, v), '\n')
	})
	return out
}

// appendAside appends other attributes that read like words, an address or a long number:
// caches, lists and what programs note are there.
func appendAside(out, tag []byte) []byte {
	eachAttribute(tag, func(name, v []byte) {
		if !telling(v) {
			return
		}
		prefix, local, ok := bytes.Cut(name, []byte(":"))
		if !ok {
			prefix, local = nil, name
		}
		switch string(prefix) {
		case "xmlns", "style", "fo", "svg":
			return
		}
		switch string(local) {
		case "descr", "alt", "title", "string-value", "string", "tooltip", "author", "value", "Target", "href": // not aside
		case "style", "class", "d", "points", "path", "transform", "viewBox", "Ignorable", "Requires", "values", "keyTimes",
			"id", "typeface", "ascii", "hAnsi", "cs", "eastAsia", "font-name", "panose":
		default:
			out = append(appendEntities(out, v), '\n')
		}
	})
	return out
}

// eachAttribute calls f for every attribute of a tag.
func eachAttribute(tag []byte, f func(name, value []byte)) {
	for {
		eq := bytes.IndexByte(tag, '=')
		if eq < 0 {
			return
		}
		name := bytes.TrimRight(tag[:eq], " \t\r\n")
		if i := bytes.LastIndexAny(name, " \t\r\n"); i >= 0 {
			name = name[i+1:]
		}
		rest := bytes.TrimLeft(tag[eq+1:], " \t\r\n")
		if len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
			tag = tag[eq+1:]
			continue
		}
		end := bytes.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return
		}
		f(name, rest[1:1+end])
		tag = rest[end+2:]
	}
}

const (
	leastTelling = 8
	leastDigits  = 9
)

// telling reports a value with two words, an address, or a number that is longer than
// measures are.
func telling(v []byte) bool {
	if len(v) < leastTelling {
		return false
	}
	digits, letters, words, run := 0, 0, 0, 0
	for _, c := range v {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= 0x80:
			letters++
			if run++; run == 3 {
				words++
			}
			continue
		case c == '@':
			return true
		case c == ';' || c == '{':
			return false
		}
		run = 0
	}
	return words > 1 && bytes.IndexByte(v, ' ') >= 0 || digits >= leastDigits && letters == 0
}

// digitsIn returns how many digits are in v, to tell what is a number from what is a name.
func digitsIn(v []byte) (n int) {
	for _, c := range v {
		if c >= '0' && c <= '9' {
			n++
		}
	}
	return n
}
