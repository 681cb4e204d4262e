package reqmod

import (
	"sync"
	"time"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/policy"
)

// noIncident stands for the incident where there is none to be found.
const noIncident = "none"

// unrecorded decides about a request whose event could not be recorded, and returns its answer.
func (c *call) unrecorded(e *event.Event, answer icap.Answer, err error) icap.Answer {
	stops := c.decision.Action >= policy.Coach && c.decision.Action != policy.Redact
	passes := !stops && c.h.o.FailOpen
	if !stops && !passes {
		c.overload("the request could not be recorded")
	}
	c.h.counters.unrecorded.WithLabelValues(c.decision.Action.String()).Inc()
	if n := c.h.missed.add(time.Now()); n > 0 {
		c.h.o.Log.Error("events not recorded", "requests", n, "error", err)
	}
	if passes {
		return answer
	}
	e.ID = noIncident
	return c.answer(e)
}

// missedEvery is how often the log says that events are not recorded.
const missedEvery = 5 * time.Second

// missed counts the events that could not be recorded, between two lines of the log. It is
// safe for concurrent use.
type missed struct {
	mu    sync.Mutex
	since time.Time // of the last line
	count int64
}

// add counts one, and returns how many are to be told of now; 0: none.
func (m *missed) add(now time.Time) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.count++
	if now.Sub(m.since) < missedEvery {
		return 0
	}
	n := m.count
	m.since, m.count = now, 0
	return n
}
