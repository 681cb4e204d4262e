package console

import (
	"encoding/csv"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/console/internal/chart"
	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/policy"
	"github.com/sluice-dlp/sluice/store"
)

// appsData is the list of applications.
type appsData struct {
	Window  window
	Periods []choice
	Tabs    []choice
	Sorts   map[string]string // address by column
	Sort    string
	Status  string
	Q       string
	Rows    []appRow
	Total   int
	Next    string
	Export  string
}

// appsPage is how many apps a page shows.
const appsPage = 50

// chosenApps are the rows that the query selects, in its order.
func chosenApps(rows []appRow, q url.Values) []appRow {
	text, status := strings.ToLower(strings.TrimSpace(q.Get("q"))), q.Get("status")
	var out []appRow
	for _, r := range rows {
		in := strings.ToLower(r.Name + " " + r.App + " " + r.Vendor + " " + r.Category)
		if (status == "" || r.Status == status) && strings.Contains(in, text) {
			out = append(out, r)
		}
	}
	sortApps(out, q.Get("sort"))
	return out
}

func (s *Server) apps(w http.ResponseWriter, r *http.Request, v *visitor) error {
	q := r.URL.Query()
	sp := windowOf(q, "30d", s.now())
	rows, err := s.appRows(r.Context(), sp, "")
	if err != nil {
		return err
	}
	counts := map[string]int{}
	for _, a := range rows {
		counts[a.Status]++
	}
	d := &appsData{Window: sp, Periods: sp.periods(q), Sort: q.Get("sort"), Status: q.Get("status"), Q: q.Get("q"), Sorts: map[string]string{}, Export: "/apps.csv" + withQuery(q, "page", "")}
	d.Tabs = append(d.Tabs, choice{Text: "All", Href: withQuery(q, "status", ""), Count: strconv.Itoa(len(rows)), Current: d.Status == ""})
	for _, st := range policy.Statuses() {
		d.Tabs = append(d.Tabs, choice{Text: statusName(st), Href: withQuery(q, "status", string(st)), Count: strconv.Itoa(counts[string(st)]), Current: d.Status == string(st)})
	}
	for _, by := range []string{"", "name", "people", "bytes", "stopped", "matched", "first"} {
		d.Sorts[by] = withQuery(q, "sort", by)
	}
	d.Rows = chosenApps(rows, q)
	d.Total = len(d.Rows)
	at, _ := strconv.Atoi(q.Get("page")) // what is no number is the first page
	from := min(max(at, 0)*appsPage, len(d.Rows))
	to := min(from+appsPage, len(d.Rows))
	if to < len(d.Rows) {
		d.Next = withQuery(q, "page", strconv.Itoa(max(at, 0)+1))
	}
	d.Rows = d.Rows[from:to]
	return s.render(w, r, v, "apps", page{Title: "Applications", Nav: "apps", Data: d})
}

func (s *Server) appsCSV(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	rows, err := s.appRows(r.Context(), windowOf(r.URL.Query(), "30d", s.now()), "")
	if err != nil {
		return err
	}
	attach(w, "text/csv; charset=utf-8", "sluice-apps-"+s.now().UTC().Format("20060102")+".csv")
	out := csv.NewWriter(w)
	lines := [][]string{{"app", "name", "vendor", "category", "status", "set_by", "set_at", "people", "requests", "prompts", "uploads", "matched", "stopped", "bytes_out", "first_seen"}}
	for _, a := range chosenApps(rows, r.URL.Query()) {
		n := func(x int64) string { return strconv.FormatInt(x, 10) }
		at := ""
		if !a.Set.At.IsZero() {
			at = a.Set.At.UTC().Format(time.RFC3339)
		}
		line := []string{
			a.App, a.Name, a.Vendor, a.Category, a.Status, a.Set.By, at, n(a.Users), n(a.Events), n(a.Prompts), n(a.Uploads),
			n(a.Matched), n(a.Stopped), n(a.BytesOut), a.First.UTC().Format(time.RFC3339),
		}
		for i := range line {
			line[i] = event.PlainCell(line[i])
		}
		lines = append(lines, line)
	}
	if err := out.WriteAll(lines); err != nil {
		s.log.Debug("export ended early", "error", err)
	}
	return nil
}

// setStatus sets one app's approval status.
func (s *Server) setStatus(w http.ResponseWriter, r *http.Request, v *visitor) error {
	return s.setStatuses(w, r, v, []string{r.PathValue("id")}, "/apps/"+url.PathEscape(r.PathValue("id")))
}

// setMany sets that of several.
func (s *Server) setMany(w http.ResponseWriter, r *http.Request, v *visitor) error {
	if err := r.ParseForm(); err != nil {
		return badInput("The form cannot be read.")
	}
	return s.setStatuses(w, r, v, r.PostForm["id"], "/apps")
}

