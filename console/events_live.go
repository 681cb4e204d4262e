package console

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

// The live tail asks the database for what is new; each open page costs one small query a
// second, and there is a bound on pages.
const (
	livePoll  = time.Second
	liveTails = 64
	liveRows  = 50
	liveLife  = time.Hour // the browser connects again
)

var errTails = &problem{status: http.StatusServiceUnavailable, title: "Too many live pages", detail: "Close one, or reload this page for what is new."}

// tails counts the open live pages.
type tails struct{ open atomic.Int64 }

// eventsLive sends events that match the filter as they come, as rows of the list
// (server-sent events).
func (s *Server) eventsLive(w http.ResponseWriter, r *http.Request, v *visitor) error {
	q, err := s.eventQuery(r.Context(), v, r.URL.Query())
	if err != nil {
		return err
	}
	if s.live.open.Add(1) > liveTails {
		s.live.open.Add(-1)
		return errTails
	}
	defer s.live.open.Add(-1)
	out := http.NewResponseController(w)
	if err := out.SetWriteDeadline(time.Time{}); err != nil {
		s.log.Debug("live tail without a deadline of its own", "error", err)
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	fmt.Fprint(w, "retry: 2000\n\n")
	if err := out.Flush(); err != nil {
		return nil // the browser has gone
	}
	f := q.Filter
	f.Limit, f.Since = liveRows, s.now()
	poll, end := time.NewTicker(livePoll), time.NewTimer(liveLife)
	defer poll.Stop()
	defer end.Stop()
	seen := map[string]bool{}
	for {
		select {
		case <-r.Context().Done():
			return nil
		case <-end.C:
			return nil
		case <-poll.C:
		}
		list, err := s.o.Store.Events(r.Context(), f)
		if err != nil {
			s.log.Debug("live tail", "error", err)
			continue // the database may be back in a second
		}
		slices.Reverse(list)
		if err := s.sendRows(w, r, v, list, seen, "?"+q.Values.Encode()); err != nil {
			return nil // the browser has gone
		}
		if err := out.Flush(); err != nil {
			return nil // the browser has gone
		}
		// An event is written up to some 100 ms after its time: look back a little.
		f.Since = s.now().Add(-5 * time.Second)
		if len(seen) > 5000 {
			clear(seen)
		}
	}
}

// sendRows sends the events that were not sent before.
func (s *Server) sendRows(w http.ResponseWriter, r *http.Request, v *visitor, list []event.Event, seen map[string]bool, query string) error {
	list = slices.DeleteFunc(list, func(e event.Event) bool { return seen[e.ID] })
	if len(list) == 0 {
		_, err := fmt.Fprint(w, ": nothing new\n\n")
		return err
	}
	rows, err := s.eventRows(r.Context(), v, list, query)
	if err != nil {
		return err
	}
	for _, row := range rows {
		seen[row.ID] = true
		html, err := s.partial("events", "eventrow", row)
		if err != nil {
			return err
		}
		html = bytes.ReplaceAll(html, []byte("\n"), nil)
		if _, err := fmt.Fprintf(w, "event: row\ndata: %s\n\n", html); err != nil {
			return err
		}
	}
	return nil
}
