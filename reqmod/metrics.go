package reqmod

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sluice-dlp/sluice/policy"
)

// driftRule names the step of a trace that says that an app has changed its format.
const driftRule = "format-drift"

// drift is a prompt endpoint whose rule led to no text of the person.
type drift struct{ app, method, path string }

// tallies counts what extraction could not do as it should. The endpoints of the catalogue
// and the names of limits bound it. It is safe for concurrent use.
type tallies struct {
	mu     sync.Mutex
	drifts map[drift]uint64
	limits map[string]uint64
}

// drifted counts one request and reports whether it is the first of its endpoint.
func (t *tallies) drifted(d drift) (first bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.drifts == nil {
		t.drifts = map[drift]uint64{}
	}
	t.drifts[d]++
	return t.drifts[d] == 1
}

func (t *tallies) limited(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.limits == nil {
		t.limits = map[string]uint64{}
	}
	t.limits[name]++
}

// note counts what became of the extraction, and says it in the trace: limits by their
// names, and a format that is no longer the one that the catalogue knows. Neither changes
// the decision: gaps do that, and what no rule finds is read by the generic one.
func (c *call) note() {
	for _, g := range c.doc.Gaps {
		if g.Limit == "" {
			continue
		}
		c.notes = append(c.notes, policy.Step{Rule: "limit", When: true, Reason: g.Reason + ": " + g.Limit})
		if !c.whole {
			c.h.tallies.limited(g.Limit)
		}
	}
	if !c.doc.Drift || c.match.Endpoint == nil || c.match.App == nil {
		return
	}
	e := c.match.Endpoint
	d := drift{c.match.App.ID, c.target.method, e.Path}
	c.notes = append(c.notes, policy.Step{Rule: driftRule, When: true, Reason: "a known prompt endpoint carried no text where its rule looks: " + d.method + " " + d.path})
	if !c.whole && c.h.tallies.drifted(d) {
		c.h.o.Log.Warn("format drift: a known prompt endpoint carried no text where its rule looks", "app", d.app, "method", d.method, "path", d.path, "rule_date", e.Date, "rule", e.Source)
	}
}

var (
	driftTotal = prometheus.NewDesc("sluice_extract_drift_total",
		"Requests to a known prompt endpoint in which its rule found no text: the app has changed its format.", []string{"app", "method", "path"}, nil)
	limitTotal = prometheus.NewDesc("sluice_extract_limits_total", "Requests that were not read to their end, by the limit that stopped it.", []string{"limit"}, nil)
)

// Collector returns the metrics of the handler, named sluice_extract_….
func (h *Handler) Collector() prometheus.Collector { return collector{&h.tallies} }

type collector struct{ t *tallies }

// Describe implements [prometheus.Collector].
func (collector) Describe(ch chan<- *prometheus.Desc) {
	ch <- driftTotal
	ch <- limitTotal
}

// Collect implements [prometheus.Collector].
func (c collector) Collect(ch chan<- prometheus.Metric) {
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	for d, n := range c.t.drifts {
		ch <- prometheus.MustNewConstMetric(driftTotal, prometheus.CounterValue, float64(n), d.app, d.method, d.path)
	}
	for limit, n := range c.t.limits {
		ch <- prometheus.MustNewConstMetric(limitTotal, prometheus.CounterValue, float64(n), limit)
	}
}
