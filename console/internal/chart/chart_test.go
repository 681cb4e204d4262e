package chart

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

// wellFormed fails unless the drawing parses, and returns how often each element and class
// occurs.
func wellFormed(t *testing.T, markup string) map[string]int {
	t.Helper()
	seen := map[string]int{}
	dec := xml.NewDecoder(strings.NewReader("<x>" + markup + "</x>"))
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return seen
		}
		if err != nil {
			t.Fatalf("%v in %s", err, markup)
		}
		start, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		seen[start.Name.Local]++
		for _, a := range start.Attr {
			switch {
			case a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on"):
				t.Errorf("<%s> has the attribute %s, which the policy of the pages forbids", start.Name.Local, a.Name.Local)
			case a.Name.Local == "class":
				for word := range strings.FieldsSeq(a.Value) {
					seen["."+word]++
				}
			}
			if strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
				t.Errorf("<%s %s=%q> is no number", start.Name.Local, a.Name.Local, a.Value)
			}
		}
	}
}

func TestDrawings(t *testing.T) {
	hostile := `<script>"&'`
	steps := []Step{{Name: "Mon " + hostile, Tick: hostile, Href: `/x?a=1&b="`}, {Name: "Tue", Tick: "T"}, {Name: "Wed", Tick: "W", Href: "/w"}}
	two := []Series{{Name: hostile, Class: "s-approved", Values: []float64{1, 2, 3}}, {Name: "b", Class: "s-in_review", Values: []float64{0, 5}}}
	cases := map[string]struct {
		markup string
		want   map[string]int
	}{
		"stacked areas have an area a series and a hit a step": {
			string(Area{ID: "a", Title: hostile, Steps: steps, Series: two}.HTML()),
			map[string]int{".area": 2, ".hit": 3, "title": 1, "desc": 1, "table": 1, "tr": 4},
		},
		"columns have a bar a value that is not zero": {
			string(Area{ID: "a", Steps: steps, Series: two, Bars: true}.HTML()), map[string]int{".bar": 4, ".area": 0, ".hit": 3},
		},
		"a single step is a column":      {string(Area{ID: "a", Steps: steps[:1], Series: two[:1]}.HTML()), map[string]int{".bar": 1, ".hit": 1}},
		"no steps draw nothing":          {string(Area{ID: "a"}.HTML()), map[string]int{"svg": 0}},
		"a spark has a line and a dot":   {string(Spark([]float64{0, 3, 1}, hostile, hostile)), map[string]int{".edge": 1, ".dot": 1}},
		"a spark of one value is empty":  {string(Spark([]float64{3}, "x", "")), map[string]int{".edge": 0, "svg": 1}},
		"a meter has a track and a fill": {string(Meter(3, 0, "x")), map[string]int{".track": 1, ".fill": 1}},
		"an empty heat map has its cells": {
			string(Heat{ID: "h", Title: hostile}.HTML()), map[string]int{".cell": 7 * 24, ".h0": 7 * 24, "td": 7 * 24},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			seen := wellFormed(t, c.markup)
			for what, n := range c.want {
				if seen[what] != n {
					t.Errorf("%d × %s, want %d", seen[what], what, n)
				}
			}
			if seen["script"] > 0 {
				t.Error("text became markup")
			}
		})
	}
}

func TestHeatGradesByTheBusiestHour(t *testing.T) {
	h := Heat{ID: "h", Href: func(int, int) string { return "/e" }}
	h.Values[0][9], h.Values[4][17] = 60, 1
	seen := wellFormed(t, string(h.HTML()))
	if seen[".h6"] != 1 || seen[".h1"] != 1 || seen["a"] != 2 {
		t.Errorf("h6 %d, h1 %d, links %d; want one each and two links", seen[".h6"], seen[".h1"], seen["a"])
	}
}

func TestNumbers(t *testing.T) {
	short := map[float64]string{0: "0", 0.5: "0.5", 950: "950", 999.6: "1,000", 1572: "1,572", 9999: "9,999", 36900: "36.9k", 999949: "999.9k", 2.4e6: "2.4M", 3e9: "3B", -1200: "−1,200"}
	for v, want := range short {
		if got := Short(v); got != want {
			t.Errorf("Short(%v) = %q, want %q", v, got, want)
		}
	}
	bytes := map[float64]string{0: "0 B", 812: "812 B", 5400: "5.4 kB", 1e6: "1 MB", 546e6: "546 MB", 2e9: "2 GB", 1e18: "1000 PB"}
	for v, want := range bytes {
		if got := Bytes(v); got != want {
			t.Errorf("Bytes(%v) = %q, want %q", v, got, want)
		}
	}
	for _, v := range []float64{0, 1, 3, 7, 19, 240, 1572, 7301, 1e6 + 1, 1e12} {
		top, step := niceMax(v, 4)
		if top < v || math.Mod(top, step) > 1e-6 || top/step > 6 {
			t.Errorf("niceMax(%v) = %v in steps of %v", v, top, step)
		}
	}
}

func TestCurveNeverOvershoots(t *testing.T) {
	xs, ys := []float64{0, 10, 20, 30, 40}, []float64{0, 100, 100, 0, 5}
	for _, part := range strings.Split(curve(xs, ys), "C")[1:] {
		f := strings.Fields(part)
		for i := 1; i < len(f); i += 2 {
			if strings.HasPrefix(f[i], "-") || len(f[i]) > 5 {
				t.Errorf("control point %s leaves the range of the values", f[i])
			}
		}
	}
}
