package console

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/sluice-dlp/sluice/policy"
	"github.com/sluice-dlp/sluice/store"
)

// apiAppRoutes are apps and their approval statuses.
func (s *Server) apiAppRoutes() []route {
	return []route{
		{pattern: "GET /api/v1/apps", query: "since until group order limit", right: RightView, serve: s.apiApps},
		{pattern: "GET /api/v1/apps/{id}", right: RightView, serve: s.apiApp},
		{pattern: "PUT /api/v1/apps/{id}/status", right: RightReview, serve: s.apiSetStatus},
		{pattern: "GET /api/v1/statuses", right: RightView, serve: s.apiStatuses},
	}
}

func (s *Server) apiApps(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	a, err := s.asked(r)
	if err != nil {
		return err
	}
	if group := r.URL.Query().Get("group"); group != "" {
		if a.order != store.ByEvents {
			return badInput("The apps of a group are ordered by events.")
		}
		g, err := s.o.Store.GroupUse(r.Context(), a.Period, group)
		if err != nil {
			return err
		}
		return writeReport(s, w, r, a.Period, g.Apps[:min(len(g.Apps), a.limit)])
	}
	list, err := s.o.Store.TopApps(r.Context(), a.Period, a.order, a.limit)
	if err != nil {
		return err
	}
	return writeReport(s, w, r, a.Period, list)
}

// appDetail is one app: what the catalogue says, and what was decided.
type appDetail struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Vendor     string            `json:"vendor"`
	Category   string            `json:"category"`
	Country    string            `json:"country"`
	Visibility string            `json:"visibility"`
	Hosts      []string          `json:"hosts"`
	Status     policy.Status     `json:"status"`
	History    []store.AppStatus `json:"history"`
}

func (s *Server) apiApp(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	id := r.PathValue("id")
	history, err := s.o.Store.StatusHistory(r.Context(), id)
	if err != nil {
		return err
	}
	set, err := s.o.Store.Statuses(r.Context())
	if err != nil {
		return err
	}
	row := appRow{AppUsage: store.AppUsage{App: id}}
	s.describe(&row, set)
	if !row.Known && len(history) == 0 {
		return errNotFound
	}
	out := appDetail{
		ID: id, Name: row.Name, Vendor: row.Vendor, Category: row.AppUsage.Category, Hosts: append([]string{}, row.Hosts...),
		Status: policy.Status(row.Status), History: history,
	}
	if app, known := s.o.Rules().Catalogue.App(id); known {
		out.Country, out.Visibility = app.Country, app.Visibility
	}
	return s.writeJSON(w, r, http.StatusOK, out)
}

func (s *Server) apiSetStatus(w http.ResponseWriter, r *http.Request, v *visitor) error {
	var in struct {
		Status string `json:"status"`
		Note   string `json:"note"`
	}
	if err := readJSON(r, maxJSON, &in); err != nil {
		return err
	}
	status, err := policy.ParseStatus(in.Status)
	if err != nil {
		return badInput("status: " + err.Error() + ".")
	}
	id := r.PathValue("id")
	if !s.o.Rules().Catalogue.Named(id) {
		return errNotFound
	}
	a := store.AppStatus{App: id, Status: status, Note: in.Note, By: v.Name, At: s.now().UTC().Truncate(time.Microsecond)}
	if err := s.o.Store.SetStatus(r.Context(), a); err != nil {
		return err
	}
	return s.writeJSON(w, r, http.StatusOK, a)
}

func (s *Server) apiStatuses(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	set, err := s.o.Store.Statuses(r.Context())
	if err != nil {
		return err
	}
	list := make([]store.AppStatus, 0, len(set))
	for _, a := range set {
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b store.AppStatus) int { return cmp.Compare(a.App, b.App) })
	return writeList(s, w, r, list, "")
}
