package console

import (
	"net/http"
	"net/url"
	"time"

	"github.com/sluice-dlp/sluice/store"
)

// apiReportRoutes are the questions about a period.
func (s *Server) apiReportRoutes() []route {
	return []route{
		{pattern: "GET /api/v1/reports/totals", query: "since until group", right: RightView, serve: s.apiTotals},
		{pattern: "GET /api/v1/reports/series", query: "since until app group by step", right: RightView, serve: s.apiSeries},
		{pattern: "GET /api/v1/reports/breakdown", query: "by since until app order limit", right: RightView, serve: s.apiBreakdown},
		{pattern: "GET /api/v1/reports/matches", query: "since until app limit", right: RightView, serve: s.apiMatches},
		{pattern: "GET /api/v1/reports/detections", query: "since until app limit", right: RightView, serve: s.apiDetections},
		{pattern: "GET /api/v1/reports/new-apps", query: "since until limit", right: RightView, serve: s.apiNewApps},
		{pattern: "GET /api/v1/reports/spikes", right: RightView, serve: s.apiSpikes},
		{pattern: "GET /api/v1/reports/geography", query: "since until limit", right: RightView, serve: s.apiGeography},
		{pattern: "GET /api/v1/reports/precision", query: "since until", right: RightView, serve: s.apiPrecision},
		{pattern: "GET /api/v1/coverage", query: "since until limit", right: RightView, serve: s.apiCoverage},
		{pattern: "GET /api/v1/people", query: "since until app order limit", right: RightView, serve: s.apiPeople},
		{pattern: "GET /api/v1/people/{person}/apps", query: "since until limit", right: RightView, serve: s.apiAppsOfPerson},
	}
}

const (
	day           = 24 * time.Hour
	defaultPeriod = 30 * day
	maxPeriod     = 800 * day
)

// period reads "since" and "until": by default the last 30 days.
func (s *Server) period(q url.Values) (store.Period, error) {
	now := s.now()
	since, until, err := queryTimes(q, now)
	if err != nil {
		return store.Period{}, err
	}
	p := store.Last(defaultPeriod, now)
	if !until.IsZero() {
		p = store.Last(defaultPeriod, until)
	}
	if !since.IsZero() {
		p.From = since.UTC().Truncate(time.Hour)
	}
	if !p.From.Before(p.To) || p.To.Sub(p.From) > maxPeriod {
		return p, badInput("The period must end after it begins, and have at most 800 days.")
	}
	return p, nil
}

// report is an answer about a period.
type report[T any] struct {
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	Items []T       `json:"items"`
}

func writeReport[T any](s *Server, w http.ResponseWriter, r *http.Request, p store.Period, items []T) error {
	if items == nil {
		items = []T{}
	}
	return s.writeJSON(w, r, http.StatusOK, report[T]{p.From.UTC(), p.To.UTC(), items})
}

// asked is what most reports are asked with.
type asked struct {
	store.Period
	app   string
	order store.Order
	limit int
}

var orders = map[string]store.Order{
	"": store.ByEvents, "events": store.ByEvents, "prompts": store.ByPrompts, "uploads": store.ByUploads, "matched": store.ByMatched,
	"stopped": store.ByStopped, "bytes_out": store.ByBytesOut, "bytes_in": store.ByBytesIn,
}

func (s *Server) asked(r *http.Request) (a asked, err error) {
	q := r.URL.Query()
	if a.Period, err = s.period(q); err != nil {
		return a, err
	}
	if a.limit, err = queryLimit(q); err != nil {
		return a, err
	}
	var known bool
	if a.order, known = orders[q.Get("order")]; !known {
		return a, badInput("order: want events, prompts, uploads, matched, stopped, bytes_out or bytes_in.")
	}
	a.app = q.Get("app")
	return a, nil
}

func (s *Server) apiTotals(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	q := r.URL.Query()
	p, err := s.period(q)
	if err != nil {
		return err
	}
	if group := q.Get("group"); group != "" {
		g, err := s.o.Store.GroupUse(r.Context(), p, group)
		if err != nil {
			return err
		}
		return writeReport(s, w, r, p, []store.Total{g.Total})
	}
	total, err := s.o.Store.Totals(r.Context(), p)
	if err != nil {
		return err
	}
	return writeReport(s, w, r, p, []store.Total{total})
}

var seriesBy = map[string]store.SeriesBy{
	"": store.SeriesByStatus, "status": store.SeriesByStatus, "action": store.SeriesByAction, "app": store.SeriesByApp, "category": store.SeriesByCategory,
}

// maxSteps bounds a series.
const maxSteps = 1000

