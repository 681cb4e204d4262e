package console

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/event"
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
		"usr=alice":              `There is no parameter \"usr\": this address has since, until,`,
		"action=stop":            "action: want one of allow, log, notify, coach, redact, isolate, block.",
		"status=aproved":         "status: want one of approved, in_review, unapproved, unreviewed.",
		"activity=chat":          "activity: want one of prompt, upload, other, session.",
		"state=closed":           "state: want one of new, in_progress, confirmed, false_positive, accepted.",
		"view=none":              "view: want one of triage, mine, stopped, matched, uploads, gaps, all.",
		"notable=often":          "notable: want true or false.",
		"gap=huge":               "gap: want one of any, too_large, undecodable, encrypted, deadline, policy_error, internal.",
		"profile=pci-dss":        `profile: there is no profile \"pci-dss\"; /api/v1/profiles lists them.`,
		"since=1h&until=2d":      "since is later than until",
		"app=chatgpt&app=claude": "app is given more than once.",
	} {
		for _, path := range []string{"/api/v1/events?", "/api/v1/events/export?", "/api/v1/events/live?"} {
			if a := b.get(path + query); a.status != http.StatusBadRequest || !strings.Contains(a.body, want) {
				t.Errorf("%s%s: %d %s, want 400 and %q", path, query, a.status, a.body, want)
			}
		}
	}
}

// TestATableHasItsHeadingAlways asks for a table without a row: a program reads columns by name.
func TestATableHasItsHeadingAlways(t *testing.T) {
	x := newSite(t, nil)
	x.account("nora", Viewer, "names")
	e := request("alice", "chatgpt", "block")
	x.record(e)
	x.rollUp()
	kept, err := x.store.Event(t.Context(), e.ID)
	if err != nil {
		t.Fatal(err)
	}
	b := x.signedIn("nora")
	heading := strings.Join(event.CSVColumns(), ",") + "\n"
	for query, want := range map[string]string{"&app=none": heading, "": heading + strings.Join(kept.CSVRow(), ",") + "\n"} {
		if a := b.get("/api/v1/events/export?format=csv" + query); a.body != want {
			t.Errorf("%q: %q, want %q", query, a.body, want)
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
