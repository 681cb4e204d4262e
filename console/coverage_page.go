package console

import (
	"context"
	"net/http"

	"github.com/sluice-dlp/sluice/console/internal/chart"
	"github.com/sluice-dlp/sluice/store"
)

// coverageData says what of the traffic was inspected, and what was not.
type coverageData struct {
	Window  window
	Periods []choice
	Tiles   []tile
	Sum     coverageSum
	Rows    []coverageRow
	Places  []placeRow
}

type coverageRow struct {
	store.Coverage
	Name, Share string
	Percent     float64
	Class       string
	Why         string // what to do about it; "" when all is well
}

type placeRow struct {
	store.Place
	Name string
}

func (s *Server) coveragePage(w http.ResponseWriter, r *http.Request, v *visitor) error {
	ctx := r.Context()
	sp := windowOf(r.URL.Query(), "30d", s.now())
	list, err := s.coverage(ctx, sp)
	if err != nil {
		return err
	}
	d := &coverageData{Window: sp, Periods: sp.periods(r.URL.Query()), Sum: sumCoverage(list)}
	for _, c := range list {
		row := coverageRow{Coverage: c, Name: s.appName(c.App), Class: "k-good"}
		if c.Events > 0 {
			row.Percent = 100 * float64(c.Inspected) / float64(c.Events)
		}
		row.Share = percent(row.Percent)
		switch {
		case c.Handshake == c.Events:
			row.Class, row.Why = "k-bad", "Only the connection is seen: decrypt this host"
		case c.FailOpen > 0:
			row.Class, row.Why = "k-bad", "Uninspected requests passed: see the policy’s gaps"
		case c.Shape == c.Events:
			row.Class, row.Why = "k-warn", "Known by shape alone: add the app to catalogue.dirs"
		case row.Percent < 90:
			row.Class, row.Why = "k-warn", "See the events that were not inspected"
		}
		d.Rows = append(d.Rows, row)
	}
	d.Rows = d.Rows[:min(len(d.Rows), 100)]
	d.Tiles = []tile{
		{Label: "Requests", Value: chart.Short(float64(d.Sum.Events)), Note: sp.Length()},
		{Label: "Inspected", Value: percent(d.Sum.Share()), Note: chart.Short(float64(d.Sum.Inspected)) + " requests"},
		{Label: "Not inspected as a whole", Value: chart.Short(float64(d.Sum.Gaps)), Note: chart.Short(float64(d.Sum.FailOpen)) + " of them passed", Href: "/events?view=gaps&since=" + sp.Name},
		{Label: "Known by shape alone", Value: chart.Short(float64(d.Sum.Shape)), Note: "the catalogue lacks them"},
	}
	places, err := cached(ctx, s, "places "+sp.Name+sp.To.String(), func(ctx context.Context) ([]store.Place, error) {
		return s.o.Store.Geography(ctx, sp.Period, 0, 10)
	})
	for _, p := range places {
		d.Places = append(d.Places, placeRow{p, s.appName(p.App)})
	}
	if err != nil {
		return err
	}
	return s.render(w, r, v, "coverage", page{Title: "Coverage", Nav: "coverage", Data: d})
}

// reportPeople is how many people the printed report names.
const reportPeople = 10

// report is the printed Shadow-AI report.
func (s *Server) report(w http.ResponseWriter, r *http.Request, v *visitor) error {
	ctx := r.Context()
	sp := windowOf(r.URL.Query(), "30d", s.now())
	group := r.URL.Query().Get("group")
	d, err := s.overviewData(ctx, sp, group)
	if err != nil {
		return err
	}
	rows, err := s.appRows(ctx, sp, group)
	if err != nil {
		return err
	}
	d.Apps = rows[:min(len(rows), 40)]
	d.Back = "/" + withQuery(r.URL.Query(), "since", sp.Name)
	if d.Coverage, err = s.coverageSum(ctx); err != nil {
		return err
	}
	people, err := s.peopleOf(ctx, sp, peopleStopped)
	if err != nil {
		return err
	}
	if d.People, err = s.personRows(ctx, v, people[:min(len(people), reportPeople)]); err != nil {
		return err
	}
	return s.render(w, r, v, "report", page{Title: "Shadow AI report", Nav: "overview", Data: d})
}
