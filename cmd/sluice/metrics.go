package main

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/event"
)

// outboxMetrics shows the outbox and its sinks to Prometheus.
type outboxMetrics struct{ recorder *event.Recorder }

var (
	outboxDesc = map[string]*prometheus.Desc{
		"used":     outboxMetric("bytes", "Bytes in use in the outbox."),
		"cap":      outboxMetric("cap_bytes", "Bytes the outbox may use; 0: no limit is known."),
		"stage":    outboxMetric("stage", "0: there is room; 1: over 80 % of the cap, usage only counts; 2: full, requests are answered as overload says."),
		"records":  outboxMetric("recording", "1 while events can be recorded; 0: the outbox is full, or the disk refused the last batch."),
		"recorded": outboxMetric("events_total", "Events on disk."),
		"refused":  outboxMetric("refused_total", "Events refused because the outbox was full."),
		"failures": outboxMetric("write_failures_total", "Transactions that did not reach the disk."),
		"lost":     outboxMetric("lost_total", "Usage events that the disk still refused when the node stopped."),
	}
	sinkLag = prometheus.NewDesc("sluice_sink_lag_events", "Rows of the outbox that a sink does not have yet.", []string{"sink"}, nil)
	sinkUp  = prometheus.NewDesc("sluice_sink_up", "1 when the sink's last batch arrived, 0 while it is tried again.", []string{"sink"}, nil)
)

func outboxMetric(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("sluice_outbox_"+name, help, nil, nil)
}

// Describe implements prometheus.Collector.
func (m outboxMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range outboxDesc {
		ch <- d
	}
	ch <- sinkLag
	ch <- sinkUp
}

// Collect implements prometheus.Collector.
func (m outboxMetrics) Collect(ch chan<- prometheus.Metric) {
	s := m.recorder.Stats()
	var records int64
	if m.recorder.Trouble() == nil {
		records = 1
	}
	gauge, counter := prometheus.GaugeValue, prometheus.CounterValue
	for _, one := range []struct {
		name  string
		kind  prometheus.ValueType
		value int64
	}{
		{"used", gauge, s.Used},
		{"cap", gauge, s.Cap},
		{"stage", gauge, int64(s.Stage)},
		{"records", gauge, records},
		{"recorded", counter, s.Recorded},
		{"refused", counter, s.Refused},
		{"failures", counter, s.Failures},
		{"lost", counter, s.Lost},
	} {
		ch <- prometheus.MustNewConstMetric(outboxDesc[one.name], one.kind, float64(one.value))
	}
	for _, d := range s.Deliveries {
		up := 1.0
		if d.Err != nil {
			up = 0
		}
		ch <- prometheus.MustNewConstMetric(sinkLag, gauge, float64(max(s.Last-d.Position, 0)), d.Sink)
		ch <- prometheus.MustNewConstMetric(sinkUp, gauge, up, d.Sink)
	}
}

// rulesMetric shows whether what runs is what the files say.
func rulesMetric(stale *atomic.Bool) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "sluice_rules_stale", Help: "1 while older rules run than the files hold: the last reload was refused.",
	}, func() float64 {
		if stale.Load() {
			return 1
		}
		return 0
	})
}

// matcherMetrics shows what the running rules' pattern matcher holds to Prometheus.
type matcherMetrics struct{ usage func() dlp.Usage }

var matcherDesc = map[string]*prometheus.Desc{
	"patterns":   matcherMetric("patterns", "Patterns in the running rules."),
	"unanchored": matcherMetric("unanchored_patterns", "Patterns without a rare part, for each of which RE2 reads every text."),
	"tables":     matcherMetric("engine_bytes", "Bytes of the compiled patterns, about."),
	"automata":   matcherMetric("automata_bytes", "Bytes of the states that automata have met since the last reload, about."),
	"goroutine":  matcherMetric("goroutine_bytes", "Bytes of working space for each scan that runs at a time, about."),
	"in_re2":     matcherMetric("re2_bytes", "Bytes of text that are inside RE2."),
	"redone":     matcherMetric("redone_total", "Times that a pattern's budget was spent and RE2 took over, since the last reload."),
}

func matcherMetric(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("sluice_dlp_"+name, help, nil, nil)
}

// Describe implements prometheus.Collector.
func (m matcherMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range matcherDesc {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m matcherMetrics) Collect(ch chan<- prometheus.Metric) {
	u := m.usage()
	for _, one := range []struct {
		name  string
		kind  prometheus.ValueType
		value int64
	}{
		{"patterns", prometheus.GaugeValue, int64(u.Patterns)},
		{"unanchored", prometheus.GaugeValue, int64(u.Unanchored)},
		{"tables", prometheus.GaugeValue, u.Tables},
		{"automata", prometheus.GaugeValue, u.Automata},
		{"goroutine", prometheus.GaugeValue, u.Goroutine},
		{"in_re2", prometheus.GaugeValue, u.InRE2},
		{"redone", prometheus.CounterValue, u.Redone},
	} {
		ch <- prometheus.MustNewConstMetric(matcherDesc[one.name], one.kind, float64(one.value))
	}
}
