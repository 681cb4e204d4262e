package extract_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/classify"
	"github.com/sluice-dlp/sluice/extract"
)

var update = flag.Bool("update", false, "write golden files")

// TestTable writes one line a case: what was recognised, how many of the expected texts
// and uploads were found, and how much is there that should not be.
func TestTable(t *testing.T) {
	x, cat := extract.New(extract.Options{}), catalogue(t)
	var table bytes.Buffer
	fmt.Fprintf(&table, "%-46s %-20s %-8s %6s %6s %7s %7s %5s %4s\n", "CASE", "APP", "ACTIVITY", "USER", "SYSTEM", "CONTEXT", "UPLOADS", "NOISE", "GAPS")
	for _, c := range loadCases(t) {
		d := x.Extract(t.Context(), c.input(t, cat))
		app, activity := c.recognised(t, cat)
		share := func(role extract.Role, want []string) string {
			n := 0
			for _, w := range want {
				if slices.ContainsFunc(d.Texts, func(x extract.Text) bool { return x.Role == role && string(x.Data) == w }) {
					n++
				}
			}
			return fmt.Sprintf("%d/%d", n, len(want))
		}
		noise, uploads := 0, 0
		for _, text := range d.Texts {
			if text.Role == extract.User && (!has(c.Prompt, string(text.Data)) ||
				slices.ContainsFunc(c.NotText, func(n string) bool { return strings.Contains(string(text.Data), n) })) {
				noise++
			}
		}
		for _, u := range c.Uploads {
			if slices.ContainsFunc(d.Files, func(f extract.UploadedFile) bool { return f.SHA256 == u.SHA256 && f.Name == u.Filename }) {
				uploads++
			}
		}
		fmt.Fprintf(&table, "%-46s %-20s %-8s %6s %6s %7s %7s %5d %4d\n", c.ID, app, activity, share(extract.User, c.Prompt),
			share(extract.System, c.System), share(extract.Context, c.Context), fmt.Sprintf("%d/%d", uploads, len(c.Uploads)), noise, len(d.Gaps))
	}
	const golden = "testdata/cases.golden"
	if *update {
		if err := os.WriteFile(golden, table.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, table.Bytes()) {
		t.Errorf("the table has changed (-update writes it):\n%s", table.Bytes())
	}
}

// recognised returns the app and the activity that the catalogue sees, or "-".
func (c labelled) recognised(t testing.TB, cat *classify.Catalogue) (app, activity string) {
	m, ok := c.lookup(t, cat)
	if !ok || m.App == nil {
		return "-", "-"
	}
	return m.App.ID, m.Activity()
}

// TestFixtures reads the catalogue's example requests: every format that is known.
func TestFixtures(t *testing.T) {
	x, cat := extract.New(extract.Options{}), catalogue(t)
	apps := map[string]bool{}
	for _, f := range cat.Fixtures() {
		apps[f.App] = true
		t.Run(strings.TrimSuffix(f.File[strings.Index(f.File, "fixtures/")+9:], ".json"), func(t *testing.T) {
			c := labelled{Method: f.Method, URL: f.URL, Headers: f.Headers, Body: f.Body}
			if app, activity := c.recognised(t, cat); app != f.App || activity != f.Activity {
				t.Errorf("recognised as %s of %s, want %s of %s", activity, app, f.Activity, f.App)
			}
			d := x.Extract(t.Context(), c.input(t, cat))
			var person []string
			for _, w := range f.Texts {
				wantTexts(t, d, extract.Role(w.Role), []string{w.Text})
				if w.Role == string(extract.User) {
					person = append(person, w.Text)
				}
			}
			for _, text := range d.Texts {
				if text.Role == extract.User && !has(person, string(text.Data)) {
					t.Errorf("user text at %s is not the person's: %.80q", text.Path, text.Data)
				}
				for _, never := range f.Never {
					if text.Role == extract.User && strings.Contains(string(text.Data), never) {
						t.Errorf("noise in user text at %s", text.Path)
					}
				}
			}
			for _, w := range f.Files {
				if !slices.ContainsFunc(d.Files, func(got extract.UploadedFile) bool {
					return got.Name == w.Name && got.Size == w.Size && (w.SHA256 == "" || w.SHA256 == got.SHA256)
				}) {
					t.Errorf("file %+v is missing among %+v", w, d.Files)
				}
			}
			if len(d.Gaps) > 0 || len(d.Files) != len(f.Files) {
				t.Errorf("%d files, want %d; gaps %v", len(d.Files), len(f.Files), d.Gaps)
			}
		})
	}
	if len(cat.Fixtures()) < 170 || len(apps) < 50 {
		t.Errorf("%d fixtures of %d apps, want 170 of 50", len(cat.Fixtures()), len(apps))
	}
}
