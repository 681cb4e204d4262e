package console

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/sluice-dlp/sluice/store"
)

// The number beside "Events": how far back it looks, where it stops counting, and how old
// it may be.
const (
	queueSpan = 30 * 24 * time.Hour
	queueMax  = 999
	queueLife = 5 * time.Second
)

// queueCount is the last count.
type queueCount struct {
	mu   sync.Mutex
	at   time.Time
	text string
}

// queue returns how many events wait for somebody to look at them; "" for none. When the
// database does not answer it returns the last count: the page will say what is wrong.
func (s *Server) queue(ctx context.Context) string {
	q := &s.queued
	q.mu.Lock()
	defer q.mu.Unlock()
	now := s.now()
	if now.Sub(q.at) < queueLife {
		return q.text
	}
	n, err := s.o.Store.CountEvents(ctx, store.Filter{Since: now.Add(-queueSpan), Notable: true, Review: store.ReviewNew}, queueMax+1)
	if err != nil {
		s.log.Debug("count what waits for triage", "error", err)
		return q.text
	}
	q.at = now
	switch {
	case n == 0:
		q.text = ""
	case n > queueMax:
		q.text = strconv.Itoa(queueMax) + "+"
	default:
		q.text = strconv.FormatInt(n, 10)
	}
	return q.text
}

// forgetQueue makes the next page count anew: this visitor has just changed the number.
func (s *Server) forgetQueue() {
	s.queued.mu.Lock()
	defer s.queued.mu.Unlock()
	s.queued.at = time.Time{}
	s.reports.drop(facetKeys)
}
