package scan

import (
	"fmt"
	"slices"
	"testing"
)

// The same expression for several patterns is told of each that is asked for, also where RE2 reads
// the text and where it comes in windows.
func TestTwinsAreToldOfEach(t *testing.T) {
	db, err := Compile([]Pattern{
		{Expr: `\b\d{4}\b`}, {Expr: `key-\w+`}, {Expr: `\b\d{4}\b`}, {Expr: `(?s)..`}, {Expr: `\b\d{4}\b`}, {Expr: `(?s)..`},
	}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := db.Unanchored(); !slices.Equal(got, []int{3, 5}) {
		t.Errorf("unanchored: %v, want 3 and 5", got)
	}
	if got := db.Explain(4); got != db.Explain(0) {
		t.Errorf("pattern 4 is looked for as %s, pattern 0 as %s", got, db.Explain(0))
	}
	const text = "1234 key-a 5678"
	numbers := func(p int) []string { return []string{fmt.Sprint(p, " 0"), fmt.Sprint(p, " 11")} }
	pairs := func(p int) (list []string) {
		for i := range len(text) / 2 {
			list = append(list, fmt.Sprint(p, " ", 2*i))
		}
		return list
	}
	cases := map[string]struct {
		only []bool
		want []string
	}{
		"all":             {nil, slices.Concat(numbers(0), []string{"1 5"}, numbers(2), numbers(4), pairs(3), pairs(5))},
		"the first":       {[]bool{true, false, false, true, false, false}, slices.Concat(numbers(0), pairs(3))},
		"others":          {[]bool{false, true, true, false, false, true}, slices.Concat([]string{"1 5"}, numbers(2), pairs(5))},
		"the last of all": {[]bool{false, false, false, false, true, false}, numbers(4)},
		"none of them":    {[]bool{false, true, false, false, false, false}, []string{"1 5"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			slices.Sort(c.want)
			var got []string
			note := func(p, start, _ int) bool {
				got = append(got, fmt.Sprint(p, " ", start))
				return true
			}
			if err := db.Scan(t.Context(), []byte(text), c.only, note); err != nil {
				t.Fatal(err)
			}
			if slices.Sort(got); !slices.Equal(got, c.want) {
				t.Errorf("whole: %q, want %q", got, c.want)
			}
			got = nil
			if err := db.Windows(c.only, note).Next(t.Context(), []byte(text), 0, 0, len(text), true); err != nil {
				t.Fatal(err)
			}
			if slices.Sort(got); !slices.Equal(got, c.want) {
				t.Errorf("in a window: %q, want %q", got, c.want)
			}
		})
	}
	stopped := false
	err = db.Scan(t.Context(), []byte(text), nil, func(p, _, _ int) bool {
		if stopped {
			t.Errorf("pattern %d was told of when nobody wanted more", p)
		}
		stopped = p == 2
		return !stopped
	})
	if err != nil || !stopped {
		t.Errorf("stopped %v, error %v", stopped, err)
	}
}
