package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/store"
)

// apiEventRoutes are events, their reviews and the prompts that were kept.
func (s *Server) apiEventRoutes() []route {
	return []route{
		{pattern: "GET /api/v1/events", query: eventFilters + " cursor limit", right: RightView, serve: s.apiEvents},
		{pattern: "GET /api/v1/events/export", query: eventFilters + " format", right: RightView, serve: s.apiExport},
		{pattern: "GET /api/v1/events/live", query: eventFilters, right: RightView, serve: s.apiLive},
		{pattern: "GET /api/v1/events/{id}", right: RightView, serve: s.apiEvent},
		{pattern: "GET /api/v1/events/{id}/review", right: RightView, serve: s.apiReview},
		{pattern: "PUT /api/v1/events/{id}/review", right: RightReview, serve: s.apiSetReview},
		{pattern: "GET /api/v1/events/{id}/payload", right: RightEvidence, stepUp: true, serve: s.apiPayload},
	}
}

// apiFilter reads which events are meant: the fields of the list of events, and of pages.
func (s *Server) apiFilter(ctx context.Context, v *visitor, q url.Values) (store.Filter, error) {
	if err := s.checkEventQuery(q); err != nil {
		return store.Filter{}, err
	}
	query, err := s.eventQuery(ctx, v, q)
	f := query.Filter
	if err != nil {
		return f, err
	}
	if f.Limit, err = queryLimit(q); err != nil {
		return f, err
	}
	if f.Before = q.Get("cursor"); f.Before != "" {
		if _, ok := event.IDTime(f.Before); !ok {
			return f, badInput("cursor: want what \"next\" of the page before said.")
		}
	}
	return f, nil
}

// hide leaves out of events what says who somebody is, where v may not see that.
func (s *Server) hide(ctx context.Context, v *visitor, events []event.Event) error {
	names, err := s.naming(ctx, v, each(events, func(x *event.Event) string { return x.User })...)
	if v.can(RightNames) {
		return err
	}
	for i := range events {
		e := &events[i]
		e.User, e.Account.ID, e.Source.IP, e.Device.ID = names[e.User].Key, "", "", ""
	}
	return err
}

func (s *Server) apiEvents(w http.ResponseWriter, r *http.Request, v *visitor) error {
	f, err := s.apiFilter(r.Context(), v, r.URL.Query())
	if err != nil {
		return err
	}
	events, err := s.o.Store.Events(r.Context(), f)
	if err != nil {
		return err
	}
	if err := s.hide(r.Context(), v, events); err != nil {
		return err
	}
	next := ""
	if len(events) == f.Limit {
		next = events[len(events)-1].ID
	}
	return writeList(s, w, r, events, next)
}

// eventOf returns the event that the path names.
func (s *Server) eventOf(r *http.Request) (event.Event, error) {
	id := strings.ToLower(r.PathValue("id"))
	if _, ok := event.IDTime(id); !ok {
		return event.Event{}, errNotFound
	}
	return s.o.Store.Event(r.Context(), id)
}

func (s *Server) apiEvent(w http.ResponseWriter, r *http.Request, v *visitor) error {
	e, err := s.eventOf(r)
	if err != nil {
		return err
	}
	one := []event.Event{e}
	if err := s.hide(r.Context(), v, one); err != nil {
		return err
	}
	return s.writeJSON(w, r, http.StatusOK, one[0])
}

func (s *Server) apiReview(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	e, err := s.eventOf(r)
	if err != nil {
		return err
	}
	reviews, err := s.o.Store.Reviews(r.Context(), []string{e.ID})
	if err != nil {
		return err
	}
	review, ok := reviews[e.ID]
	if !ok {
		review = store.Review{Event: e.ID, State: store.ReviewNew, At: e.Time}
	}
	return s.writeJSON(w, r, http.StatusOK, review)
}

func (s *Server) apiSetReview(w http.ResponseWriter, r *http.Request, v *visitor) error {
	e, err := s.eventOf(r)
	if err != nil {
		return err
	}
	var in struct {
		State    store.ReviewState `json:"state"`
		Assignee string            `json:"assignee"`
		Reason   string            `json:"reason"`
		Note     string            `json:"note"`
	}
	if err := readJSON(r, maxJSON, &in); err != nil {
		return err
	}
	if !slices.Contains(store.ReviewStates(), in.State) {
		return badInput("state: want new, in_progress, confirmed, false_positive or accepted.")
	}
	review := store.Review{Event: e.ID, State: in.State, Assignee: in.Assignee, Reason: in.Reason, Note: in.Note, By: v.Name, At: s.now().UTC().Truncate(time.Microsecond)}
	if err := s.o.Store.SetReview(r.Context(), review); err != nil {
		return err
	}
	s.forgetQueue()
	return s.writeJSON(w, r, http.StatusOK, review)
}

// apiPayload gives the prompt as it is kept: encrypted to the customer's key. Who asked is
// in the audit trail before they have it.
func (s *Server) apiPayload(w http.ResponseWriter, r *http.Request, v *visitor) error {
	e, err := s.eventOf(r)
	if err != nil {
		return err
	}
	sealed, err := s.o.Store.Payload(r.Context(), e.ID)
	if err != nil {
		return err
	}
	if err := s.o.Store.Audit(r.Context(), store.AuditLine{Actor: v.Name, Action: "event.reveal", Target: e.ID}); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", `attachment; filename="`+e.ID+`.age"`)
	_, _ = w.Write(sealed) // the client may have gone
	return nil
}

func (s *Server) apiExport(w http.ResponseWriter, r *http.Request, v *visitor) error {
	if err := s.checkEventQuery(r.URL.Query()); err != nil {
		return err
	}
	switch format := r.URL.Query().Get("format"); format {
	case "", "ndjson", "jsonl": // two names of one format; the command line takes both, too
		return s.export(w, r, v, "ndjson")
	case "csv":
		return s.export(w, r, v, format)
	}
	return badInput("format: want ndjson, jsonl or csv.")
}
