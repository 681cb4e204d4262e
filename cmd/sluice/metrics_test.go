package main

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/profiles"
)

func TestMatcherMetricsTellWhatTheEngineHolds(t *testing.T) {
	rules, err := dlp.Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := dlp.New(rules, dlp.Options{Key: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	engine.Scan(t.Context(), dlp.Query{}, dlp.Text{Data: []byte("write to alice@example.org")})
	r := prometheus.NewRegistry()
	r.MustRegister(matcherMetrics{engine.Usage})
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	least := map[string]float64{
		"sluice_dlp_patterns": 100, "sluice_dlp_engine_bytes": 100_000, "sluice_dlp_automata_bytes": 1000,
		"sluice_dlp_goroutine_bytes": 10_000, "sluice_dlp_unanchored_patterns": 0, "sluice_dlp_re2_bytes": 0, "sluice_dlp_redone_total": 0,
	}
	if len(families) != len(least) {
		t.Errorf("%d metrics, want %d", len(families), len(least))
	}
	for _, f := range families {
		m := f.GetMetric()[0]
		if got := m.GetGauge().GetValue() + m.GetCounter().GetValue(); got < least[f.GetName()] {
			t.Errorf("%s is %v, want %v or more", f.GetName(), got, least[f.GetName()])
		}
	}
}
