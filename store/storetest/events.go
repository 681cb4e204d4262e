package storetest

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/store"
)

// yesterday keeps tests away from the running minute.
func yesterday() time.Time { return time.Now().Add(-24 * time.Hour) }

// expected is what e looks like when it is read: lists are lists, times are those of ids.
func expected(t *testing.T, e *event.Event) event.Event {
	t.Helper()
	b, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var x event.Event
	if err := json.Unmarshal(b, &x); err != nil {
		t.Fatal(err)
	}
	x.Time, _ = event.IDTime(e.ID)
	slices.Sort(x.Groups)
	x.Groups, x.Files, x.Matches = notNil(x.Groups), notNil(x.Files), notNil(x.Matches)
	x.Gaps, x.Trace = notNil(x.Gaps), notNil(x.Trace)
	return x
}

func notNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// newestFirst returns what of list holds, in the order of Events.
func newestFirst(t *testing.T, list []*event.Event, holds func(*event.Event) bool) []event.Event {
	t.Helper()
	out := []event.Event{}
	for _, e := range list {
		if holds(e) {
			out = append(out, expected(t, e))
		}
	}
	slices.SortFunc(out, func(a, b event.Event) int { return strings.Compare(b.ID, a.ID) })
	return out
}

func eventsComeBack(t *testing.T, open Open) {
	w := newWorld(1, yesterday(), time.Second)
	list := w.events(400)
	exception := "0193-exception"
	full := list[7]
	full.Exception, full.Account.ID, full.Account.Plan = &exception, "account 1", "plus"
	full.Files = []event.File{{Name: "letter.docx", Type: "application/msword", Size: 6990, Hash: "hmac:ff", Outcome: "complete"}}
	full.Trace = []event.Step{{Rule: "r1", When: true, Match: true, Mode: "enforce", Reason: "because"}, {Rule: "r2"}}
	full.Gaps, full.BytesIn = []string{"too_large", "deadline"}, 12
	s := fill(t, open(t), list)
	got, err := s.Events(t.Context(), store.Filter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(newestFirst(t, list, func(*event.Event) bool { return true }), got); diff != "" {
		t.Fatalf("events differ (-recorded +read):\n%s", diff)
	}
	one, err := s.Event(t.Context(), strings.ToUpper(full.ID))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(expected(t, full), one); diff != "" {
		t.Fatalf("event differs (-recorded +read):\n%s", diff)
	}
}

func filtersSelect(t *testing.T, open Open) {
	w := newWorld(2, yesterday(), 20*time.Second)
	list := w.events(1500)
	from, to := list[300].Time, list[1100].Time
	s := fill(t, open(t), list)
	detects := func(e *event.Event, d string) bool {
		return slices.ContainsFunc(e.Matches, func(m event.Match) bool { return m.Detector == d })
	}
	idTime := func(e *event.Event) time.Time { ts, _ := event.IDTime(e.ID); return ts }
	cases := map[string]struct {
		filter store.Filter
		holds  func(*event.Event) bool
	}{
		"by user":                {store.Filter{User: "user07"}, func(e *event.Event) bool { return e.User == "user07" }},
		"by group":               {store.Filter{Group: "dept2"}, func(e *event.Event) bool { return slices.Contains(e.Groups, "dept2") }},
		"not by part of a group": {store.Filter{Group: "dept"}, func(*event.Event) bool { return false }},
		"by app":                 {store.Filter{App: "app03"}, func(e *event.Event) bool { return e.App.ID == "app03" }},
		"by action":              {store.Filter{Action: "block"}, func(e *event.Event) bool { return e.Decision.Action == "block" }},
		"by activity":            {store.Filter{Activity: "upload"}, func(e *event.Event) bool { return e.Activity == "upload" }},
		"by detector":            {store.Filter{Detector: "us_ssn"}, func(e *event.Event) bool { return detects(e, "us_ssn") }},
		"a wildcard is a letter": {store.Filter{Detector: "us%ssn"}, func(*event.Event) bool { return false }},
		"by time": {store.Filter{Since: from, Until: to}, func(e *event.Event) bool {
			return !idTime(e).Before(from) && idTime(e).Before(to)
		}},
		"by all at once": {store.Filter{User: "user07", Action: "log", Since: from}, func(e *event.Event) bool {
			return e.User == "user07" && e.Decision.Action == "log" && !idTime(e).Before(from)
		}},
		"an unknown user has none": {store.Filter{User: "nobody"}, func(*event.Event) bool { return false }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.filter.Limit = 5000
			got, err := s.Events(t.Context(), c.filter)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(newestFirst(t, list, c.holds), got); diff != "" {
				t.Fatalf("events differ (-brute force +store):\n%s", diff)
			}
		})
	}
}

func pagesJoin(t *testing.T, open Open) {
	w := newWorld(3, yesterday(), 10*time.Millisecond) // several events a millisecond
	list := w.events(333)
	s := fill(t, open(t), list)
	var ids []string
	f := store.Filter{Limit: 20}
	for {
		page, err := s.Events(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for i := range page {
			ids = append(ids, page[i].ID)
		}
		f.Before = ids[len(ids)-1]
	}
	want := make([]string, 0, len(list))
	for _, e := range newestFirst(t, list, func(*event.Event) bool { return true }) {
		want = append(want, e.ID)
	}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Fatalf("pages differ (-whole +pages):\n%s", diff)
	}
	if _, err := s.Events(t.Context(), store.Filter{Before: "x'; DROP TABLE event"}); err == nil || !strings.Contains(err.Error(), "is not the id of an event") {
		t.Fatalf("a page after nonsense: %v", err)
	}
}

