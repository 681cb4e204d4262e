package classify

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// dialect is an endpoint of a protocol that is recognised at any host: by its path and
// headers, and by what the body holds.
type dialect struct {
	rule
	shape *shape
	line  bool // path and headers tell, whatever the body
	holds [][]need
}

// need is something that the body of a request must hold: a member of its JSON, or a field
// of its form. What is empty is not there.
type need struct {
	path  []string // "*" is the first of a list
	kind  nodeKind // absent: any
	words bool     // a text of more than one word, as people write
}

// needKinds are what may stand after the colon of a need.
var needKinds = map[string]nodeKind{"text": stringValue, "words": stringValue, "list": array, "object": object}

// anywhere reads "a & b.c:text", of which all must be there. The word "line" asks for nothing.
func (d document) anywhere(n *yaml.Node, holds *[][]need, line *bool) {
	var list []string
	d.texts("anywhere", &list).read(n)
	for _, text := range list {
		if text == "line" {
			*line = true
			continue
		}
		var all []need
		for one := range strings.SplitSeq(text, "&") {
			name, kind, typed := strings.Cut(strings.TrimSpace(one), ":")
			m := need{path: strings.Split(name, "."), kind: needKinds[kind], words: kind == "words"}
			if name == "" || typed && m.kind == absent {
				d.bad(n, `anywhere: %q is no member; write "name", "outer.name", "list.*.name", or "name:text" ("words", "list", "object")`, strings.TrimSpace(one))
			}
			all = append(all, m)
		}
		*holds = append(*holds, all)
	}
}

// fits reports whether the request is one of the dialect; root is its body.
func (d *dialect) fits(host []byte, r Request, root value) bool {
	if !d.rule.fits(host, r, true) {
		return false
	}
	if d.line {
		return true
	}
	for _, all := range d.holds {
		if holdsAll(root, all) {
			return true
		}
	}
	return false
}

func holdsAll(root value, all []need) bool {
	for _, n := range all {
		if !n.met(root) {
			return false
		}
	}
	return true
}

func (n *need) met(v value) bool {
	for _, name := range n.path {
		if v.is(stringValue) && strings.HasPrefix(v.text(), "{") { // a form's field that holds JSON
			v = outline([]byte(v.text())).root()
		}
		if name == "*" {
			v = v.first()
			continue
		}
		v = v.get(name)
	}
	switch v.node().kind {
	case absent:
		return false
	case stringValue:
		text := v.text()
		return text != "" && (n.kind == absent || n.kind == stringValue) && (!n.words || strings.Contains(text, " "))
	case array:
		return v.node().children > 0 && (n.kind == absent || n.kind == array)
	case object:
		return n.kind == absent || n.kind == object
	case scalar:
		return n.kind == absent && !v.literal("null")
	}
	return false
}

// dialect returns the shape of the first dialect that the request is one of.
func (c *Catalogue) dialect(r Request, root value) *shape {
	for i := range c.dialects {
		if c.dialects[i].fits(nil, r, root) {
			return c.dialects[i].shape
		}
	}
	return nil
}

// toldByLine reports whether the request is of a dialect whose body need not be read.
func (c *Catalogue) toldByLine(r Request) bool {
	for i := range c.dialects {
		if d := &c.dialects[i]; d.line && d.rule.fits(nil, r, true) {
			return true
		}
	}
	return false
}
