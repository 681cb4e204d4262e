package dlp

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"
)

// A finding that gives way leaves nothing behind: what it claimed beyond the stronger one is
// taken out with that.
func TestRedactionCoversWhatGaveWay(t *testing.T) {
	source := fstest.MapFS{"a.yaml": {Data: []byte(`detectors:
  - {id: number, rank: specific, patterns: ['x\d{2} \d{4}']}
  - {id: name, rank: generic, patterns: ['[A-Z]{3} x\d{2}']}
  - {id: tail, rank: generic, patterns: ['\d{4} [a-z]{3}']}
profiles:
  - {id: all, use: [number, name, tail]}
  - {id: names, use: [name]}
`)}}
	rules, err := Load(source)
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(rules, Options{Key: make([]byte, keySize)})
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		profiles []string
		want     string
	}{
		"every detector":                {nil, "see [number]!"},
		"one profile":                   {[]string{"all"}, "see [number]!"},
		"a profile without the rival":   {[]string{"names"}, "see [name] 3456 end!"},
		"profiles that share the loser": {[]string{"all", "names"}, "see [name][number]!"},
	}
	const text = "see ABC x12 3456 end!"
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			report := e.Scan(context.Background(), Query{Profiles: c.profiles}, Text{Data: []byte(text)})
			if got := redacted(text, report.Findings); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			if masked := MaskAll([]byte(text), report.Findings); strings.ContainsAny(masked, "ABC") {
				t.Errorf("masked: %q", masked)
			}
			for _, f := range report.Findings {
				if f.Detector == "number" && text[f.Start:f.End] != "x12 3456" {
					t.Errorf("the finding grew to %q", text[f.Start:f.End])
				}
			}
		})
	}
}
