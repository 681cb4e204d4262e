// Package jsontree reads JSON into a flat tree whose nodes are spans of the input, so
// that a value can be found by its path, read without its escapes and changed in place.
//
// encoding/json gives no offsets of values, and a decoder that stops at the first
// mistake would let a broken body hide what stands before it. This one keeps what it
// has read, needs no recursion and allocates one slab.
package jsontree

import (
	"bytes"
	"slices"
)

// Kind says what a node is.
type Kind uint8

// The kinds of nodes.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

// maxSimple bounds the numbers, booleans and nulls of one array that become nodes: a
// list of a million numbers is a vector, not text.
const maxSimple = 256

// Node is one value. Nodes are in the order of the input, a parent before its children:
// the subtree of node i is [i, Skip).
type Node struct {
	Start, End       int // the value; of a string what is between the quotes
	KeyStart, KeyEnd int // the member's name between the quotes, or 0, 0
	Parent           int // -1 for a top-level value
	Skip             int // the node after this subtree
	Index            int // position in the array, or among top-level values
	Kind             Kind
	Escaped          bool  // a string with at least one backslash
	Mark, Tag        uint8 // for the reader of the tree
}

// Tree is the nodes of one input. It keeps the input; it is used by one goroutine.
type Tree struct {
	Data  []byte
	Nodes []Node
	End   int  // how far the input was read
	OK    bool // the whole input is JSON values and space
	Full  bool // the node limit stopped the reading
}

// parser is the state of one reading. All of its methods keep at ≤ len(data).
type parser struct {
	data  []byte
	at    int
	tree  *Tree
	limit int
}

// Parse reads one or more values (NDJSON included) and at most limit nodes. Nodes that
// t held before are overwritten.
func (t *Tree) Parse(data []byte, limit int) {
	t.Data, t.Nodes = data, t.Nodes[:0]
	if len(data) > largeInput {
		t.Nodes = slices.Grow(t.Nodes, min(limit, likelyNodes(data)))
	}
	t.OK, t.Full = false, false
	p := parser{data: data, tree: t, limit: limit}
	p.prefix()
	t.OK = p.values()
	t.End = p.at
	for i := len(t.Nodes) - 1; i >= 0; i-- { // close what a broken input left open
		if t.Nodes[i].Skip == 0 {
			t.Nodes[i].Skip, t.Nodes[i].End = len(t.Nodes), p.at
		}
	}
}

// largeInput is from how many bytes on nodes are counted beforehand: slabs that double leave
// three times as much behind.
const largeInput = 64 << 10

// likelyNodes returns how many nodes data has at most, but for numbers, booleans and nulls.
func likelyNodes(data []byte) int {
	count := func(c string) int { return bytes.Count(data, []byte(c)) }
	return count("[") + count("{") + count(`"`)/2
}

// prefix passes over a byte order mark and the guard that some servers put before JSON.
func (p *parser) prefix() {
	if len(p.data) >= 3 && string(p.data[:3]) == "\xef\xbb\xbf" {
		p.at = 3
	}
	p.space()
	if len(p.data)-p.at >= 4 && string(p.data[p.at:p.at+4]) == ")]}'" {
		p.at += 4
	}
}

// values reads the top level; parent is the open array or object, or -1.
func (p *parser) values() bool {
	parent, count := -1, 0
	for top := 0; ; {
		p.space()
		if p.at == len(p.data) {
			return parent < 0 && top > 0
		}
		c := p.data[p.at]
		if parent >= 0 && (c == ']' || c == '}') {
			if (c == ']') != (p.tree.Nodes[parent].Kind == Array) {
				return false
			}
			p.at++
			parent, count = p.close(parent)
			continue
		}
		if parent >= 0 && count > 0 {
			if c != ',' {
				return false
			}
			p.at++
			p.space()
			if p.at < len(p.data) && (p.data[p.at] == ']' || p.data[p.at] == '}') {
				continue // a trailing comma: some readers take it
			}
		}
		keyStart, keyEnd, ok := p.key(parent)
		if !ok {
			return false
		}
		index := count
		if parent < 0 {
			index = top
			top++
		}
		n, ok := p.value(Node{Parent: parent, Index: index, KeyStart: keyStart, KeyEnd: keyEnd})
		if !ok {
			return false
		}
		count++
		if n >= 0 && p.tree.Nodes[n].Skip == 0 {
			parent, count = n, 0
		}
	}
}

