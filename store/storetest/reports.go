package storetest

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/policy"
	"github.com/sluice-dlp/sluice/store"
)

// reportStart is fixed, so that the same seed gives the same answers on every database.
var reportStart = time.Date(2026, 10, 20, 5, 0, 0, 0, time.UTC)

// reportEvents are events over about ten days, some of which only count.
func reportEvents(seed uint64, n int) []*event.Event {
	w := newWorld(seed, reportStart, 10*24*time.Hour/time.Duration(n))
	list := w.events(n)
	for i, e := range list {
		if i > n*4/5 && i%50 == 0 { // an app and a country that appear late
			e.App.ID, e.App.Name, e.Source.Country = "late-app", "Late App", "KP"
		}
		if i > n*9/10 && i%3 == 0 { // and one that is suddenly loved
			e.App.ID, e.App.Name = "app07", "App 07"
		}
	}
	return list
}

// Answers fills a database with the events of seed and returns every report as JSON. Odd seeds have
// days added up in spans.
func Answers(t *testing.T, o store.Options, seed uint64) []byte {
	t.Helper()
	list := reportEvents(seed, 3000)
	s := fill(t, o, list)
	for app, status := range map[string]policy.Status{"app01": policy.Unapproved, "app02": policy.Approved, "late-app": policy.InReview} {
		if err := s.SetStatus(t.Context(), store.AppStatus{App: app, Status: status, At: reportStart}); err != nil {
			t.Fatal(err)
		}
	}
	if seed%2 == 1 {
		if err := s.Maintain(t.Context(), store.Retention{}, reportStart.AddDate(0, 1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	out := map[string]any{}
	keep := func(name string, v any, err error) {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[name] = v
	}
	ctx := t.Context()
	end := list[len(list)-1].Time
	for name, p := range map[string]store.Period{
		"all": {From: reportStart, To: end.Add(time.Hour)}, "week": store.Last(7*24*time.Hour, end), "day": store.Last(24*time.Hour, end),
		"hours": {From: reportStart.Add(30*time.Hour + 10*time.Minute), To: reportStart.Add(55 * time.Hour)}, "none": {From: end.Add(48 * time.Hour), To: end.Add(50 * time.Hour)},
	} {
		totals, err := s.Totals(ctx, p)
		keep(name+" totals", totals, err)
		for _, o := range []store.Order{store.ByEvents, store.ByPrompts, store.ByUploads, store.ByMatched, store.ByStopped, store.ByBytesOut, store.ByBytesIn} {
			apps, err := s.TopApps(ctx, p, o, 10)
			keep(name+" apps "+string(rune('0'+o)), apps, err)
		}
		for _, by := range []store.SeriesBy{store.SeriesByStatus, store.SeriesByAction, store.SeriesByApp, store.SeriesByCategory} {
			for _, app := range []string{"", "app03"} {
				series, err := s.Series(ctx, p, 6*time.Hour, by, app)
				keep(name+" series "+string(rune('0'+by))+app, series, err)
			}
		}
		for _, d := range []store.Dimension{store.Users, store.Groups, store.Sources, store.Devices, store.Countries, store.Sites} {
			for _, app := range []string{"", "app03"} {
				shares, err := s.Breakdown(ctx, p, d, app, store.ByBytesOut, 15)
				keep(name+" breakdown "+string(rune('0'+d))+app, shares, err)
			}
		}
		for _, at := range []store.StatusAt{store.StatusThen, store.StatusNow} {
			users, err := s.UsersOfStatus(ctx, p, "unapproved", at, store.ByEvents, 0)
			keep(name+" unapproved "+string(rune('0'+at)), users, err)
		}
		used, err := s.AppsOfUser(ctx, p, "user07", 0)
		keep(name+" apps of user", used, err)
		first, err := s.FirstSeen(ctx, p, 0)
		keep(name+" first seen", first, err)
		geo, err := s.Geography(ctx, p, 5*24*time.Hour, 0)
		keep(name+" geography", geo, err)
		coverage, err := s.Coverage(ctx, p, 0)
		keep(name+" coverage", coverage, err)
		matches, err := s.Matches(ctx, p, "", 0)
		keep(name+" matches", matches, err)
		detections, err := s.Detections(ctx, p, "app03", 0)
		keep(name+" detections", detections, err)
	}
	spikes, err := s.Spikes(ctx, end, 24*time.Hour, 8*24*time.Hour)
	keep("spikes", spikes, err)
	b, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// usageOf recounts by brute force.
func usageOf(list []*event.Event, holds func(*event.Event) bool) store.Usage {
	var u store.Usage
	for _, e := range list {
		if !holds(e) {
			continue
		}
		u.Events++
		u.BytesOut += e.BytesOut
		u.BytesIn += e.BytesIn
		u.Prompts += one(e.Activity == "prompt")
		u.Uploads += one(e.Activity == "upload")
		u.Matched += one(len(e.Matches) > 0)
		u.Stopped += one(e.Decision.Action != "allow" && e.Decision.Action != "log")
	}
	return u
}

func one(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// by groups list by key.
func by(list []*event.Event, keys func(*event.Event) []string) map[string][]*event.Event {
	out := map[string][]*event.Event{}
	for _, e := range list {
		for _, k := range keys(e) {
			out[k] = append(out[k], e)
		}
	}
	return out
}

func all(*event.Event) bool { return true }

// recount returns the shares of groups, most bytes out first.
func recount(groups map[string][]*event.Event) []store.Share {
	out := []store.Share{}
	for name, list := range groups {
		out = append(out, store.Share{Name: name, Usage: usageOf(list, all)})
	}
	slices.SortFunc(out, func(a, b store.Share) int {
		return cmp.Or(cmp.Compare(b.BytesOut, a.BytesOut), strings.Compare(a.Name, b.Name))
	})
	return out
}

func reportsRecount(t *testing.T, open Open) {
	list := reportEvents(11, 4000)
	s := fill(t, open(t), list)
	if err := s.SetStatus(t.Context(), store.AppStatus{App: "app01", Status: policy.Unapproved}); err != nil {
		t.Fatal(err)
	}
	// Whole days, so that reports by hour and by day mean the same events.
	p := store.Period{From: time.Date(2026, 10, 22, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 10, 27, 0, 0, 0, 0, time.UTC)}
	var in []*event.Event
	for _, e := range list {
		if ts, _ := event.IDTime(e.ID); !ts.Before(p.From) && ts.Before(p.To) {
			in = append(in, e)
		}
	}
	if len(in) < 1500 {
		t.Fatalf("only %d events fall into the period", len(in))
	}
	byApp := by(in, func(e *event.Event) []string { return []string{e.App.ID} })
	users := func(list []*event.Event) int64 {
		return int64(len(by(list, func(e *event.Event) []string { return []string{e.User} })))
	}
	t.Run("totals", func(t *testing.T) {
		got, err := s.Totals(t.Context(), p)
		check(t, err, store.Total{Usage: usageOf(in, all), Apps: int64(len(byApp)), Users: users(in)}, got)
	})
	t.Run("top apps with distinct users", func(t *testing.T) {
		apps, err := s.TopApps(t.Context(), p, store.ByBytesOut, 100)
		got := map[string]store.AppUsage{}
		for i, a := range apps {
			if i > 0 && apps[i-1].BytesOut < a.BytesOut {
				t.Errorf("%s before %s", apps[i-1].App, a.App)
			}
			a.Status = "" // the status of now, which a test of its own asks for
			got[a.App] = a
		}
		want := map[string]store.AppUsage{}
		for app, list := range byApp {
			a := list[0].App
			want[app] = store.AppUsage{App: app, Name: a.Name, Category: a.Category, Usage: usageOf(list, all), Users: users(list)}
		}
		check(t, err, want, got)
	})
	for name, c := range map[string]struct {
		d    store.Dimension
		keys func(*event.Event) []string
	}{
		"users":     {store.Users, func(e *event.Event) []string { return []string{e.User} }},
		"groups":    {store.Groups, func(e *event.Event) []string { return e.Groups }},
		"sources":   {store.Sources, func(e *event.Event) []string { return []string{e.Source.IP} }},
		"devices":   {store.Devices, func(e *event.Event) []string { return []string{e.Device.ID} }},
		"countries": {store.Countries, func(e *event.Event) []string { return []string{e.Source.Country} }},
		"sites":     {store.Sites, func(e *event.Event) []string { return []string{e.Source.Site} }},
	} {
		t.Run(name+" of all apps", func(t *testing.T) {
			got, err := s.Breakdown(t.Context(), p, c.d, "", store.ByBytesOut, 1000)
			want := recount(by(in, c.keys))
			check(t, err, want, got)
			few, err := s.Breakdown(t.Context(), p, c.d, "", store.ByBytesOut, 3)
			check(t, err, want[:min(3, len(want))], few)
		})
		t.Run(name+" of an app", func(t *testing.T) {
			got, err := s.Breakdown(t.Context(), p, c.d, "app03", store.ByBytesOut, 1000)
			check(t, err, recount(by(byApp["app03"], c.keys)), got)
		})
	}
	t.Run("of an app, to the hour", func(t *testing.T) {
		for _, hours := range [][2]int{{5, 89}, {0, 49}, {7, 72}, {5, 20}, {20, 28}, {24, 48}} {
			h := store.Period{From: p.From.Add(time.Duration(hours[0]) * time.Hour), To: p.From.Add(time.Duration(hours[1]) * time.Hour)}
			then := filter(byApp["app03"], func(e *event.Event) bool { return !e.Time.Before(h.From) && e.Time.Before(h.To) })
			for d, keys := range map[store.Dimension]func(*event.Event) []string{
				store.Users: func(e *event.Event) []string { return []string{e.User} }, store.Countries: func(e *event.Event) []string { return []string{e.Source.Country} },
			} {
				want := recount(by(then, keys))
				for _, limit := range []int{2, 1000} {
					got, err := s.Breakdown(t.Context(), h, d, "app03", store.ByBytesOut, limit)
					check(t, err, want[:min(limit, len(want))], got)
				}
			}
		}
	})
	userKey := func(e *event.Event) []string { return []string{e.User} }
	t.Run("users of apps unapproved then", func(t *testing.T) {
		got, err := s.UsersOfStatus(t.Context(), p, "unapproved", store.StatusThen, store.ByBytesOut, 1000)
		want := recount(by(filter(in, func(e *event.Event) bool { return e.App.Status == "unapproved" }), userKey))
		check(t, err, want, got)
		few, err := s.UsersOfStatus(t.Context(), p, "unapproved", store.StatusThen, store.ByBytesOut, 3)
		check(t, err, want[:min(3, len(want))], few)
	})
	t.Run("users of apps unapproved now", func(t *testing.T) {
		apps, err := s.TopApps(t.Context(), p, store.ByEvents, 100)
		if err != nil {
			t.Fatal(err)
		}
		now := map[string]bool{}
		for _, a := range apps {
			now[a.App] = a.Status == "unapproved"
		}
		if !now["app01"] {
			t.Fatal("app01 is not unapproved although it was set")
		}
		got, err := s.UsersOfStatus(t.Context(), p, "unapproved", store.StatusNow, store.ByBytesOut, 1000)
		want := recount(by(filter(in, func(e *event.Event) bool { return now[e.App.ID] }), userKey))
		check(t, err, want, got)
		few, err := s.UsersOfStatus(t.Context(), p, "unapproved", store.StatusNow, store.ByBytesOut, 3)
		check(t, err, want[:min(3, len(want))], few)
	})
	t.Run("series by status", func(t *testing.T) { seriesRecount(t, s, p, in) })
	t.Run("use of a group", func(t *testing.T) { groupRecount(t, s, p, list) })
	t.Run("matches by profile and detector", func(t *testing.T) { matchesRecount(t, s, p, in) })
	t.Run("coverage", func(t *testing.T) { coverageRecount(t, s, p, byApp) })
	t.Run("first seen", func(t *testing.T) {
		late := store.Period{From: reportStart.Add(6 * 24 * time.Hour), To: reportStart.Add(30 * 24 * time.Hour)}
		got, err := s.FirstSeen(t.Context(), late, 0)
		if err != nil || len(got) != 1 || got[0].App != "late-app" {
			t.Fatalf("first seen: %v %v, want late-app alone", got, err)
		}
	})
	t.Run("odd geography", func(t *testing.T) {
		late := store.Period{From: reportStart.Add(7 * 24 * time.Hour), To: reportStart.Add(30 * 24 * time.Hour)}
		got, err := s.Geography(t.Context(), late, 7*24*time.Hour, 0)
		if err != nil || len(got) == 0 || got[0].Country != "KP" || !got[0].NewCountry {
			t.Fatalf("geography: %v %v, want KP first, as new", got, err)
		}
	})
	t.Run("spikes", func(t *testing.T) {
		got, err := s.Spikes(t.Context(), list[len(list)-1].Time, 24*time.Hour, 8*24*time.Hour)
		if err != nil || len(got) == 0 || got[0].App != "app07" {
			t.Fatalf("spikes: %v %v, want app07 first", got, err)
		}
	})
}

func filter(list []*event.Event, holds func(*event.Event) bool) []*event.Event {
	return slices.DeleteFunc(slices.Clone(list), func(e *event.Event) bool { return !holds(e) })
}

func check[T any](t *testing.T, err error, want, got T) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("report differs (-recount +store):\n%s", diff)
	}
}

func seriesRecount(t *testing.T, s *store.Store, p store.Period, in []*event.Event) {
	t.Helper()
	const step = 5 * time.Hour
	got, err := s.Series(t.Context(), p, step, store.SeriesByStatus, "")
	groups := by(in, func(e *event.Event) []string {
		ts, _ := event.IDTime(e.ID)
		at := p.From.Add(ts.Sub(p.From).Truncate(step))
		return []string{at.Format(time.RFC3339) + " " + e.App.Status}
	})
	want := []store.Point{}
	for _, k := range slices.Sorted(maps.Keys(groups)) {
		at, status, _ := strings.Cut(k, " ")
		when, perr := time.Parse(time.RFC3339, at)
		if perr != nil {
			t.Fatal(perr)
		}
		want = append(want, store.Point{At: when, Key: status, Usage: usageOf(groups[k], all)})
	}
	check(t, err, want, got)
}

func matchesRecount(t *testing.T, s *store.Store, p store.Period, in []*event.Event) {
	t.Helper()
	want := map[string]store.MatchCount{}
	for _, e := range in {
		for _, m := range e.Matches {
			for _, profile := range m.Profiles {
				k := profile + " " + m.Detector
				c := want[k]
				c.Profile, c.Detector, c.Severity = profile, m.Detector, m.Severity
				c.Findings += int64(m.Count)
				c.Events++
				c.Stopped += one(e.Decision.Action != "allow" && e.Decision.Action != "log")
				want[k] = c
			}
		}
	}
	list, err := s.Matches(t.Context(), p, "", 0)
	got := map[string]store.MatchCount{}
	for _, m := range list {
		got[m.Profile+" "+m.Detector] = m
	}
	check(t, err, want, got)
}

func coverageRecount(t *testing.T, s *store.Store, p store.Period, byApp map[string][]*event.Event) {
	t.Helper()
	want := map[string]store.Coverage{}
	for app, list := range byApp {
		c := store.Coverage{App: app}
		for _, e := range list {
			gap, passed := len(e.Gaps) > 0, e.Decision.Action == "allow" || e.Decision.Action == "log"
			c.Events++
			c.Full += one(e.Visibility == "full")
			c.Uploads += one(e.Visibility == "uploads")
			c.Handshake += one(e.Visibility == "handshake")
			c.Gaps += one(gap)
			c.FailOpen += one(gap && passed)
			c.Shape += one(e.App.Source == "shape")
			c.Inspected += one(!gap && e.Visibility != "handshake")
			c.BytesOut += e.BytesOut
		}
		want[app] = c
	}
	list, err := s.Coverage(t.Context(), p, 0)
	got := map[string]store.Coverage{}
	for _, c := range list {
		got[c.App] = c
	}
	check(t, err, want, got)
}