func unknownEvent(t *testing.T, open Open) {
	s := fill(t, open(t), nil)
	for _, id := range []string{event.NewID(time.Now()), "", "nonsense"} {
		if _, err := s.Event(t.Context(), id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("event %q: %v, want ErrNotFound", id, err)
		}
	}
}

func restartRecordsOn(t *testing.T, open Open) {
	o := open(t)
	w := newWorld(4, yesterday(), time.Second)
	var all []*event.Event
	for range 3 {
		list := w.events(50)
		all = append(all, list...)
		n := start(t, o)
		for _, e := range list {
			if err := n.Recorder.Record(t.Context(), e, true); err != nil {
				t.Fatal(err)
			}
		}
		n.drain()
		n.close()
	}
	s := fill(t, o, nil)
	got, err := s.Events(t.Context(), store.Filter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(newestFirst(t, all, func(*event.Event) bool { return true }), got); diff != "" {
		t.Fatalf("events differ (-recorded +read):\n%s", diff)
	}
}

func foldedCount(t *testing.T, open Open) {
	w := newWorld(5, time.Now(), time.Nanosecond)
	n := start(t, open(t))
	t.Cleanup(n.close)
	blocked := w.event()
	blocked.Activity, blocked.Matches, blocked.Gaps, blocked.BytesIn = "other", nil, nil, 0
	blocked.Decision = event.Decision{Action: "block", Would: "block", Rule: "default:unapproved", Mode: "enforce"}
	seen := map[string]int64{}
	const requests = 40
	for range requests {
		e := *blocked
		e.ID = ""
		incident := n.Recorder.Incident(&e)
		if err := n.Recorder.Record(t.Context(), &e, true); err != nil {
			t.Fatal(err)
		}
		if e.ID != incident {
			t.Fatalf("the answer showed %s, the event is %s", incident, e.ID)
		}
		seen[e.ID]++
	}
	for range 100 { // pages and assets leave no event
		e := *blocked
		e.ID, e.Decision.Action = "", "allow"
		if err := n.Recorder.Record(t.Context(), &e, false); err != nil {
			t.Fatal(err)
		}
	}
	prompt := w.event()
	prompt.Activity, prompt.Matches, prompt.Gaps, prompt.Decision.Action, prompt.BytesIn = "prompt", nil, nil, "log", 0
	if err := n.Recorder.Record(t.Context(), prompt, false); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if ok, err := n.Recorder.Received(t.Context(), prompt.ID, 700); !ok || err != nil {
			t.Fatalf("bytes received: %v %v", ok, err)
		}
	}
	if ok, err := n.Recorder.Received(t.Context(), event.NewID(time.Now()), 700); ok || err != nil {
		t.Fatalf("bytes of an unknown event: %v %v", ok, err)
	}
	n.drain()
	got, err := n.Store.Events(t.Context(), store.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) > 2 || len(got) != len(seen)+1 {
		t.Fatalf("%d requests of one minute (or two) are %d incidents and %d events", requests, len(seen), len(got)-1)
	}
	for _, e := range got {
		if e.ID == prompt.ID {
			if e.BytesIn != 1400 || e.Count != 0 {
				t.Errorf("the prompt received %d bytes, want 1400; count %d", e.BytesIn, e.Count)
			}
			continue
		}
		if max(e.Count, 1) != seen[e.ID] {
			t.Errorf("event %s counts %d, want %d", e.ID, e.Count, seen[e.ID])
		}
	}
}

func dislikedNames(t *testing.T, open Open) {
	w := newWorld(6, yesterday(), time.Second)
	list := w.events(6)
	long := strings.Repeat("ü", 3000)
	list[0].User, list[0].Path, list[0].Host = "nul\x00user", "/p\x00\xff\xfe", "h\x80"
	list[1].User, list[1].Groups, list[1].Device.ID = long, []string{long, "a\x00", ""}, long
	list[2].BytesOut, list[2].Source.IP = -1, "not an address"
	list[3].User, list[3].Gaps = "", []string{"a|b"}
	list[4].Trace = slices.Repeat([]event.Step{{Rule: long}}, 100)
	list[5].Matches = slices.Repeat([]event.Match{{Detector: "d%_|\x00", Masked: []string{long}}}, 100)
	s := fill(t, open(t), list)
	got, err := s.Events(t.Context(), store.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(list) {
		t.Fatalf("%d of %d events arrived", len(got), len(list))
	}
	slices.Reverse(got)
	for name, ok := range map[string]bool{
		"NUL is left out":                got[0].User == "nuluser" && got[0].Path == "/p\uFFFD",
		"a name is cut at a letter":      got[1].User == strings.Repeat("ü", 128) && len(got[1].Groups) == 3,
		"bytes are not negative":         got[2].BytesOut == 0,
		"no user is a user":              got[3].User == "",
		"a bar in a word stays one":      cmp.Equal(got[3].Gaps, []string{"a_b"}),
		"a long trace is left out":       len(got[4].Trace) == 0,
		"too many matches are cut":       len(got[5].Matches) < 100,
		"a cut event has its decision":   got[4].Decision.Action == list[4].Decision.Action,
		"a cut event counts its matches": got[5].Matches != nil,
	} {
		if !ok {
			t.Errorf("not so: %s", name)
		}
	}
}