// close ends an array or object and returns its parent with the number of values that
// the parent has by now.
func (p *parser) close(n int) (parent, count int) {
	node := &p.tree.Nodes[n]
	node.End, node.Skip = p.at, len(p.tree.Nodes)
	if node.Parent < 0 {
		return -1, 0
	}
	return node.Parent, node.Index + 1
}

func (p *parser) key(parent int) (start, end int, ok bool) {
	if parent < 0 || p.tree.Nodes[parent].Kind != Object {
		return 0, 0, true
	}
	if p.at >= len(p.data) || p.data[p.at] != '"' {
		return 0, 0, false
	}
	start, end, _, ok = p.quoted()
	if !ok {
		return 0, 0, false
	}
	p.space()
	if p.at >= len(p.data) || p.data[p.at] != ':' {
		return 0, 0, false
	}
	p.at++
	p.space()
	return start, end, true
}

// value adds the value at the cursor. It returns -1 for one that is not kept; an array
// or object has Skip 0 until it is closed.
func (p *parser) value(n Node) (int, bool) {
	if p.at >= len(p.data) {
		return -1, false
	}
	n.Start = p.at
	keep := true
	var ok bool
	switch c := p.data[p.at]; {
	case c == '"':
		n.Kind = String
		n.Start, n.End, n.Escaped, ok = p.quoted()
	case c == '{' || c == '[':
		n.Kind = Object
		if c == '[' {
			n.Kind = Array
		}
		p.at++
		n.End = p.at
		return p.add(n)
	default:
		n.Kind, ok = p.simple()
		n.End = p.at
		keep = ok && (n.Parent < 0 || n.Index < maxSimple || p.tree.Nodes[n.Parent].Kind == Object)
	}
	if !keep {
		return -1, ok
	}
	i, room := p.add(n)
	if !room {
		return -1, false
	}
	p.tree.Nodes[i].Skip = i + 1
	return i, ok
}

func (p *parser) add(n Node) (int, bool) {
	if len(p.tree.Nodes) >= p.limit {
		p.tree.Full = true
		p.at = n.Start
		return -1, false
	}
	p.tree.Nodes = append(p.tree.Nodes, n)
	return len(p.tree.Nodes) - 1, true
}

// quoted reads a string; an unfinished one ends with the input and is not ok.
func (p *parser) quoted() (start, end int, escaped, ok bool) {
	p.at++
	start = p.at
	quote := start - 1 // the next quotation mark, sought once
	for i := start; i < len(p.data); {
		if quote < i {
			k := bytes.IndexByte(p.data[i:], '"')
			if k < 0 {
				escaped = escaped || bytes.IndexByte(p.data[i:], '\\') >= 0
				break
			}
			quote = i + k
		}
		k := bytes.IndexByte(p.data[i:quote], '\\')
		if k < 0 {
			p.at = quote + 1
			return start, quote, escaped, true
		}
		escaped = true
		i += k + 2
	}
	p.at = len(p.data)
	return start, p.at, escaped, false
}

// simple reads a number or a word; NaN and its like pass, as Python's reader takes them.
func (p *parser) simple() (Kind, bool) {
	start := p.at
	for p.at < len(p.data) && wordByte(p.data[p.at]) {
		p.at++
	}
	switch w := p.data[start:p.at]; {
	case len(w) == 0:
		return Null, false
	case string(w) == "null" || string(w) == "undefined":
		return Null, true
	case string(w) == "true" || string(w) == "false":
		return Bool, true
	case w[0] == '-' || w[0] >= '0' && w[0] <= '9' || string(w) == "NaN" || string(w) == "Infinity":
		return Number, true
	}
	p.at = start
	return Null, false
}

func wordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '+' || c == '.'
}

func (p *parser) space() {
	for p.at < len(p.data) {
		switch p.data[p.at] {
		case ' ', '\t', '\n', '\r', 0x1e: // 0x1e: RFC 7464 and SignalR records
			p.at++
		default:
			return
		}
	}
}
