package reqmod

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/policy"
)

// token is a made-up access token, long enough that an excerpt cuts it.
var token = "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"

func TestNothingLeaksWhereAnEventShowsText(t *testing.T) {
	const pci = `rules: [{id: cards, profiles: [pci], on_match: block}]`
	cases := map[string]struct {
		path, text string
		planted    []string
	}{
		"a value that the path escapes": {
			"/backend-api/f/conversation?x=" + url.QueryEscape(card), "card " + card, []string{card},
		},
		"a value that an excerpt would cut in two": {
			"/backend-api/f/conversation", "pay with card " + card + " and then log in with key " + token, []string{card, token[8:30], token[:12]},
		},
		"a value before the finding": {
			"/backend-api/f/conversation", "key " + token + " and so we pay with card " + card, []string{card, token[len(token)-12:]},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, pci, map[string]policy.Status{"chatgpt": policy.InReview}, Options{})
			w.ServeICAP(t.Context(), request("POST", "https://chatgpt.com"+c.path, gpt(c.text)))
			data, err := json.Marshal(w.kept.events[0])
			if err != nil || len(w.kept.events[0].Matches) == 0 {
				t.Fatalf("no match recorded: %v", err)
			}
			for i, planted := range c.planted {
				if strings.Contains(string(data), planted) {
					t.Errorf("planted value %d is in the event in the clear", i)
				}
			}
		})
	}
}

func TestAnEscapedPathIsReadBeforeItIsMasked(t *testing.T) {
	w := newWorld(t, "", map[string]policy.Status{"chatgpt": policy.Unapproved}, Options{})
	w.ServeICAP(t.Context(), request("GET", "https://chatgpt.com/c/"+url.PathEscape("card "+card)+"/x", "", "Sec-Fetch-Dest: document"))
	if got := w.kept.events[0].Path; got != "/c/card ████/x" {
		t.Errorf("path %q, want the number masked", strings.ReplaceAll(got, "1", "?"))
	}
}

func TestAMatchIsWhatAProfileTriggeredOn(t *testing.T) {
	const userOnly = `
rules: [{id: cards, profiles: [pci], roles: [user], on_match: redact}]
defaults: {in_review: {action: log}}
`
	w := newWorld(t, userOnly, map[string]policy.Status{"openai-api": policy.InReview}, Options{})
	system := `{"model":"m","messages":[{"role":"system","content":"test card ` + card + `"},{"role":"user","content":%q}]}`
	w.ServeICAP(t.Context(), request("POST", apiURL, strings.ReplaceAll(system, "%q", `"hello"`), "Content-Type: application/json"))
	if e := w.kept.events[0]; len(e.Matches) != 0 || e.Decision.Action != "log" {
		t.Errorf("%d matches and %s, want none and log: nothing was found in the roles that were asked for", len(e.Matches), e.Decision.Action)
	}
	body := strings.ReplaceAll(system, "%q", `"pay `+card+`"`)
	r := answered(t, w.Handler, request("POST", apiURL, body, "Content-Type: application/json"))
	if got := strings.Count(string(r.Body), "[credit_card]"); got != 1 || !strings.Contains(string(r.Body), `"pay [credit_card]"`) {
		t.Errorf("%d values redacted, want only the one in the user's words", got)
	}
}

func TestListsOfAnEventAreNeverNull(t *testing.T) {
	w := newWorld(t, "", nil, Options{})
	r := request("POST", gptURL, gpt("hello"))
	w.ServeICAP(t.Context(), r)
	data, err := json.Marshal(w.kept.events[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"files", "matches", "gaps", "trace"} {
		if !strings.Contains(string(data), `"`+field+`":[]`) {
			t.Errorf("%s is not an empty list", field)
		}
	}
}

func TestTheWorkOfAnEventIsBounded(t *testing.T) {
	w := newWorld(t, "", map[string]policy.Status{"chatgpt": policy.InReview}, Options{})
	parts := make([]string, 500)
	for i := range parts {
		parts[i] = `"card ` + card + `"`
	}
	body := `{"messages":[{"author":{"role":"user"},"content":{"parts":[` + strings.Join(parts, ",") + `]}}]}`
	w.ServeICAP(t.Context(), request("POST", gptURL, body))
	if got := len(w.kept.events[0].Matches); got == 0 || got > maxMatches {
		t.Errorf("%d groups of matches, want some and at most %d", got, maxMatches)
	}
}

func TestSpentBudgetsGetTheConfiguredAnswer(t *testing.T) {
	gap := policy.Decision{Action: policy.Log, Gap: policy.TooLarge, Rule: "gap:approved"}
	found := policy.Decision{Action: policy.Redact, Rule: "cards", Matched: true}
	cases := map[string]struct {
		open   bool
		before policy.Decision
		want   policy.Action
		rule   string
	}{
		"closed: what was not inspected does not pass":  {false, gap, policy.Block, "overload"},
		"open: what was not inspected passes":           {true, policy.Decision{Action: policy.Block, Gap: policy.TooLarge}, policy.Log, "overload"},
		"open: what was found is stopped all the same":  {true, found, policy.Redact, "cards"},
		"closed: the stricter action wins over a match": {false, found, policy.Block, "overload"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "", nil, Options{FailOpen: c.open})
			x := &call{h: w.Handler, decision: c.before}
			x.overload("busy")
			if x.decision.Action != c.want || x.decision.Rule != c.rule {
				t.Errorf("decided %s by %s, want %s by %s", x.decision.Action, x.decision.Rule, c.want, c.rule)
			}
		})
	}
}

func TestWhatOnlyCountsHasNoPath(t *testing.T) {
	for status, want := range map[policy.Status]string{policy.Approved: "", policy.Unapproved: "/assets/app.js"} {
		w := newWorld(t, "", map[string]policy.Status{"chatgpt": status}, Options{})
		w.ServeICAP(t.Context(), request("GET", "https://chatgpt.com/assets/app.js", ""))
		if e := w.kept.events[0]; e.Activity != "other" || e.Path != want {
			t.Errorf("%s: activity %s with path %q, want other with %q", status, e.Activity, e.Path, want)
		}
	}
}
