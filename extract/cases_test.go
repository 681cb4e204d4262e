package extract_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/classify"
	"github.com/sluice-dlp/sluice/extract"
)

// labelled is a request with the texts and files that it must yield.
type labelled struct {
	ID, Method, URL string
	Headers         map[string]string
	Body            []byte   `json:"body_base64"`
	Prompt          []string `json:"prompt_texts"`
	System          []string `json:"system_texts"`
	Context         []string `json:"context_texts"`
	Uploads         []struct {
		Filename, SHA256 string
		Size             int64
		InBody           *bool `json:"in_body"`
	}
	Action    string
	Sensitive []string
	NotText   []string `json:"not_text"`
}

// memory is a body in memory.
type memory struct{ *strings.Reader }

func (m memory) Size() int64 { return m.Reader.Size() }
func (m memory) Bytes() ([]byte, bool) {
	b := make([]byte, m.Reader.Size())
	_, err := m.ReadAt(b, 0)
	return b, err == nil || len(b) == 0
}

func loadCases(t testing.TB) []labelled {
	t.Helper()
	names, err := filepath.Glob("testdata/requests/*.json")
	if err != nil {
		t.Fatal(err)
	}
	var out []labelled
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var c labelled
		if err := json.Unmarshal(data, &c); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out = append(out, c)
	}
	if len(out) < 54 {
		t.Fatalf("found %d cases, want 54", len(out))
	}
	return out
}

// input returns the case as the request path hands it over, with the rule that the
// catalogue has for it.
func (c labelled) input(t testing.TB, cat *classify.Catalogue) extract.Input {
	t.Helper()
	in := c.bare(t)
	m, ok := c.lookup(t, cat)
	if e := m.Endpoint; ok && e != nil {
		var err error
		in.Rule, err = extract.CompileRule(extract.RuleSpec{
			Activity: e.Activity, Carrier: e.Carrier, Text: e.Text, Role: e.Role, System: e.System,
			Context: e.Context, Files: e.Files, Noise: e.Noise,
		})
		if err != nil {
			t.Fatalf("%s: %v", e.Source, err)
		}
	}
	return in
}

// bare is the case without a rule.
func (c labelled) bare(t testing.TB) extract.Input {
	t.Helper()
	u, err := url.Parse(c.URL)
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	for k, v := range c.Headers {
		h.Set(k, v)
	}
	return extract.Input{
		Method: c.Method, Host: u.Host, Path: u.EscapedPath(), Query: u.RawQuery,
		Header: func(name string) []byte { return []byte(h.Get(name)) },
		Body:   memory{strings.NewReader(string(c.Body))},
	}
}

// lookup finds the app and the endpoint of the case.
func (c labelled) lookup(t testing.TB, cat *classify.Catalogue) (classify.Match, bool) {
	t.Helper()
	in := c.bare(t)
	line := classify.Request{Method: in.Method, Host: in.Host, Path: in.Path, Query: in.Query, Header: in.Header}
	m, ok := cat.Lookup(line)
	if !ok {
		return m, false
	}
	return cat.Refine(m, line, extract.New(extract.Options{}).Peek(t.Context(), in, 64<<10)), true
}

func catalogue(t testing.TB) *classify.Catalogue {
	t.Helper()
	cat, err := classify.Load(classify.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

func TestCases(t *testing.T) {
	x, cat := extract.New(extract.Options{}), catalogue(t)
	for _, c := range loadCases(t) {
		t.Run(c.ID, func(t *testing.T) {
			d := x.Extract(t.Context(), c.input(t, cat))
			wantTexts(t, d, extract.User, c.Prompt)
			wantTexts(t, d, extract.System, c.System)
			wantTexts(t, d, extract.Context, c.Context)
			for _, text := range d.Texts {
				if text.Role != extract.User {
					continue
				}
				if !has(c.Prompt, string(text.Data)) {
					t.Errorf("user text at %s is not the person's: %.80q", text.Path, text.Data)
				}
				for _, noise := range c.NotText {
					if strings.Contains(string(text.Data), noise) {
						t.Errorf("noise in user text at %s", text.Path)
					}
				}
			}
			wantUploads(t, d, c)
			wantSensitive(t, d, c)
			if len(d.Gaps) > 0 {
				t.Errorf("gaps: %v", d.Gaps)
			}
			if d.Drift != (c.Action == "prompt" && len(c.Prompt) == 0) {
				t.Errorf("drift is %v", d.Drift)
			}
		})
	}
}

func has(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func wantTexts(t *testing.T, d *extract.Doc, role extract.Role, want []string) {
	t.Helper()
	for _, w := range want {
		found, elsewhere := false, ""
		for _, text := range d.Texts {
			if string(text.Data) == w {
				found = found || text.Role == role
				elsewhere = string(text.Role) + " at " + text.Path
			}
		}
		if !found {
			t.Errorf("no %s text %.60q (found as: %s)", role, w, elsewhere)
		}
	}
}

func wantUploads(t *testing.T, d *extract.Doc, c labelled) {
	t.Helper()
	for _, u := range c.Uploads {
		found := false
		for _, f := range d.Files {
			found = found || f.SHA256 == u.SHA256 && f.Name == u.Filename && (f.Size == u.Size || u.SHA256 == "" && f.Size == 0)
		}
		if !found {
			t.Errorf("upload %+v is missing among %+v", u, d.Files)
		}
	}
	if len(d.Files) > len(c.Uploads) {
		t.Errorf("%d files, want %d: %+v", len(d.Files), len(c.Uploads), d.Files)
	}
}

// wantSensitive asks that every planted value is in some text, whatever its role.
func wantSensitive(t *testing.T, d *extract.Doc, c labelled) {
	t.Helper()
	for _, s := range c.Sensitive {
		found := false
		for _, text := range d.Texts {
			found = found || strings.Contains(string(text.Data), s)
		}
		if !found {
			t.Errorf("a planted value is in no text: %.4q…", s)
		}
	}
}
