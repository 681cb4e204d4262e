package scan

import (
	"fmt"
	"sync"
	"testing"

	"github.com/sluice-dlp/sluice/dlp/internal/texts"
)

func TestNoGarbageWhenNothingMatches(t *testing.T) {
	_, exprs := patternList(t)
	text := ordinary(t).Prose[:64<<10]
	for _, k := range kernels() {
		db, err := Compile([]Pattern{{Expr: exprs[0]}, {Expr: `\bxyzzy-\d{9}\b`}, {Words: texts.Words(100), Fold: true}}, Options{Kernel: k.name})
		if err != nil {
			t.Fatal(err)
		}
		none := func(_, _, _ int) bool { return true }
		n := testing.AllocsPerRun(20, func() {
			if err := db.Scan(t.Context(), text, nil, none); err != nil {
				t.Fatal(err)
			}
		})
		if n > 0 && !raceDetector {
			t.Errorf("%s: %v allocations a scan, want none", k.name, n)
		}
	}
}

func TestThousandsOfPatternsInOnePass(t *testing.T) {
	var ps []Pattern
	for i := range 3000 {
		ps = append(ps, Pattern{Expr: fmt.Sprintf(`\b[a-z]%02d-[0-9a-f]{4}-%02d\b`, i/100, i%100)})
	}
	db, err := Compile(ps, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for g := range 4 {
		wait.Go(func() {
			for i := g; i < len(ps); i += 97 {
				text := fmt.Sprintf("see q%02d-beef-%02d there", i/100, i%100)
				got := -1
				if err := db.Scan(t.Context(), []byte(text), nil, func(p, _, _ int) bool { got = p; return true }); err != nil || got != i {
					t.Errorf("pattern %d of %d: found %d, %v", i, len(ps), got, err)
				}
			}
		})
	}
	wait.Wait()
}

func TestUsageTellsWhatIsHeld(t *testing.T) {
	db, err := Compile([]Pattern{{Expr: `\bsk-[a-z]{20}\b`}, {Expr: `[a-z]`}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	before := db.Usage()
	if err := db.Scan(t.Context(), []byte("sk-abcdefghijklmnopqrst"), nil, func(_, _, _ int) bool { return true }); err != nil {
		t.Fatal(err)
	}
	after := db.Usage()
	if after.Patterns != 2 || after.Unanchored != 1 || after.Automata <= before.Automata || after.InRE2 != 0 || after.Tables < 10_000 || after.Goroutine < 10_000 {
		t.Errorf("before %+v, after %+v", before, after)
	}
}
