package console

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are sluice_console_*; the zero value counts nothing.
type metrics struct {
	signIns  *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

func newMetrics(r prometheus.Registerer) metrics {
	if r == nil {
		return metrics{}
	}
	m := metrics{
		signIns: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sluice_console_sign_ins_total", Help: "Sign-ins to the console by way and result: fine, wrong, limited, refused, failed.",
		}, []string{"how", "result"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sluice_console_request_duration_seconds", Help: "Time the console took for an answer, by route.",
			Buckets: []float64{.001, .0025, .005, .01, .02, .05, .1, .25, 1, 5},
		}, []string{"route"}),
	}
	r.MustRegister(m.signIns, m.duration)
	return m
}

func (m metrics) signIn(how, result string) {
	if m.signIns != nil {
		m.signIns.WithLabelValues(how, result).Inc()
	}
}

func (m metrics) took(route string, d time.Duration) {
	if m.duration != nil {
		m.duration.WithLabelValues(route).Observe(d.Seconds())
	}
}
