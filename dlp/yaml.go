package dlp

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/sluice-dlp/sluice/internal/nearest"
)

// reader walks the YAML nodes of one file and notes every mistake instead of stopping at
// the first.
type reader struct {
	file string
	errs *mistakes
	who  string // `detector "us_ssn": `, put before what is wrong
}

func (r *reader) fault(n *yaml.Node, format string, args ...any) {
	r.errs.add(r.file, n.Line, r.who+format, args...)
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// document parses a file to its root node; nil when it is empty or broken.
func (r *reader) document(data []byte) *yaml.Node {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil
		}
		r.syntax(err)
		return nil
	}
	var second yaml.Node
	if err := dec.Decode(&second); err == nil {
		r.fault(&second, "a second document starts here; put it into a file of its own")
	} else if !errors.Is(err, io.EOF) {
		r.syntax(err)
	}
	if len(doc.Content) == 0 {
		return nil
	}
	return doc.Content[0]
}

func (r *reader) syntax(err error) {
	msg, line := err.Error(), 0
	if m := yamlLine.FindStringSubmatch(msg); m != nil {
		line, _ = strconv.Atoi(m[1])
		msg = msg[len(m[0]):]
	}
	r.errs.add(r.file, line, "not valid YAML: %s", msg)
}

// fields hands every value of a mapping to its field's reader and notes unknown and
// repeated keys. It reports whether n is a mapping.
func (r *reader) fields(n *yaml.Node, what string, fields map[string]func(*yaml.Node)) bool {
	if n.Kind != yaml.MappingNode {
		r.wrongKind(n, what, "a mapping of "+strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
		return false
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		read, ok := fields[key.Value]
		switch line, again := seen[key.Value], seen[key.Value] != 0; {
		case again:
			r.fault(key, "field %q is given twice (first in line %d); keep one", key.Value, line)
		case !ok:
			known := slices.Sorted(maps.Keys(fields))
			hint := nearest.Hint(key.Value, known)
			if hint == "" {
				hint = "; " + what + " has " + strings.Join(known, ", ")
			}
			r.fault(key, "unknown field %q%s", key.Value, hint)
		case value.Kind == yaml.AliasNode:
			r.fault(value, "field %q is an alias; write the value out", key.Value)
		default:
			read(value)
		}
		seen[key.Value] = key.Line
	}
	return true
}

// items hands every element of a list to read.
func (r *reader) items(n *yaml.Node, what string, read func(*yaml.Node)) {
	if isNull(n) {
		return
	}
	if n.Kind != yaml.SequenceNode {
		r.wrongKind(n, what, "a list")
		return
	}
	for _, item := range n.Content {
		if item.Kind == yaml.AliasNode {
			r.fault(item, "%s holds an alias; write the value out", what)
			continue
		}
		read(item)
	}
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

func (r *reader) wrongKind(n *yaml.Node, what, want string) {
	got := "a mapping"
	switch n.Kind {
	case yaml.ScalarNode:
		got = strconv.Quote(n.Value)
		if isNull(n) {
			got = "nothing"
		}
	case yaml.SequenceNode:
		got = "a list"
	}
	r.fault(n, "%s is %s; want %s", what, got, want)
}

// text reads a non-empty string; numbers and booleans must be quoted to be meant as one.
func (r *reader) text(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode || isNull(n) {
		r.wrongKind(n, what, "a string")
		return ""
	}
	if n.Tag != "!!str" {
		r.fault(n, "%s is %s, not a string; put it in quotes", what, n.Value)
		return ""
	}
	if n.Value == "" {
		r.fault(n, "%s is empty; give a value or leave the field out", what)
	}
	return n.Value
}

// texts reads a list of strings; a single string is a list of one.
func (r *reader) texts(n *yaml.Node, what string) []string {
	if n.Kind == yaml.ScalarNode && !isNull(n) {
		return []string{r.text(n, what)}
	}
	var out []string
	r.items(n, what, func(item *yaml.Node) {
		if s := r.text(item, "an entry of "+what); s != "" {
			out = append(out, s)
		}
	})
	return out
}

// number reads a whole number within [lowest, highest].
func (r *reader) number(n *yaml.Node, what string, lowest, highest int) int {
	v, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil {
		r.wrongKind(n, what, "a whole number")
		return lowest
	}
	if v < lowest || v > highest {
		r.fault(n, "%s is %d; want %d to %d", what, v, lowest, highest)
		return lowest
	}
	return v
}

// ratio reads a number above 0 and up to 1.
func (r *reader) ratio(n *yaml.Node, what string) float64 {
	v, err := strconv.ParseFloat(n.Value, 64)
	if n.Kind != yaml.ScalarNode || n.Tag != "!!float" && n.Tag != "!!int" || err != nil {
		r.wrongKind(n, what, "a number")
		return 1
	}
	if !(v > 0 && v <= 1) {
		r.fault(n, "%s is %s; want more than 0 and at most 1", what, n.Value)
		return 1
	}
	return v
}

func (r *reader) flag(n *yaml.Node, what string) bool {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" {
		r.wrongKind(n, what, "true or false")
		return false
	}
	return n.Value == "true" || n.Value == "True" || n.Value == "TRUE"
}

// choice reads one of the named values.
func (r *reader) choice(n *yaml.Node, what string, names ...string) int {
	if n.Kind == yaml.ScalarNode {
		if i := slices.Index(names, n.Value); i >= 0 {
			return i
		}
	}
	hint := ""
	if n.Kind == yaml.ScalarNode {
		hint = nearest.Hint(n.Value, names)
	}
	r.wrongKind(n, what, strings.Join(names, ", ")+hint)
	return 0
}

var validID = regexp.MustCompile(`^[a-z0-9]+(?:[_-][a-z0-9]+)*$`)

// id reads a detector's or profile's id.
func (r *reader) id(n *yaml.Node, what string) string {
	s := r.text(n, what)
	if s != "" && (len(s) > 64 || !validID.MatchString(s)) {
		r.fault(n, "%s %q: use lower-case letters, digits, _ and -, at most 64", what, s)
		return ""
	}
	return s
}
