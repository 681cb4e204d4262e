package console

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/policy"
	"github.com/sluice-dlp/sluice/store"
)

// appRow is an app as lists show it.
type appRow struct {
	store.AppUsage
	Vendor   string
	Category string // in words
	Hosts    []string
	Days     []float64 // requests, day by day
	Change   string    // of the last week against the one before
	Falling  bool
	First    time.Time
	Set      store.AppStatus // zero: nobody has set one
	Known    bool            // in the catalogue
}

// appUse is what the database knows of apps in a period: everything but the status.
type appUse struct {
	usage []store.AppUsage
	days  map[string][]store.AppDay
	first map[string]time.Time
}

// maxApps bounds a list of apps.
const maxApps = 2000

// appUse is of the people of a group, or of everybody.
func (s *Server) appUse(ctx context.Context, sp window, group string) (appUse, error) {
	if group != "" {
		g, err := s.groupUse(ctx, sp, group)
		if err != nil {
			return appUse{}, err
		}
		all, err := s.appUse(ctx, sp, "") // knows since when
		return appUse{usage: g.Apps, days: daysByApp(g.Days), first: all.first}, err
	}
	return cached(ctx, s, "apps "+sp.Name+sp.To.String(), func(ctx context.Context) (appUse, error) {
		u := appUse{first: map[string]time.Time{}}
		var err error
		if u.usage, err = s.o.Store.TopApps(ctx, sp.Period, store.ByEvents, maxApps); err != nil {
			return u, err
		}
		days, err := s.o.Store.AppDays(ctx, s.trend(), "")
		if err != nil {
			return u, err
		}
		u.days = daysByApp(days)
		seen, err := s.o.Store.FirstSeen(ctx, store.Period{From: time.Unix(0, 0), To: s.now().Add(time.Hour)}, maxApps)
		for _, a := range seen {
			u.first[a.App] = a.First
		}
		return u, err
	})
}

func daysByApp(days []store.AppDay) map[string][]store.AppDay {
	out := map[string][]store.AppDay{}
	for _, d := range days {
		out[d.App] = append(out[d.App], d)
	}
	return out
}

// trendDays is how far back the small charts of lists look.
const trendDays = 30

func (s *Server) trend() store.Period {
	to := s.now().UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
	return store.Period{From: to.AddDate(0, 0, -trendDays), To: to}
}

// appRows returns the apps used in a period, by the people of a group or by everybody, most
// requests first, with their status now.
func (s *Server) appRows(ctx context.Context, sp window, group string) ([]appRow, error) {
	use, err := s.appUse(ctx, sp, group)
	if err != nil {
		return nil, err
	}
	set, err := s.o.Store.Statuses(ctx)
	if err != nil {
		return nil, err
	}
	rows := make([]appRow, len(use.usage))
	for i, u := range use.usage {
		rows[i] = appRow{AppUsage: u, First: use.first[u.App]}
		s.describe(&rows[i], set)
		rows[i].addDays(use.days[u.App], s.trend())
	}
	return rows, nil
}

// describe adds what catalogue and store say of the app.
func (s *Server) describe(r *appRow, set map[string]store.AppStatus) {
	app, ok := s.o.Rules().Catalogue.App(r.App)
	r.Known = ok
	status := policy.Status(r.Status)
	if ok {
		r.Name, r.Vendor = app.Name, app.Vendor
		r.AppUsage.Category = app.Category
		status = policy.Status(app.Status)
		for _, h := range app.Hosts {
			r.Hosts = append(r.Hosts, h.Name)
		}
	}
	r.Name = cmp.Or(r.Name, r.App)
	r.Category = categoryName(r.AppUsage.Category)
	if a, ok := set[r.App]; ok {
		r.Set, status = a, a.Status
	}
	r.Status = string(status.OrUnreviewed())
}

// categoryNames are those whose id is no word for people.
var categoryNames = map[string]string{"model-api": "Model API", "chat": "Assistant", "": "Not in the catalogue"}

func categoryName(id string) string {
	if n, ok := categoryNames[id]; ok {
		return n
	}
	text := strings.ReplaceAll(strings.ReplaceAll(id, "-", " "), "_", " ")
	return strings.ToUpper(text[:1]) + text[1:]
}

func (r *appRow) addDays(days []store.AppDay, p store.Period) {
	n := int(p.To.Sub(p.From) / (24 * time.Hour))
	r.Days = make([]float64, n)
	for _, d := range days {
		if i := int(d.Day.Sub(p.From) / (24 * time.Hour)); i >= 0 && i < n {
			r.Days[i] = float64(d.Events)
		}
	}
	week, before := sum(r.Days[n-7:]), sum(r.Days[n-14:n-7])
	r.Change, r.Falling = change(int64(week), int64(before)), week < before
}

func sum(v []float64) float64 {
	t := 0.0
	for _, x := range v {
		t += x
	}
	return t
}

// sortApps orders rows as the head of the list says.
func sortApps(rows []appRow, by string) {
	key := map[string]func(r *appRow) int64{
		"people": func(r *appRow) int64 { return r.Users }, "bytes": func(r *appRow) int64 { return r.BytesOut },
		"stopped": func(r *appRow) int64 { return r.Stopped }, "matched": func(r *appRow) int64 { return r.Matched },
		"first": func(r *appRow) int64 { return r.First.Unix() },
	}[by]
	if by == "name" {
		slices.SortStableFunc(rows, func(a, b appRow) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	}
	if key != nil {
		slices.SortStableFunc(rows, func(a, b appRow) int { return cmp.Compare(key(&b), key(&a)) })
	}
}

// appName returns the name of an app for people.
func (s *Server) appName(id string) string {
	if app, ok := s.o.Rules().Catalogue.App(id); ok {
		return app.Name
	}
	return id
}

// appNameOf is the catalogue's name of an event's app, or the one it had at the time.
func (s *Server) appNameOf(e *event.Event) string {
	if app, ok := s.o.Rules().Catalogue.App(e.App.ID); ok {
		return app.Name
	}
	return cmp.Or(e.App.Name, e.App.ID)
}

// detectorName is what people call a detector: its name, or its id in words.
func (s *Server) detectorName(id string) string {
	if name := s.o.Rules().Engine.DetectorName(id); name != id {
		return name
	}
	return stateName(id)
}
