package console

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/store"
)

// Bounds of live answers of the API.
const (
	followOverlap = 30 * time.Second // an event of another node may come that much late
	followBatch   = 500
	followLife    = 10 * time.Minute // then the client asks again, and is checked again
)

// follow calls each with events that match f and are new since it was called, oldest
// first, until ctx ends or each fails. With none new it is called once a poll with nothing.
func (s *Server) follow(ctx context.Context, f store.Filter, each func([]event.Event) error) error {
	seen := map[string]time.Time{}
	f.Since, f.Until, f.Before, f.Limit = time.Now().Add(-followOverlap), time.Time{}, "", followBatch
	events, err := s.o.Store.Events(ctx, f)
	if err != nil {
		return err
	}
	for _, e := range events {
		seen[e.ID] = e.Time
	}
	tick := time.NewTicker(livePoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		f.Since = time.Now().Add(-followOverlap)
		if events, err = s.o.Store.Events(ctx, f); err != nil {
			return err
		}
		var fresh []event.Event
		for i := len(events) - 1; i >= 0; i-- {
			if _, known := seen[events[i].ID]; !known {
				seen[events[i].ID] = events[i].Time
				fresh = append(fresh, events[i])
			}
		}
		for id, at := range seen {
			if at.Before(f.Since.Add(-followOverlap)) {
				delete(seen, id)
			}
		}
		if err := each(fresh); err != nil {
			return err
		}
	}
}

// apiLive tells events as they come.
func (s *Server) apiLive(w http.ResponseWriter, r *http.Request, v *visitor) error {
	f, err := s.apiFilter(r.Context(), v, r.URL.Query())
	if err != nil {
		return err
	}
	if s.live.open.Add(1) > liveTails {
		s.live.open.Add(-1)
		return errTails
	}
	defer s.live.open.Add(-1)
	ctx, cancel := context.WithTimeout(r.Context(), followLife)
	defer cancel()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	out := http.NewResponseController(w)
	send := func(text string) error {
		if err := out.SetWriteDeadline(time.Now().Add(10 * livePoll)); err != nil {
			return err
		}
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
		return out.Flush()
	}
	err = send(": waiting\n\n")
	if err == nil {
		err = s.follow(ctx, f, func(events []event.Event) error {
			if err := s.hide(ctx, v, events); err != nil {
				return err
			}
			var b strings.Builder
			for i := range events {
				data, err := json.Marshal(&events[i])
				if err != nil {
					return err
				}
				fmt.Fprintf(&b, "event: event\ndata: %s\n\n", data)
			}
			if b.Len() == 0 {
				b.WriteString(": nothing new\n\n")
			}
			return send(b.String())
		})
	}
	if err != nil && ctx.Err() == nil { // the answer has begun
		s.log.Debug("a live answer ended", "error", err)
	}
	return nil
}
