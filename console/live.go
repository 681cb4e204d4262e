package console

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/store"
)

// Live answers ask the database for what is new: each costs one small query a second, and
// there is a bound on them.
const (
	livePoll     = time.Second
	livePatience = 10 * livePoll // for a client that does not read
	liveTails    = 64
	liveOverlap  = 30 * time.Second // an event of another node may come that much late
	liveBatch    = 500
	liveLife     = 10 * time.Minute // then the client asks again, and is checked again
)

var errTails = &problem{status: http.StatusServiceUnavailable, title: "Too many live pages", detail: "Close one, or reload this page for what is new."}

// tails counts the open live answers.
type tails struct{ open atomic.Int64 }

// stream answers with events that match f as they come, oldest first (server-sent events of
// the given kind). data makes one line of each. A client that comes back with Last-Event-ID
// is given what it missed.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, f store.Filter, kind string, data func(context.Context, []event.Event) ([]string, error)) error {
	if s.live.open.Add(1) > liveTails {
		s.live.open.Add(-1)
		return errTails
	}
	defer s.live.open.Add(-1)
	ctx, cancel := context.WithTimeout(r.Context(), liveLife)
	defer cancel()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	out := http.NewResponseController(w)
	send := func(text string) error {
		if err := out.SetWriteDeadline(time.Now().Add(livePatience)); err != nil {
			return err
		}
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
		return out.Flush()
	}
	err := send("retry: 2000\n\n")
	if err == nil {
		err = s.follow(ctx, f, r.Header.Get("Last-Event-ID"), func(events []event.Event) error {
			if len(events) == 0 {
				return send(": nothing new\n\n")
			}
			lines, err := data(ctx, events)
			if err != nil {
				return err
			}
			var b strings.Builder
			for i, line := range lines {
				fmt.Fprintf(&b, "id: %s\nevent: %s\ndata: %s\n\n", events[i].ID, kind, line)
			}
			return send(b.String())
		})
	}
	if err != nil && ctx.Err() == nil { // the answer has begun
		s.log.Debug("a live answer ended", "error", err)
	}
	return nil
}

// follow calls each with events that match f and are new since it was called, or since the
// event last, oldest first, until ctx ends or each fails. With none new it is called once a
// poll with nothing.
func (s *Server) follow(ctx context.Context, f store.Filter, last string, each func([]event.Event) error) error {
	f.Until, f.Before, f.Limit = time.Time{}, "", liveBatch
	seen := map[string]time.Time{}
	began := time.Now()
	f.Since = began.Add(-liveOverlap)
	if at, ok := event.IDTime(last); ok && at.Before(f.Since) && began.Sub(at) < liveLife {
		f.Since = at
	} else if !ok {
		last = ""
	}
	first := true
	tick := time.NewTicker(livePoll)
	defer tick.Stop()
	for {
		events, err := s.o.Store.Events(ctx, f)
		if err != nil && ctx.Err() == nil {
			s.log.Debug("live answer", "error", err) // the database may be back in a second
		}
		var fresh []event.Event
		for i := len(events) - 1; i >= 0; i-- {
			id := events[i].ID
			if _, known := seen[id]; !known && (!first || last != "" && id > last) {
				fresh = append(fresh, events[i])
			}
			seen[id] = events[i].Time
		}
		if err == nil {
			first = false
			f.Since = time.Now().Add(-liveOverlap)
		}
		for id, at := range seen {
			if at.Before(f.Since.Add(-liveOverlap)) {
				delete(seen, id)
			}
		}
		if err := each(fresh); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// apiLive tells events as they come.
func (s *Server) apiLive(w http.ResponseWriter, r *http.Request, v *visitor) error {
	f, err := s.apiFilter(r.Context(), v, r.URL.Query())
	if err != nil {
		return err
	}
	return s.stream(w, r, f, "event", func(ctx context.Context, events []event.Event) ([]string, error) {
		if err := s.hide(ctx, v, events); err != nil {
			return nil, err
		}
		lines := make([]string, len(events))
		for i := range events {
			line, err := json.Marshal(&events[i])
			if err != nil {
				return nil, err
			}
			lines[i] = string(line)
		}
		return lines, nil
	})
}

// eventsLive sends events as rows of the list.
func (s *Server) eventsLive(w http.ResponseWriter, r *http.Request, v *visitor) error {
	q, err := s.eventQuery(r.Context(), v, r.URL.Query())
	if err != nil {
		return err
	}
	return s.stream(w, r, q.Filter, "row", func(ctx context.Context, events []event.Event) ([]string, error) {
		rows, err := s.eventRows(ctx, v, events, "?"+q.Values.Encode())
		if err != nil {
			return nil, err
		}
		lines := make([]string, len(rows))
		for i, row := range rows {
			html, err := s.partial("events", "eventrow", row)
			if err != nil {
				return nil, err
			}
			lines[i] = strings.ReplaceAll(string(html), "\n", "")
		}
		return lines, nil
	})
}
