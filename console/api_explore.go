package console

import (
	"context"
	"errors"
	"net/http"

	"github.com/sluice-dlp/sluice/store"
)

func (s *Server) apiInvestigations(w http.ResponseWriter, r *http.Request, _ *visitor) error {
	return writeList(s, w, r, store.Investigations(), "")
}

func (s *Server) apiExplore(w http.ResponseWriter, r *http.Request, v *visitor) error {
	var in struct {
		SQL    string `json:"sql"`
		Costly bool   `json:"costly"`
	}
	if err := readJSON(r, maxJSON, &in); err != nil {
		return err
	}
	table, err := s.explore(r.Context(), v, store.Exploration{SQL: in.SQL, Costly: in.Costly})
	if err != nil {
		return err
	}
	return s.writeJSON(w, r, http.StatusOK, map[string]any{
		"columns": table.Columns, "rows": table.Rows, "truncated": table.Truncated, "cost": table.Cost, "took_ms": float64(table.Took.Microseconds()) / 1000,
	})
}

// explore asks the log explorer, and writes the question to the audit trail: its answers
// may name people.
func (s *Server) explore(ctx context.Context, v *visitor, x store.Exploration) (store.Table, error) {
	if err := s.o.Store.Audit(ctx, store.AuditLine{Actor: v.Name, Action: "explorer.ask", Target: "explorer", After: jsonText(map[string]any{"sql": x.SQL})}); err != nil {
		return store.Table{}, err
	}
	x.Names = v.can(RightNames)
	table, err := s.o.Store.Explore(ctx, x)
	if errors.Is(err, store.ErrRefused) || errors.Is(err, store.ErrExplorer) {
		return table, badInput(sentence(err))
	}
	if table.Rows == nil {
		table.Rows = [][]any{}
	}
	return table, err
}
