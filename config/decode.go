package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/sluice-dlp/sluice/internal/nearest"
)

// decoder fills a File from YAML nodes and collects every mistake.
type decoder struct {
	name     string
	lines    map[string]int  // dotted key -> line, for validate
	bad      map[string]bool // dotted keys whose values could not be read
	mistakes []error
}

// decode reads data strictly into f: unknown and repeated keys and wrong types are
// mistakes with file and line. What is no YAML at all is an error.
func (d *decoder) decode(data []byte, f *File) error {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, second yaml.Node
	if err := dec.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		return d.syntax(err)
	}
	switch err := dec.Decode(&second); {
	case err == nil:
		d.fail(&second, "a second document starts here; settings are one")
	case !errors.Is(err, io.EOF):
		return d.syntax(err)
	}
	if len(doc.Content) > 0 { // an empty file is all defaults
		d.value(doc.Content[0], reflect.ValueOf(f).Elem(), "")
	}
	return nil
}

// syntax is the error of what is no YAML; the parser has the line in its text only.
func (d *decoder) syntax(err error) error {
	text, line := strings.TrimPrefix(err.Error(), "yaml: "), 1
	if n, _ := fmt.Sscanf(text, "line %d:", &line); n == 1 {
		_, text, _ = strings.Cut(text, ": ")
	}
	if strings.Contains(text, "cannot start any token") {
		text += "; a line is indented with blanks, never tabs, and a value that begins with @, ` or % stands in quotes"
	}
	return fmt.Errorf("%s:%d: not valid YAML: %s", d.name, line, text)
}

func (d *decoder) fail(n *yaml.Node, format string, args ...any) {
	d.mistakes = append(d.mistakes, fmt.Errorf("%s:%d: %s", d.name, n.Line, fmt.Sprintf(format, args...)))
}

// misread is fail for the value of key, of which validate then says no more.
func (d *decoder) misread(n *yaml.Node, key, format string, args ...any) {
	d.bad[key] = true
	d.fail(n, format, args...)
}

func (d *decoder) value(n *yaml.Node, v reflect.Value, key string) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	d.lines[key] = n.Line
	if n.Tag == "!!null" {
		return // "key:" alone keeps the default
	}
	_, isText := v.Addr().Interface().(textUnmarshaler)
	switch kind := v.Kind(); {
	case isText || kind == reflect.String || kind == reflect.Int || kind == reflect.Bool:
		if n.Kind != yaml.ScalarNode {
			d.misread(n, key, "%q must be a single value", key)
			return
		}
		if err := setScalar(v, n.Value); err != nil {
			d.misread(n, key, "%q: %v", key, err)
		}
	case kind == reflect.Struct:
		d.mapping(n, v, key)
	case kind == reflect.Slice:
		d.list(n, v, key)
	case kind == reflect.Map:
		if err := n.Decode(v.Addr().Interface()); err != nil {
			d.misread(n, key, "%q must be a list of name: value pairs", key)
		}
	default:
		d.fail(n, "%q cannot be set", key)
	}
}

func (d *decoder) list(n *yaml.Node, v reflect.Value, key string) {
	if n.Kind != yaml.SequenceNode {
		d.fail(n, "%q must be a list; write [a, b]", key)
		return
	}
	out := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		d.value(item, out.Index(i), fmt.Sprintf("%s[%d]", key, i))
	}
	v.Set(out)
}

func (d *decoder) mapping(n *yaml.Node, v reflect.Value, key string) {
	if n.Kind != yaml.MappingNode {
		what := "the file"
		if key != "" {
			what = fmt.Sprintf("%q", key)
		}
		d.fail(n, "%s must hold name: value pairs", what)
		return
	}
	fields := map[string]int{}
	var names []string
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("yaml")
		fields[name] = i
		names = append(names, name)
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		full := strings.TrimPrefix(key+"."+k.Value, ".")
		index, known := fields[k.Value]
		switch {
		case !known:
			d.fail(k, "unknown setting %q%s", full, nearest.HintOrAll(k.Value, names))
		case seen[k.Value]:
			d.fail(k, "setting %q is given twice; keep one", full)
		default:
			seen[k.Value] = true
			d.value(n.Content[i+1], v.Field(index), full)
		}
	}
}
