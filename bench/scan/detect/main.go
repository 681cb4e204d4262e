// Command detect measures what detection costs: all built-in profiles with validators,
// context and disguises, beside gitleaks' detector, on clean prompts and on texts made to be
// slow. `make bench-dlp` runs it; docs/benchmarks.md explains the figures.
//
// It is a module of its own, so that nothing that is only measured is a dependency of
// Sluice.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/zricethezav/gitleaks/v8/detect"

	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/profiles"
)

// tool is one scanner.
type tool struct {
	name string
	scan func(text []byte) (findings int)
}

// cell is what one tool needs for one row of texts.
type cell struct {
	perByte  time.Duration // of CPU, for a MiB
	findings int
}

func main() {
	prompts := flag.String("prompts", "profiles/testdata/prompts.jsonl.gz", "labelled prompts; the clean ones are scanned")
	rounds := flag.Int("rounds", 5, "rounds, in which the tools take turns; the median counts")
	span := flag.Duration("span", 200*time.Millisecond, "CPU time of a cell in a round, at least")
	others := flag.Bool("gitleaks", true, "measure gitleaks as well")
	hostile := flag.String("hostile", ".", "measure the hostile texts of which the name matches this")
	flag.Parse()
	named, err := regexp.Compile(*hostile)
	if err == nil {
		err = run(*prompts, *rounds, *span, *others, named)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-dlp:", err)
		os.Exit(1)
	}
}

func run(prompts string, rounds int, span time.Duration, others bool, hostile *regexp.Regexp) error {
	tools, err := sluices()
	if err != nil {
		return err
	}
	mine := len(tools)
	if others {
		d, err := detect.NewDetectorDefaultConfig()
		if err != nil {
			return fmt.Errorf("start gitleaks: %w", err)
		}
		tools = append(tools, tool{"gitleaks", func(text []byte) int { return len(d.DetectBytes(text)) }})
	}
	clean, err := cleanTexts(prompts)
	if err != nil {
		return err
	}
	fmt.Printf("\nClean text, CPU time of one core, median of %d rounds:\n\n| text |", rounds)
	for _, t := range tools {
		fmt.Printf(" %s | MB/s | findings |", t.name)
	}
	fmt.Printf("\n|---|%s\n", repeat("---:|", 3*len(tools)))
	for _, c := range clean {
		fmt.Printf("| %s |", c.name)
		for _, r := range measure(tools, c.texts, rounds, span) {
			fmt.Printf(" %.1f µs | %.0f | %d |", float64(r.perByte.Nanoseconds())/1e3*float64(c.unit)/(1<<20), mbs(r), r.findings)
		}
		fmt.Println()
	}
	hostileTable(tools[:mine], rounds, hostile)
	return nil
}

func repeat(s string, n int) string {
	out := ""
	for range n {
		out += s
	}
	return out
}

func mbs(c cell) float64 { return (1 << 20) / 1e6 / c.perByte.Seconds() }

// sluices returns Sluice with everything and with the default profile.
func sluices() ([]tool, error) {
	rules, err := dlp.Load(profiles.FS)
	if err != nil {
		return nil, err
	}
	e, err := dlp.New(rules, dlp.Options{Key: make([]byte, 32)})
	if err != nil {
		return nil, err
	}
	with := func(q dlp.Query) func([]byte) int {
		return func(text []byte) int { return len(e.Scan(context.Background(), q, dlp.Text{Data: text}).Findings) }
	}
	tools := []tool{
		{"all profiles", with(dlp.Query{})},
		{"default profile", with(dlp.Query{Profiles: []string{"default"}})},
	}
	settle(e, tools)
	return tools, nil
}

// settle waits until a set of profiles that is asked about often has its own matcher: the
// processor time of compiling that, aside, would count as the first texts'.
func settle(e *dlp.Engine, tools []tool) {
	const enough = 2 << 20 // bytes
	text := []byte(strings.Repeat(proseText, enough/len(proseText)))
	for _, t := range tools {
		t.scan(text)
	}
	e.Close() // waits, and scans go on
}

// measure scans texts with all tools in turns.
func measure(tools []tool, texts [][]byte, rounds int, span time.Duration) []cell {
	size := 0
	for _, t := range texts {
		size += len(t)
	}
	out := make([]cell, len(tools))
	for i, t := range tools { // once, so that the automata are made
		for _, text := range texts {
			out[i].findings += t.scan(text)
		}
	}
	took := make([][]time.Duration, len(tools))
	for range rounds {
		for i, t := range tools {
			passes, before := 0, cpu()
			for passes == 0 || cpu()-before < span {
				for _, text := range texts {
					t.scan(text)
				}
				passes++
			}
			took[i] = append(took[i], time.Duration(float64(cpu()-before)*(1<<20)/float64(size*passes)))
		}
	}
	for i := range tools {
		slices.Sort(took[i])
		out[i].perByte = took[i][len(took[i])/2]
	}
	return out
}

// cpu is the CPU time of this process: other work on the machine does not count.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // it only fails for other values of the first argument
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
