package console

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/console/internal/chart"
	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/store"
)

// eventRow is an event as lists show it.
type eventRow struct {
	ID, Title, Detail, Severity, Action, Would string
	Person                                     person
	Group, AppID, AppName, Status, Activity    string
	State, Assignee                            string
	Time, Now                                  time.Time
	Query                                      string // keeps the filter of the list for the event's neighbours
	Review                                     bool   // the visitor may triage
}

// eventsData is the list of events.
type eventsData struct {
	Wider   string // address that looks for the text in all events
	Query   eventQuery
	Views   []choice
	Saved   []choice
	Chips   []choice
	Facets  []facet
	Rows    []eventRow
	Counted string
	Next    string // address of the next page
	Live    string
	Export  string // query of the downloads
	Mutes   []store.Mute
	Hidden  map[string]string // fields of the filter for forms
}

const (
	eventPage  = 50
	facetEvent = 1000 // events that facets count
	facetKeys  = "facets "
)

func shortCount(n float64) string { return chart.Short(n) }

func (s *Server) events(w http.ResponseWriter, r *http.Request, v *visitor) error {
	ctx := r.Context()
	q, err := s.eventQuery(ctx, v, r.URL.Query())
	if err != nil {
		return err
	}
	f := q.Filter
	f.Limit, f.Before = eventPage+1, r.URL.Query().Get("cursor")
	if _, ok := event.IDTime(f.Before); f.Before != "" && !ok {
		return badInput("The list cannot go on from there: the cursor is not the id of an event.")
	}
	list, err := s.o.Store.Events(ctx, f)
	if err != nil {
		return err
	}
	d := &eventsData{Query: q, Live: "/events/live?" + q.Values.Encode(), Export: q.Values.Encode(), Hidden: map[string]string{}}
	for k, x := range q.Values {
		d.Hidden[k] = x[0]
	}
	if len(list) > eventPage {
		list = list[:eventPage]
		d.Next = "/events?" + q.Values.Encode() + "&cursor=" + list[eventPage-1].ID
	}
	if d.Rows, err = s.eventRows(ctx, v, list, "?"+q.Values.Encode()); err != nil {
		return err
	}
	counts, err := cached(ctx, s, fmt.Sprintf("%s%t %q %s", facetKeys, q.NoNames, q.Assignee, q.Values.Encode()), func(ctx context.Context) (store.Facets, error) {
		only := q.Filter
		if f.Before == "" && len(list) < eventPage { // all there are: no need to look further back
			if len(list) == 0 {
				return store.Facets{}, nil
			}
			only.Since, _ = event.IDTime(list[len(list)-1].ID)
		}
		return s.o.Store.Facets(ctx, only, facetEvent)
	})
	if err != nil {
		return err
	}
	users := []string{q.User}
	for u := range counts.Users {
		users = append(users, u)
	}
	names, err := s.naming(ctx, v, users...)
	if err != nil {
		return err
	}
	d.Chips, d.Facets = s.chips(q, names), s.facets(q, counts, names)
	d.Counted, _ = plural(counts.Counted, "event", "events")
	if counts.Capped {
		d.Counted = "The newest " + d.Counted + " are counted"
	}
	if q.Short {
		d.Counted += " of the last 7 days"
		d.Wider = "/events" + withQuery(q.Values, "since", "400d")
	}
	if q.View == "triage" {
		if d.Mutes, err = s.o.Store.Mutes(ctx, s.now()); err != nil {
			return err
		}
	}
	if err := s.views(ctx, v, d); err != nil {
		return err
	}
	return s.render(w, r, v, "events", page{Title: "Events", Nav: "events", Data: d})
}

