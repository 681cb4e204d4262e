package storetest

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/store"
)

// groupRecount counts what a group used, in the period and in the one before it.
func groupRecount(t *testing.T, s *store.Store, p store.Period, list []*event.Event) {
	t.Helper()
	const group = "dept3"
	during := func(from, to time.Time) []*event.Event {
		return filter(list, func(e *event.Event) bool {
			ts, _ := event.IDTime(e.ID)
			return slices.Contains(e.Groups, group) && !ts.Before(from) && ts.Before(to)
		})
	}
	in := during(p.From, p.To)
	if len(in) < 100 || len(in) > len(list)*9/10 {
		t.Fatalf("%d of %d events are of the group", len(in), len(list))
	}
	key := func(f func(e *event.Event, at time.Time) string) func(*event.Event) []string {
		return func(e *event.Event) []string {
			ts, _ := event.IDTime(e.ID)
			return []string{f(e, ts.UTC())}
		}
	}
	people := func(list []*event.Event) int64 {
		return int64(len(by(list, func(e *event.Event) []string { return []string{e.User} })))
	}
	total := func(list []*event.Event) store.Total {
		apps := by(list, func(e *event.Event) []string { return []string{e.App.ID} })
		return store.Total{Usage: usageOf(list, all), Apps: int64(len(apps)), Users: people(list)}
	}
	want := &store.GroupUse{Total: total(in), Before: total(during(p.From.Add(p.From.Sub(p.To)), p.From)), People: map[time.Time]int64{}}
	hours := by(in, key(func(e *event.Event, at time.Time) string {
		return at.Truncate(time.Hour).Format(time.RFC3339) + " " + e.App.Status
	}))
	for _, k := range slices.Sorted(maps.Keys(hours)) {
		when, status, _ := strings.Cut(k, " ")
		at, err := time.Parse(time.RFC3339, when)
		if err != nil {
			t.Fatal(err)
		}
		want.Hours = append(want.Hours, store.Point{At: at, Key: status, Usage: usageOf(hours[k], all)})
	}
	for day, list := range by(in, key(func(_ *event.Event, at time.Time) string { return at.Format(time.DateOnly) })) {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		want.People[at] = people(list)
	}
	for app, list := range by(in, func(e *event.Event) []string { return []string{e.App.ID} }) {
		want.Apps = append(want.Apps, store.AppUsage{App: app, Usage: usageOf(list, all), Users: people(list)})
	}
	slices.SortFunc(want.Apps, func(a, b store.AppUsage) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), strings.Compare(a.App, b.App))
	})
	days := by(during(p.To.AddDate(0, 0, -30), p.To), key(func(e *event.Event, at time.Time) string { return e.App.ID + " " + at.Format(time.DateOnly) }))
	for _, k := range slices.Sorted(maps.Keys(days)) {
		app, day, _ := strings.Cut(k, " ")
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		want.Days = append(want.Days, store.AppDay{App: app, Day: at, Usage: usageOf(days[k], all)})
	}
	got, err := s.GroupUse(t.Context(), p, group)
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for i := range got.Apps {
		a := &got.Apps[i]
		if a.Category != "" && (a.App != "app01" || a.Status == "unapproved") {
			named++
		}
		a.Name, a.Category, a.Status = "", "", ""
	}
	if named != len(got.Apps) {
		t.Errorf("%d of %d apps have a category, and app01 its status", named, len(got.Apps))
	}
	check(t, nil, want, got)
	nobody, err := s.GroupUse(t.Context(), p, "no such group")
	check(t, err, &store.GroupUse{People: map[time.Time]int64{}, Apps: []store.AppUsage{}}, nobody)
	steps := store.Steps(want.Hours, p.From, 24*time.Hour)
	var events int64
	for i, x := range steps {
		events += x.Events
		if i > 0 && x.At.Before(steps[i-1].At) || x.At.Hour() != p.From.Hour() {
			t.Errorf("step %d is at %s", i, x.At)
		}
	}
	if events != want.Total.Events || len(steps) >= len(want.Hours) {
		t.Errorf("%d steps of %d hours hold %d events, want %d", len(steps), len(want.Hours), events, want.Total.Events)
	}
}
