package classify

import "bytes"

// maxParts bounds the parts of a form that are looked at.
const maxParts = 32

// formOutline reads the beginning of a multipart form as an object: a field is a text under
// its name, and a file an object.
func formOutline(kind, body []byte) *sketch {
	if len(body) > maxSketch {
		body = body[:maxSketch]
	}
	mark := boundary(kind)
	if mark == nil && bytes.HasPrefix(body, []byte("--")) { // the header does not tell, but the body does
		mark, _, _ = bytes.Cut(body[:min(len(body), 80)], []byte("\r\n"))
	}
	if len(mark) < 3 {
		return &sketch{}
	}
	s := &sketch{data: body, nodes: []node{{kind: object}}}
	for at := bytes.Index(body, mark); at >= 0 && int(s.nodes[0].children) < maxParts; {
		from := at + len(mark)
		next := bytes.Index(body[from:], mark)
		to := len(body)
		if next >= 0 {
			to = from + next
		}
		s.part(from, to)
		if at = to; next < 0 {
			break
		}
	}
	s.nodes[0].skip = int32(len(s.nodes))
	return s
}

// boundary returns what stands before each part: RFC 2046 §5.1.1.
func boundary(kind []byte) []byte {
	const name = "boundary="
	for i := 0; i+len(name) < len(kind); i++ {
		if !equalFold(kind[i:i+len(name)], name) {
			continue
		}
		mark := kind[i+len(name):]
		if mark[0] == '"' {
			mark, _, _ = bytes.Cut(mark[1:], []byte(`"`))
		} else if end := bytes.IndexAny(mark, "; \t"); end >= 0 {
			mark = mark[:end]
		}
		if len(mark) == 0 || len(mark) > 70 {
			return nil
		}
		return append([]byte("--"), mark...)
	}
	return nil
}

// part adds the part between two places of the data.
func (s *sketch) part(from, to int) {
	part := s.data[from:to]
	end := bytes.Index(part, []byte("\r\n\r\n"))
	if end < 0 {
		return
	}
	head := part[:end]
	name := bytes.Index(head, []byte(` name="`))
	if name < 0 {
		return
	}
	name += len(` name="`)
	length := bytes.IndexByte(head[name:], '"')
	if length < 0 {
		return
	}
	n := node{
		kind: stringValue, key: span{int32(from + name), int32(from + name + length)},
		text: span{int32(from + end + 4), int32(from + len(bytes.TrimSuffix(part, []byte("\r\n"))))}, skip: int32(len(s.nodes) + 1),
	}
	if n.text.to < n.text.from {
		n.text.to = n.text.from
	}
	if bytes.Contains(head, []byte("filename")) {
		n.kind = object
	}
	s.nodes = append(s.nodes, n)
	s.nodes[0].children++
}
