package reqmod

import (
	"sync"
	"sync/atomic"
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
	c.h.missed.add()
	c.h.tellMissed(err)
	if passes {
		return answer
	}
	e.ID = noIncident
	return c.answer(e)
}

// missedEvery is how often the log says that events are not recorded.
const missedEvery = 5 * time.Second

// tellMissed says how many events were not recorded since it last did, when that is long ago:
// after one more of them, with why, and after one that was recorded, without.
func (h *Handler) tellMissed(err error) {
	n := h.missed.due()
	switch {
	case n > 0 && err != nil:
		h.o.Log.Error("events not recorded", "requests", n, "error", err)
	case n > 0:
		h.o.Log.Error("events were not recorded", "requests", n)
	}
}

// missed counts the events that could not be recorded, between two lines of the log. It is
// safe for concurrent use.
type missed struct {
	count atomic.Int64
	mu    sync.Mutex
	since time.Time // of the last line
}

func (m *missed) add() { m.count.Add(1) }

// due returns how many are to be told of now, and begins anew; 0: none.
func (m *missed) due() int64 {
	if m.count.Load() == 0 { // nearly always, and no lock
		return 0
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if now.Sub(m.since) < missedEvery {
		return 0
	}
	m.since = now
	return m.count.Swap(0)
}
