package icap

import (
	"sync/atomic"
	"time"
)

// limit names a limit that requests can run into.
type limit uint8

const (
	limitNone limit = iota
	limitConns
	limitHeader
	limitHTTP
	limitPreview
	limitBody
	limitMemory
	limitSpill
	limitHeadTime
	limitBodyTime
	limitWriteTime
	limitCount
)

var limitNames = [limitCount]string{
	limitConns: "connections", limitHeader: "header_bytes", limitHTTP: "http_header_bytes", limitPreview: "preview_bytes",
	limitBody: "body_bytes", limitMemory: "memory", limitSpill: "spill", limitHeadTime: "head_time", limitBodyTime: "body_time",
	limitWriteTime: "write_time",
}

// statuses are the ICAP statuses that are counted one by one; the last slot counts the others.
var statuses = [...]int{200, 204, 206, 400, 404, 405, 408, 413, 500, 501, 503, 505, 0}

func statusSlot(status int) int {
	for i, s := range statuses {
		if s == status {
			return i
		}
	}
	return len(statuses) - 1
}

// counters are what a server counts. All fields are atomic.
type counters struct {
	answers                        [MethodRespmod + 1][len(statuses)]atomic.Int64
	accepted, refused, panics      atomic.Int64
	bytesIn, bytesOut              atomic.Int64
	continues, spilled, passedOpen atomic.Int64
	limits                         [limitCount]atomic.Int64
	phases                         [phaseCount]histogram
}

func (c *counters) hit(l limit) { c.limits[l].Add(1) }

func (c *counters) answered(m Method, status int) {
	c.answers[m][statusSlot(status)].Add(1)
}

// phase is a part of a request's life.
type phase uint8

const (
	phaseHead phase = iota
	phaseBody
	phaseHandler
	phaseWrite
	phaseCount
)

var phaseNames = [phaseCount]string{"head", "body", "handler", "write"}

// bounds are the upper bounds of the histograms' buckets.
var bounds = [...]time.Duration{
	50 * time.Microsecond, 100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second, 30 * time.Second,
}

// histogram counts durations; the last bucket has no upper bound.
type histogram struct {
	buckets [len(bounds) + 1]atomic.Uint64
	sum     atomic.Int64
}

func (h *histogram) observe(d time.Duration) {
	i := 0
	for i < len(bounds) && d > bounds[i] {
		i++
	}
	h.buckets[i].Add(1)
	h.sum.Add(int64(d))
}