func (s *Server) setStatuses(w http.ResponseWriter, r *http.Request, v *visitor, ids []string, def string) error {
	status, err := policy.ParseStatus(r.FormValue("status"))
	if err != nil {
		return badInput("There is no status " + strconv.Quote(r.FormValue("status")) + ".")
	}
	note := strings.TrimSpace(r.FormValue("note"))
	if len(ids) == 0 || len(ids) > maxBulk || len(note) > maxNote {
		return badInput("Select 1 to 200 apps; a note may have 2,000 characters.")
	}
	for _, id := range ids {
		if id == "" || len(id) > 253 || strings.ContainsAny(id, " \t\r\n") {
			return badInput(strconv.Quote(id) + " is no app.")
		}
		if err := s.o.Store.SetStatus(r.Context(), store.AppStatus{App: id, Status: status, Note: note, By: v.Name, At: s.now()}); err != nil {
			return err
		}
	}
	text := s.appName(ids[0])
	if len(ids) > 1 {
		text, _ = plural(len(ids), "app", "apps")
	}
	return s.back(w, r, def, text+": now "+strings.ToLower(statusName(status))+". It takes effect at once.")
}

// appData is one application.
type appData struct {
	Row       appRow
	Window    window
	Periods   []choice
	Tiles     []tile
	Chart     template.HTML
	Users     []personRow
	Groups    []share
	Countries []share
	Hosts     []hostLine
	Matches   []share
	What      []whatIf
	History   []store.AppStatus
	Rows      []eventRow
	Coverage  *store.Coverage
	Terms     string
	TermsLink string
	Country   string
	Source    string // file and line in the catalogue
	Visible   string
}

// hostLine is one host name and the rule that knows it.
type hostLine struct{ Name, Match, Scope string }

func (s *Server) app(w http.ResponseWriter, r *http.Request, v *visitor) error {
	ctx, id := r.Context(), r.PathValue("id")
	sp := windowOf(r.URL.Query(), "30d", s.now())
	rows, err := s.appRows(ctx, sp, "")
	if err != nil {
		return err
	}
	d := &appData{Window: sp, Periods: sp.periods(r.URL.Query())}
	d.Row = appRow{AppUsage: store.AppUsage{App: id}}
	for _, a := range rows {
		if a.App == id {
			d.Row = a
		}
	}
	if d.History, err = s.o.Store.StatusHistory(ctx, id); err != nil {
		return err
	}
	if d.Row.Name == "" { // not used in the period
		set, err := s.o.Store.Statuses(ctx)
		if err != nil {
			return err
		}
		if s.describe(&d.Row, set); !d.Row.Known && len(d.History) == 0 {
			use, err := s.appUse(ctx, sp, "")
			if err != nil {
				return err
			}
			if use.first[id].IsZero() {
				return errNotFound
			}
		}
	}
	s.catalogueFacts(d)
	if err := s.appUsage(ctx, v, d); err != nil {
		return err
	}
	d.What = s.whatIfs(ctx, &d.Row)
	list, err := s.o.Store.EventsOfApp(ctx, id, sp.Period, 8)
	if err != nil {
		return err
	}
	if d.Rows, err = s.eventRows(ctx, v, list, "?view=all&app="+url.QueryEscape(id)); err != nil {
		return err
	}
	return s.render(w, r, v, "app", page{Title: d.Row.Name, Nav: "apps", Data: d})
}

// catalogueFacts adds what the catalogue knows of the app.
func (s *Server) catalogueFacts(d *appData) {
	app, ok := s.o.Rules().Catalogue.App(d.Row.App)
	if !ok {
		return
	}
	d.Country, d.Source, d.Visible = app.Country, app.Source, app.Visibility
	for _, h := range app.Hosts {
		d.Hosts = append(d.Hosts, hostLine{h.Name, h.Match, h.Scope})
	}
	if t := app.Terms; t != nil {
		d.Terms = map[string]string{"yes": "Trains on what people enter", "opt-out": "Trains unless opted out", "opt-in": "Trains only after opting in", "no": "Does not train on input", "mixed": "Training depends on the plan"}[t.Trains]
		if t.Note != "" {
			d.Terms = strings.TrimSpace(d.Terms + ". " + t.Note)
		}
		d.TermsLink = t.Source
	}
}

// usageTiles are the numbers of one app or person.
func usageTiles(u store.Usage, first tile, note string) []tile {
	return []tile{
		{Label: "Requests", Value: chart.Short(float64(u.Events)), Note: note},
		first,
		{Label: "Data sent", Value: chart.Bytes(float64(u.BytesOut)), Note: note},
		{Label: "Stopped", Value: chart.Short(float64(u.Stopped)), Note: chart.Short(float64(u.Matched)) + " with a match"},
	}
}
