package classify

import "bytes"

// sketch is the outline of the beginning of a JSON text: enough to recognise a kind of
// request, whether or not the text is whole.
type sketch struct {
	data   []byte
	nodes  []node
	broken bool // the text breaks off, or a bound was met
}

// node is one value. Its children, of an array or object, follow it in order.
type node struct {
	kind     nodeKind
	key      span  // of an object's member, without its quotes
	text     span  // of a string without its quotes, or of a scalar
	skip     int32 // index of the next node that is no descendant
	children int32
}

// span is a part of the data, as it stands there.
type span struct{ from, to int32 }

type nodeKind uint8

const (
	absent nodeKind = iota
	object
	array
	stringValue
	scalar // number, true, false or null
)

// Bounds of a sketch. What lies beyond them does not change what a request is.
const (
	maxSketch   = 256 << 10 // bytes that are looked at
	maxNodes    = 1024
	maxLevels   = 7  // below are only details of a turn
	maxElements = 24 // of a list, or members of an object that is not the root
)

// outline reads the beginning of body. It stops without complaint where the text ends,
// breaks off or is no JSON.
func outline(body []byte) *sketch {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if len(body) > maxSketch {
		body = body[:maxSketch]
	}
	body = bytes.TrimLeft(body, " \t\r\n")
	if len(body) == 0 || body[0] != '{' && body[0] != '[' {
		return &sketch{}
	}
	s := &sketch{data: body, nodes: make([]node, 0, 128)}
	_, ok := s.value(0, span{}, 0)
	s.broken = !ok
	return s
}

// value reads the value at i and returns the index after it; ok is false where nothing
// more can be read.
func (s *sketch) value(i int, key span, level int) (after int, ok bool) {
	i = s.space(i)
	if i >= len(s.data) || len(s.nodes) >= maxNodes {
		return i, false
	}
	at := len(s.nodes)
	s.nodes = append(s.nodes, node{key: key})
	switch c := s.data[i]; c {
	case '{', '[':
		s.nodes[at].kind = object
		if c == '[' {
			s.nodes[at].kind = array
		}
		after, ok = s.members(i+1, at, level)
	case '"':
		s.nodes[at].kind = stringValue
		s.nodes[at].text, after, ok = s.quoted(i)
	default:
		s.nodes[at].kind = scalar
		after, ok = s.word(i)
		s.nodes[at].text = span{int32(i), int32(after)}
	}
	s.nodes[at].skip = int32(len(s.nodes))
	return after, ok
}

// ends reports whether c ends a number or a word.
func ends(c byte) bool {
	return c == ',' || c == ']' || c == '}' || c == ' ' || c == '\t' || c == '\r' || c == '\n'
}

// members reads the members of the object or the elements of the array at node at.
func (s *sketch) members(i, at, level int) (after int, ok bool) {
	end := byte('}')
	if s.nodes[at].kind == array {
		end = ']'
	}
	for {
		i = s.space(i)
		if i >= len(s.data) {
			return i, false
		}
		if s.data[i] == end {
			return i + 1, true
		}
		if s.data[i] == ',' {
			i = s.space(i + 1)
		}
		var key span
		if end == '}' {
			if key, i, ok = s.name(i); !ok {
				return i, false
			}
		}
		if level >= maxLevels || s.nodes[at].children >= maxElements && level > 0 {
			i, ok = s.pass(s.space(i))
		} else {
			before := len(s.nodes)
			i, ok = s.value(i, key, level+1)
			if len(s.nodes) > before {
				s.nodes[at].children++
			}
		}
		if !ok {
			return i, false
		}
	}
}

// pass goes over the value at i without keeping it.
func (s *sketch) pass(i int) (after int, ok bool) {
	for depth := 0; i < len(s.data); {
		switch c := s.data[i]; c {
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		case '"':
			if _, i, ok = s.quoted(i); !ok {
				return i, false
			}
		case ',', ':', ' ', '\t', '\r', '\n':
			i++
			continue
		default:
			if i, ok = s.word(i); !ok {
				return i, false
			}
		}
		if depth <= 0 {
			return i, depth == 0
		}
	}
	return i, false
}

// word reads a number or a word.
func (s *sketch) word(i int) (after int, ok bool) {
	after = i
	for after < len(s.data) && !ends(s.data[after]) {
		after++
	}
	return after, after > i && after < len(s.data)
}

// name reads a member's name and the colon after it.
func (s *sketch) name(i int) (key span, after int, ok bool) {
	if i >= len(s.data) || s.data[i] != '"' {
		return span{}, i, false
	}
	if key, i, ok = s.quoted(i); !ok {
		return span{}, i, false
	}
	i = s.space(i)
	if i >= len(s.data) || s.data[i] != ':' {
		return span{}, i, false
	}
	return key, i + 1, true
}

// quoted reads a string whose opening quote is at i.
func (s *sketch) quoted(i int) (text span, after int, ok bool) {
	start := i + 1
	for i = start; i < len(s.data); i++ {
		n := bytes.IndexByte(s.data[i:], '"')
		if n < 0 {
			break
		}
		i += n
		escapes := 0
		for i-1-escapes >= start && s.data[i-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return span{int32(start), int32(i)}, i + 1, true
		}
	}
	return span{int32(start), int32(len(s.data))}, len(s.data), false
}

func (s *sketch) space(i int) int {
	for i < len(s.data) && (s.data[i] == ' ' || s.data[i] == '\n' || s.data[i] == '\r' || s.data[i] == '\t') {
		i++
	}
	return i
}

// value is a node of a sketch, or the absence of one.
type value struct {
	s *sketch
	i int
}

func (s *sketch) root() value {
	if len(s.nodes) == 0 {
		return value{s, -1}
	}
	return value{s, 0}
}

func (v value) node() node {
	if v.i < 0 {
		return node{}
	}
	return v.s.nodes[v.i]
}

func (v value) is(k nodeKind) bool { return v.node().kind == k }

// get returns the member of that name.
func (v value) get(name string) value {
	if !v.is(object) {
		return value{v.s, -1}
	}
	for c := range v.each {
		if string(c.key()) == name {
			return c
		}
	}
	return value{v.s, -1}
}

// each yields the members or elements of v.
func (v value) each(yield func(value) bool) {
	if v.i < 0 {
		return
	}
	n := v.node()
	for i, k := v.i+1, int32(0); k < n.children && i < len(v.s.nodes); k++ {
		if !yield(value{v.s, i}) {
			return
		}
		next := int(v.s.nodes[i].skip)
		if next <= i { // the value that the text broke off in
			return
		}
		i = next
	}
}

// first returns the first element of an array.
func (v value) first() value {
	if v.is(array) {
		for e := range v.each {
			return e
		}
	}
	return value{v.s, -1}
}

// text returns the raw text of a string, or "".
func (v value) text() string {
	if !v.is(stringValue) {
		return ""
	}
	t := v.node().text
	return string(v.s.data[t.from:t.to])
}

// literal reports whether v is that number or word.
func (v value) literal(word string) bool {
	t := v.node().text
	return v.is(scalar) && string(v.s.data[t.from:t.to]) == word
}

// key returns the raw name of a member.
func (v value) key() []byte {
	k := v.node().key
	return v.s.data[k.from:k.to]
}

// has reports whether v has a member of one of the names.
func (v value) has(names ...string) bool {
	for _, name := range names {
		if v.get(name).i >= 0 {
			return true
		}
	}
	return false
}
