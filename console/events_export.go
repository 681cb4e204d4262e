package console

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"net/http"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/store"
)

// exportPage is how many events are read at a time.
const exportPage = 5000

// eventsCSV and eventsNDJSON download what the filter selects.
func (s *Server) eventsCSV(w http.ResponseWriter, r *http.Request, v *visitor) error {
	return s.export(w, r, v, "csv")
}

func (s *Server) eventsNDJSON(w http.ResponseWriter, r *http.Request, v *visitor) error {
	return s.export(w, r, v, "ndjson")
}

func (s *Server) export(w http.ResponseWriter, r *http.Request, v *visitor, format string) error {
	ctx := r.Context()
	q, err := s.eventQuery(ctx, v, r.URL.Query())
	if err != nil {
		return err
	}
	err = s.o.Store.Audit(ctx, store.AuditLine{Actor: v.Name, Action: "events.export", Target: format, After: jsonText(q.Values)})
	if err != nil {
		return err
	}
	f := q.Filter
	f.Limit = exportPage
	list, err := s.o.Store.Events(ctx, f) // before the header: an error is still a page
	if err != nil {
		return err
	}
	kind := map[string]string{"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}[format]
	attach(w, kind, "sluice-events-"+s.now().UTC().Format("20060102-1504")+"."+format)
	lines := json.NewEncoder(w)
	write := func(e *event.Event) error { return lines.Encode(e) }
	if format == "csv" {
		table := csv.NewWriter(w)
		if err := table.Write(event.CSVColumns()); err != nil {
			return s.breakOff(ctx, err)
		}
		defer table.Flush() // what is lost is lost with the connection
		write = func(e *event.Event) error { return table.Write(e.CSVRow()) }
	}
	for {
		if err := s.exportPage(ctx, v, list, write); err != nil {
			return s.breakOff(ctx, err)
		}
		if len(list) < exportPage {
			return nil
		}
		f.Before = list[len(list)-1].ID
		if list, err = s.o.Store.Events(ctx, f); err != nil {
			return s.breakOff(ctx, err)
		}
	}
}

// breakOff ends an answer that has begun: the connection breaks, so that nobody takes the
// file for whole.
func (s *Server) breakOff(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		s.log.Error("a download broke off", "error", err)
	}
	panic(http.ErrAbortHandler)
}

// attach makes the answer a file.
func attach(w http.ResponseWriter, kind, name string) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
}

func (s *Server) exportPage(ctx context.Context, v *visitor, list []event.Event, write func(*event.Event) error) error {
	names, err := s.naming(ctx, v, each(list, func(x *event.Event) string { return x.User })...)
	if err != nil {
		return err
	}
	for i := range list {
		e := &list[i]
		p := names[e.User]
		anonymise(e, p)
		if err := write(e); err != nil {
			return err
		}
	}
	return nil
}

// anonymise takes out what leads to a person whose name is hidden.
func anonymise(e *event.Event, p person) {
	if !p.Hidden {
		return
	}
	e.User, e.Source.IP, e.Device.ID, e.Account.ID = p.Name, "", "", ""
}

// jsonText renders what an audit line tells.
func jsonText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}
