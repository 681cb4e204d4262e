// Package chart draws the console's charts as SVG. A drawing holds no colour, no style and
// no script: every mark has a class, so that one drawing serves light, dark, print and
// forced colours under a strict content security policy. Each has a title and a
// description, and its numbers as a table. It is safe for concurrent use.
package chart

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// Series is one line or layer of a chart.
type Series struct {
	Name   string
	Class  string // gives the colour
	Values []float64
}

// Step is one position on the horizontal axis.
type Step struct {
	Name string // in the tool tip and the table: "Mon 16 Nov"
	Tick string // under the axis: "16 Nov"
	Href string // where the step leads; "" makes no link
}

// drawing is markup under construction.
type drawing struct{ strings.Builder }

func (d *drawing) f(format string, a ...any) { fmt.Fprintf(&d.Builder, format, a...) }

func (d *drawing) html() template.HTML {
	return template.HTML(d.String()) //nolint:gosec // every text in it went through esc
}

// esc makes text safe for element content and quoted attributes.
func esc(s string) string { return html.EscapeString(s) }

// num writes a coordinate with one decimal at most.
func num(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

// Short writes a number in at most five characters: 950, 1,572, 36.9k, 2.4M.
func Short(v float64) string {
	switch {
	case v < 0:
		return "−" + Short(-v)
	case v >= 999.95e6:
		return trim(v/1e9) + "B"
	case v >= 999.95e3:
		return trim(v/1e6) + "M"
	case v >= 9999.5:
		return trim(v/1e3) + "k"
	case v >= 999.5:
		n := int(math.Round(v))
		return fmt.Sprintf("%d,%03d", n/1000, n%1000)
	}
	return trim(v)
}

func trim(v float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
}

// Bytes writes a size in decimal units: 812 B, 5.4 kB, 2 GB.
func Bytes(v float64) string {
	units := []string{"B", "kB", "MB", "GB", "TB", "PB"}
	i := 0
	for v >= 999.5 && i < len(units)-1 {
		v /= 1000
		i++
	}
	if v >= 99.95 || i == 0 {
		return strconv.FormatFloat(math.Round(v), 'f', 0, 64) + " " + units[i]
	}
	return trim(v) + " " + units[i]
}

// niceMax returns a round upper bound of an axis and its step, for about n grid lines.
func niceMax(v float64, n int) (top, step float64) {
	if v <= 4 {
		return 4, 1
	}
	raw := v / float64(n)
	mag := math.Pow(10, math.Floor(math.Log10(raw)))
	step = 10 * mag
	for _, m := range []float64{1, 2, 2.5, 5} {
		if raw <= m*mag && (m != 2.5 || mag >= 10) {
			step = m * mag
			break
		}
	}
	return math.Ceil(v/step) * step, step
}

// curve writes a monotone cubic through the points (Fritsch and Carlson), which never
// overshoots: a quiet day between two busy ones stays at its value.
func curve(x, y []float64) string {
	n := len(x)
	if n < 2 {
		return ""
	}
	slope := make([]float64, n-1)
	tangent := make([]float64, n)
	for i := range slope {
		slope[i] = (y[i+1] - y[i]) / (x[i+1] - x[i])
	}
	tangent[0], tangent[n-1] = slope[0], slope[n-2]
	for i := 1; i < n-1; i++ {
		if slope[i-1]*slope[i] > 0 {
			tangent[i] = 2 * slope[i-1] * slope[i] / (slope[i-1] + slope[i])
		}
	}
	var b strings.Builder
	for i := range n - 1 {
		h := (x[i+1] - x[i]) / 3
		b.WriteByte('C')
		for k, v := range []float64{x[i] + h, y[i] + tangent[i]*h, x[i+1] - h, y[i+1] - tangent[i+1]*h, x[i+1], y[i+1]} {
			if k > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(num(v))
		}
	}
	return b.String()
}

// reversed returns a copy of v from its end.
func reversed(v []float64) []float64 {
	out := make([]float64, len(v))
	for i := range v {
		out[len(v)-1-i] = v[i]
	}
	return out
}

func peakOf(v []float64) float64 {
	top := 0.0
	for _, x := range v {
		top = max(top, x)
	}
	return top
}
