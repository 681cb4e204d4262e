package chart

import (
	"html/template"
	"strings"
)

// Area is a chart of stacked areas over time. With one series it is a line with a soft
// area under it.
type Area struct {
	ID     string // unique in the page
	Title  string
	Unit   string // what is counted: "requests"
	Column string // what a step is, in the table: "Day"
	Steps  []Step
	Series []Series             // from the bottom up
	Format func(float64) string // default Short
	Bars   bool                 // columns in place of areas: for steps that are not a course
}

// The plot has coordinates of its own and is stretched to its box; ticks are drawn in boxes
// beside it, so that text keeps its size on every screen.
const (
	plotWidth, plotHeight = 1000.0, 240.0
	plotTop               = 6.0 // room for half a stroke at the peak
)

// HTML draws the chart with its table.
func (a Area) HTML() template.HTML {
	if a.Format == nil {
		a.Format = Short
	}
	n := len(a.Steps)
	if n == 0 {
		return ""
	}
	sums := make([]float64, n)
	for _, s := range a.Series {
		for i := range sums {
			sums[i] += at(s.Values, i)
		}
	}
	top, step := niceMax(peakOf(sums), 5)
	var d drawing
	class := "chart"
	if len(a.Series) == 1 {
		class += " single"
	}
	d.f(`<figure class="%s" data-chart="" tabindex="0" role="group" aria-labelledby="%s-t"><div class="plotbox">`, class, esc(a.ID))
	a.yAxis(&d, top, step)
	d.f(`<svg class="plot" viewBox="0 0 %s %s" preserveAspectRatio="none" role="group" aria-labelledby="%s-t %s-d"><title id="%s-t">%s</title><desc id="%s-d">%s</desc>`,
		num(plotWidth), num(plotHeight), esc(a.ID), esc(a.ID), esc(a.ID), esc(a.Title), esc(a.ID), esc(a.describe(sums)))
	for v := 0.0; v <= top+step/2; v += step {
		y := num(level(v, top))
		d.f(`<path class="gl" d="M0 %sH%s"/>`, y, num(plotWidth))
	}
	if a.Bars {
		a.columns(&d, top)
	} else {
		a.layers(&d, top)
	}
	a.hits(&d, sums)
	d.f(`<path class="cross" d="M0 0V%s"/></svg>`, num(plotHeight))
	a.xAxis(&d)
	d.f(`</div>`)
	a.table(&d, sums)
	d.f(`</figure>`)
	return d.html()
}

func at(v []float64, i int) float64 {
	if i < len(v) {
		return v[i]
	}
	return 0
}

// level is the height of a value.
func level(v, top float64) float64 { return plotTop + (plotHeight-plotTop-1)*(1-v/top) }

// place is the position of a step: areas run from edge to edge, columns stand in slots.
func (a Area) place(i int) float64 {
	n := float64(len(a.Steps))
	if a.Bars || n == 1 {
		return plotWidth * (float64(i) + 0.5) / n
	}
	return plotWidth * float64(i) / (n - 1)
}

func (a Area) describe(sums []float64) string {
	total, peak := 0.0, 0
	for i, v := range sums {
		total += v
		if v > sums[peak] {
			peak = i
		}
	}
	return a.Format(total) + " " + a.Unit + " from " + a.Steps[0].Name + " to " + a.Steps[len(a.Steps)-1].Name +
		"; the most, " + a.Format(sums[peak]) + ", " + a.Steps[peak].Name + ". Left and right arrow keys go through the steps, Enter opens one."
}

func (a Area) yAxis(d *drawing, top, step float64) {
	d.f(`<svg class="yaxis" aria-hidden="true">`)
	for v := 0.0; v <= top+step/2; v += step {
		d.f(`<text x="100%%" y="%s%%" dy="4" text-anchor="end">%s</text>`, num(100*level(v, top)/plotHeight), a.Format(v))
	}
	d.f(`</svg>`)
}

// ticks is how many labels fit under a wide chart; the style sheet hides every second one
// on a phone.
const ticks = 8

func (a Area) xAxis(d *drawing) {
	n := len(a.Steps)
	every := max(1, (n+ticks-1)/ticks)
	d.f(`<svg class="xaxis" aria-hidden="true">`)
	for i, k := 0, 0; i < n; i, k = i+every, k+1 {
		anchor, class := "middle", ""
		share := a.place(i) / plotWidth
		switch {
		case share < 0.03:
			anchor = "start"
		case share > 0.97:
			anchor = "end"
		}
		if k%2 == 1 {
			class = ` class="odd"`
		}
		d.f(`<text%s x="%s%%" y="13" text-anchor="%s">%s</text>`, class, num(100*share), anchor, esc(a.Steps[i].Tick))
	}
	d.f(`</svg>`)
}

