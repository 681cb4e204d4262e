package console

import (
	"context"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/sluice-dlp/sluice/console/internal/chart"
	"github.com/sluice-dlp/sluice/store"
)

// tile is one number with its change and its course.
type tile struct {
	Label, Value, Href  string
	Change, Note, Class string
	Spark               []float64
}

// overviewData is the Shadow-AI report.
type overviewData struct {
	Window     window
	Periods    []choice
	Group      string   // "": everybody
	Groups     []choice // whose people can be shown alone
	AllGroups  string   // address
	Report     string   // address
	Back       string   // address of the overview, from the report
	Tiles      []tile
	Chart      template.HTML
	Legend     []chart.Series
	Fresh      []appRow // unreviewed, most people first
	FreshCount int
	Top        []appRow
	TopMax     float64
	Profiles   []share
	Heat       template.HTML
	Health     []healthLine
	Spikes     []spikeLine
	Places     []store.Place
	Empty      bool
	Print      bool
	Made       time.Time
	Coverage   coverageSum
	Apps       []appRow // of the printed report
	People     []personRow
}

// share is one line of a list of bars.
type share struct {
	Name, Href, Class string
	Value, Top        float64
}

type spikeLine struct {
	store.Spike
	Name string
}

// usageReport is what the charts of a period are made of.
type usageReport struct {
	now, before store.Total
	byStatus    []store.Point
	byAction    []store.Point // hour by hour; of a group by status
	people      map[time.Time]int64
	matches     []store.MatchCount
}

// usageReport is of the people of a group, or of everybody.
func (s *Server) usageReport(ctx context.Context, sp window, group string) (usageReport, error) {
	if group != "" {
		g, err := s.groupUse(ctx, sp, group)
		if err != nil {
			return usageReport{}, err
		}
		return usageReport{now: g.Total, before: g.Before, byStatus: store.Steps(g.Hours, sp.From, sp.Step), byAction: g.Hours, people: g.People}, nil
	}
	return cached(ctx, s, "usage "+sp.Name+sp.To.String(), func(ctx context.Context) (usageReport, error) {
		var u usageReport
		var err error
		if u.now, err = s.o.Store.Totals(ctx, sp.Period); err != nil {
			return u, err
		}
		if u.before, err = s.o.Store.Totals(ctx, sp.before()); err != nil {
			return u, err
		}
		if u.byStatus, err = s.o.Store.Series(ctx, sp.Period, sp.Step, store.SeriesByStatus, ""); err != nil {
			return u, err
		}
		if u.byAction, err = s.o.Store.Series(ctx, sp.Period, time.Hour, store.SeriesByAction, ""); err != nil {
			return u, err
		}
		if u.people, err = s.o.Store.PeopleByDay(ctx, sp.Period); err != nil {
			return u, err
		}
		u.matches, err = s.o.Store.Matches(ctx, sp.Period, "", 500)
		return u, err
	})
}

func (s *Server) overview(w http.ResponseWriter, r *http.Request, v *visitor) error {
	sp := windowOf(r.URL.Query(), "30d", s.now())
	d, err := s.overviewData(r.Context(), sp, r.URL.Query().Get("group"))
	if err != nil {
		return err
	}
	d.Periods = sp.periods(r.URL.Query())
	if err := s.groupChoices(r.Context(), d, r.URL.Query()); err != nil {
		return err
	}
	return s.render(w, r, v, "overview", page{Title: "Overview", Nav: "overview", Data: d})
}

func (s *Server) overviewData(ctx context.Context, sp window, group string) (*overviewData, error) {
	u, err := s.usageReport(ctx, sp, group)
	if err != nil {
		return nil, err
	}
	rows, err := s.appRows(ctx, sp, group)
	if err != nil {
		return nil, err
	}
	d := &overviewData{Window: sp, Group: group, Empty: u.now.Events == 0 && u.before.Events == 0, Made: s.now()}
	d.tiles(u)
	d.charts(u)
	d.Profiles = s.profileShares(u.matches, sp)
	for _, a := range rows {
		if a.Status == "unreviewed" {
			d.Fresh = append(d.Fresh, a)
		}
	}
	slices.SortStableFunc(d.Fresh, func(a, b appRow) int { return int(b.Users - a.Users) })
	d.FreshCount = len(d.Fresh)
	d.Fresh = d.Fresh[:min(len(d.Fresh), 5)]
	d.Top = rows[:min(len(rows), 8)]
	for _, a := range d.Top {
		d.TopMax = max(d.TopMax, float64(a.Events))
	}
	if d.Health, err = s.health(ctx); err != nil {
		return nil, err
	}
	spikes, err := cached(ctx, s, "spikes", func(ctx context.Context) ([]store.Spike, error) {
		return s.o.Store.Spikes(ctx, s.now(), 0, 0)
	})
	for _, x := range spikes[:min(len(spikes), 4)] {
		d.Spikes = append(d.Spikes, spikeLine{x, s.appName(x.App)})
	}
	return d, err
}

