package console

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/store"
)

// piece is a part of an excerpt: text, or what was masked in it.
type piece struct {
	Text   string
	Masked bool
}

// hit is one line of the table of matches.
type hit struct {
	event.Match
	Name   string
	Pieces []piece
	Class  string
}

// traceLine is one hop of the decision.
type traceLine struct {
	Name, Class, Text, Code string
	Status, Action          string
	Rules                   []event.Step
}

// historyLine is something that happened to the event.
type historyLine struct {
	At                time.Time
	Who, Text, Reason string
	Class             string
}

// eventData is one event.
type eventData struct {
	E            event.Event
	Title        string
	Severity     string
	Person       person
	App          appRow
	Hits         []hit
	Trace        []traceLine
	Review       store.Review
	Verdicts     []choice
	Reasons      []choice
	Assignees    []string
	History      []historyLine
	SamePerson   []eventRow
	SameValue    []eventRow
	PersonNote   string
	Query        string // of the list it was opened from
	Newer, Older string // addresses
	Next         string // id of the event that follows after a verdict
	Sealed       bool   // the prompt was kept
}

// verdicts are the states a reviewer chooses from.
var verdicts = []struct{ State, Text, Key string }{
	{"in_progress", "In progress", "w"}, {"confirmed", "Confirmed", "c"}, {"false_positive", "False positive", "f"}, {"accepted", "Accepted risk", "a"},
}

// reasons are why, in a word; the note says more.
var reasons = []struct{ ID, Text string }{
	{"", "—"},
	{"real_leak", "Real data, real leak"},
	{"own_data", "The person’s own data"},
	{"test_data", "Test or sample data"},
	{"public", "Public already"},
	{"wrong_match", "Not what the detector says"},
	{"allowed", "Allowed by agreement"},
}

func (s *Server) event(w http.ResponseWriter, r *http.Request, v *visitor) error {
	ctx := r.Context()
	e, err := s.o.Store.Event(ctx, r.PathValue("id"))
	if err != nil && !errors.Is(err, event.ErrDetail) {
		return err
	}
	q, err := s.eventQuery(ctx, v, r.URL.Query())
	if err != nil {
		return err
	}
	names, err := s.naming(ctx, v, e.User)
	if err != nil {
		return err
	}
	d := &eventData{E: e, Severity: severityOf(&e), Person: names[e.User], Query: q.Values.Encode()}
	d.Title, _ = s.titleOf(&e)
	anonymise(&d.E, d.Person)
	d.Hits = s.hits(&e)
	set, err := s.o.Store.Statuses(ctx)
	if err != nil {
		return err
	}
	d.App.App, d.App.Name = e.App.ID, e.App.Name
	s.describe(&d.App, set)
	d.Trace = s.traceOf(&d.E, d)
	if err := s.eventReview(ctx, d); err != nil {
		return err
	}
	if err := s.eventContext(ctx, v, d, &e); err != nil {
		return err
	}
	if err := s.neighbours(ctx, q, d); err != nil {
		return err
	}
	if _, err := s.o.Store.Payload(ctx, e.ID); err == nil {
		d.Sealed = true
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return s.render(w, r, v, "event", page{Title: d.Title, Nav: "events", Data: d})
}

// hits cuts the excerpts at what is masked in them.
func (s *Server) hits(e *event.Event) []hit {
	list := make([]hit, len(e.Matches))
	for i, m := range e.Matches {
		list[i] = hit{Match: m, Name: s.detectorName(m.Detector), Pieces: pieces(m.Excerpt), Class: "m" + string(rune('0'+i%5))}
	}
	return list
}

// maxDots is how long a masked value is drawn.
const maxDots = 24

// pieces splits at runs of the block that dlp masks with.
func pieces(excerpt string) []piece {
	const block = '█'
	var list []piece
	for excerpt != "" {
		i := strings.IndexRune(excerpt, block)
		if i < 0 {
			return append(list, piece{Text: excerpt})
		}
		if i > 0 {
			list = append(list, piece{Text: excerpt[:i]})
		}
		rest := strings.TrimLeft(excerpt[i:], string(block))
		n := len([]rune(excerpt[i : len(excerpt)-len(rest)]))
		list = append(list, piece{Text: strings.Repeat("•", min(n, maxDots)), Masked: true})
		excerpt = rest
	}
	return list
}

// traceOf tells the way of the request, hop by hop.
func (s *Server) traceOf(e *event.Event, d *eventData) []traceLine {
	destination := traceLine{Name: "Destination", Code: e.Method + " " + e.Host + e.Path, Text: "is " + d.App.Name + ", known by its " + cmp.Or(map[string]string{"catalogue": "host and path", "shape": "shape alone"}[e.App.Source], "host")}
	if e.App.Source == "shape" {
		destination.Class = "k-warn"
	}
	approval := traceLine{Name: "Approval", Status: e.App.Status, Text: "at the time of the request"}
	if d.App.Set.By != "" && string(d.App.Set.Status) == e.App.Status {
		approval.Text = "set by " + d.App.Set.By + " on " + d.App.Set.At.UTC().Format("2 Jan 2006")
	}
	who := []string{d.Person.Name}
	who = append(who, e.Groups...)
	for _, x := range []string{e.Source.IP, e.Source.Country, e.Source.Site, e.Device.ID} {
		if x != "" {
			who = append(who, x)
		}
	}
	identity := traceLine{Name: "Identity", Text: strings.Join(who, ", ") + "; a " + cmp.Or(e.Actor, "person") + " with an " + cmp.Or(e.Account.Kind, "unknown") + " account"}
	if e.Account.Kind == "personal" || e.Account.Kind == "company" {
		identity.Text = strings.Replace(identity.Text, " an "+e.Account.Kind, " a "+e.Account.Kind, 1)
	}
	extraction := traceLine{Name: "Extraction", Text: stateName(cmp.Or(e.Activity, "request"))}
	for _, f := range e.Files {
		extraction.Text += ", " + f.Name + " (" + cmp.Or(f.Outcome, "read") + ")"
	}
	if len(e.Gaps) > 0 {
		extraction.Class, extraction.Text = "k-warn", extraction.Text+"; could not be inspected as a whole: "+words(strings.Join(e.Gaps, ", "))
	}
	detection := traceLine{Name: "Detection", Text: "nothing found"}
	if len(e.Matches) > 0 {
		var found []string
		for i := range e.Matches {
			m := &e.Matches[i]
			found = append(found, s.detectorName(m.Detector)+" in "+cmp.Or(m.Part, "the body")+", "+m.Confidence+" confidence, profile "+strings.Join(m.Profiles, ", "))
		}
		detection.Class, detection.Text = "k-warn", strings.Join(found, "; ")
	}
	policyLine := traceLine{Name: "Policy", Code: e.Decision.Rule, Text: e.Decision.Reason, Rules: e.Trace}
	action := traceLine{Name: "Action", Action: e.Decision.Action}
	if e.Decision.Would != "" && e.Decision.Would != e.Decision.Action {
		action.Text = "a rule in observe mode would have chosen " + e.Decision.Would
	}
	if e.Exception != nil {
		action.Text = "an exception let it pass"
	}
	if e.Decision.Action == "block" {
		action.Class = "k-bad"
	} else if e.Decision.Action != "allow" && e.Decision.Action != "log" {
		action.Class = "k-warn"
	}
	return []traceLine{destination, approval, identity, extraction, detection, policyLine, action}
}

// eventReview fills in triage and history.
func (s *Server) eventReview(ctx context.Context, d *eventData) error {
	reviews, err := s.o.Store.Reviews(ctx, []string{d.E.ID})
	if err != nil {
		return err
	}
	d.Review = reviews[d.E.ID]
	for _, x := range verdicts {
		d.Verdicts = append(d.Verdicts, choice{Text: x.Text, ID: x.State, Nav: x.Key, Current: string(d.Review.State) == x.State})
	}
	for _, x := range reasons {
		d.Reasons = append(d.Reasons, choice{Text: x.Text, ID: x.ID, Current: d.Review.Reason == x.ID})
	}
	accounts, err := s.o.Store.Accounts(ctx)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		if !a.Disabled && a.Role != string(Viewer) {
			d.Assignees = append(d.Assignees, a.Name)
		}
	}
	if d.Review.Assignee != "" && !slices.Contains(d.Assignees, d.Review.Assignee) {
		d.Assignees = append(d.Assignees, d.Review.Assignee)
	}
	d.History = []historyLine{{At: d.E.Time, Who: cmp.Or(d.E.Node, "this node"), Text: "captured it", Class: "k-calm"}}
	lines, err := s.o.Store.AuditTrail(ctx, store.AuditFilter{Target: d.E.ID, Limit: 50})
	if err != nil {
		return err
	}
	for _, l := range slices.Backward(lines) {
		d.History = append(d.History, historyOf(l))
	}
	slices.Reverse(d.History)
	return nil
}

