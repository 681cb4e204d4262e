package extract_test

import (
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/extract"
)

func TestPDFByWorker(t *testing.T) {
	x := newWithWorkers(t, patience)
	for _, c := range loadCases(t) {
		if c.ID != "007-chatgpt-blob-put-pdf" {
			continue
		}
		d := x.ExtractFile(t.Context(), "a.pdf", c.Body)
		if d.Outcome != extract.Complete || len(d.Texts) != 1 || d.Texts[0].Part != "page 1" {
			t.Fatalf("outcome %s, limit %q, %d parts", d.Outcome, d.Limit, len(d.Texts))
		}
		for _, v := range c.Sensitive {
			if !strings.Contains(d.Texts[0].Text, v) {
				t.Error("a planted value is missing")
			}
		}
	}
}
