package console

import (
	"net/http"
	"strings"
	"testing"
)

// TestFiltersThatAreNoneAreRefused asks as a program does that got a filter wrong: without a
// refusal it would take all events for those that it meant.
func TestFiltersThatAreNoneAreRefused(t *testing.T) {
	x := newSite(t, nil)
	x.account("vera", Viewer)
	x.record(request("alice", "chatgpt", "block"))
	x.rollUp()
	b := x.signedIn("vera")
	for query, want := range map[string]string{
		"usr=alice":              `There is no filter \"usr\".`,
		"action=stop":            "action: want one of allow, log, notify, coach, redact, isolate, block.",
		"status=aproved":         "status: want one of approved, in_review, unapproved, unreviewed.",
		"activity=chat":          "activity: want one of prompt, upload, other, session.",
		"state=closed":           "state: want one of new, in_progress, confirmed, false_positive, accepted.",
		"view=none":              "view: want one of triage, mine, stopped, matched, uploads, gaps, all.",
		"notable=often":          "notable: want true or false.",
		"app=chatgpt&app=claude": "app is given more than once.",
	} {
		for _, path := range []string{"/api/v1/events?", "/api/v1/events/export?", "/api/v1/events/live?"} {
			if a := b.get(path + query); a.status != http.StatusBadRequest || !strings.Contains(a.body, want) {
				t.Errorf("%s%s: %d %s, want 400 and %q", path, query, a.status, a.body, want)
			}
		}
	}
}

// TestAnExportTakesEveryFilter has an event that one of the filters leaves out.
func TestAnExportTakesEveryFilter(t *testing.T) {
	x := newSite(t, nil)
	x.account("nora", Viewer, "names")
	x.record(request("alice", "chatgpt", "block"), request("bob", "claude", "log"))
	x.rollUp()
	b := x.signedIn("nora")
	for query, want := range map[string]int{"": 2, "?matched=true": 1, "?notable=true": 1, "?notable=false": 2} {
		if a := b.get("/api/v1/events/export" + query); strings.Count(a.body, "\n") != want {
			t.Errorf("%q: %d events, want %d", query, strings.Count(a.body, "\n"), want)
		}
	}
}
