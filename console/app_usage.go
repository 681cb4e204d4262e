package console

import (
	"context"
	"html/template"
	"net/url"
	"time"

	"github.com/sluice-dlp/sluice/console/internal/chart"
	"github.com/sluice-dlp/sluice/store"
)

// appBreakdown is who uses an app, and from where.
type appBreakdown struct {
	users, groups, countries []store.Share
	series                   []store.Point
	matches                  []store.MatchCount
}

// appNumbers are those of one app.
func (s *Server) appNumbers(ctx context.Context, sp window, id string) (appBreakdown, error) {
	return cached(ctx, s, "app "+id+" "+sp.Name+sp.To.String(), func(ctx context.Context) (appBreakdown, error) {
		var u appBreakdown
		var err error
		for _, x := range []struct {
			into  *[]store.Share
			by    store.Dimension
			limit int
		}{{&u.users, store.Users, 10}, {&u.groups, store.Groups, 8}, {&u.countries, store.Countries, 8}} {
			if *x.into, err = s.o.Store.Breakdown(ctx, sp.Period, x.by, id, store.ByEvents, x.limit); err != nil {
				return u, err
			}
		}
		if u.series, err = s.o.Store.Series(ctx, sp.Period, sp.Step, store.SeriesByAction, id); err != nil {
			return u, err
		}
		u.matches, err = s.o.Store.Detections(ctx, sp.Period, id, 50)
		return u, err
	})
}

// appUsage fills in the numbers of one app.
func (s *Server) appUsage(ctx context.Context, v *visitor, d *appData) error {
	sp, id := d.Window, d.Row.App
	u, err := s.appNumbers(ctx, sp, id)
	if err != nil {
		return err
	}
	d.Tiles = usageTiles(d.Row.Usage, tile{Label: "People", Value: chart.Short(float64(d.Row.Users)), Note: sp.Length()}, sp.Length())
	d.Chart = actionChart(sp, u.series, url.Values{"app": {id}})
	for _, x := range u.groups {
		d.Groups = append(d.Groups, share{Name: x.Name, Class: "k-accent", Value: float64(x.Events)})
	}
	for _, x := range u.countries {
		if x.Name != "" {
			q := url.Values{"view": {"all"}, "app": {id}, "country": {x.Name}, "since": {sp.Name}}
			d.Countries = append(d.Countries, share{Name: x.Name, Href: "/events?" + q.Encode(), Class: "k-warn", Value: float64(x.Events)})
		}
	}
	for _, m := range u.matches {
		q := url.Values{"view": {"all"}, "app": {id}, "detector": {m.Detector}, "since": {sp.Name}}
		d.Matches = append(d.Matches, share{Name: s.detectorName(m.Detector), Href: "/events?" + q.Encode(), Class: "k-bad", Value: float64(m.Events)})
	}
	d.Groups, d.Countries, d.Matches = topShares(d.Groups, 8), topShares(d.Countries, 8), topShares(d.Matches, 8)
	if d.Users, err = s.personRows(ctx, v, u.users); err != nil {
		return err
	}
	list, err := s.coverage(ctx, sp)
	for i := range list {
		if list[i].App == id {
			d.Coverage = &list[i]
		}
	}
	return err
}

// actionGroups are the layers of a chart by action, from the axis up.
var actionGroups = []struct {
	name, class string
	actions     []string
}{
	{"Blocked", "k-bad", []string{"block", "isolate"}},
	{"Coached or redacted", "k-warn", []string{"coach", "redact", "notify"}},
	{"Let through", "k-accent", []string{"allow", "log", ""}},
}

// actionChart draws requests by what became of them; each step leads to its events.
func actionChart(sp window, points []store.Point, filter url.Values) template.HTML {
	area := chart.Area{ID: "by-action", Title: "Requests by what became of them", Unit: "requests", Column: "Time"}
	for _, g := range actionGroups {
		v, any := make([]float64, len(sp.Steps)), false
		for _, p := range points {
			for _, a := range g.actions {
				if i := sp.index(p.At); p.Key == a && i >= 0 {
					v[i] += float64(p.Events)
					any = any || p.Events > 0
				}
			}
		}
		if any {
			area.Series = append(area.Series, chart.Series{Name: g.name, Class: g.class, Values: v})
		}
	}
	if len(area.Series) == 0 {
		area.Series = []chart.Series{{Name: "Requests", Class: "k-accent", Values: make([]float64, len(sp.Steps))}}
	}
	for _, at := range sp.Steps {
		q := url.Values{"view": {"all"}, "since": {at.Format(time.RFC3339)}, "until": {at.Add(sp.Step).Format(time.RFC3339)}}
		for k, x := range filter {
			q[k] = x
		}
		area.Steps = append(area.Steps, chart.Step{Name: sp.title(at), Tick: sp.tick(at), Href: "/events?" + q.Encode()})
	}
	return area.HTML()
}
