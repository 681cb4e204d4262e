package classify

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/sluice-dlp/sluice/internal/nearest"
)

// problems collects every mistake of a load.
type problems struct{ list []error }

func (p *problems) add(at, format string, args ...any) {
	p.list = append(p.list, fmt.Errorf(strings.ReplaceAll(at, "%", "%%")+": "+format, args...))
}

func (p *problems) err() error { return errors.Join(p.list...) }

// document is one YAML document while it is read.
type document struct {
	file string
	*problems
}

func (d document) at(n *yaml.Node) string { return fmt.Sprintf("%s:%d", d.file, n.Line) }

func (d document) bad(n *yaml.Node, format string, args ...any) {
	d.add(d.at(n), format, args...)
}

// field reads the value of one key of a mapping.
type field struct {
	key  string
	read func(n *yaml.Node)
}

// mapping hands each value of n to its field. what names n in messages. It returns the keys
// that were given, or meant.
func (d document) mapping(n *yaml.Node, what string, fields []field) (given []string) {
	n = resolve(n)
	if n.Kind != yaml.MappingNode {
		d.bad(n, "%s: must be a mapping of keys to values", what)
		return nil
	}
	seen := make([]string, 0, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if slices.Contains(seen, key.Value) {
			d.bad(key, "%s: field %q is given twice; keep one", what, key.Value)
			continue
		}
		seen = append(seen, key.Value)
		f := slices.IndexFunc(fields, func(f field) bool { return f.key == key.Value })
		if f < 0 {
			d.bad(key, "%s: unknown field %q%s", what, key.Value, nearest.Hint(key.Value, keys(fields)))
			given = append(given, nearest.Word(key.Value, keys(fields)))
			continue
		}
		fields[f].read(n.Content[i+1])
	}
	return append(given, seen...)
}

func keys(fields []field) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.key
	}
	return out
}

// text returns a field that takes a text into s.
func (d document) text(key string, s *string) field {
	return field{key, func(n *yaml.Node) {
		if v, ok := d.scalar(n, key); ok {
			*s = v
		}
	}}
}

// oneOf returns a field that takes one of the allowed words into s.
func (d document) oneOf(key string, s *string, allowed ...string) field {
	return field{key, func(n *yaml.Node) {
		v, ok := d.scalar(n, key)
		if !ok {
			return
		}
		if !slices.Contains(allowed, v) {
			d.bad(n, "%s: %q is not one of %s%s", key, v, strings.Join(allowed, ", "), nearest.Hint(v, allowed))
			return
		}
		*s = v
	}}
}

// texts returns a field that takes a text or a list of texts into s.
func (d document) texts(key string, s *[]string) field {
	return field{key, func(n *yaml.Node) {
		n = resolve(n)
		if n.Kind != yaml.SequenceNode {
			n = &yaml.Node{Kind: yaml.SequenceNode, Line: n.Line, Content: []*yaml.Node{n}}
		}
		*s = nil
		for _, item := range n.Content {
			if v, ok := d.scalar(item, key); ok {
				*s = append(*s, v)
			}
		}
	}}
}

// list returns a field that calls read for each item of a list.
func (d document) list(key string, read func(i int, n *yaml.Node)) field {
	return field{key, func(n *yaml.Node) {
		n = resolve(n)
		if n.Kind != yaml.SequenceNode {
			d.bad(n, "%s: must be a list; write it as [a, b] or one \"- item\" a line", key)
			return
		}
		for i, item := range n.Content {
			read(i, item)
		}
	}}
}

func (d document) scalar(n *yaml.Node, what string) (string, bool) {
	n = resolve(n)
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || n.Value == "" {
		d.bad(n, "%s: must be a text that is not empty", what)
		return "", false
	}
	return n.Value, true
}

// resolve follows an alias. An alias cannot name an alias, nor, as every reader here
// knows the shape that it reads, lead to an endless walk.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}