// tiles fills in the four numbers on top.
func (d *overviewData) tiles(u usageReport) {
	sp := d.Window
	n := len(sp.Steps)
	events, bytes, stopped, people := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for _, p := range u.byAction {
		if i := sp.index(p.At); i >= 0 {
			events[i] += float64(p.Events)
			bytes[i] += float64(p.BytesOut)
			stopped[i] += float64(p.Stopped)
		}
	}
	for day, count := range u.people {
		if i := sp.index(day); i >= 0 {
			people[i] += float64(count)
		}
	}
	since := "since=" + sp.Name
	where := []string{"/apps?" + since, "/people?" + since, "/apps?sort=bytes&" + since, "/events?view=stopped&" + since}
	if d.Group != "" { // of a group, only the list of events can show more
		of := "&" + url.Values{"group": {d.Group}}.Encode()
		all := "/events?view=all&" + since + of
		where = []string{all, all, all, where[3] + of}
	}
	note := "vs previous " + sp.Length()
	tone := func(now, before int64) string {
		switch {
		case now > before:
			return "worse"
		case now < before:
			return "better"
		}
		return ""
	}
	d.Tiles = []tile{
		{"AI requests", chart.Short(float64(u.now.Events)), where[0], change(u.now.Events, u.before.Events), note, "", events},
		{"People using AI", chart.Short(float64(u.now.Users)), where[1], change(u.now.Users, u.before.Users), note, "", people},
		{"Data sent to AI apps", chart.Bytes(float64(u.now.BytesOut)), where[2], change(u.now.BytesOut, u.before.BytesOut), note, "", bytes},
		{"Stopped", chart.Short(float64(u.now.Stopped)), where[3], change(u.now.Stopped, u.before.Stopped), note, tone(u.now.Stopped, u.before.Stopped), stopped},
	}
}

// sparkClasses are the colours of the four numbers.
var sparkClasses = []string{"k-accent", "k-good", "k-warn", "k-bad"}

// Sparks pairs the numbers with their colours.
func (d *overviewData) Sparks() []string { return sparkClasses }

// stackOrder is the order of the layers: what is worst lies at the bottom, on the axis.
var stackOrder = []string{"unapproved", "unreviewed", "in_review", "approved"}

// charts draws the stacked areas and the heat map.
func (d *overviewData) charts(u usageReport) {
	sp := d.Window
	values := map[string][]float64{}
	for _, p := range u.byStatus {
		key := p.Key
		if !slices.Contains(stackOrder, key) {
			key = "unreviewed"
		}
		if values[key] == nil {
			values[key] = make([]float64, len(sp.Steps))
		}
		if i := sp.index(p.At); i >= 0 {
			values[key][i] += float64(p.Events)
		}
	}
	area := chart.Area{ID: "by-status", Title: "Requests by approval status", Unit: "requests", Column: "Time"}
	for _, status := range stackOrder {
		if v := values[status]; v != nil {
			area.Series = append(area.Series, chart.Series{Name: statusName(status), Class: "s-" + status, Values: v})
		}
	}
	for _, at := range sp.Steps {
		q := url.Values{"view": {"all"}, "since": {at.Format(time.RFC3339)}, "until": {at.Add(sp.Step).Format(time.RFC3339)}}
		if d.Group != "" {
			q.Set("group", d.Group)
		}
		area.Steps = append(area.Steps, chart.Step{Name: sp.title(at), Tick: sp.tick(at), Href: "/events?" + q.Encode()})
	}
	d.Chart, d.Legend = area.HTML(), area.Series
	heat := chart.Heat{ID: "heat", Title: "When requests are stopped, by weekday and hour (UTC)", Unit: "stopped"}
	for _, p := range u.byAction {
		if p.Stopped > 0 {
			heat.Values[(int(p.At.Weekday())+6)%7][p.At.Hour()] += float64(p.Stopped)
		}
	}
	d.Heat = heat.HTML()
}

