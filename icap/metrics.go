package icap

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Stats is a snapshot of what a server has done and holds.
type Stats struct {
	Answers    map[Method]map[int]int64 // by method (0: unreadable requests) and ICAP status (0: others)
	Limits     map[string]int64         // how often a limit was hit, by its name
	Open       int                      // connections
	Accepted   int64                    // connections taken
	Refused    int64                    // connections from networks that are not allowed
	BytesIn    int64                    // from clients
	BytesOut   int64                    // to clients
	Continues  int64                    // 100 Continue sent
	Spilled    int64                    // bodies that went to a temporary file
	PassedOpen int64                    // requests passed unread because budgets were spent (FailOpen)
	Panics     int64                    // handler panics
	Memory     int64                    // bytes of buffers charged to the memory budget now
	Spill      int64                    // bytes in temporary files now
	Draining   bool
}

// Stats returns a snapshot. Its numbers are read one after the other, not at one instant.
func (s *Server) Stats() Stats {
	c := &s.counts
	st := Stats{
		Answers: map[Method]map[int]int64{}, Limits: map[string]int64{},
		Open: s.open(), Accepted: c.accepted.Load(), Refused: c.refused.Load(), BytesIn: c.bytesIn.Load(), BytesOut: c.bytesOut.Load(),
		Continues: c.continues.Load(), Spilled: c.spilled.Load(), PassedOpen: c.passedOpen.Load(), Panics: c.panics.Load(),
		Memory: s.memory.used.Load(), Spill: s.spill.used.Load(), Draining: s.leaving.Load(),
	}
	for m := range c.answers {
		for i, status := range statuses {
			n := c.answers[m][i].Load()
			if n == 0 {
				continue
			}
			if st.Answers[Method(m)] == nil {
				st.Answers[Method(m)] = map[int]int64{}
			}
			st.Answers[Method(m)][status] = n
		}
	}
	for l := limitNone + 1; l < limitCount; l++ {
		if n := c.limits[l].Load(); n > 0 {
			st.Limits[limitNames[l]] = n
		}
	}
	return st
}

func (s *Server) open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Collector returns the server's metrics, all of them named sluice_icap_….
func (s *Server) Collector() prometheus.Collector { return collector{s} }

type collector struct{ s *Server }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("sluice_icap_"+name, help, labels, nil)
}

// metrics describes what Collect sends; a collector reads its server's counters, so that
// counting costs an addition and nothing else.
var metrics = struct {
	answers, connections, accepted, refused, received, sent, continues, spilled, passedOpen, panics *prometheus.Desc
	limits, phases, memory, memoryLimit, spill, spillLimit, draining                                *prometheus.Desc
}{
	answers:     desc("requests_total", "Requests by ICAP method and status of the answer.", "method", "status"),
	connections: desc("connections", "Open client connections."),
	accepted:    desc("connections_accepted_total", "Client connections accepted."),
	refused:     desc("connections_refused_total", "Client connections from networks that are not allowed."),
	received:    desc("received_bytes_total", "Bytes received from clients."),
	sent:        desc("sent_bytes_total", "Bytes sent to clients."),
	continues:   desc("continues_total", "Previews that were answered with 100 Continue."),
	spilled:     desc("spilled_bodies_total", "Bodies that went to a temporary file."),
	passedOpen:  desc("passed_open_total", "Requests passed uninspected because a budget was spent and overload is open."),
	panics:      desc("handler_panics_total", "Panics of handlers."),
	limits:      desc("limits_total", "Requests that ran into a limit, by limit.", "limit"),
	phases:      desc("phase_seconds", "Duration of the phases of a request.", "phase"),
	memory:      desc("body_memory_bytes", "Bytes of body buffers in memory."),
	memoryLimit: desc("body_memory_limit_bytes", "Budget of body buffers in memory."),
	spill:       desc("body_spill_bytes", "Bytes of bodies in temporary files."),
	spillLimit:  desc("body_spill_limit_bytes", "Budget of bodies in temporary files."),
	draining:    desc("draining", "1 while the server drains before it stops."),
}

// Describe implements [prometheus.Collector].
func (c collector) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, ch) }

// Collect implements [prometheus.Collector].
func (c collector) Collect(ch chan<- prometheus.Metric) {
	send := func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, kind, v, labels...)
	}
	counts := &c.s.counts
	for m := range counts.answers {
		for i, status := range statuses {
			if n := counts.answers[m][i].Load(); n > 0 {
				send(metrics.answers, prometheus.CounterValue, float64(n), Method(m).String(), statusLabel(status))
			}
		}
	}
	for l := limitNone + 1; l < limitCount; l++ {
		send(metrics.limits, prometheus.CounterValue, float64(counts.limits[l].Load()), limitNames[l])
	}
	for p := range counts.phases {
		count, sum, buckets := counts.phases[p].read()
		ch <- prometheus.MustNewConstHistogram(metrics.phases, count, sum, buckets, phaseNames[p])
	}
	st := c.s.Stats()
	for d, v := range map[*prometheus.Desc]int64{
		metrics.accepted: st.Accepted, metrics.refused: st.Refused, metrics.received: st.BytesIn, metrics.sent: st.BytesOut,
		metrics.continues: st.Continues, metrics.spilled: st.Spilled, metrics.passedOpen: st.PassedOpen, metrics.panics: st.Panics,
	} {
		send(d, prometheus.CounterValue, float64(v))
	}
	draining := 0.0
	if st.Draining {
		draining = 1
	}
	send(metrics.draining, prometheus.GaugeValue, draining)
	send(metrics.connections, prometheus.GaugeValue, float64(st.Open))
	send(metrics.memory, prometheus.GaugeValue, float64(st.Memory))
	send(metrics.memoryLimit, prometheus.GaugeValue, float64(c.s.memory.limit))
	send(metrics.spill, prometheus.GaugeValue, float64(st.Spill))
	send(metrics.spillLimit, prometheus.GaugeValue, float64(c.s.spill.limit))
}

func statusLabel(status int) string {
	if status == 0 {
		return "other"
	}
	return strconv.Itoa(status)
}

// read returns the histogram as Prometheus wants it: cumulative buckets, in seconds.
func (h *histogram) read() (count uint64, sum float64, buckets map[float64]uint64) {
	buckets = make(map[float64]uint64, len(bounds))
	for i, bound := range bounds {
		count += h.buckets[i].Load()
		buckets[bound.Seconds()] = count
	}
	count += h.buckets[len(bounds)].Load()
	return count, time.Duration(h.sum.Load()).Seconds(), buckets
}
