package dlp_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/profiles"
)

// schema is what the schema of profiles uses of JSON Schema.
type schema struct {
	Ref         string             `json:"$ref"`
	Defs        map[string]*schema `json:"$defs"`
	Type        string             `json:"type"`
	Properties  map[string]*schema `json:"properties"`
	More        *bool              `json:"additionalProperties"`
	Required    []string           `json:"required"`
	Items       *schema            `json:"items"`
	Enum        []string           `json:"enum"`
	AnyOf       []*schema          `json:"anyOf"`
	Pattern     string             `json:"pattern"`
	MinLength   int                `json:"minLength"`
	MaxLength   *int               `json:"maxLength"`
	Minimum     *float64           `json:"minimum"`
	Maximum     *float64           `json:"maximum"`
	Above       *float64           `json:"exclusiveMinimum"`
	Description string             `json:"description"`
	Title       string             `json:"title"`
	Draft       string             `json:"$schema"`
}

func loadSchema(t *testing.T) *schema {
	t.Helper()
	text, err := dlp.Schema()
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(strings.NewReader(string(text)))
	dec.DisallowUnknownFields() // what the test does not know it would not check
	var s schema
	if err := dec.Decode(&s); err != nil {
		t.Fatal(err)
	}
	return &s
}

// refuses says why a value does not obey the schema; "" when it does.
func (s *schema) refuses(root *schema, v any) string {
	if s.Ref != "" {
		return root.Defs[strings.TrimPrefix(s.Ref, "#/$defs/")].refuses(root, v)
	}
	if s.AnyOf != nil {
		why := ""
		if !slices.ContainsFunc(s.AnyOf, func(o *schema) bool { why = o.refuses(root, v); return why == "" }) {
			return " has none of its forms:" + why
		}
		if s.Type == "" {
			return ""
		}
	}
	switch x := v.(type) {
	case map[string]any:
		return s.refusesObject(root, x)
	case []any:
		if s.Type != "array" {
			return " is a list"
		}
		for i, item := range x {
			if why := s.Items.refuses(root, item); why != "" {
				return fmt.Sprintf("[%d]%s", i, why)
			}
		}
	case string:
		switch {
		case s.Type != "" && s.Type != "string":
			return " is a string"
		case s.Enum != nil && !slices.Contains(s.Enum, x):
			return " is none of " + strings.Join(s.Enum, ", ")
		case utf8.RuneCountInString(x) < s.MinLength, s.MaxLength != nil && utf8.RuneCountInString(x) > *s.MaxLength:
			return " has the wrong length"
		case s.Pattern != "" && !regexp.MustCompile(s.Pattern).MatchString(x):
			return " does not match " + s.Pattern
		}
	case int:
		return s.refusesNumber(float64(x), true)
	case float64:
		return s.refusesNumber(x, false)
	case bool:
		if s.Type != "boolean" {
			return " is a boolean"
		}
	default:
		return fmt.Sprintf(" is a %T", v)
	}
	return ""
}

func (s *schema) refusesObject(root *schema, x map[string]any) string {
	if s.Type != "object" && s.Type != "" {
		return " is a mapping"
	}
	for _, name := range s.Required {
		if _, ok := x[name]; !ok {
			return ": no " + name
		}
	}
	if s.Properties == nil {
		return ""
	}
	for name, v := range x {
		field := s.Properties[name]
		if field == nil {
			return ": unknown " + name
		}
		if why := field.refuses(root, v); why != "" {
			return "." + name + why
		}
	}
	return ""
}

func (s *schema) refusesNumber(x float64, whole bool) string {
	switch {
	case s.Type != "number" && (s.Type != "integer" || !whole):
		return " is a number"
	case s.Minimum != nil && x < *s.Minimum, s.Maximum != nil && x > *s.Maximum, s.Above != nil && x <= *s.Above:
		return " is out of range"
	}
	return ""
}

