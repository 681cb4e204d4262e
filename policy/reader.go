package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/sluice-dlp/sluice/internal/nearest"
)

// fileBytes bounds a policy file.
const fileBytes = 8 << 20

// reader walks a YAML document strictly and collects every mistake with its line.
type reader struct {
	name     string
	mistakes []mistake
}

type mistake struct {
	line int
	text string
}

// wrong notes a mistake at n.
func (r *reader) wrong(n *yaml.Node, format string, args ...any) {
	r.wrongAt(n.Line, format, args...)
}

func (r *reader) wrongAt(line int, format string, args ...any) {
	r.mistakes = append(r.mistakes, mistake{line, fmt.Sprintf(format, args...)})
}

// err joins the mistakes in the order of their lines.
func (r *reader) err() error {
	slices.SortStableFunc(r.mistakes, func(a, b mistake) int { return a.line - b.line })
	var all []error
	for _, m := range r.mistakes {
		all = append(all, fmt.Errorf("%s:%d: %s", r.name, m.line, m.text))
	}
	return errors.Join(all...)
}

// document parses data to its only document; nil when it is empty.
func (r *reader) document(data []byte) *yaml.Node {
	if len(data) > fileBytes {
		r.wrongAt(1, "the file has %d bytes; at most %d are read", len(data), fileBytes)
		return nil
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if !errors.Is(err, io.EOF) {
			line, text := yamlError(err)
			r.wrongAt(line, "%s", text)
		}
		return nil
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		line := more.Line
		text := "a second document; one policy file holds one"
		if err != nil {
			line, text = yamlError(err)
		}
		r.wrongAt(max(1, line), "%s", text)
	}
	if len(doc.Content) == 0 || doc.Content[0].Tag == "!!null" {
		return nil
	}
	return doc.Content[0]
}

// yamlError takes the line out of an error of the YAML parser, which has it in its text only.
func yamlError(err error) (line int, text string) {
	text = strings.TrimPrefix(err.Error(), "yaml: ")
	if n, _ := fmt.Sscanf(text, "line %d:", &line); n == 1 {
		_, text, _ = strings.Cut(text, ": ")
		return line, text
	}
	return 1, text
}

// mapping calls read for each key of n; where names n in messages. Unknown, repeated and
// oddly typed keys are mistakes.
func (r *reader) mapping(n *yaml.Node, where string, fields map[string]func(key, value *yaml.Node)) {
	n = resolve(n)
	if n.Kind != yaml.MappingNode {
		r.wrong(n, "%s must be a mapping of keys to values", where)
		return
	}
	known := make([]string, 0, len(fields))
	for field := range fields {
		known = append(known, field)
	}
	slices.Sort(known)
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], resolve(n.Content[i+1])
		read, ok := fields[key.Value]
		switch {
		case key.Kind != yaml.ScalarNode || !ok:
			r.wrong(key, "%s: unknown field %q%s", where, key.Value, nearest.HintOrAll(key.Value, known))
		case seen[key.Value] > 0:
			r.wrong(key, "%s: field %q is given twice, first in line %d; keep one", where, key.Value, seen[key.Value])
		default:
			seen[key.Value] = key.Line
			read(key, value)
		}
	}
}

// sequence calls read for each element of n.
func (r *reader) sequence(n *yaml.Node, where string, read func(*yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		r.wrong(n, "%s must be a list", where)
		return
	}
	for _, element := range n.Content {
		read(resolve(element))
	}
}

// text reads a string; an unquoted number or boolean is not one.
func (r *reader) text(n *yaml.Node, where string) (string, bool) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" {
		r.wrong(n, "%s must be a text%s", where, quoteHint(n))
		return "", false
	}
	return n.Value, true
}

func quoteHint(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode {
		return ""
	}
	return fmt.Sprintf("; write %q in quotes", n.Value)
}

// texts reads a list of strings.
func (r *reader) texts(n *yaml.Node, where string, read func(n *yaml.Node, s string)) {
	r.sequence(n, where, func(element *yaml.Node) {
		if s, ok := r.text(element, "an entry of "+where); ok {
			read(element, s)
		}
	})
}

// resolve follows an alias to its anchor. The depth of what is read is fixed by the
// format, so that nested anchors cannot multiply.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}
