package console

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"time"

	"github.com/sluice-dlp/sluice/console/internal/chart"
	"github.com/sluice-dlp/sluice/store"
)

// personRow is a person as lists show them.
type personRow struct {
	person
	store.Usage
	Days    []float64
	Change  string // of the last week against their own past
	Unusual bool   // far more than their own past
}

// peopleData is the list of people.
type peopleData struct {
	Window  window
	Periods []choice
	Tabs    []choice
	Rows    []personRow
	Groups  []share
	Top     float64
	Hidden  bool
	Users   int64
}

// peopleList is one of them.
type peopleList struct {
	Name, Text string
	order      store.Order
	status     string // of the apps they use; "": any
}

var peopleStopped = peopleList{"stopped", "Most stopped", store.ByStopped, ""}

// peopleLists are the questions the list of people answers.
var peopleLists = []peopleList{
	{"", "Most active", store.ByEvents, ""},
	peopleStopped,
	{"matched", "Most matches", store.ByMatched, ""},
	{"bytes", "Most data", store.ByBytesOut, ""},
	{"unapproved", "Using unapproved apps", store.ByEvents, "unapproved"},
	{"unreviewed", "Using unreviewed apps", store.ByEvents, "unreviewed"},
}

const peoplePage = 50

func (s *Server) people(w http.ResponseWriter, r *http.Request, v *visitor) error {
	ctx, q := r.Context(), r.URL.Query()
	sp := windowOf(q, "30d", s.now())
	d := &peopleData{Window: sp, Periods: sp.periods(q), Hidden: !v.can(RightNames)}
	chosen := peopleLists[0]
	for _, l := range peopleLists {
		if l.Name == q.Get("list") {
			chosen = l
		}
	}
	for _, l := range peopleLists {
		d.Tabs = append(d.Tabs, choice{Text: l.Text, Href: withQuery(q, "list", l.Name), Current: l.Name == chosen.Name})
	}
	list, err := s.peopleOf(ctx, sp, chosen)
	if err != nil {
		return err
	}
	if d.Rows, err = s.personRows(ctx, v, list); err != nil {
		return err
	}
	for _, p := range d.Rows {
		d.Top = max(d.Top, float64(p.Events))
	}
	groups, err := s.groups(ctx, sp)
	for _, g := range groups {
		q := url.Values{"group": {g.Name}, "since": {sp.Name}}
		d.Groups = append(d.Groups, share{Name: g.Name, Href: "/?" + q.Encode(), Class: "k-accent", Value: float64(g.Events)})
	}
	d.Groups = topShares(d.Groups, 10)
	if err != nil {
		return err
	}
	u, err := s.usageReport(ctx, sp, "")
	d.Users = u.now.Users
	if err != nil {
		return err
	}
	return s.render(w, r, v, "people", page{Title: "People", Nav: "people", Data: d})
}

// peopleOf returns the people of a list.
func (s *Server) peopleOf(ctx context.Context, sp window, l peopleList) ([]store.Share, error) {
	return cached(ctx, s, "people "+l.Name+" "+sp.Name+sp.To.String(), func(ctx context.Context) ([]store.Share, error) {
		if l.status != "" {
			return s.o.Store.UsersOfStatus(ctx, sp.Period, l.status, store.StatusNow, l.order, peoplePage)
		}
		return s.o.Store.Breakdown(ctx, sp.Period, store.Users, "", l.order, peoplePage)
	})
}

// personRows adds each person's last 30 days.
func (s *Server) personRows(ctx context.Context, v *visitor, list []store.Share) ([]personRow, error) {
	users := each(list, func(x *store.Share) string { return x.Name })
	names, err := s.naming(ctx, v, users...)
	if err != nil {
		return nil, err
	}
	trend := s.trend()
	days, err := s.userDays(ctx, list)
	if err != nil {
		return nil, err
	}
	byUser := map[string][]float64{}
	for _, day := range days {
		if byUser[day.User] == nil {
			byUser[day.User] = make([]float64, trendDays)
		}
		if i := int(day.Day.Sub(trend.From) / (24 * time.Hour)); i >= 0 && i < trendDays {
			byUser[day.User][i] = float64(day.Events)
		}
	}
	rows := make([]personRow, len(list))
	for i, x := range list {
		rows[i] = personRow{person: names[x.Name], Usage: x.Usage, Days: byUser[x.Name]}
		if v := rows[i].Days; v != nil {
			week, past := sum(v[trendDays-7:]), sum(v[:trendDays-7])*7/float64(trendDays-7)
			rows[i].Change = change(int64(week), int64(past+0.5))
			rows[i].Unusual = week > 20 && week > 3*past
		}
	}
	return rows, nil
}