// eventContext adds what else the person sent, and where else the value went.
func (s *Server) eventContext(ctx context.Context, v *visitor, d *eventData, e *event.Event) error {
	since := s.now().AddDate(0, 0, -30)
	var list []event.Event
	var err error
	if e.User != "" {
		list, err = s.o.Store.Events(ctx, store.Filter{User: e.User, Notable: true, Since: since, Limit: 21})
		if err != nil {
			return err
		}
	}
	list = slices.DeleteFunc(list, func(x event.Event) bool { return x.ID == e.ID })
	d.PersonNote = "none besides this in 30 days"
	if n := len(list); n > 0 {
		d.PersonNote, _ = plural(min(n, 20), "other event", "other events")
		if n >= 20 {
			d.PersonNote = "20 or more other events"
		}
		d.PersonNote += " in 30 days"
	}
	if d.SamePerson, err = s.eventRows(ctx, v, list[:min(len(list), 4)], ""); err != nil {
		return err
	}
	var same []event.Event
	for i := range e.Matches {
		if m := &e.Matches[i]; len(m.Fingerprints) > 0 && len(same) < 5 {
			more, err := s.o.Store.SameValue(ctx, m.Detector, m.Fingerprints, since, 6)
			if err != nil {
				return err
			}
			for _, x := range more {
				if x.ID != e.ID && !slices.ContainsFunc(same, func(y event.Event) bool { return y.ID == x.ID }) {
					same = append(same, x)
				}
			}
		}
	}
	d.SameValue, err = s.eventRows(ctx, v, same[:min(len(same), 5)], "")
	return err
}

// neighbours finds the events before and after in the list the event was opened from.
func (s *Server) neighbours(ctx context.Context, q eventQuery, d *eventData) error {
	f := q.Filter
	f.Limit, f.Before = 1, d.E.ID
	older, err := s.o.Store.Events(ctx, f)
	if err != nil {
		return err
	}
	if len(older) > 0 {
		d.Next = older[0].ID
		d.Older = "/events/" + older[0].ID + "?" + d.Query
	}
	newer, err := s.o.Store.Newer(ctx, q.Filter, d.E.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil && !errors.Is(err, event.ErrDetail) {
		return err
	}
	d.Newer = "/events/" + newer.ID + "?" + d.Query
	return nil
}
