package console

import (
	"html"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/profiles"
	"github.com/sluice-dlp/sluice/store"
)

var shownChange = regexp.MustCompile(`(?s)<div class="diff"[^>]*>(.*?)</div>`)

// TestProposalsLoad marks false positives, applies the change that the page shows, and scans
// with the changed rules.
func TestProposalsLoad(t *testing.T) {
	x := newSite(t, func(o *Options) { o.Profiles = func() ([]fs.FS, error) { return []fs.FS{profiles.FS}, nil } })
	x.account("rita", Reviewer)
	verdict := func(state store.ReviewState, masked, fingerprint, excerpt string) {
		t.Helper()
		e := request("alice", "chatgpt", "block")
		m := &e.Matches[0]
		m.Masked, m.Fingerprints, m.Excerpt = []string{masked}, []string{fingerprint}, excerpt
		x.record(e)
		if err := x.store.SetReview(t.Context(), store.Review{Event: e.ID, State: state, By: "rita"}); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		verdict(store.ReviewFalsePositive, "411111••••••1111", "hmac:test", "handbook null ████")
	}
	verdict(store.ReviewFalsePositive, "555555••••••4444", "hmac:once", "handbook ████")
	for range 2 {
		verdict(store.ReviewConfirmed, "400000••••••0002", "hmac:right", "charge the card ████")
	}
	page := x.signedIn("rita").get("/precision").body
	for _, want := range []string{"<b>handbook</b>", "<code>411111••••••1111</code> in 3 events"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, never := range []string{"555555••••••4444", "400000••••••0002"} {
		if strings.Contains(page, never) {
			t.Errorf("%s is proposed", never)
		}
	}
	shown := shownChange.FindStringSubmatch(page)
	if shown == nil {
		t.Fatal("the page shows no change")
	}
	diff := regexp.MustCompile(`<span[^>]*>`).ReplaceAllString(shown[1], "")
	diff = html.UnescapeString(strings.ReplaceAll(diff, "</span>", "\n"))

	dir := t.TempDir()
	file := filepath.Join(dir, "cards.yaml")
	before, err := fs.ReadFile(profiles.FS, "cards.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, before, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "git", "apply", "-p1", "-")
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(diff)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("apply: %v: %s\n%s", err, out, diff)
	}
	after, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const value, other = "4716 9205 3381 7744", "4956 5119 1333 8275"
	load := func(text string) *dlp.Engine {
		t.Helper()
		rules, err := dlp.Load(profiles.FS, fstest.MapFS{"cards.yaml": {Data: []byte(text)}})
		if err != nil {
			t.Fatal(err)
		}
		engine, err := dlp.New(rules, dlp.Options{Key: make([]byte, 32)})
		if err != nil {
			t.Fatal(err)
		}
		return engine
	}
	cards := func(e *dlp.Engine, text string) int {
		n := 0
		for _, f := range e.Scan(t.Context(), dlp.Query{MinConfidence: dlp.Medium}, dlp.Text{Part: "t", Data: []byte(text)}).Findings {
			if f.Detector == "credit_card" {
				n++
			}
		}
		return n
	}
	as := load(string(after))
	if cards(as, "it says "+value) != 1 || cards(as, "the handbook says "+value) != 0 {
		t.Errorf("alone %d, beside the word %d; want 1 and 0\n%s", cards(as, "it says "+value), cards(as, "the handbook says "+value), diff)
	}
	// What a person does who knows the value.
	const proposed = `# allow: {values: ["411111••••••1111"]}`
	if !strings.Contains(string(after), proposed) {
		t.Fatalf("no %s in\n%s", proposed, diff)
	}
	filled := strings.Replace(string(after), proposed, `allow: {values: ["`+value+`"]}`, 1)
	allowed := load(filled)
	if cards(allowed, "the card "+value) != 0 || cards(allowed, "the card "+other) != 1 {
		t.Error("the value is not allowed, or others are as well")
	}
}

// A detector has one allow: a proposal brings its own only where there is none.
func TestProposalsKeepOneAllow(t *testing.T) {
	values := []wrongValue{{Masked: "411111••••••1111"}}
	for lines, want := range map[string]string{
		"  - id: a\n    name: A":                      `    # allow: {values: ["411111••••••1111"]}`,
		"  - id: a\n    allow: {around: ['sandbox']}": `    # values: ["411111••••••1111"]`,
	} {
		got := allowComments(strings.Split(lines, "\n"), "    ", values)
		if len(got) != 2 || got[1] != want {
			t.Errorf("%q: got %q, want %q", lines, got, want)
		}
	}
}

// TestSeverityFilters lists events by the severity of what was found.
func TestSeverityFilters(t *testing.T) {
	x := newSite(t, nil)
	x.account("vera", Viewer)
	card, both, none := request("alice", "chatgpt", "block"), request("bob", "claude", "block"), request("cleo", "gemini", "log")
	low := both.Matches[0]
	low.Detector, low.Severity = "email", "low"
	both.Matches = append(both.Matches, low)
	x.record(card, both, none)
	engine := x.server.o.Rules().Engine
	high, lower := engine.SeverityOf("credit_card").String(), engine.SeverityOf("email").String()
	if high == lower || lower == "" {
		t.Fatalf("the severities are %q and %q", high, lower)
	}
	b := x.signedIn("vera")
	for severity, want := range map[string][]string{high: {card.ID, both.ID}, lower: {both.ID}, "critical": nil} {
		page := b.get("/events?view=all&severity=" + severity)
		for _, e := range []string{card.ID, both.ID, none.ID} {
			listed, wanted := strings.Contains(page.body, `id="e-`+e+`"`), false
			for _, w := range want {
				wanted = wanted || w == e
			}
			if listed != wanted {
				t.Errorf("severity %s: event %s is listed: %v", severity, e, listed)
			}
		}
	}
	all := b.get("/events?view=all").body
	if count := regexp.MustCompile(`severity=` + high + `[^>]*><span>High</span><em>(\d+)`).FindStringSubmatch(all); count == nil || count[1] != "2" {
		t.Errorf("the facet counts %v", count)
	}
	if a := b.get("/events?severity=dreadful"); a.status != 400 {
		t.Errorf("a severity that does not exist: status %d", a.status)
	}
	if a := b.get("/api/v1/events?severity=" + lower); !strings.Contains(a.body, both.ID) || strings.Contains(a.body, card.ID) {
		t.Errorf("the API lists\n%s", a.body)
	}
}
