package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

type options struct {
	sluice   string
	duration time.Duration
	rounds   int
	direct   bool
	squid    bool
}

// compare starts the servers, measures them in turns, and prints the tables as Markdown.
func compare(o options) error {
	dir, err := os.MkdirTemp("", "bench-icap-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil { // Squid gives up root
		return err
	}
	b := &bench{options: o, dir: dir}
	defer b.stop()
	if err := b.startServers(); err != nil {
		return err
	}
	fmt.Printf("%s, %d CPUs, %s, %v a cell, %d round(s)\n", runtime.GOARCH, runtime.NumCPU(), runtime.Version(), o.duration, o.rounds)
	fmt.Println("Each cell: CPU µs of the server a request (requests/s).")
	if o.direct {
		if err := b.alone(); err != nil {
			return err
		}
	}
	if o.squid {
		return b.behindSquid()
	}
	return nil
}

// alone measures the servers without a proxy.
func (b *bench) alone() error {
	sizes := []size{{"GET", 0}, {"4 KB", 4 << 10}, {"64 KB", 64_000}, {"1 MB", 1 << 20}}
	fmt.Println("\n## As Squid asks: bodies under 64 KiB in the preview, Allow: 204")
	if err := b.table(sizes, true); err != nil {
		return err
	}
	fmt.Println("\n## Echo: no preview, no Allow")
	return b.table(sizes, false)
}

type size struct {
	name  string
	bytes int
}

// bench holds what is running.
type bench struct {
	options
	dir     string
	servers []*server
	running []*process
}

// table measures every server with 1, 8 and 64 connections.
func (b *bench) table(sizes []size, asSquid bool) error {
	names := []string{"body", "connections"}
	for _, s := range b.servers {
		names = append(names, s.name)
	}
	printRow(names)
	printRow(slices.Repeat([]string{"---"}, len(names)))
	for _, size := range sizes {
		for _, conns := range []int{1, 8, 64} {
			cells := make([][]result, len(b.servers))
			for range b.rounds {
				for i, s := range b.servers {
					if s.only != nil && !s.only(size.bytes, asSquid) {
						continue
					}
					r := load(target{s.addr, icapRequest(s.addr, s.service, size.bytes, asSquid, asSquid), readICAP, []int{s.pid}}, conns, b.duration)
					if r.failed > 0 || r.err != nil {
						return fmt.Errorf("%s, %s, %d connections: %d failed: %w", s.name, size.name, conns, r.failed, r.err)
					}
					cells[i] = append(cells[i], r)
				}
			}
			row := []string{size.name, fmt.Sprint(conns)}
			for _, rounds := range cells {
				row = append(row, cell(rounds))
			}
			printRow(row)
		}
	}
	return nil
}

// cell shows the medians of some rounds.
func cell(rounds []result) string {
	if len(rounds) == 0 {
		return ""
	}
	cpu := median(rounds, func(r result) float64 { return r.cpu[0] })
	return fmt.Sprintf("%s (%.0f)", short(cpu), median(rounds, func(r result) float64 { return r.perSecond }))
}

func median(rounds []result, of func(result) float64) float64 {
	var all []float64
	for _, r := range rounds {
		all = append(all, of(r))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func short(v float64) string {
	if v >= 100 {
		return fmt.Sprint(math.Round(v))
	}
	return fmt.Sprintf("%.1f", v)
}

func printRow(cells []string) { fmt.Println("| " + strings.Join(cells, " | ") + " |") }

// behindSquid measures what a client of Squid sees: Squid alone, and with each service.
func (b *bench) behindSquid() error {
	origin, err := b.serve("origin")
	if err != nil {
		return err
	}
	type proxy struct {
		name  string
		squid *server
		icap  *server
	}
	proxies := []proxy{{name: "Squid alone"}}
	for _, s := range b.servers {
		if s.only == nil {
			proxies = append(proxies, proxy{name: "+ " + s.name, icap: s})
		}
	}
	for i := range proxies {
		p := &proxies[i]
		if p.squid, err = b.startSquid(filepath.Join(b.dir, fmt.Sprintf("squid%d", i)), origin.addr, p.icap); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	fmt.Println("\n## Behind Squid, 16 connections")
	printRow([]string{"request", "", "requests/s", "p50", "CPU µs Squid", "CPU µs ICAP"})
	printRow(slices.Repeat([]string{"---"}, 6))
	for _, size := range []size{{"GET", 0}, {"POST 4 KB", 4 << 10}} {
		cells := make([][]result, len(proxies))
		head, body := httpRequest("http://api.openai.com/v1/chat/completions", "api.openai.com", size.bytes)
		for range b.rounds {
			for i, p := range proxies {
				pids := []int{p.squid.pid}
				if p.icap != nil {
					pids = append(pids, p.icap.pid)
				}
				r := load(target{p.squid.addr, append(slices.Clone(head), body...), readHTTP, pids}, 16, 2*b.duration)
				if r.failed > 0 || r.err != nil {
					return fmt.Errorf("%s, %s: %d failed: %w", p.name, size.name, r.failed, r.err)
				}
				cells[i] = append(cells[i], r)
			}
		}
		for i, p := range proxies {
			row := []string{
				size.name, p.name, fmt.Sprintf("%.0f", median(cells[i], func(r result) float64 { return r.perSecond })),
				fmt.Sprintf("%.1f ms", median(cells[i], func(r result) float64 { return r.p50.Seconds() * 1e3 })),
				short(median(cells[i], func(r result) float64 { return r.cpu[0] })),
			}
			if p.icap != nil {
				row = append(row, short(median(cells[i], func(r result) float64 { return r.cpu[1] })))
			} else {
				row = append(row, "")
			}
			printRow(row)
		}
	}
	return nil
}
