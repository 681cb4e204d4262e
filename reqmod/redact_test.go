package reqmod

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/policy"
)

// ofFixtures are the requests of the catalogue, and those with values of several kinds in
// every carrier that can be edited.
func ofFixtures(t *testing.T) map[string]*icap.Request {
	t.Helper()
	catalogue, _, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	list := map[string]*icap.Request{}
	for _, f := range catalogue.Fixtures() {
		var headers []string
		for name, value := range f.Headers {
			if name != "Content-Length" && name != "Host" {
				headers = append(headers, name+": "+value)
			}
		}
		slices.Sort(headers)
		list[f.File] = request(f.Method, f.URL, string(f.Body), headers...)
	}
	return list
}

// TestRedactedRequestsHoldNothingMore redacts every example request in which something is
// found: what comes out is read again, nothing is found in it, and its texts differ from
// those before only in the masks. What cannot be edited is blocked.
func TestRedactedRequestsHoldNothingMore(t *testing.T) {
	const redact = `
defaults:
  unreviewed: {profiles: [default], on_match: redact}
  approved: {profiles: [default], on_match: redact}
  in_review: {profiles: [default], on_match: redact}
  unapproved: {profiles: [default], on_match: redact}
gaps: {unreviewed: log, approved: log, in_review: log, unapproved: log}`
	w := newWorld(t, redact, nil, Options{})
	run := func(r *icap.Request) *call {
		c := &call{h: w.Handler, rules: w.rules.Load(), req: r, began: w.o.Now(), whole: true, took: map[string]int64{}}
		c.recognise(t.Context())
		if c.isAI {
			c.inspect(t.Context())
			c.decide()
		}
		return c
	}
	redacted, blocked := 0, 0
	for name, r := range ofFixtures(t) {
		before := run(r)
		if len(before.counted()) == 0 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			if before.decision.Action == policy.Block {
				blocked++
				if _, err := before.doc.Rewrite(nil); err == nil && !onlyInFiles(before.decisive(), before) {
					t.Error("blocked, although the body can be edited")
				}
				return
			}
			if before.decision.Action != policy.Redact || before.redacted == nil {
				t.Fatalf("action %s, want redact", before.decision.Action)
			}
			redacted++
			again := *r
			again.Body = icap.NewBody(before.redacted)
			after := run(&again)
			if n := len(after.counted()); n > 0 {
				t.Errorf("%d findings are left", n)
			}
			if len(after.doc.Texts) != len(before.doc.Texts) {
				t.Fatalf("%d texts after, %d before", len(after.doc.Texts), len(before.doc.Texts))
			}
			for i, text := range before.doc.Texts {
				if want := masked(before, i); string(after.doc.Texts[i].Data) != want {
					t.Errorf("the text at %s differs in more than the masks", text.Path)
				}
			}
		})
	}
	if redacted < 25 || blocked < 4 {
		t.Errorf("%d requests redacted and %d blocked, want at least 25 and 4", redacted, blocked)
	}
}

// masked is text i with what decided replaced.
func masked(c *call, i int) string {
	data := c.doc.Texts[i].Data
	findings := c.decisive()
	slices.SortFunc(findings, func(a, b dlp.Finding) int { return int(a.Start - b.Start) })
	var out strings.Builder
	at := int64(0)
	for _, f := range findings {
		if !slices.Contains(c.reading.copiesOf(f.Text), i) || f.Start < at {
			continue
		}
		out.Write(data[at:f.Start])
		out.WriteString(c.label(f, int(f.End-f.Start)))
		at = f.End
	}
	out.Write(data[at:])
	return out.String()
}

// onlyInFiles reports whether something was found in a text that has no way back: in a
// document, a URL or what cannot be written as it was read.
func onlyInFiles(findings []dlp.Finding, c *call) bool {
	return slices.ContainsFunc(findings, func(f dlp.Finding) bool {
		path := c.doc.Texts[f.Text].Path
		return strings.HasPrefix(path, "file") || strings.HasPrefix(path, "query")
	})
}

// overlapping are two word lists whose words share bytes in some texts: both are findings.
const overlapping = `
detectors:
  - id: codename
    severity: high
    words: {list: [operation blue heron]}
    tests: {match: ["operation blue heron"], clean: ["operation"]}
  - id: customer
    severity: high
    words: {list: [heron marine ltd, blue]}
    tests: {match: ["heron marine ltd"], clean: ["marine"]}
profiles:
  - {id: names, name: Names, use: [codename, customer]}
`

// TestOverlappingFindingsLoseTheirUnion redacts texts in which findings share bytes: no byte
// of either value is left, and nothing else is gone.
func TestOverlappingFindingsLoseTheirUnion(t *testing.T) {
	rules, err := dlp.Load(fstest.MapFS{"names.yaml": {Data: []byte(overlapping)}})
	if err != nil {
		t.Fatal(err)
	}
	engine, err := dlp.New(rules, dlp.Options{Key: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	const policyText = "defaults: {in_review: {profiles: [names], on_match: redact}}"
	p, err := policy.Parse("policy.yaml", []byte(policyText), policy.Options{HasProfile: engine.HasProfile})
	if err != nil {
		t.Fatal(err)
	}
	catalogue, _, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, "", nil, Options{})
	r, err := NewRules(Sources{Catalogue: catalogue, Engine: engine, Policy: p, Statuses: map[string]policy.Status{"gemini": policy.InReview, "openai-api": policy.InReview}})
	if err != nil {
		t.Fatal(err)
	}
	w.Swap(r)
	cases := map[string]struct{ text, sized, free string }{
		"one reaches out of the other": {"pay operation blue heron marine ltd now", "pay [codename]********************* now", "pay [codename] now"},
		"one inside of the other":      {"pay operation blue heron now", "pay [codename]********** now", "pay [codename] now"},
		"side by side":                 {"pay heron marine ltd, blue now", "pay [customer]******, **** now", "pay [customer], [customer] now"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			sized := answered(t, w.Handler, request("POST", "https://content-push.googleapis.com/upload/?upload_id=x", c.text, "Content-Type: application/x-www-form-urlencoded",
				"X-Goog-Upload-Command: upload, finalize", "X-Goog-Upload-Offset: 0"))
			if got := string(sized.Body); got != c.sized {
				t.Errorf("of a known size: %q, want %q", got, c.sized)
			}
			body := func(text string) string {
				return `{"model":"m","messages":[{"role":"user","content":"` + text + `"}]}`
			}
			free := answered(t, w.Handler, request("POST", "https://api.openai.com/v1/chat/completions", body(c.text), "Content-Type: application/json"))
			if got := string(free.Body); got != body(c.free) {
				t.Errorf("in JSON: %q, want %q", got, body(c.free))
			}
		})
	}
}

func TestAnUploadOfKnownSizeKeepsItWhenItIsRedacted(t *testing.T) {
	const redact = "defaults: {in_review: {profiles: [default], on_match: redact}}"
	w := newWorld(t, redact, map[string]policy.Status{"gemini": policy.InReview}, Options{})
	body := "name;card\nJane;" + card + "\n"
	r := answered(t, w.Handler, request("POST", "https://content-push.googleapis.com/upload/?upload_id=x", body, "Content-Type: application/x-www-form-urlencoded",
		"X-Goog-Upload-Command: upload, finalize", "X-Goog-Upload-Offset: 0"))
	if got, want := string(r.Body), "name;card\nJane;[credit_card]******\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
