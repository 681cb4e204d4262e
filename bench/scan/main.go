// Command scan measures the scan engine beside others that could do its job, in one run:
// Hyperscan, go-re2, package regexp and gitleaks, over ordinary texts, prompts and hostile
// bodies. It prints tables in Markdown. scripts/bench-scan.sh builds and runs it.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/dlp/internal/texts"
	"github.com/sluice-dlp/sluice/profiles"
)

func main() {
	hs := flag.String("hyperscan", "", "the program built from hyperscan/hyperscan.c; empty: without Hyperscan")
	budget := flag.Duration("time", 500*time.Millisecond, "processor time for each engine and text")
	search := flag.Int("search", 100, "bodies to try in the search for slow ones")
	seed := flag.Uint64("seed", 1, "of the search")
	only := flag.String("only", ".", "tables to print: a regular expression of ordinary, prompts, hostile, search, scaling, compile")
	flag.Parse()
	which, err := regexp.Compile(*only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-scan:", err)
		os.Exit(2)
	}
	if err := run(*hs, *budget, *search, *seed, which); err != nil {
		fmt.Fprintln(os.Stderr, "bench-scan:", err)
		os.Exit(1)
	}
}

func run(hyperscan string, budget time.Duration, search int, seed uint64, which *regexp.Regexp) error {
	rules, err := dlp.Load(profiles.FS)
	if err != nil {
		return err
	}
	var ids []string
	for _, p := range rules.Profiles() {
		ids = append(ids, p.ID)
	}
	exprs := rules.Expressions(ids...)
	dir, err := os.MkdirTemp("", "bench-scan-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c, err := texts.Ordinary()
	if err != nil {
		return err
	}
	fmt.Printf("%s; the %d patterns of all built-in profiles; best round of %v of processor time each\n", machine(), len(exprs), budget)
	b := &bench{exprs: exprs, standard: rules.Expressions("default"), every: rules.Expressions(), budget: budget, dir: dir, hyperscan: hyperscan}
	if err := b.prepare(); err != nil {
		return err
	}
	for _, table := range []struct {
		name  string
		print func() error
	}{
		{"ordinary", func() error { return b.ordinary(c) }},
		{"prompts", func() error { return b.prompts(c.Prompts(2000)) }},
		{"hostile", func() error { return b.hostile(texts.Hostile(1 << 20)) }},
		{"search", func() error { return b.slowest(search, seed) }},
		{"scaling", func() error { return b.scaling(c.Prose) }},
		{"compile", b.compiling},
	} {
		if !which.MatchString(table.name) {
			continue
		}
		if err := table.print(); err != nil {
			return err
		}
	}
	return nil
}

// write puts data into a file of the bench's directory and returns its name.
func (b *bench) write(name string, data []byte) (string, error) {
	file := filepath.Join(b.dir, name)
	return file, os.WriteFile(file, data, 0o600)
}
