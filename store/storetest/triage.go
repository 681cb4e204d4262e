package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/store"
)

// triageEvents records six events of alice and bob, oldest first, and returns their ids.
func triageEvents(t *testing.T, n *node) []string {
	t.Helper()
	now := time.Now().UTC()
	var ids []string
	for i := range 6 {
		at := now.Add(time.Duration(i-6) * time.Minute)
		e := event.Event{
			ID: event.NewID(at), Time: at, User: []string{"alice", "bob"}[i%2], Activity: "prompt", Visibility: "full", Host: "chatgpt.com",
			App: event.App{ID: []string{"chatgpt", "claude", "x_ai"}[i%3], Status: "in_review"}, Decision: event.Decision{Action: "block", Rule: "cards-in-review"},
			Matches: []event.Match{{Detector: []string{"credit_card", "iban"}[i%2], Count: 1, Severity: "high", Confidence: "high", Fingerprints: []string{fmt.Sprintf("hmac:%d", i%4)}}},
		}
		if err := n.Recorder.Record(t.Context(), &e, true); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, e.ID)
	}
	n.drain()
	return ids
}

func triageWorks(t *testing.T, open Open) {
	n := start(t, open(t))
	defer n.close()
	s, ctx, ids := n.Store, t.Context(), triageEvents(t, n)
	now := time.Now().UTC()
	count := func(why string, f store.Filter, want int64) {
		t.Helper()
		got, err := s.CountEvents(ctx, f, 100)
		if err != nil || got != want {
			t.Errorf("%s: %d events, want %d: %v", why, got, want, err)
		}
	}
	queue := store.Filter{Notable: true, Review: store.ReviewNew}
	count("all wait at first", queue, 6)
	if err := s.SetReview(ctx, store.Review{Event: ids[0], State: store.ReviewConfirmed, Assignee: "rev", Reason: "real_leak", By: "rev"}); err != nil {
		t.Fatal(err)
	}
	count("one is done", queue, 5)
	count("it is somebody's", store.Filter{Assignee: "rev"}, 1)
	m, err := s.AddMute(ctx, store.Mute{Detector: "iban", User: "bob", App: "claude", Begins: now.Add(-time.Hour), Ends: now.Add(time.Hour), By: "rev"})
	if err != nil {
		t.Fatal(err)
	}
	count("a mute hides what bob sent to claude", queue, 4)
	if list, err := s.Mutes(ctx, now); err != nil || len(list) != 1 || list[0] != m {
		t.Errorf("mutes %+v, want %+v: %v", list, m, err)
	}
	if err := s.EndMute(ctx, m.ID, "rev"); err != nil {
		t.Fatal(err)
	}
	if err := s.EndMute(ctx, m.ID, "rev"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("end a mute twice: %v, want not found", err)
	}
	if _, err := s.AddMute(ctx, store.Mute{Detector: "iban", Ends: now.Add(91 * 24 * time.Hour)}); err == nil {
		t.Error("a mute of 91 days was kept")
	}
	if _, err := s.AddMute(ctx, store.Mute{Detector: "i_an", Begins: now.Add(-time.Hour), Ends: now.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	count("_ in a detector's name stands for itself; past events stay hidden", queue, 4)
	count("text is found in the app", store.Filter{Text: "X_A"}, 2)
	count("text is found in the user", store.Filter{Text: "ali"}, 3)
	count("but not where names are hidden", store.Filter{Text: "ali", NoNames: true}, 0)
	count("text is found in a host", store.Filter{Text: "GPT.com"}, 6)
	count("in a rule", store.Filter{Text: "cards-"}, 6)
	count("in a detector", store.Filter{Text: "iBa"}, 3)
	count("_ in a text stands for itself", store.Filter{Text: "x_p"}, 0)
	count("a text that is nowhere", store.Filter{Text: "nowhere"}, 0)
	count("text may be an id", store.Filter{Text: ids[3]}, 1)
	count("one of several detectors", store.Filter{Detectors: []string{"iban", "us_ssn"}}, 3)
	count("none of no detectors", store.Filter{Detectors: []string{}}, 0)
	count("what was stopped", store.Filter{Stopped: true}, 6)
	count("nobody's", store.Filter{Nobody: true}, 0)
	facets, err := s.Facets(ctx, store.Filter{}, 5)
	if err != nil || facets.Counted != 5 || !facets.Capped || facets.Detectors["iban"] != 3 || facets.Together["|iban|"] != 3 || facets.Reviews["new"] != 5 || facets.Users["alice"] != 2 || facets.Apps["claude"] != 2 {
		t.Errorf("facets of the newest five: %+v: %v", facets, err)
	}
	reviewed, err := s.ReviewedEvents(ctx, "credit_card", store.ReviewConfirmed, 10)
	if got := eventIDs(reviewed); err != nil || !slices.Equal(got, ids[:1]) {
		t.Errorf("confirmed cards: %v, want event 0: %v", got, err)
	}
	newer, err := s.Newer(ctx, store.Filter{User: "alice"}, ids[1])
	if err != nil || newer.ID != ids[2] {
		t.Errorf("after %s comes %s, want %s: %v", ids[1], newer.ID, ids[2], err)
	}
	if _, err := s.Newer(ctx, store.Filter{}, ids[5]); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("after the newest: %v, want not found", err)
	}
	same, err := s.SameValue(ctx, "credit_card", []string{"hmac:0"}, now.Add(-time.Hour), 10)
	if got := eventIDs(same); err != nil || !slices.Equal(got, []string{ids[4], ids[0]}) {
		t.Errorf("the same card: %v, want events 4 and 0: %v", got, err)
	}
}

func eventIDs(list []event.Event) []string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = list[i].ID
	}
	return out
}

