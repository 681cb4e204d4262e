package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/dlp/internal/scan"
	"github.com/sluice-dlp/sluice/dlp/internal/texts"
)

// ordinary compares all engines on ordinary texts.
func (b *bench) ordinary(c *texts.Corpora) error {
	kinds := []struct {
		name string
		data []byte
	}{{"prose", c.Prose}, {"code", c.Code}, {"structured", c.Structured}}
	var files []string
	for _, k := range kinds {
		file, err := b.write(k.name, k.data)
		if err != nil {
			return err
		}
		files = append(files, file)
	}
	hs, note, err := b.inHyperscan(3, 0, files...)
	if err != nil {
		return err
	}
	words, err := b.variants()
	if err != nil {
		return err
	}
	fmt.Printf("\n%s\n\n| MB/s of one core (matches) | prose | code | structured |\n|---|---|---|---|\n", note)
	var prose float64
	for _, e := range slices.Concat(b.ours, words, b.others) {
		fmt.Printf("| %s |", e.name)
		for _, k := range kinds {
			r, n := b.rate(&e, k.data)
			fmt.Printf(" %s (%d) |", figure(r), n)
			if k.name == "prose" {
				prose = max(prose, r)
			}
		}
		fmt.Println()
	}
	if hs != nil {
		fmt.Printf("| Hyperscan 5.4, ends only |")
		for _, k := range kinds {
			fmt.Printf(" %s (%s) |", figure(hs[k.name].rate), hs[k.name].matches)
		}
		fmt.Printf("\n\nProse: %.1f times as fast as Hyperscan.\n", prose/hs["prose"].rate)
	}
	return nil
}

func figure(rate float64) string {
	if rate >= 10 {
		return fmt.Sprintf("%.0f", rate)
	}
	return fmt.Sprintf("%.2f", rate)
}

// prompts measures texts of 4 KB one by one, on the clock.
func (b *bench) prompts(list [][]byte) error {
	var all []byte
	for _, p := range list {
		all = append(all, p...)
	}
	file, err := b.write("prompts", all)
	if err != nil {
		return err
	}
	hs, _, err := b.inHyperscan(5, len(list[0]), file)
	if err != nil {
		return err
	}
	words, err := b.variants()
	if err != nil {
		return err
	}
	fmt.Printf("\n| 4 KB prompt | p50 µs | p99 µs | allocations without a match |\n|---|---|---|---|\n")
	for _, e := range slices.Concat(b.ours, words, b.others) {
		rounds := 5
		if e.most < 1<<62 {
			rounds, list = 1, list[:100]
		}
		p50, p99 := 1e9, 1e9
		for range rounds {
			took := make([]time.Duration, 0, len(list))
			for _, p := range list {
				start := time.Now()
				e.scan(p)
				took = append(took, time.Since(start))
			}
			a, z := percentiles(took)
			p50, p99 = min(p50, a), min(p99, z)
		}
		i := slices.IndexFunc(list, func(p []byte) bool { return e.scan(p) == 0 })
		allocs := "every prompt has a match"
		if i >= 0 {
			allocs = fmt.Sprintf("%.0f", testing.AllocsPerRun(100, func() { e.scan(list[i]) }))
		}
		fmt.Printf("| %s | %.1f | %.1f | %s |\n", e.name, p50, p99, allocs)
	}
	if h, ok := hs[base(file)]; ok {
		fmt.Printf("| Hyperscan 5.4, ends only | %s | %s | |\n", h.p50, h.p99)
	}
	return nil
}

// hostile compares ours and Hyperscan on hostile bodies of 1 MB, and tells whether twice
// the size takes twice the time.
func (b *bench) hostile(bodies map[string][]byte) error {
	names := slices.Sorted(maps.Keys(bodies))
	var files []string
	for i, n := range names {
		file, err := b.write(fmt.Sprintf("hostile%d", i), bodies[n])
		if err != nil {
			return err
		}
		files = append(files, file)
	}
	hs, _, err := b.inHyperscan(2, 0, files...)
	if err != nil {
		return err
	}
	set := b.others[1]
	quick := *b
	quick.budget = b.budget / 8
	fmt.Printf("\n| hostile body of 1 MB, MB/s |")
	for _, e := range b.ours {
		fmt.Printf(" %s |", e.name)
	}
	fmt.Printf(" time for twice as much | Hyperscan | go-re2 Set |\n|---|%s---|---|---|\n", strings.Repeat("---|", len(b.ours)))
	for i, n := range names {
		fmt.Printf("| %s |", n)
		var first float64
		for k := range b.ours {
			r, _ := quick.rate(&b.ours[k], bodies[n])
			if k == 0 {
				first = r
			}
			fmt.Printf(" %s |", figure(r))
		}
		half, _ := quick.rate(&b.ours[0], bodies[n][:len(bodies[n])/2])
		other, _ := quick.rate(&set, bodies[n][:256<<10])
		fmt.Printf(" %.2f× | %s | %s |\n", 2*half/first, figure(hs[base(files[i])].rate), figure(other))
	}
	return nil
}

