package reqmod

import (
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/policy"
)

// benchWorld is a Handler without a recorder.
func benchWorld(b *testing.B) *Handler {
	b.Helper()
	catalogue, engine, err := loaded()
	if err != nil {
		b.Fatal(err)
	}
	h, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	rules, err := NewRules(Sources{Catalogue: catalogue, Engine: engine, Statuses: map[string]policy.Status{"chatgpt": policy.Approved}})
	if err != nil {
		b.Fatal(err)
	}
	h.Swap(rules)
	return h
}

func BenchmarkServe(b *testing.B) {
	text := strings.Repeat("Please summarise what we agreed on in the meeting of last week. ", 60)
	for name, r := range map[string]func() *icap.Request{
		"not-ai":       func() *icap.Request { return request("GET", "https://news.example.org/a/b", "") },
		"asset":        func() *icap.Request { return request("GET", "https://chatgpt.com/assets/app-5f2a.js", "") },
		"clean-prompt": func() *icap.Request { return request("POST", gptURL, gpt(text), "Content-Type: application/json") },
	} {
		b.Run(name, func(b *testing.B) {
			h := benchWorld(b)
			b.ReportAllocs()
			for b.Loop() {
				h.ServeICAP(b.Context(), r())
			}
		})
	}
}
