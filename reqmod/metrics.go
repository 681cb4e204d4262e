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

// counters counts what became of requests. The endpoints of the catalogue and the names of
// actions, statuses, gaps and limits bound them. It is safe for concurrent use.
type counters struct {
	decisions, gaps, drifts, limits, unrecorded *prometheus.CounterVec
	said                                        sync.Map // the drifts that the log has told of
}

func newCounters() *counters {
	vec := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	c := &counters{
		decisions:  vec("sluice_decisions_total", "Requests to AI apps by what was done with them and the app's approval status.", "action", "status"),
		gaps:       vec("sluice_gaps_total", "Requests to AI apps that could not be inspected wholly, by the reason.", "gap"),
		drifts:     vec("sluice_extract_drift_total", "Requests to a known prompt endpoint in which its rule found no text: the app has changed its format.", "app", "method", "path"),
		limits:     vec("sluice_extract_limits_total", "Requests that were not read to their end, by the limit that stopped it.", "limit"),
		unrecorded: vec("sluice_unrecorded_total", "Requests to AI apps whose event could not be recorded, by what was done with them.", "action"),
	}
	// All are there from the start, so that the first one is a rise.
	for action := policy.Allow; action <= policy.Block; action++ {
		c.unrecorded.WithLabelValues(action.String())
		for _, status := range policy.Statuses() {
			c.decisions.WithLabelValues(action.String(), string(status))
		}
	}
	for _, gap := range policy.Gaps() {
		c.gaps.WithLabelValues(string(gap))
	}
	return c
}

// decided counts a request when all is decided.
func (c *counters) decided(status policy.Status, d *policy.Decision) {
	c.decisions.WithLabelValues(d.Action.String(), string(status.OrUnreviewed())).Inc()
	for _, gap := range d.Gaps {
		c.gaps.WithLabelValues(string(gap)).Inc()
	}
}

// drifted counts one request and reports whether it is the first of its endpoint.
func (c *counters) drifted(d drift) (first bool) {
	c.drifts.WithLabelValues(d.app, d.method, d.path).Inc()
	_, said := c.said.LoadOrStore(d, true)
	return !said
}

// note counts what became of the extraction, and says it in the trace: limits by their
// names, and a format that is no longer the one that the catalogue knows. Neither changes
// the decision: gaps do that, and what no rule finds is read by the generic one.
func (c *call) note() {
	for _, g := range c.doc.Gaps {
		if g.Limit != "" {
			c.hitLimit(policy.Gap(g.Reason), g.Limit)
		}
	}
	// Half a body need not hold what the rule looks for.
	if !c.doc.Drift || c.partial || c.match.Endpoint == nil || c.match.App == nil {
		return
	}
	e := c.match.Endpoint
	d := drift{c.match.App.ID, c.target.method, e.Path}
	c.notes = append(c.notes, policy.Step{Rule: driftRule, When: true, Reason: "a known prompt endpoint carried no text where its rule looks: " + d.method + " " + d.path})
	if !c.whole && c.h.counters.drifted(d) {
		c.h.o.Log.Warn("format drift: a known prompt endpoint carried no text where its rule looks", "app", d.app, "method", d.method, "path", d.path, "rule_date", e.Date, "rule", e.Source)
	}
}

// hitLimit says in the trace, and counts, that a request was not read to its end.
func (c *call) hitLimit(gap policy.Gap, limit string) {
	c.notes = append(c.notes, policy.Step{Rule: "limit", When: true, Reason: string(gap) + ": " + limit})
	if !c.whole {
		c.h.counters.limits.WithLabelValues(limit).Inc()
	}
}

// Collector returns the metrics of the handler: sluice_decisions_total, sluice_gaps_total,
// sluice_extract_… and sluice_unrecorded_total.
func (h *Handler) Collector() prometheus.Collector { return h.counters }

// Describe implements [prometheus.Collector].
func (c *counters) Describe(ch chan<- *prometheus.Desc) {
	for _, one := range c.all() {
		one.Describe(ch)
	}
}

// Collect implements [prometheus.Collector].
func (c *counters) Collect(ch chan<- prometheus.Metric) {
	for _, one := range c.all() {
		one.Collect(ch)
	}
}

func (c *counters) all() []*prometheus.CounterVec {
	return []*prometheus.CounterVec{c.decisions, c.gaps, c.drifts, c.limits, c.unrecorded}
}