// slowest looks for slow bodies: it strings together parts of what is known to be slow and
// of what patterns look for, and goes on from the slowest. First what it finds is repeated over and over,
// then its parts come in any order with other letters between, so that no text repeats itself.
func (b *bench) slowest(tries int, seed uint64) error {
	const size = 128 << 10
	r := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // the same parts in each run
	var parts []string
	hostile := texts.Hostile(4 << 10)
	for _, name := range slices.Sorted(maps.Keys(hostile)) {
		h := hostile[name]
		parts = append(parts, string(h[:min(40, len(h))]))
	}
	for range 300 {
		parts = append(parts, texts.Item(r))
	}
	recipe := func() (s []string) {
		for range 1 + r.IntN(4) {
			p := parts[r.IntN(len(parts))]
			s = append(s, p[:1+r.IntN(len(p))])
		}
		return s
	}
	repeated := func(s []string) string {
		one := strings.Join(s, "")
		return strings.Repeat(one, size/len(one)+1)
	}
	mixed := func(s []string) string {
		var b strings.Builder
		for b.Len() < size {
			b.WriteString(s[r.IntN(len(s))])
			b.WriteString(texts.Random(r, 1+r.IntN(4), texts.Alnums+" "))
		}
		return b.String()
	}
	e := b.ours[0]
	measure := func(text []byte) float64 {
		e.scan(text)
		best := time.Duration(1 << 62)
		for range 3 {
			start := cpuTime()
			e.scan(text)
			best = min(best, cpuTime()-start)
		}
		return float64(size) / 1e6 / max(best, time.Microsecond).Seconds()
	}
	search := func(how string, text func(s []string) string) {
		worst, least := []string(nil), 1e18
		for i := range tries {
			s := recipe()
			if i > tries/2 && len(worst) > 0 {
				s = slices.Clone(worst)
				switch k := r.IntN(len(s)); r.IntN(3) {
				case 0:
					s[k] = recipe()[0]
				case 1:
					s = append(s, recipe()[0])
				default:
					s[k] = s[k][:1+r.IntN(len(s[k]))]
				}
			}
			if rate := measure([]byte(text(s))[:size]); rate < least {
				worst, least = s, rate
			}
		}
		fmt.Printf("\nThe slowest of %d bodies of 128 KB that a search made: %s MB/s, %.90q %s.\n", tries, figure(least), worst, how)
	}
	search("over and over", repeated)
	search("in any order, with other letters between", mixed)
	return nil
}

// scaling compares one goroutine with two.
func (b *bench) scaling(text []byte) error {
	db, err := b.db(kernels[0], b.exprs, nil)
	if err != nil {
		return err
	}
	cost := map[int]time.Duration{} // processor time, which neighbours do not change
	measure := func(goroutines int) (best float64) {
		cost[goroutines] = 1 << 62
		for range 8 {
			var wait sync.WaitGroup
			start, used := time.Now(), cpuTime()
			for range goroutines {
				wait.Go(func() {
					e := scanner(db)
					for range 4 {
						e(text)
					}
				})
			}
			wait.Wait()
			cost[goroutines] = min(cost[goroutines], (cpuTime()-used)/time.Duration(goroutines))
			best = max(best, float64(goroutines*4*len(text))/1e6/time.Since(start).Seconds())
		}
		return best
	}
	measure(1)
	one, two := measure(1), measure(2)
	fmt.Printf("\nTwo goroutines on %d cores: %.0f MB/s by the clock, one: %.0f, so %.2f times as much; a byte costs %.2f times the processor time.\n",
		runtime.NumCPU(), two, one, two/one, float64(cost[2])/float64(cost[1]))
	return nil
}

// compiling measures loading, and the first scan after it.
func (b *bench) compiling() error {
	prompt := []byte(strings.Repeat("Please summarise the attached report for my manager. ", 80))[:4<<10]
	fmt.Printf("\n| compile | ms of processor time | first 4 KB prompt, µs | tables KB | automata KB | a goroutine KB |\n|---|---|---|---|---|---|\n")
	for _, n := range []int{len(b.exprs), 2000} {
		var ps []scan.Pattern
		for i := range n {
			ps = append(ps, scan.Pattern{Expr: texts.Variant(b.exprs[i%len(b.exprs)], i/len(b.exprs))})
		}
		ps = append(ps, scan.Pattern{Words: texts.Words(2000), Fold: true, WholeWord: true})
		best, first := time.Duration(1<<62), time.Duration(1<<62)
		var u scan.Usage
		for range 5 {
			start := cpuTime()
			db, err := scan.Compile(ps, scan.Options{})
			if err != nil {
				return err
			}
			best = min(best, cpuTime()-start)
			e := scanner(db)
			begin := time.Now()
			e(prompt)
			first = min(first, time.Since(begin))
			u = db.Usage()
		}
		fmt.Printf("| %d patterns and 2,000 words | %.0f | %.0f | %d | %d | %d |\n", n, float64(best)/1e6, float64(first)/1e3, u.Tables>>10, u.Automata>>10, u.Goroutine>>10)
	}
	return nil
}