// layers draws the areas, each on the one before it.
func (a Area) layers(d *drawing, top float64) {
	n := len(a.Steps)
	if n == 1 {
		a.columns(d, top)
		return
	}
	xs, base := make([]float64, n), make([]float64, n)
	for i := range xs {
		xs[i] = a.place(i)
	}
	for _, s := range a.Series {
		low, high := make([]float64, n), make([]float64, n)
		for i := range xs {
			low[i] = level(base[i], top)
			base[i] += at(s.Values, i)
			high[i] = level(base[i], top)
		}
		upper := curve(xs, high)
		start := "M" + num(xs[0]) + " " + num(high[0])
		d.f(`<path class="area %s" d="%s%sL%s %s%sZ"/>`, esc(s.Class), start, upper, num(xs[n-1]), num(low[n-1]), curve(reversed(xs), reversed(low)))
		d.f(`<path class="edge %s" d="%s%s"/>`, esc(s.Class), start, upper)
	}
}

func (a Area) columns(d *drawing, top float64) {
	n := len(a.Steps)
	width := plotWidth / float64(n)
	for i := range n {
		base := 0.0
		for _, s := range a.Series {
			v := at(s.Values, i)
			if v <= 0 {
				continue
			}
			y := level(base+v, top)
			d.f(`<rect class="bar %s" x="%s" y="%s" width="%s" height="%s"/>`, esc(s.Class),
				num(a.place(i)-width*0.36), num(y), num(width*0.72), num(max(level(base, top)-y, 1)))
			base += v
		}
	}
}

// hits draws what the pointer meets: a column a step, with the numbers of its tool tip.
func (a Area) hits(d *drawing, sums []float64) {
	n := len(a.Steps)
	width := plotWidth / max(float64(n-1), 1)
	if a.Bars || n == 1 {
		width = plotWidth / float64(n)
	}
	for i, step := range a.Steps {
		var tip strings.Builder
		if len(a.Series) > 1 {
			for k := len(a.Series) - 1; k >= 0; k-- {
				s := a.Series[k]
				tip.WriteString(s.Class + "\t" + s.Name + "\t" + a.Format(at(s.Values, i)) + "\n")
			}
		}
		x := a.place(i)
		left, right := max(x-width/2, 0), min(x+width/2, plotWidth)
		tag, end := `g role="img"`, "g"
		if step.Href != "" {
			tag, end = `a href="`+esc(step.Href)+`"`, "a"
		}
		d.f(`<%s class="hit" tabindex="-1" aria-label="%s: %s %s" data-x="%s" data-title="%s" data-total="%s" data-tip="%s"><rect x="%s" y="0" width="%s" height="%s"/></%s>`,
			tag, esc(step.Name), esc(a.Format(sums[i])), esc(a.Unit), num(x), esc(step.Name), esc(a.Format(sums[i])), esc(tip.String()),
			num(left), num(right-left), num(plotHeight), end)
	}
}

func (a Area) table(d *drawing, sums []float64) {
	column := a.Column
	if column == "" {
		column = "Time"
	}
	d.f(`<details class="astable"><summary>Show as table</summary><div class="scroll" tabindex="0" role="region" aria-label="%s"><table><thead><tr><th scope="col">%s</th>`, esc(a.Title), esc(column))
	for _, s := range a.Series {
		d.f(`<th scope="col" class="num">%s</th>`, esc(s.Name))
	}
	if len(a.Series) > 1 {
		d.f(`<th scope="col" class="num">Total</th>`)
	}
	d.f(`</tr></thead><tbody>`)
	for i, step := range a.Steps {
		name := esc(step.Name)
		if step.Href != "" {
			name = `<a href="` + esc(step.Href) + `">` + name + `</a>`
		}
		d.f(`<tr><th scope="row">%s</th>`, name)
		for _, s := range a.Series {
			d.f(`<td class="num">%s</td>`, a.Format(at(s.Values, i)))
		}
		if len(a.Series) > 1 {
			d.f(`<td class="num">%s</td>`, a.Format(sums[i]))
		}
		d.f(`</tr>`)
	}
	d.f(`</tbody></table></div></details>`)
}
