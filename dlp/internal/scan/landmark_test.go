package scan

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

func TestLandmarkFindsWhereItBegins(t *testing.T) {
	cases := map[string]struct {
		expr       string
		text       string
		i, hi, end int // -1: none
	}{
		"the first place":                 {`\btoken[a-z ]{0,40}=[0-9a-f]{20}`, "token one =0123456789abcdef0123", 0, 30, 10},
		"none up to the last one":         {`\btoken[a-z ]{0,40}=[0-9a-f]{20}`, "token one =0123456789abcdef0123", 0, 9, -1},
		"none":                            {`\btoken[a-z ]{0,40}=[0-9a-f]{20}`, "token one two three", 0, 18, -1},
		"not behind the text":             {`\btoken[a-z ]{0,40}=[0-9a-f]{20}`, "token =0123", 0, 10, -1},
		"a class over and over":           {`\bkey[a-z ]{1,30}\d{30}`, "key one 12345 012345678901234567890123456789", 0, 40, 14},
		"digits that lack what is before": {`\bkey[a-z ]{1,30}[=:][0-9a-f]{20}`, "key one 0123456789abcdef01234567890123456789 :0123456789abcdef0123", 0, 60, 45},
		"further than what is asked from": {`\bkey[a-z ]{1,30}\d{30}`, "key one 12345 012345678901234567890123456789", 15, 40, 15},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			db, err := Compile([]Pattern{{Expr: c.expr}}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			m := db.patterns[0].landmark()
			if m == nil {
				t.Fatal("no landmark")
			}
			got := m.find([]byte(c.text), c.i, c.hi)
			if got > c.hi {
				got = -1
			}
			if got != c.end {
				t.Errorf("found at %d, want %d: %d to %d behind, %d bytes", got, c.end, m.near, m.far, len(m.class))
			}
		})
	}
}

// A text that begins a match everywhere is looked through once, not from every place anew.
func TestLandmarkKeepsManyBeginningsCheap(t *testing.T) {
	const expr = `\bserver=[^"'\n]{1,300}?;\s?password=[a-z]{2,100}`
	db, err := Compile([]Pattern{{Expr: expr}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	text := bytes.Repeat([]byte("server=a;"), 20_000)
	copy(text[90_000:], "server=b; password=secret")
	want := regexp.MustCompile(expr).FindIndex(text)
	r := db.runs.New().(*run)
	var got []int
	r.begin(text, nil, func(_, start, end int) bool { got = append(got, start, end); return true })
	if err := r.through(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %v, want %v in %d", got, want, strings.Count(string(text), "server="))
	}
	if n := r.at[0].steps; n > len(text)/2 || db.redone.Load() != 0 {
		t.Errorf("%d steps in %d bytes, %d patterns done again", n, len(text), db.redone.Load())
	}
}

func TestLandmarkIsOneByteWhereThatIsCloseBy(t *testing.T) {
	cases := map[string]struct {
		expr string
		near bool
	}{
		"a brace before a word that can be far away":   {`(?i)\b(?:token|auth)\w{0,16}\s{0,3}\{[^{}]{0,120}?\b(?:key|secret) [a-f0-9]{16}`, true},
		"a brace that can be as far away as the words": {`\b(?:token|auth)[^{}]{0,200}\{[^{}]{0,120}?\b(?:key|secret) [a-f0-9]{16}`, false},
	}
	for name, c := range cases {
		db, err := Compile([]Pattern{{Expr: c.expr}}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		m := db.patterns[0].landmark()
		if m == nil || (m.pivot == 0 && m.byte == '{' && m.far <= markClose) != c.near {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

// A landmark that is written in a few ways is one of those, not any mixture of them, and what
// is not ASCII may be another.
func TestLandmarkIsWritten(t *testing.T) {
	const expr = `(?i)\buser=[^\n]{1,300};\s?(?:password|pwd)\s?=[a-z]{2,100}`
	db, oracle := compiled(t, []string{expr})
	m := db.patterns[0].landmark()
	if m == nil || m.ways == nil {
		t.Fatalf("landmark %+v, want one with its ways", m)
	}
	for text, want := range map[string]bool{";pwd=ab": true, "; PASSWORD =ab": true, ";password4=": false, ";pasd=": false, ";pwd": false, ";paſ": true, "": false} {
		if got := m.written([]byte(text)); got != want {
			t.Errorf("%q: written %v, want %v", text, got, want)
		}
	}
	text := []byte(strings.Repeat("user=a;password4;paſſword=secret\nuser=b;pwd =x;pwd=yy ", 40))
	if n := compare(t, db, oracle, text); n != 41 {
		t.Errorf("%d matches, want one a line", n)
	}
}
