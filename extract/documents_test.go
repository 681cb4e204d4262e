package extract_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/extract"
)

// document says what must be found in one of testdata/documents (made by
// scripts/testdata/make.py).
type document struct {
	Finds          []string
	Outcome, Limit string
}

func loadDocuments(t testing.TB) map[string]document {
	t.Helper()
	raw, err := os.ReadFile("testdata/documents/index.json")
	if err != nil {
		t.Fatal(err)
	}
	var index map[string]document
	if err := json.Unmarshal(raw, &index); err != nil {
		t.Fatal(err)
	}
	if len(index) < 70 {
		t.Fatalf("found %d documents, want 70", len(index))
	}
	return index
}

func readDocument(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata/documents", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestDocuments(t *testing.T) {
	x := newWithWorkers(t, patience)
	for name, want := range loadDocuments(t) {
		t.Run(name, func(t *testing.T) {
			d := x.ExtractFile(t.Context(), name, readDocument(t, name))
			if string(d.Outcome) != want.Outcome || d.Limit != want.Limit {
				t.Errorf("outcome %s, limit %q, want %s, %q", d.Outcome, d.Limit, want.Outcome, want.Limit)
			}
			var all strings.Builder
			for _, part := range d.Texts {
				all.WriteString(part.Text + "\n")
			}
			for _, canary := range want.Finds {
				if !strings.Contains(all.String(), canary) {
					t.Errorf("%q is missing", canary)
				}
			}
			if t.Failed() {
				for _, part := range d.Texts {
					t.Logf("part %q: %.300q", part.Part, part.Text)
				}
			}
		})
	}
}

// TestDocumentsWithoutWorkers asks what is found in PDF files when PDFium is not there.
func TestDocumentsWithoutWorkers(t *testing.T) {
	x := extract.New(extract.Options{})
	found := 0
	for name, want := range loadDocuments(t) {
		if filepath.Ext(name) != ".pdf" || len(want.Finds) == 0 {
			continue
		}
		var all strings.Builder
		for _, part := range x.ExtractFile(t.Context(), name, readDocument(t, name)).Texts {
			all.WriteString(part.Text + "\n")
		}
		for _, canary := range want.Finds {
			if strings.Contains(all.String(), canary) {
				found++
			}
		}
	}
	if found < 10 {
		t.Errorf("the streams of PDF files yield %d of the canaries, want 10", found)
	}
}