// profileShares adds up matches by profile, most first.
func (s *Server) profileShares(matches []store.MatchCount, sp window) []share {
	names := map[string]string{}
	for _, p := range s.o.Rules().Engine.Profiles() {
		names[p.ID] = p.Name
	}
	sums := map[string]float64{}
	for _, m := range matches {
		sums[m.Profile] += float64(m.Events)
	}
	var list []share
	for id, n := range sums {
		name := names[id]
		if name == "" {
			name = id
		}
		q := url.Values{"view": {"all"}, "profile": {id}, "since": {sp.Name}}
		list = append(list, share{Name: name, Href: "/events?" + q.Encode(), Class: "k-accent", Value: n})
	}
	return topShares(list, 7)
}

// topShares sorts shares, largest first, and gives each the top of its meter.
func topShares(list []share, limit int) []share {
	slices.SortFunc(list, func(a, b share) int {
		if a.Value != b.Value {
			return int(b.Value - a.Value)
		}
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	list = list[:min(len(list), limit)]
	for i := range list {
		list[i].Top = list[0].Value
	}
	return list
}

// healthLine is one fact of the product's own health.
type healthLine struct {
	Class, Text, Note string
}

// health says whether the proxy talks to us and how much of what passes is seen.
func (s *Server) health(ctx context.Context) ([]healthLine, error) {
	var list []healthLine
	if s.o.Prober != nil {
		c := s.o.Prober.Contact()
		switch {
		case c.Last.IsZero():
			list = append(list, healthLine{"k-warn", "No proxy has spoken to this node yet", "First run says what to set"})
		case s.now().Sub(c.Last) > 10*time.Minute:
			list = append(list, healthLine{"k-warn", "The proxy last spoke to us " + ago(s.now(), c.Last), c.Address})
		default:
			list = append(list, healthLine{"k-good", "The proxy is talking to this node", "last " + ago(s.now(), c.Last)})
		}
	}
	sum, err := s.coverageSum(ctx)
	if err != nil {
		return nil, err
	}
	if sum.Events > 0 {
		class := "k-good"
		if sum.Share() < 90 {
			class = "k-warn"
		}
		list = append(list, healthLine{class, percent(sum.Share()) + " of requests inspected", "last 7 days"})
	}
	if sum.FailOpen > 0 {
		list = append(list, healthLine{"k-bad", chart.Short(float64(sum.FailOpen)) + " could not be inspected and passed", "last 7 days"})
	}
	if sum.Shape > 0 {
		list = append(list, healthLine{"k-warn", chart.Short(float64(sum.Shape)) + " recognised by shape alone", "the catalogue lacks these apps"})
	}
	return list, nil
}

// coverageSum is the coverage of all apps together.
type coverageSum struct{ Events, Inspected, Gaps, FailOpen, Shape, Handshake int64 }

// Share is the inspected part, in percent.
func (c coverageSum) Share() float64 {
	if c.Events == 0 {
		return 0
	}
	return 100 * float64(c.Inspected) / float64(c.Events)
}

func percent(p float64) string {
	if p > 99.95 || p == 0 {
		return chart.Short(p) + "%"
	}
	return chart.Short(min(p, 99.9)) + "%"
}

func (s *Server) coverage7(ctx context.Context) ([]store.Coverage, error) {
	return s.coverage(ctx, windowOf(nil, "7d", s.now()))
}

func (s *Server) coverage(ctx context.Context, sp window) ([]store.Coverage, error) {
	return cached(ctx, s, "coverage "+sp.Name+sp.To.String(), func(ctx context.Context) ([]store.Coverage, error) {
		return s.o.Store.Coverage(ctx, sp.Period, maxApps)
	})
}

func (s *Server) coverageSum(ctx context.Context) (coverageSum, error) {
	list, err := s.coverage7(ctx)
	return sumCoverage(list), err
}

func sumCoverage(list []store.Coverage) coverageSum {
	var sum coverageSum
	for _, c := range list {
		sum.Events += c.Events
		sum.Inspected += c.Inspected
		sum.Gaps += c.Gaps
		sum.FailOpen += c.FailOpen
		sum.Shape += c.Shape
		sum.Handshake += c.Handshake
	}
	return sum
}
