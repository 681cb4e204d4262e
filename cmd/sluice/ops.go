package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// ops is the listener for those who run Sluice: /healthz, /readyz and /metrics. It is
// apart from ICAP and console, so that it can stay inside.
type ops struct {
	registry *prometheus.Registry
	ready    atomic.Bool
	trouble  func() error // why events cannot be recorded; set before ready is
	server   *http.Server
}

func newOps() *ops {
	o := &ops{registry: prometheus.NewRegistry()}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "sluice_build_info", Help: "Always 1; the labels say which build runs.",
		ConstLabels: prometheus.Labels{"version": build()},
	})
	info.Set(1)
	o.registry.MustRegister(info, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", o.readyz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.registry, promhttp.HandlerOpts{}))
	o.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	return o
}

// readyz answers 200 also while no event can be recorded, and says so: without this node its
// proxy would stop all traffic or let AI traffic pass unseen, and what fills the outbox of
// one node, a database that is away, fills those of the others. "?strict" is for balancers
// that know of better ones.
func (o *ops) readyz(w http.ResponseWriter, r *http.Request) {
	if !o.ready.Load() {
		http.Error(w, "not ready: starting or draining", http.StatusServiceUnavailable)
		return
	}
	err := o.trouble()
	if err == nil {
		fmt.Fprintln(w, "ok")
		return
	}
	text := fmt.Sprintf("degraded: events cannot be recorded: %v", err)
	if r.URL.Query().Has("strict") {
		http.Error(w, text, http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, text)
}

// serve runs until shutdown.
func (o *ops) serve(l net.Listener) error { return o.server.Serve(l) }

func (o *ops) shutdown(ctx context.Context) error { return o.server.Shutdown(ctx) }