// views fills in the tabs.
func (s *Server) views(ctx context.Context, v *visitor, d *eventsData) error {
	for _, e := range eventViews {
		c := choice{Text: e.Text, Href: "/events?view=" + e.Name, Current: e.Name == d.Query.View}
		if e.Name == "triage" {
			c.Count = s.queue(ctx)
		}
		d.Views = append(d.Views, c)
	}
	saved, err := s.o.Store.SavedViews(ctx, v.Name)
	for _, x := range saved {
		c := choice{Text: x.Name, Href: "/events?" + x.Query, Current: x.Query == d.Query.Values.Encode()}
		if x.Owner == v.Name {
			c.ID = x.ID
		}
		if c.Current {
			for i := range d.Views {
				d.Views[i].Current = false
			}
		}
		d.Saved = append(d.Saved, c)
	}
	return err
}

// eventRows turns events into rows, with their reviews.
func (s *Server) eventRows(ctx context.Context, v *visitor, list []event.Event, query string) ([]eventRow, error) {
	reviews, err := s.o.Store.Reviews(ctx, each(list, func(e *event.Event) string { return e.ID }))
	if err != nil {
		return nil, err
	}
	names, err := s.naming(ctx, v, each(list, func(e *event.Event) string { return e.User })...)
	if err != nil {
		return nil, err
	}
	rows := make([]eventRow, len(list))
	for i := range list {
		rows[i] = s.eventRow(&list[i], names[list[i].User], reviews[list[i].ID])
		rows[i].Query, rows[i].Review = query, v.can(RightReview)
	}
	return rows, nil
}

func (s *Server) eventRow(e *event.Event, p person, review store.Review) eventRow {
	row := eventRow{
		ID: e.ID, Action: e.Decision.Action, Person: p, AppID: e.App.ID, AppName: s.appNameOf(e), Status: e.App.Status,
		Activity: e.Activity, State: string(review.State), Assignee: review.Assignee, Time: e.Time, Now: s.now(), Severity: severityOf(e),
	}
	row.Title, row.Detail = s.titleOf(e)
	if e.Decision.Would != "" && e.Decision.Would != e.Decision.Action {
		row.Would = e.Decision.Would
	}
	if len(e.Groups) > 0 {
		row.Group = e.Groups[0]
	}
	return row
}

var severities = []string{"low", "medium", "high", "critical"}

// severityOf is that of the worst match; a stopped event without one is low.
func severityOf(e *event.Event) string {
	worst := -1
	for i := range e.Matches {
		for k, name := range severities {
			if e.Matches[i].Severity == name {
				worst = max(worst, k)
			}
		}
	}
	if worst < 0 {
		return "low"
	}
	return severities[worst]
}

// titleOf says in a few words what an event is about.
func (s *Server) titleOf(e *event.Event) (title, detail string) {
	if len(e.Matches) > 0 {
		var names []string
		count := map[string]int{}
		for i := range e.Matches {
			m := &e.Matches[i]
			if count[m.Detector] == 0 {
				names = append(names, m.Detector)
			}
			count[m.Detector] += m.Count
			if detail == "" && len(m.Masked) > 0 {
				detail = m.Masked[0]
			}
		}
		for i, n := range names {
			names[i] = s.detectorName(n)
			if count[n] > 1 {
				names[i] += fmt.Sprintf("\u00a0×\u00a0%d", count[n])
			}
		}
		return strings.Join(names, ", "), detail
	}
	detail = e.Method + " " + e.Host + e.Path
	switch {
	case len(e.Gaps) > 0:
		return "Not inspected: " + words(strings.Join(e.Gaps, ", ")), detail
	case len(e.Files) > 0:
		return "Upload of " + e.Files[0].Name, detail
	case e.Decision.Action == "block":
		return "Blocked: " + strings.ToLower(statusName(e.App.Status)) + " app", detail
	case e.Activity == "prompt":
		return "Prompt", detail
	case e.Activity == "":
		return "Request", detail
	}
	return stateName(e.Activity), detail
}

// partial renders one named part of a screen.
func (s *Server) partial(screen, name string, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := s.templates.screens[screen].ExecuteTemplate(&b, name, data); err != nil {
		return nil, fmt.Errorf("render %s: %w", name, err)
	}
	return b.Bytes(), nil
}
