package chart

import (
	"fmt"
	"html/template"
	"math"
)

// Spark draws a line without axes, with a dot at its end. Label says in words what it
// shows; "" makes it decoration beside a number that says the same.
func Spark(v []float64, class, label string) template.HTML {
	const w, h, margin = 100.0, 30.0, 3.0
	var d drawing
	hidden := `aria-hidden="true"`
	if label != "" {
		hidden = `role="img" aria-label="` + esc(label) + `"`
	}
	d.f(`<svg class="spark %s" viewBox="0 0 %s %s" preserveAspectRatio="none" %s>`, esc(class), num(w), num(h), hidden)
	if n := len(v); n > 1 {
		top := max(peakOf(v), 1)
		xs, ys := make([]float64, n), make([]float64, n)
		for i := range v {
			xs[i] = margin + float64(i)*(w-2*margin)/float64(n-1)
			ys[i] = h - margin - (h-2*margin)*v[i]/top
		}
		line := "M" + num(xs[0]) + " " + num(ys[0]) + curve(xs, ys)
		d.f(`<path class="area" d="%sV%sH%sZ"/><path class="edge" d="%s"/>`, line, num(h), num(xs[0]), line)
		// A line of no length with round ends is a dot that stretching leaves round.
		d.f(`<path class="dot" d="M%s %sh.01"/>`, num(xs[n-1]), num(ys[n-1]))
	}
	d.f(`</svg>`)
	return d.html()
}

// Meter draws v as a share of top, beside a number that says the same.
func Meter(v, top float64, class string) template.HTML {
	share := 0.0
	if top > 0 && v > 0 {
		share = min(max(100*v/top, 1.5), 100)
	}
	return template.HTML(fmt.Sprintf(`<svg class="meter %s" aria-hidden="true"><rect class="track" width="100%%" height="6" rx="3"/><rect class="fill" width="%s%%" height="6" rx="3"/></svg>`, //nolint:gosec // class is escaped, the rest are numbers
		esc(class), num(share)))
}

// Heat is a grid of weekdays by hours.
type Heat struct {
	ID, Title, Unit string
	Values          [7][24]float64 // Monday first
	Href            func(day, hour int) string
}

var weekdays = [7]string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}

// HTML draws the grid with its table.
func (h Heat) HTML() template.HTML {
	top, total, busiest := 0.0, 0.0, "none"
	for d := range h.Values {
		for hour, v := range h.Values[d] {
			if total += v; v > top {
				top, busiest = v, fmt.Sprintf("%s %02d:00", weekdays[d], hour)
			}
		}
	}
	var d drawing
	d.f(`<figure class="chart heat" role="group" aria-labelledby="%s-t"><div class="plotbox"><svg class="yaxis" aria-hidden="true">`, esc(h.ID))
	for i, name := range weekdays {
		d.f(`<text x="100%%" y="%s%%" dy="4" text-anchor="end">%s</text>`, num((float64(i)+0.5)*100/7), name)
	}
	d.f(`</svg><svg class="plot" viewBox="0 0 240 70" preserveAspectRatio="none" role="img" aria-labelledby="%s-t %s-d"><title id="%s-t">%s</title><desc id="%s-d">%s %s; the busiest hour: %s</desc>`,
		esc(h.ID), esc(h.ID), esc(h.ID), esc(h.Title), esc(h.ID), Short(total), esc(h.Unit), busiest)
	for day := range h.Values {
		for hour, v := range h.Values[day] {
			grade := 0
			if v > 0 {
				grade = int(math.Ceil(6 * v / top))
			}
			name := fmt.Sprintf("%s %02d:00–%02d:00", weekdays[day], hour, (hour+1)%24)
			d.f(`<rect class="cell h%d" x="%s" y="%s" width="9" height="9" rx="1.5" data-title="%s" data-total="%s"/>`, grade,
				num(float64(hour)*10+0.5), num(float64(day)*10+0.5), name, Short(v))
		}
	}
	d.f(`</svg><svg class="xaxis" aria-hidden="true">`)
	for hour := 0; hour < 24; hour += 3 {
		class := ""
		if hour%6 == 3 {
			class = ` class="odd"`
		}
		d.f(`<text%s x="%s%%" y="13" text-anchor="middle">%02d</text>`, class, num((float64(hour)+0.5)*100/24), hour)
	}
	d.f(`</svg></div>`)
	h.table(&d)
	d.f(`</figure>`)
	return d.html()
}

func (h Heat) table(d *drawing) {
	d.f(`<details class="astable"><summary>Show as table</summary><div class="scroll" tabindex="0" role="region" aria-label="%s"><table><thead><tr><th scope="col">Hour</th>`, esc(h.Title))
	for _, name := range weekdays {
		d.f(`<th scope="col" class="num">%s</th>`, name)
	}
	d.f(`</tr></thead><tbody>`)
	for hour := range 24 {
		d.f(`<tr><th scope="row">%02d</th>`, hour)
		for day := range h.Values {
			v := Short(h.Values[day][hour])
			if h.Href != nil && h.Values[day][hour] > 0 {
				v = `<a href="` + esc(h.Href(day, hour)) + `">` + v + `</a>`
			}
			d.f(`<td class="num">%s</td>`, v)
		}
		d.f(`</tr>`)
	}
	d.f(`</tbody></table></div></details>`)
}
