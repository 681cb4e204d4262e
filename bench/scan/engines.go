package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	re2 "github.com/wasilibs/go-re2"
	"github.com/wasilibs/go-re2/experimental"
	"github.com/zricethezav/gitleaks/v8/detect"

	"github.com/sluice-dlp/sluice/dlp/internal/scan"
	"github.com/sluice-dlp/sluice/dlp/internal/texts"
)

// engine is one way to scan a text. Slow ones are measured on its first most bytes.
type engine struct {
	name string
	most int
	scan func(text []byte) int // returns how many matches it saw
}

type bench struct {
	exprs     []string // of all profiles
	standard  []string // of the profile default
	every     []string // of all detectors, those that no profile uses, too
	budget    time.Duration
	dir       string
	hyperscan string
	patterns  string // the file with exprs
	ours      []engine
	others    []engine
}

var kernels = []string{"avx512vbmi", "avx2", "portable"}

func (b *bench) prepare() error {
	var err error
	if b.patterns, err = b.write("patterns", []byte(strings.Join(b.exprs, "\n")+"\n")); err != nil {
		return err
	}
	for _, k := range kernels {
		e, err := b.sluice(k, "", b.exprs, nil)
		if err != nil {
			fmt.Printf("no kernel %s: %v\n", k, err)
			continue
		}
		b.ours = append(b.ours, e)
	}
	std := make([]*regexp.Regexp, len(b.exprs))
	each := make([]*re2.Regexp, len(b.exprs))
	for i, e := range b.exprs {
		if std[i], err = regexp.Compile(e); err != nil {
			return err
		}
		if each[i], err = re2.Compile(e); err != nil {
			return err
		}
	}
	set, err := experimental.CompileSet(b.exprs)
	if err != nil {
		return err
	}
	leaks, err := detect.NewDetectorDefaultConfig()
	if err != nil {
		return err
	}
	b.others = []engine{
		{"go-re2, each", 256 << 10, func(text []byte) (n int) {
			for _, re := range each {
				n += len(re.FindAllIndex(text, -1))
			}
			return n
		}},
		{"go-re2, Set: which patterns only", 1 << 20, func(text []byte) int { return len(set.FindAll(text, len(b.exprs))) }},
		{"package regexp, each", 32 << 10, func(text []byte) (n int) {
			for _, re := range std {
				n += len(re.FindAllIndex(text, -1))
			}
			return n
		}},
		{"gitleaks, its own rules", 64 << 10, func(text []byte) int { return len(leaks.DetectBytes(text)) }},
	}
	return nil
}

// db compiles patterns, with list as a further one if there is any.
func (b *bench) db(kernel string, exprs, list []string) (*scan.DB, error) {
	var ps []scan.Pattern
	for _, e := range exprs {
		ps = append(ps, scan.Pattern{Expr: e})
	}
	if len(list) > 0 {
		ps = append(ps, scan.Pattern{Words: list, Fold: true, WholeWord: true})
	}
	return scan.Compile(ps, scan.Options{Kernel: kernel})
}

// sluice returns ours with exprs and list; with tells what is not as in the other tables.
func (b *bench) sluice(kernel, with string, exprs, list []string) (engine, error) {
	db, err := b.db(kernel, exprs, list)
	if err != nil {
		return engine{}, err
	}
	return engine{"Sluice, " + kernel + with, 1 << 62, scanner(db)}, nil
}

// scanner counts the matches of a DB without making garbage.
func scanner(db *scan.DB) func([]byte) int {
	n := 0
	count := func(_, _, _ int) bool { n++; return true }
	return func(text []byte) int {
		n = 0
		if err := db.Scan(context.Background(), text, nil, count); err != nil {
			panic(err)
		}
		return n
	}
}

// variants are ours with the patterns of the profile default only, as requests that ask about
// it are scanned; with a list of 2,000 words besides; and with the patterns of all detectors.
func (b *bench) variants() ([]engine, error) {
	const words = 2000
	var out []engine
	for _, v := range []struct {
		with        string
		exprs, list []string
	}{
		{fmt.Sprintf(", the %d of profile default", len(b.standard)), b.standard, nil},
		{fmt.Sprintf(", and %d words", words), b.exprs, texts.Words(words)},
		{fmt.Sprintf(", the %d of all detectors", len(b.every)), b.every, nil},
	} {
		for _, k := range kernels[:len(b.ours)] {
			e, err := b.sluice(k, v.with, v.exprs, v.list)
			if err != nil {
				return nil, err
			}
			out = append(out, e)
		}
	}
	return out, nil
}

// hyper is what Hyperscan says of one text.
type hyper struct {
	rate     float64 // MB a second
	matches  string
	p50, p99 string
}

// inHyperscan runs Hyperscan over files; piece cuts them up when it is not 0. The note says
// how many of the patterns it takes and how long it compiles.
func (b *bench) inHyperscan(rounds, piece int, files ...string) (out map[string]hyper, note string, err error) {
	if b.hyperscan == "" {
		return nil, "", nil
	}
	cmd := exec.Command(b.hyperscan, append([]string{b.patterns, strconv.Itoa(rounds)}, files...)...)
	cmd.Stderr = os.Stderr
	if piece > 0 {
		cmd.Env = append(os.Environ(), "PIECE="+strconv.Itoa(piece))
	}
	text, err := cmd.Output()
	if err != nil {
		return nil, "", fmt.Errorf("run Hyperscan: %w", err)
	}
	out = map[string]hyper{}
	for line := range strings.Lines(string(text)) {
		f := append(strings.Fields(line), "", "")
		if f[0] == "patterns" {
			note = fmt.Sprintf("Hyperscan takes %s of %s patterns and compiles them in %s s", f[1], f[2], f[3])
			continue
		}
		rate, _ := strconv.ParseFloat(f[1], 64)
		out[f[0]] = hyper{rate, f[2], f[3], f[4]}
	}
	return out, note, nil
}

func base(file string) string { return filepath.Base(file) }

// rate scans text again and again and returns the megabytes a second of processor time in
// the best round, and the matches.
func (b *bench) rate(e *engine, text []byte) (rate float64, matches int) {
	text = text[:min(len(text), e.most)]
	matches = e.scan(text) // what is built once is not what is measured
	best, spent := time.Duration(1<<62), time.Duration(0)
	for n := 0; spent < b.budget && n < 200; n++ {
		start := cpuTime()
		e.scan(text)
		took := cpuTime() - start
		best, spent = min(best, took), spent+took
	}
	return float64(len(text)) / 1e6 / max(best, time.Microsecond).Seconds(), matches
}

// percentiles returns the median and the 99th percentile in µs.
func percentiles(took []time.Duration) (p50, p99 float64) {
	slices.Sort(took)
	return float64(took[len(took)/2]) / 1e3, float64(took[len(took)*99/100]) / 1e3
}
