package reqmod

import (
	"slices"
	"strings"
	"testing"

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
		out.WriteString(c.label(f))
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
