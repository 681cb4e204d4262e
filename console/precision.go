package console

import (
	"context"
	"net/http"

	"github.com/sluice-dlp/sluice/store"
)

// precisionData is how often detectors were right, and what would make them better.
type precisionData struct {
	Window    window
	Periods   []choice
	Rows      []precisionRow
	Reviewed  int64
	Precision float64
	Without   []string // detectors whose false positives share neither a word nor a value
}

type precisionRow struct {
	store.Precision
	Name     string
	Percent  string
	Class    string
	Total    int64
	Proposal *proposal
}

func (s *Server) precision(w http.ResponseWriter, r *http.Request, v *visitor) error {
	ctx := r.Context()
	sp := windowOf(r.URL.Query(), "90d", s.now())
	list, err := s.o.Store.Precisions(ctx, sp.Period)
	if err != nil {
		return err
	}
	d := &precisionData{Window: sp, Periods: sp.periods(r.URL.Query())}
	files, _, err := s.playSources()
	if err != nil {
		return err
	}
	var right int64
	for _, p := range list {
		row := precisionRow{Precision: p, Name: s.detectorName(p.Detector), Total: p.Confirmed + p.Accepted + p.FalsePositive, Percent: percent(100 * p.Precision)}
		row.Class = "k-good"
		if p.Precision < 0.9 {
			row.Class = "k-warn"
		}
		if p.Precision < 0.6 {
			row.Class = "k-bad"
		}
		if p.FalsePositive > 0 {
			row.Proposal, err = cached(ctx, s, "proposal "+p.Detector, func(ctx context.Context) (*proposal, error) {
				return s.propose(ctx, p.Detector, files)
			})
			if err != nil {
				return err
			}
			if row.Proposal.empty() {
				d.Without = append(d.Without, row.Name)
			}
		}
		d.Reviewed += row.Total
		right += p.Confirmed + p.Accepted
		d.Rows = append(d.Rows, row)
	}
	if d.Reviewed > 0 {
		d.Precision = 100 * float64(right) / float64(d.Reviewed)
	}
	return s.render(w, r, v, "precision", page{Title: "Precision", Nav: "precision", Data: d})
}