func (s *Server) apiSeries(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	q := r.URL.Query()
	p, err := s.period(q)
	if err != nil {
		return err
	}
	by, known := seriesBy[q.Get("by")]
	if !known {
		return badInput("by: want status, action, app or category.")
	}
	step, known := map[string]time.Duration{"": day, "1h": time.Hour, "1d": day, "7d": 7 * day}[q.Get("step")]
	if !known {
		return badInput("step: want 1h, 1d or 7d.")
	}
	if p.To.Sub(p.From)/step > maxSteps {
		return badInput("That is more than 1000 steps: ask for a longer step or a shorter period.")
	}
	if group := q.Get("group"); group != "" {
		if by != store.SeriesByStatus || q.Get("app") != "" {
			return badInput("The series of a group is by status, of all apps.")
		}
		g, err := s.o.Store.GroupUse(r.Context(), p, group)
		if err != nil {
			return err
		}
		return writeReport(s, w, r, p, store.Steps(g.Hours, p.From, step))
	}
	points, err := s.o.Store.Series(r.Context(), p, step, by, q.Get("app"))
	if err != nil {
		return err
	}
	return writeReport(s, w, r, p, points)
}

var dimensions = map[string]store.Dimension{
	"users": store.Users, "groups": store.Groups, "sources": store.Sources, "devices": store.Devices, "countries": store.Countries, "sites": store.Sites,
}

func (s *Server) apiBreakdown(w http.ResponseWriter, r *http.Request, v *visitor) error {
	a, err := s.asked(r)
	if err != nil {
		return err
	}
	by, known := dimensions[r.URL.Query().Get("by")]
	if !known {
		return badInput("by: want users, groups, sources, devices, countries or sites.")
	}
	if (by == store.Sources || by == store.Devices) && !v.can(RightNames) {
		return errNames
	}
	if by == store.Sites && a.app != "" {
		return badInput("by=sites is of all apps only.")
	}
	shares, err := s.shares(r, v, a, by)
	if err != nil {
		return err
	}
	return writeReport(s, w, r, a.Period, shares)
}

// shares breaks use down; people are named as v may see them.
func (s *Server) shares(r *http.Request, v *visitor, a asked, by store.Dimension) ([]store.Share, error) {
	shares, err := s.o.Store.Breakdown(r.Context(), a.Period, by, a.app, a.order, a.limit)
	if err != nil || by != store.Users {
		return shares, err
	}
	names, err := s.naming(r.Context(), v, each(shares, func(x *store.Share) string { return x.Name })...)
	for i := range shares {
		shares[i].Name = names[shares[i].Name].Key
	}
	return shares, err
}

func (s *Server) apiMatches(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	a, err := s.asked(r)
	if err != nil {
		return err
	}
	list, err := s.o.Store.Matches(r.Context(), a.Period, a.app, a.limit)
	if err != nil {
		return err
	}
	return writeReport(s, w, r, a.Period, list)
}

func (s *Server) apiDetections(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	a, err := s.asked(r)
	if err != nil {
		return err
	}
	list, err := s.o.Store.Detections(r.Context(), a.Period, a.app, a.limit)
	if err != nil {
		return err
	}
	return writeReport(s, w, r, a.Period, list)
}

func (s *Server) apiNewApps(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	a, err := s.asked(r)
	if err != nil {
		return err
	}
	list, err := s.o.Store.FirstSeen(r.Context(), a.Period, a.limit)
	if err != nil {
		return err
	}
	return writeReport(s, w, r, a.Period, list)
}

func (s *Server) apiSpikes(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	list, err := s.o.Store.Spikes(r.Context(), s.now(), 0, 0)
	if err != nil {
		return err
	}
	return writeReport(s, w, r, store.Last(day, s.now()), list)
}

func (s *Server) apiGeography(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	a, err := s.asked(r)
	if err != nil {
		return err
	}
	list, err := s.o.Store.Geography(r.Context(), a.Period, 0, a.limit)
	if err != nil {
		return err
	}
	return writeReport(s, w, r, a.Period, list)
}

func (s *Server) apiPrecision(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	p, err := s.period(r.URL.Query())
	if err != nil {
		return err
	}
	list, err := s.o.Store.Precisions(r.Context(), p)
	if err != nil {
		return err
	}
	return writeReport(s, w, r, p, list)
}

func (s *Server) apiCoverage(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	a, err := s.asked(r)
	if err != nil {
		return err
	}
	list, err := s.o.Store.Coverage(r.Context(), a.Period, a.limit)
	if err != nil {
		return err
	}
	return writeReport(s, w, r, a.Period, list)
}

func (s *Server) apiPeople(w http.ResponseWriter, r *http.Request, v *visitor) error {
	a, err := s.asked(r)
	if err != nil {
		return err
	}
	shares, err := s.shares(r, v, a, store.Users)
	if err != nil {
		return err
	}
	return writeReport(s, w, r, a.Period, shares)
}

func (s *Server) apiAppsOfPerson(w http.ResponseWriter, r *http.Request, v *visitor) error {
	a, err := s.asked(r)
	if err != nil {
		return err
	}
	user, err := s.userOf(r.Context(), v, r.PathValue("person"))
	if err != nil {
		return err
	}
	list, err := s.o.Store.AppsOfUser(r.Context(), a.Period, user, a.limit)
	if err != nil {
		return err
	}
	return writeReport(s, w, r, a.Period, list)
}
