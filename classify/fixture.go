package classify

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"net/url"
	"path"
	"slices"
)

// Fixture is a request of an app, with what has to be found in it. It is immutable.
type Fixture struct {
	App, File string // File is the file's name in messages
	Method    string
	URL       string
	Headers   map[string]string
	Body      []byte
	Activity  string
	Texts     []FixtureText
	Files     []FixtureFile
	Never     []string // must not be among the texts

	source int
}

// FixtureText is a text that has to be found.
type FixtureText struct{ Role, Text string }

// FixtureFile is a file that has to be found. SHA256 is "" where the request holds only
// its name.
type FixtureFile struct {
	Name   string
	Size   int64
	SHA256 string
}

// Fixtures returns the example requests that the loaded files name, in the order of
// their files; without those of apps whose hosts or endpoints a later source says anew, or
// takes over. The caller must not change what is in them.
func (c *Catalogue) Fixtures() []Fixture {
	return slices.DeleteFunc(slices.Clone(c.fixtures), c.outdated)
}

// outdated reports whether a later source than the fixture's says what such requests are.
func (c *Catalogue) outdated(f Fixture) bool {
	if e := c.byID[f.App]; e != nil && e.shaped > f.source {
		return true
	}
	u, err := url.Parse(f.URL)
	if err != nil {
		return false // running it tells
	}
	m, ok := c.Host(u.Hostname(), u.Path)
	return ok && c.byID[m.App.ID].shaped > f.source
}

// fixtures reads the files that a definition names, relative to its own.
func (l *loader) fixtures(src fs.FS, dir string, def *definition) {
	for _, pattern := range def.fixtures {
		names, err := fs.Glob(src, path.Join(dir, pattern))
		if err == nil && len(names) == 0 {
			l.add(def.at, "app %q: fixtures: no file is named %q", def.app.ID, pattern)
		}
		if err != nil {
			l.add(def.at, "app %q: fixtures: %q: %v", def.app.ID, pattern, err)
		}
		for _, name := range names {
			f, err := readFixture(src, name)
			if err != nil {
				l.add(name, "app %q: fixture: %v", def.app.ID, err)
				continue
			}
			f.App, f.source = def.app.ID, def.source
			l.found = append(l.found, f)
		}
	}
}

func readFixture(src fs.FS, name string) (Fixture, error) {
	f := Fixture{File: name}
	data, err := readBounded(src, name)
	if err != nil {
		return f, err
	}
	var in struct {
		Method   string            `json:"method"`
		URL      string            `json:"url"`
		Headers  map[string]string `json:"headers"`
		Body     []byte            `json:"body_base64"`
		Text     string            `json:"body"`
		Activity string            `json:"activity"`
		Texts    []FixtureText     `json:"texts"`
		Files    []FixtureFile     `json:"files"`
		Never    []string          `json:"never"`
		Note     string            `json:"note"`
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return f, err
	}
	if in.Text != "" {
		in.Body = []byte(in.Text)
	}
	f.Method, f.URL, f.Headers, f.Body = in.Method, in.URL, in.Headers, in.Body
	f.Activity, f.Texts, f.Files, f.Never = in.Activity, in.Texts, in.Files, in.Never
	return f, nil
}
