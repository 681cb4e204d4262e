package jsontree

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// Segment is one step of a path.
type Segment struct {
	Key   string
	Index int
	Any   AnyKind
	Array bool // Index, not Key
}

// AnyKind says which values a wildcard stands for.
type AnyKind uint8

// The wildcards; None is a segment with a name or an index.
const (
	None    AnyKind = iota
	Element         // [*]: every element of an array
	Member          // *: every member or element
	Deep            // **: the value itself and everything below it
)

// Path is a compiled path such as messages[*].content.parts[0]; the empty Path is the
// whole document. It is immutable.
type Path []Segment

// maxSegments bounds a path, and with it the work for one value.
const maxSegments = 32

// ParsePath compiles a path; ["a.b"] quotes a name.
func ParsePath(s string) (Path, error) {
	var p Path
	rest, deep := s, 0
	for first := true; rest != ""; first = false {
		seg, tail, err := segment(rest, first)
		if err != nil {
			return nil, fmt.Errorf("path %q: %w", s, err)
		}
		if seg.Any == Deep {
			deep++
		}
		p, rest = append(p, seg), tail
		if len(p) > maxSegments {
			return nil, fmt.Errorf("path %q: more than %d steps", s, maxSegments)
		}
	}
	if deep > 1 { // two would make the work for one body quadratic
		return nil, fmt.Errorf("path %q: more than one **", s)
	}
	return p, nil
}

func segment(s string, first bool) (seg Segment, rest string, err error) {
	if s[0] == '[' {
		return bracket(s)
	}
	if s[0] == '.' {
		s = s[1:]
	} else if !first {
		return seg, "", fmt.Errorf("want . or [ before %q", s)
	}
	if s != "" && s[0] == '[' {
		return bracket(s)
	}
	end := strings.IndexAny(s, ".[")
	if end < 0 {
		end = len(s)
	}
	name := s[:end]
	switch {
	case name == "":
		return seg, "", fmt.Errorf("a name is missing before %q", s)
	case strings.ContainsAny(name, " \"'|>]()"):
		return seg, "", fmt.Errorf("%q is not a name; write [\"…\"] for unusual ones", name)
	case name == "*":
		seg.Any = Member
	case name == "**":
		seg.Any = Deep
	default:
		seg.Key = name
	}
	return seg, s[end:], nil
}

func bracket(s string) (seg Segment, rest string, err error) {
	if strings.HasPrefix(s, `["`) {
		end := strings.Index(s, `"]`)
		if end < 2 {
			return seg, "", fmt.Errorf(`want "] after %s`, s)
		}
		return Segment{Key: s[2:end]}, s[end+2:], nil
	}
	end := strings.IndexByte(s, ']')
	if end < 0 {
		return seg, "", fmt.Errorf("want ] after %s", s)
	}
	inside, rest := s[1:end], s[end+1:]
	if inside == "*" {
		return Segment{Any: Element}, rest, nil
	}
	n, err := strconv.Atoi(inside)
	if err != nil || n < 0 {
		return seg, "", fmt.Errorf("[%s] is neither an index, [*] nor a quoted name", inside)
	}
	return Segment{Index: n, Array: true}, rest, nil
}

// Find calls found for every node that the path leads to from node from, or from each
// top-level value when from is -1. turn is the node at the path's last wildcard, or -1.
func (t *Tree) Find(p Path, from int, found func(node, turn int)) {
	if from >= 0 {
		t.find(p, from, -1, found)
		return
	}
	for i := 0; i < len(t.Nodes); i = t.Nodes[i].Skip {
		t.find(p, i, -1, found)
	}
}

// find recurses once a segment, so at most maxSegments deep.
func (t *Tree) find(p Path, node, turn int, found func(node, turn int)) {
	if len(p) == 0 {
		found(node, turn)
		return
	}
	seg, rest := &p[0], p[1:]
	n := &t.Nodes[node]
	if seg.Any == Deep {
		for i := node; i < n.Skip; i++ {
			t.find(rest, i, i, found)
		}
		return
	}
	if n.Kind != Object && n.Kind != Array {
		return
	}
	for c := node + 1; c < n.Skip; c = t.Nodes[c].Skip {
		switch {
		case seg.Any == Member, seg.Any == Element && n.Kind == Array:
			t.find(rest, c, c, found)
		case seg.Any != None:
		case seg.Array:
			if n.Kind == Array && t.Nodes[c].Index == seg.Index {
				t.find(rest, c, turn, found)
			}
		case n.Kind == Object && t.keyIs(c, seg.Key):
			t.find(rest, c, turn, found)
		}
	}
}

func (t *Tree) keyIs(i int, name string) bool {
	n := &t.Nodes[i]
	raw := t.Data[n.KeyStart:n.KeyEnd]
	if len(raw) <= len(name) { // escapes make a name longer
		return string(raw) == name
	}
	return bytes.IndexByte(raw, '\\') >= 0 && string(AppendUnescaped(nil, raw)) == name
}

// maxPath bounds a written path in bytes.
const maxPath = 512

// AppendPath appends the path of node i; a very long one loses its beginning.
func (t *Tree) AppendPath(dst []byte, i int) []byte {
	start := len(dst)
	var chain [64]int
	n := 0
	for ; i >= 0 && n < len(chain); i = t.Nodes[i].Parent {
		chain[n] = i
		n++
	}
	if i >= 0 {
		dst = append(dst, "…"...)
	}
	for n--; n >= 0 && len(dst)-start < maxPath; n-- {
		dst = t.appendStep(dst, chain[n], len(dst) == start)
	}
	return dst
}

func (t *Tree) appendStep(dst []byte, i int, first bool) []byte {
	node := &t.Nodes[i]
	switch {
	case node.Parent < 0:
		if len(t.Nodes) > 0 && t.Nodes[0].Skip < len(t.Nodes) { // one of several values
			dst = append(dst, '[')
			dst = strconv.AppendInt(dst, int64(node.Index), 10)
			dst = append(dst, ']')
		}
	case t.Nodes[node.Parent].Kind == Array:
		dst = append(dst, '[')
		dst = strconv.AppendInt(dst, int64(node.Index), 10)
		dst = append(dst, ']')
	default:
		key := t.Key(i)
		if plainKey(key) {
			if !first {
				dst = append(dst, '.')
			}
			return append(dst, key[:min(len(key), 64)]...)
		}
		dst = append(dst, `["`...)
		dst = AppendEscaped(dst, key[:min(len(key), 64)])
		dst = append(dst, `"]`...)
	}
	return dst
}

func plainKey(k []byte) bool {
	if len(k) == 0 {
		return false
	}
	for i, c := range k {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '$' || i > 0 && (c >= '0' && c <= '9' || c == '-')) {
			return false
		}
	}
	return true
}
