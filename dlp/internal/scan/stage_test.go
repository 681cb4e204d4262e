package scan

import (
	"testing"
	"time"
)

// BenchmarkStages measures the steps of a scan one by one, in nanoseconds per block.
func BenchmarkStages(b *testing.B) {
	c := ordinary(b)
	for _, k := range kernels() {
		for _, list := range []int{0, 2000} {
			db := benchDB(b, k.name, list)
			for name, text := range map[string][]byte{"prose": c.Prose, "code": c.Code, "structured": c.Structured} {
				b.Run(k.name+"/"+name+map[int]string{0: "", 2000: "+words"}[list], func(b *testing.B) {
					r := db.runs.New().(*run)
					text := text[:1<<20]
					best := [4]time.Duration{1 << 40, 1 << 40, 1 << 40, 1 << 40}
					sink := 0
					for b.Loop() {
						for stage := range best {
							r.begin(text, nil, func(_, _, _ int) bool { return true })
							start := time.Now()
							switch stage {
							case 3:
								if err := r.through(b.Context()); err != nil {
									b.Fatal(err)
								}
							default:
								carry := uint64(0)
								for off := 0; off+batch*block+window < len(text); off += batch * block {
									carry = db.kernel.run(&db.plan.tables, text[off:], batch, carry, 0, &r.found)
									if stage > 0 {
										sink += len(r.siftKeys(r.sieve.text(text[off:]), batch))
									}
									if stage > 1 {
										sink += len(r.siftSlots(r.sieve.text(text[off:]), batch))
									}
								}
							}
							best[stage] = min(best[stage], time.Since(start))
						}
					}
					blocks := float64(len(text) / block)
					b.ReportMetric(0, "ns/op")
					b.ReportMetric(float64(best[0])/blocks, "kernel")
					b.ReportMetric(float64(best[1]-best[0])/blocks, "keys")
					b.ReportMetric(float64(best[2]-best[1])/blocks, "slots")
					b.ReportMetric(float64(best[3]-best[2])/blocks, "tries")
				})
			}
		}
	}
}
