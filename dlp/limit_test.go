package dlp

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"
)

// limitRules has a pattern of each confidence.
const limitRules = `
detectors:
  - id: sure
    severity: high
    patterns: [{re: 'sure-\d{4}', confidence: high}]
    tests: {match: ["sure-1234"], clean: ["sure"]}
  - id: doubtful
    severity: low
    patterns: [{re: 'maybe-\d{4}', confidence: low}]
    tests: {match: ["maybe-1234"], clean: ["maybe"]}
  - id: turned_down
    severity: low
    patterns: [{re: 'never-\d{4}', confidence: high, needs: context}]
    context: {words: [please]}
    tests: {match: ["please never-1234"], clean: ["never-1234"]}
profiles:
  - id: usual
    name: Usual
    use: [sure, doubtful, turned_down]
    trigger: {confidence: medium, count: 1}
  - id: anxious
    name: Anxious
    use: [sure, doubtful, turned_down]
    trigger: {confidence: low, count: 1}
`

// What decides nothing does not end a scan, so that a text full of it is no way to hide.
func TestOnlyWhatDecidesCountsTowardsTheLimit(t *testing.T) {
	rules, err := Load(fstest.MapFS{"limit.yaml": {Data: []byte(limitRules)}})
	if err != nil {
		t.Fatal(err)
	}
	const limit = 5
	e, err := New(rules, Options{Key: make([]byte, keySize), MaxFindings: limit})
	if err != nil {
		t.Fatal(err)
	}
	full := strings.Repeat("maybe-1234, never-1234\n", 100) + "sure-1234"
	sure := strings.Repeat("sure-1234\n", limit+1)
	cases := map[string]struct {
		q          Query
		text       string
		sure, idle int
		limit      string
	}{
		"doubtful ones below the minimum are dropped":           {Query{}, full, 1, 0, ""},
		"at a minimum of low they count":                        {Query{MinConfidence: Low}, full, 0, limit, "findings"},
		"a profile shows some that it does not trigger on":      {Query{Profiles: []string{"usual"}}, full, 1, limit, ""},
		"one that triggers on them counts them":                 {Query{Profiles: []string{"anxious"}}, full, 0, limit, "findings"},
		"so does one among others":                              {Query{Profiles: []string{"usual", "anxious"}}, full, 0, limit, "findings"},
		"explaining shows some of each and goes on":             {Query{Explain: true}, full, 1, limit, ""},
		"findings end the scan":                                 {Query{}, sure, limit, 0, "findings"},
		"findings end the scan behind any number of other ones": {Query{Explain: true}, full + "\n" + sure, limit, limit, "findings"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			cut := strings.LastIndexByte(c.text[:len(c.text)/2], '\n') + 1 // two texts share the limit
			r := e.Scan(context.Background(), c.q, Text{Data: []byte(c.text[:cut])}, Text{Data: []byte(c.text[cut:])})
			sure, idle := 0, 0
			for _, f := range r.Findings {
				if f.Detector == "sure" {
					sure++
				} else {
					idle++
				}
			}
			if sure != c.sure || idle != c.idle || r.Limit != c.limit || r.Complete != (c.limit == "") {
				t.Errorf("%d findings, %d others, complete %v, limit %q; want %d, %d, %q", sure, idle, r.Complete, r.Limit, c.sure, c.idle, c.limit)
			}
		})
	}
}
