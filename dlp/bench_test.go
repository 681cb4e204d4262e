package dlp_test

import (
	"context"
	"os"
	"testing"

	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/dlp/internal/texts"
)

func cleanText(tb testing.TB) []byte {
	tb.Helper()
	data, err := os.ReadFile("internal/scan/sample.txt")
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// BenchmarkTexts scans a megabyte of ordinary text, disguises, confidence and all.
func BenchmarkTexts(b *testing.B) {
	e := builtin(b)
	c, err := texts.Ordinary()
	if err != nil {
		b.Fatal(err)
	}
	for name, q := range map[string]dlp.Query{"all": {}, "default": {Profiles: []string{"default"}}} {
		for kind, text := range map[string][]byte{"prose": c.Prose, "code": c.Code, "structured": c.Structured} {
			b.Run(name+"/"+kind, func(b *testing.B) {
				b.SetBytes(1 << 20)
				for b.Loop() {
					e.Scan(context.Background(), q, dlp.Text{Data: text[:1<<20]})
				}
			})
		}
	}
}

func BenchmarkPrompt(b *testing.B) {
	e := builtin(b)
	text := cleanText(b)
	for name, q := range map[string]dlp.Query{"all": {}, "default": {Profiles: []string{"default"}}} {
		b.Run(name+"/4KB", func(b *testing.B) {
			b.SetBytes(4096)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				e.Scan(context.Background(), q, dlp.Text{Data: text[i : i+4096]})
				if i += 4096; i+4096 > len(text) {
					i = 0
				}
			}
		})
		b.Run(name+"/10x400B", func(b *testing.B) {
			b.SetBytes(4000)
			b.ReportAllocs()
			var list []dlp.Text
			for i := range 10 {
				list = append(list, dlp.Text{Data: text[i*400 : i*400+400]})
			}
			for b.Loop() {
				e.Scan(context.Background(), q, list...)
			}
		})
	}
}