func TestBuiltinFilesObeyTheSchema(t *testing.T) {
	root := loadSchema(t)
	files, err := fs.Glob(profiles.FS, "*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, want at least 10: %v", len(files), err)
	}
	for _, file := range files {
		data, err := fs.ReadFile(profiles.FS, file)
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := yaml.Unmarshal(data, &v); err != nil {
			t.Fatal(err)
		}
		if why := root.refuses(root, v); why != "" {
			t.Errorf("%s%s", file, why)
		}
	}
}

func TestTheSchemaRefusesWhatTheLoaderDoes(t *testing.T) {
	root := loadSchema(t)
	cases := map[string]string{
		"an unknown field":      `detectors: [{id: a, patterns: ['x1'], severty: high}]`,
		"an unknown severity":   `detectors: [{id: a, patterns: ['x1'], severity: hihg}]`,
		"an unknown validator":  `detectors: [{id: a, patterns: ['x1'], validate: lhun}]`,
		"a detector without id": `detectors: [{patterns: ['x1']}]`,
		"a detector of nothing": `detectors: [{id: a}]`,
		"a bad id":              `detectors: [{id: A b, patterns: ['x1']}]`,
		"a number for a text":   `detectors: [{id: a, patterns: ['x1'], name: 5}]`,
		"raise in against":      `detectors: [{id: a, patterns: ['x1'], against: {words: [b], raise: 1}}]`,
		"too wide a window":     `detectors: [{id: a, patterns: ['x1'], against: {words: [b], within: 20000}}]`,
		"a similarity of two":   `detectors: [{id: a, fingerprint: {file: a.fp, similarity: 2}}]`,
		"a profile of nothing":  `profiles: [{id: a}]`,
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			var v any
			if err := yaml.Unmarshal([]byte(text), &v); err != nil {
				t.Fatal(err)
			}
			if root.refuses(root, v) == "" {
				t.Error("the schema takes it")
			}
			if _, err := dlp.Load(fstest.MapFS{"a.yaml": {Data: []byte(text)}}); err == nil {
				t.Error("the loader takes it")
			}
		})
	}
}

// The loader names the fields of a mapping to who gives something else.
func TestTheSchemaHasTheLoadersFields(t *testing.T) {
	root := loadSchema(t)
	detector, profile := root.Defs["detector"], root.Defs["profile"]
	cases := map[string]struct {
		schema *schema
		text   string
	}{
		"a file":       {root, `[]`},
		"a detector":   {detector, `detectors: [[]]`},
		"a pattern":    {root.Defs["pattern"].AnyOf[1], `detectors: [{id: a, patterns: [[]]}]`},
		"context":      {detector.Properties["context"], `detectors: [{id: a, context: []}]`},
		"against":      {detector.Properties["against"], `detectors: [{id: a, against: []}]`},
		"allow":        {detector.Properties["allow"], `detectors: [{id: a, allow: []}]`},
		"words":        {detector.Properties["words"], `detectors: [{id: a, words: []}]`},
		"exact":        {detector.Properties["exact"], `detectors: [{id: a, exact: []}]`},
		"fingerprint":  {detector.Properties["fingerprint"], `detectors: [{id: a, fingerprint: []}]`},
		"tests":        {detector.Properties["tests"], `detectors: [{id: a, tests: []}]`},
		"a profile":    {profile, `profiles: [[]]`},
		"entry of use": {profile.Properties["use"].Items.AnyOf[1], `profiles: [{id: a, use: [[]]}]`},
		"trigger":      {profile.Properties["trigger"], `profiles: [{id: a, trigger: []}]`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := dlp.Load(fstest.MapFS{"a.yaml": {Data: []byte(c.text)}})
			want := "want a mapping of " + strings.Join(slices.Sorted(maps.Keys(c.schema.Properties)), ", ")
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v\nthe schema says: %s", err, want)
			}
		})
	}
}
