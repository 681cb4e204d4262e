package extract_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/extract"
)

// FuzzExtract reads bodies of every carrier by every rule of the cases. A cut in a text
// must give a body that is read again with the cut in its place.
func FuzzExtract(f *testing.F) {
	cat := catalogue(f)
	var rules []*extract.Rule
	for i, c := range loadCases(f) {
		in := c.input(f, cat)
		rules = append(rules, in.Rule)
		f.Add(uint8(i), c.Headers["Content-Type"], c.Headers["Content-Encoding"], in.Query, c.Body)
	}
	x := extract.New(extract.Options{Expanded: 4 << 20, Member: 1 << 20, Text: 1 << 20, Time: 2 * time.Second})
	f.Fuzz(func(t *testing.T, rule uint8, ctype, coding, query string, body []byte) {
		h := http.Header{"Content-Type": {ctype}, "Content-Encoding": {coding}}
		in := extract.Input{
			Method: "POST", Query: query, Header: func(name string) []byte { return []byte(h.Get(name)) },
			Body: memory{strings.NewReader(string(body))}, Rule: rules[int(rule)%len(rules)],
		}
		start := time.Now()
		d := x.Extract(t.Context(), in)
		if took := time.Since(start); took > 10*time.Second {
			t.Fatalf("took %v", took)
		}
		for _, text := range d.Texts {
			if text.Reader == nil && text.Size != int64(len(text.Data)) {
				t.Fatalf("%s: size %d of %d bytes", text.Path, text.Size, len(text.Data))
			}
		}
		if same, err := d.Rewrite(nil); err == nil && string(same) != string(body) {
			t.Fatal("without cuts the body changes")
		}
		for i, text := range d.Texts {
			if len(text.Data) < 2 || i > 20 {
				continue
			}
			out, err := d.Rewrite([]extract.Cut{{Text: i, Start: 0, End: len(text.Data), With: "masked"}})
			if err != nil {
				continue
			}
			if first := strings.TrimSpace(string(body)); (first[0] == '{' || first[0] == '[') && json.Valid(body) && !json.Valid(out) {
				t.Fatalf("cutting %s breaks the JSON", text.Path)
			}
		}
	})
}

// FuzzExtractFile reads files as a command does.
func FuzzExtractFile(f *testing.F) {
	for name := range loadDocuments(f) {
		if data := readDocument(f, name); len(data) < 20_000 {
			f.Add(name, data)
		}
	}
	x := extract.New(extract.Options{Expanded: 4 << 20, Member: 1 << 20, Text: 1 << 20, Time: 2 * time.Second})
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		start := time.Now()
		x.ExtractFile(t.Context(), name, data)
		if took := time.Since(start); took > 10*time.Second {
			t.Fatalf("took %v", took)
		}
	})
}

// FuzzCodings reads bodies under every name of a content coding.
func FuzzCodings(f *testing.F) {
	pack := packers(f)
	body := []byte(`{"messages":[{"role":"user","content":"hello there"}]}`)
	for name, p := range pack {
		f.Add(name, p(body))
		f.Add("gzip, "+name, pack["gzip"](p(body)))
		f.Add("br", p(p(body)))
	}
	x := extract.New(extract.Options{Expanded: 4 << 20, Member: 1 << 20, Text: 1 << 20, Time: 2 * time.Second})
	f.Fuzz(func(t *testing.T, coding string, body []byte) {
		start := time.Now()
		in := extract.Input{Method: "POST", Header: headers("Content-Encoding", coding), Body: memory{strings.NewReader(string(body))}}
		d := x.Extract(t.Context(), in)
		if same, err := d.Rewrite(nil); err == nil && string(same) != string(body) {
			t.Fatal("without cuts the body changes")
		}
		if peeked := x.Peek(t.Context(), in, 1<<10); len(peeked) > 1<<10 {
			t.Fatalf("peeked %d bytes, more than the limit", len(peeked))
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Fatalf("took %v", took)
		}
	})
}

// FuzzSeam puts two parts of an upload together.
func FuzzSeam(f *testing.F) {
	f.Add([]byte("card 4111 1111"), []byte(" 1111 1111"))
	f.Add([]byte("J\xc3\xb6rg\xc3"), []byte("\xb6 x"))
	f.Add([]byte("a\x00b\x00"), []byte("c\x00d\x00"))
	f.Fuzz(func(t *testing.T, before, after []byte) {
		if text, at, ok := extract.Seam(before, after); ok && (at < 0 || at > len(text)) {
			t.Fatalf("the seam is at %d of %d bytes", at, len(text))
		}
	})
}

// FuzzCompileRule compiles what a catalogue may say.
func FuzzCompileRule(f *testing.F) {
	for _, e := range catalogue(f).Endpoints() {
		f.Add(e.Text, e.Role, e.Files)
	}
	f.Fuzz(func(t *testing.T, text, role, files string) {
		r, err := extract.CompileRule(extract.RuleSpec{Text: text, Role: role, Files: files})
		if (r == nil) == (err == nil) {
			t.Fatal("neither a rule nor an error")
		}
	})
}