func peopleAreNumbers(t *testing.T, open Open) {
	n := start(t, open(t))
	defer n.close()
	s, ctx, ids := n.Store, t.Context(), triageEvents(t, n)
	numbers, err := s.PersonIDs(ctx, []string{"alice", "bob", "alice", "nobody"})
	if err != nil || len(numbers) != 2 || numbers["alice"] == numbers["bob"] {
		t.Fatalf("numbers %v: %v", numbers, err)
	}
	if name, err := s.PersonName(ctx, numbers["bob"]); err != nil || name != "bob" {
		t.Errorf("number %d is %q: %v", numbers["bob"], name, err)
	}
	if _, err := s.PersonName(ctx, 999); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("number 999: %v, want not found", err)
	}
	if found, err := s.FindPeople(ctx, "al", 5); err != nil || !slices.Equal(found, []string{"alice"}) {
		t.Errorf("people that begin with al: %v: %v", found, err)
	}
	p := store.Last(48*time.Hour, time.Now())
	days, err := s.UserDays(ctx, p, []string{"alice", "carol"})
	sum := int64(0)
	for _, d := range days {
		if d.User != "alice" {
			t.Errorf("a day of %s", d.User)
		}
		sum += d.Events
	}
	if err != nil || sum != 3 {
		t.Errorf("alice has %d events in her days, want 3: %v", sum, err)
	}
	list, err := s.EventsOfApp(ctx, "claude", p, 10)
	if got := eventIDs(list); err != nil || !slices.Equal(got, []string{ids[4], ids[1]}) {
		t.Errorf("events of claude: %v, want 4 and 1: %v", got, err)
	}
}

func viewsAreSaved(t *testing.T, open Open) {
	s := openStore(t, open(t))
	defer s.Close()
	ctx := t.Context()
	add := func(v store.SavedView) store.SavedView {
		t.Helper()
		kept, err := s.AddSavedView(ctx, v)
		if err != nil {
			t.Fatal(err)
		}
		return kept
	}
	mine := add(store.SavedView{Owner: "a", Name: "cards", Query: "detector=credit_card"})
	team := add(store.SavedView{Owner: "b", Name: "uploads", Query: "activity=upload", Team: true})
	add(store.SavedView{Owner: "b", Name: "b's own", Query: "app=x"})
	list, err := s.SavedViews(ctx, "a")
	if diff := gocmp.Diff([]store.SavedView{mine, team}, list); err != nil || diff != "" {
		t.Errorf("a sees (-want +got): %v\n%s", err, diff)
	}
	if err := s.DropSavedView(ctx, team.ID, "a"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a drops b's view: %v, want not found", err)
	}
	if err := s.DropSavedView(ctx, mine.ID, "a"); err != nil {
		t.Error(err)
	}
	if _, err := s.AddSavedView(ctx, store.SavedView{Owner: "a"}); err == nil {
		t.Error("a view without a name was kept")
	}
}