// userDays are each person's last 30 days.
func (s *Server) userDays(ctx context.Context, list []store.Share) ([]store.UserDay, error) {
	users, trend := each(list, func(x *store.Share) string { return x.Name }), s.trend()
	return cached(ctx, s, "days "+jsonText(users)+trend.To.String(), func(ctx context.Context) ([]store.UserDay, error) {
		return s.o.Store.UserDays(ctx, trend, users)
	})
}

// personData is one person.
type personData struct {
	Person    person
	Window    window
	Periods   []choice
	Tiles     []tile
	Chart     template.HTML
	Apps      []appRow
	Top       float64
	Rows      []eventRow
	Change    string
	Exception []exceptionRow
}

func (s *Server) person(w http.ResponseWriter, r *http.Request, v *visitor) error {
	ctx := r.Context()
	user, err := s.userOf(ctx, v, r.PathValue("id"))
	if errors.Is(err, errNames) {
		return errNotFound // there is no page of that name for this visitor
	}
	if err != nil {
		return err
	}
	ids, err := s.o.Store.PersonIDs(ctx, []string{user})
	if err != nil {
		return err
	}
	if _, ok := ids[user]; !ok || user == "" {
		return errNotFound
	}
	names, err := s.naming(ctx, v, user)
	if err != nil {
		return err
	}
	if v.can(RightNames) {
		// Who looks a person up by name leaves a trace.
		if err := s.o.Store.Audit(ctx, store.AuditLine{Actor: v.Name, Action: "person.open", Target: standIn + itoa(ids[user])}); err != nil {
			return err
		}
	}
	sp := windowOf(r.URL.Query(), "30d", s.now())
	d := &personData{Person: names[user], Window: sp, Periods: sp.periods(r.URL.Query())}
	if err := s.personUsage(ctx, d, user); err != nil {
		return err
	}
	list, err := s.o.Store.Events(ctx, store.Filter{User: user, Notable: true, Since: sp.From, Limit: 10})
	if err != nil {
		return err
	}
	if d.Rows, err = s.eventRows(ctx, v, list, "?view=all&user="+url.QueryEscape(d.Person.Key)); err != nil {
		return err
	}
	exceptions, err := s.o.Store.Exceptions(ctx, store.ExceptionFilter{User: user, Limit: 10})
	if err != nil {
		return err
	}
	if d.Exception, err = s.exceptionRows(ctx, v, exceptions); err != nil {
		return err
	}
	return s.render(w, r, v, "person", page{Title: d.Person.Name, Nav: "people", Data: d})
}

func (s *Server) personUsage(ctx context.Context, d *personData, user string) error {
	sp := d.Window
	days, err := s.o.Store.UserDays(ctx, store.Period{From: sp.before().From, To: sp.To}, []string{user})
	if err != nil {
		return err
	}
	var now, before store.Usage
	area := chart.Area{ID: "days", Title: "Requests by day", Unit: "requests", Column: "Day"}
	values := make([]float64, len(sp.Steps))
	for _, day := range days {
		u := &before
		if i := sp.index(day.Day); i >= 0 {
			u = &now
			values[i] += float64(day.Events)
		}
		u.Events += day.Events
		u.BytesOut += day.BytesOut
		u.Stopped += day.Stopped
		u.Matched += day.Matched
	}
	for _, at := range sp.Steps {
		q := url.Values{"view": {"all"}, "user": {d.Person.Key}, "since": {at.Format(time.RFC3339)}, "until": {at.Add(sp.Step).Format(time.RFC3339)}}
		area.Steps = append(area.Steps, chart.Step{Name: sp.title(at), Tick: sp.tick(at), Href: "/events?" + q.Encode()})
	}
	area.Series = []chart.Series{{Name: "Requests", Class: "k-accent", Values: values}}
	d.Chart, d.Change = area.HTML(), change(now.Events, before.Events)
	apps, err := cached(ctx, s, "apps of "+user+" "+sp.Name+sp.To.String(), func(ctx context.Context) ([]store.UserApp, error) {
		return s.o.Store.AppsOfUser(ctx, sp.Period, user, 20)
	})
	if err != nil {
		return err
	}
	set, err := s.o.Store.Statuses(ctx)
	for _, a := range apps {
		row := appRow{AppUsage: store.AppUsage{App: a.App, Usage: a.Usage, Status: a.Status}}
		s.describe(&row, set)
		d.Apps = append(d.Apps, row)
		d.Top = max(d.Top, float64(a.Events))
	}
	d.Tiles = usageTiles(now, tile{Label: "Apps", Value: itoa(int64(len(apps))), Note: sp.Length()}, sp.Length())
	d.Tiles[0].Change, d.Tiles[0].Note = d.Change, "vs previous "+sp.Length()
	return err
}
