package reqmod

import (
	"bytes"
	"compress/gzip"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/extract"
	"github.com/sluice-dlp/sluice/policy"
)

// exposed is what a scraper of the handler's metrics reads.
func exposed(t *testing.T, h *Handler) string {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(h.Collector())
	w := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

// packed is text in gzip.
func packed(t *testing.T, text string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestAFormatThatHasChangedIsCountedRecordedAndSaidOnce(t *testing.T) {
	var log bytes.Buffer
	w := newWorld(t, "", map[string]policy.Status{"chatgpt": policy.Approved}, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	w.ServeICAP(t.Context(), request("POST", gptURL, gpt("hello")))
	for range 2 {
		w.ServeICAP(t.Context(), request("POST", gptURL, `{"action":"next","turns":[{"words":"my card is `+card+`"}]}`))
	}
	const want = `sluice_extract_drift_total{app="chatgpt",method="POST",path="/backend-api/f/conversation"} 2`
	if got := exposed(t, w.Handler); !strings.Contains(got, want) {
		t.Errorf("the metrics lack %s:\n%s", want, got)
	}
	drifts := func(e event.Event) int {
		n := 0
		for _, s := range e.Trace {
			if s.Rule == driftRule {
				n++
			}
		}
		return n
	}
	for i, want := range []int{0, 1, 1} {
		if got := drifts(w.kept.events[i]); got != want {
			t.Errorf("event %d: %d steps of drift in the trace, want %d", i, got, want)
		}
	}
	if e := w.kept.events[1]; len(e.Matches) != 1 || e.Decision.Action != "log" {
		t.Errorf("%d matches, action %s: what no rule finds must be read all the same", len(e.Matches), e.Decision.Action)
	}
	if got := strings.Count(log.String(), "format drift"); got != 1 {
		t.Errorf("the log says it %d times, want once", got)
	}
}

func TestALimitIsNamedInTheTraceAndCounted(t *testing.T) {
	x := extract.New(extract.Options{Member: 1 << 10, Expanded: 1 << 10})
	w := newWorld(t, "", map[string]policy.Status{"chatgpt": policy.Approved}, Options{Extractor: x})
	r := request("POST", gptURL, string(packed(t, gpt(strings.Repeat("many words ", 1000)))), "Content-Encoding: gzip")
	w.ServeICAP(t.Context(), r)
	e := w.kept.events[0]
	if !slices.Contains(e.Gaps, "too_large") || !slices.Contains(e.Trace, event.Step{Rule: "limit", When: true, Reason: "too_large: expanded"}) {
		t.Errorf("gaps %v, trace %v: the limit has no name", e.Gaps, e.Trace)
	}
	if got := exposed(t, w.Handler); !strings.Contains(got, `sluice_extract_limits_total{limit="expanded"} 1`) {
		t.Errorf("the limit is not counted:\n%s", got)
	}
}

func TestDecisionsAndGapsAreCounted(t *testing.T) {
	w := newWorld(t, "", map[string]policy.Status{"chatgpt": policy.InReview}, Options{Extractor: extract.New(extract.Options{Member: 1 << 10, Expanded: 1 << 10})})
	for _, text := range []string{"hello", "hello again", "my card is " + card} {
		w.ServeICAP(t.Context(), request("POST", gptURL, gpt(text)))
	}
	w.ServeICAP(t.Context(), request("POST", gptURL, string(packed(t, gpt(strings.Repeat("many words ", 1000)))), "Content-Encoding: gzip"))
	got := exposed(t, w.Handler)
	for _, want := range []string{
		`sluice_decisions_total{action="allow",status="in_review"} 2`,
		`sluice_decisions_total{action="block",status="in_review"} 2`,
		`sluice_decisions_total{action="coach",status="unreviewed"} 0`,
		`sluice_gaps_total{gap="too_large"} 1`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("the metrics lack %s:\n%s", want, got)
		}
	}
}
