package document

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/flate"

	"github.com/sluice-dlp/sluice/extract/internal/budget"
)

const page = `<mxGraphModel><root><mxCell value="two words"/></root></mxGraphModel>`

// packed returns the page as draw.io stores it.
func packed(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	z, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write([]byte(strings.ReplaceAll(page, " ", "%20"))); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

func TestPackedDiagramsAreRead(t *testing.T) {
	cases := map[string]struct {
		text    string
		want    int // pages with the words
		outcome Outcome
	}{
		"two packed pages":       {`<mxfile><diagram name="1">` + packed(t) + `</diagram><diagram name="2">` + packed(t) + `</diagram></mxfile>`, 2, Complete},
		"with a declaration":     {`<?xml version="1.0"?><mxfile><diagram>` + packed(t) + `</diagram></mxfile>`, 1, Complete},
		"a page that is damaged": {`<mxfile><diagram>!!!!</diagram></mxfile>`, 0, Broken},
		"a page as it stands":    {`<mxfile><diagram name="1">` + page + `</diagram></mxfile>`, 0, Complete}, // the file itself is the text
		"a page that is cut":     {`<mxfile><diagram>` + packed(t)[:20] + `</diagram></mxfile>`, 0, Broken},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			left := budget.New(t.Context(), budget.Limits{Expanded: 1 << 20, Member: 1 << 20, Text: 1 << 20, Depth: 6, Members: 100, Time: time.Minute}, nil)
			r := Read(&left, nil, []byte(c.text))
			found := 0
			for _, p := range r.Parts {
				found += strings.Count(string(p.Text), "two words")
			}
			if found != c.want || r.Outcome != c.outcome {
				t.Errorf("%d pages, %s, want %d, %s", found, r.Outcome, c.want, c.outcome)
			}
		})
	}
}
