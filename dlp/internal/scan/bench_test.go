package scan

import (
	"slices"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/dlp/internal/texts"
)

func benchDB(b *testing.B, kernel string, list int) *DB {
	b.Helper()
	_, exprs := patternList(b)
	var ps []Pattern
	for _, e := range exprs {
		ps = append(ps, Pattern{Expr: e})
	}
	if list > 0 {
		ps = append(ps, Pattern{Words: texts.Words(list), Fold: true, WholeWord: true})
	}
	db, err := Compile(ps, Options{Kernel: kernel})
	if err != nil {
		b.Fatal(err)
	}
	return db
}

func scanAll(b *testing.B, db *DB, text []byte) (n int) {
	err := db.Scan(b.Context(), text, nil, func(_, _, _ int) bool { n++; return true })
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// rate reports how many megabytes f, which handles n bytes, gets done in a second of
// processor time: the median of the rounds, and the best, which is what it does when
// nothing else has the machine.
func rate(b *testing.B, n int, f func()) {
	b.Helper()
	f() // what is built once is not what is measured
	var took []time.Duration
	for b.Loop() {
		start := cpuTime()
		f()
		took = append(took, cpuTime()-start)
	}
	slices.Sort(took)
	b.ReportMetric(float64(n)/1e6/took[len(took)/2].Seconds(), "MB/cpu-s")
	b.ReportMetric(float64(n)/1e6/took[0].Seconds(), "best-MB/cpu-s")
	b.ReportMetric(0, "ns/op")
}

func BenchmarkScan(b *testing.B) {
	c := ordinary(b)
	for _, k := range kernels() {
		for _, list := range []struct {
			name string
			n    int
		}{{"patterns", 0}, {"patterns+2000words", 2000}} {
			db := benchDB(b, k.name, list.n)
			for _, text := range []struct {
				name string
				data []byte
			}{{"prose", c.Prose}, {"code", c.Code}, {"structured", c.Structured}} {
				b.Run(k.name+"/"+list.name+"/"+text.name, func(b *testing.B) {
					n := 0
					rate(b, len(text.data), func() { n = scanAll(b, db, text.data) })
					b.ReportMetric(float64(n), "matches")
				})
			}
		}
	}
}

func BenchmarkPrompt(b *testing.B) {
	prompts := ordinary(b).Prompts(2000)
	for _, k := range kernels() {
		for _, list := range []struct {
			name string
			n    int
		}{{"patterns", 0}, {"patterns+2000words", 2000}} {
			db := benchDB(b, k.name, list.n)
			b.Run(k.name+"/"+list.name, func(b *testing.B) {
				b.ReportAllocs()
				var took []time.Duration
				i := 0
				for b.Loop() {
					start := time.Now()
					scanAll(b, db, prompts[i%len(prompts)])
					took = append(took, time.Since(start))
					i++
				}
				took = took[len(took)/4:]
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)/2])/1e3, "µs-p50")
				b.ReportMetric(float64(took[len(took)*99/100])/1e3, "µs-p99")
			})
		}
	}
}

func BenchmarkHostile(b *testing.B) {
	db := benchDB(b, "", 2000)
	texts := texts.Hostile(1 << 20)
	var names []string
	for name := range texts {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		b.Run(name, func(b *testing.B) {
			rate(b, len(texts[name]), func() { scanAll(b, db, texts[name]) })
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	_, exprs := patternList(b)
	for _, n := range []int{len(exprs), 2000} {
		var ps []Pattern
		for i := range n {
			ps = append(ps, Pattern{Expr: texts.Variant(exprs[i%len(exprs)], i/len(exprs))})
		}
		ps = append(ps, Pattern{Words: texts.Words(2000), Fold: true, WholeWord: true})
		b.Run("", func(b *testing.B) {
			start := cpuTime()
			for b.Loop() {
				if _, err := Compile(ps, Options{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((cpuTime()-start).Milliseconds())/float64(b.N), "cpu-ms")
			b.ReportMetric(float64(n), "patterns")
		})
	}
}
