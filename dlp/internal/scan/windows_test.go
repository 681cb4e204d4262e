package scan

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/dlp/internal/texts"
)

// inWindows scans text in windows whose parts are size bytes long.
func inWindows(t *testing.T, db *DB, n int, text []byte, size int) [][]span {
	t.Helper()
	got := make([][]span, n)
	base := 0
	w := db.Windows(nil, func(p, start, end int) bool {
		got[p] = append(got[p], span{base + start, base + end})
		return true
	})
	for at := 0; at < len(text) || at == 0; at += size {
		base = max(0, at-context4)
		end := min(len(text), at+size+Margin)
		to := min(len(text), at+size)
		if err := w.Next(t.Context(), text[base:end], int64(base), at-base, to-base, end == len(text)); err != nil {
			t.Fatal(err)
		}
	}
	return got
}

func TestWindowsFindWhatTheWholeHas(t *testing.T) {
	_, exprs := patternList(t)
	exprs = append(exprs, `\d{4}`, `[a-z]{3}`, `(?m)^[a-z]{2}`, `\B[a-z]`, `\A.{3}`, `(?s:.{7})`, `x\b|xyz`, `(?i)s{2,5}`)
	db, _ := compiled(t, exprs)
	r := rand.New(rand.NewPCG(21, 22))
	c := ordinary(t)
	var text []byte
	for range 60 {
		from := [][]byte{c.Prose, c.Code, c.Structured}[r.IntN(3)]
		at := r.IntN(len(from) - 5000)
		text = append(text, from[at:at+r.IntN(5000)]...)
		text = append(text, " "+texts.Item(r)+" \xff ſs xyz "+strings.Repeat("ab", r.IntN(50))...)
	}
	want := scanned(t, db, len(exprs), text)
	matches := 0
	for _, size := range []int{1 << 10, 5000, 64 << 10, 1 << 20} {
		got := inWindows(t, db, len(exprs), text, size)
		for p := range exprs {
			matches += len(want[p])
			if !slices.Equal(got[p], want[p]) {
				i := 0
				for i < len(got[p]) && i < len(want[p]) && got[p][i] == want[p][i] {
					i++
				}
				t.Errorf("windows of %d, pattern %q: %d matches, want %d; they part at %d: %v, want %v", size, exprs[p],
					len(got[p]), len(want[p]), i, got[p][i:min(len(got[p]), i+3)], want[p][i:min(len(want[p]), i+3)])
			}
		}
	}
	if matches < 100_000 {
		t.Errorf("compared %d matches, want 100000 or more", matches)
	}
}

func TestWindowMustContinue(t *testing.T) {
	db, _ := compiled(t, []string{`abc`})
	cases := map[string]func(w *Windows) error{
		"a gap":             func(w *Windows) error { return w.Next(t.Context(), make([]byte, 9), 3, 4, 9, true) },
		"too little behind": func(w *Windows) error { return w.Next(t.Context(), make([]byte, 9), 0, 0, 9, false) },
		"part outside":      func(w *Windows) error { return w.Next(t.Context(), make([]byte, 9), 0, 0, 10, true) },
	}
	for name, next := range cases {
		t.Run(name, func(t *testing.T) {
			if err := next(db.Windows(nil, nil)); !errors.Is(err, errWindow) {
				t.Errorf("got %v, want %v", err, errWindow)
			}
		})
	}
}

// Long texts make the other engine work in pieces.
func TestPiecesEqualRegexp(t *testing.T) {
	exprs := []string{
		`[a-z ]`, `(?i)(?:server|host)=[^;\n"]{1,100};[^\n"]{0,200}(?:password|pwd)=[^;\s"]{4,64}`, `\b\w`, `[^a]{1,9}\b`, `(?m)^.{0,3}`,
		`\B.`, `\A..`, `.\z`, `a*`, `\d{4}`, `(?:aa|a)b?`,
	}
	db, oracle := compiled(t, exprs)
	r := rand.New(rand.NewPCG(31, 32))
	matches := 0
	for range 2 {
		var b bytes.Buffer
		for b.Len() < 160_000 {
			b.WriteString([]string{"server=a;", "x", "aab ", "\n", "é", "123456 ", "pwd=abcdef", "\xff", "word word\n"}[r.IntN(9)])
			if r.IntN(500) == 0 {
				b.WriteString(strings.Repeat("server=a;", r.IntN(9000)))
			}
		}
		matches += compare(t, db, oracle, b.Bytes())
		matches += compare(t, db, oracle, bytes.ReplaceAll(b.Bytes(), []byte("\xff"), []byte("ÿ")))
	}
	if matches < 300_000 {
		t.Errorf("compared %d matches, want 300000 or more", matches)
	}
}
