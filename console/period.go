package console

import (
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/store"
)

// window is the period of a page, in steps of its charts.
type window struct {
	store.Period
	Name  string // of the choice: "30d"
	Step  time.Duration
	Steps []time.Time
}

// windowChoices are the periods that pages offer, with the steps of their charts.
var windowChoices = []struct {
	Name, Text string
	length     time.Duration
	step       time.Duration
}{
	{"24h", "24 h", 24 * time.Hour, time.Hour},
	{"7d", "7 d", 7 * 24 * time.Hour, 24 * time.Hour},
	{"30d", "30 d", 30 * 24 * time.Hour, 24 * time.Hour},
	{"90d", "90 d", 90 * 24 * time.Hour, 24 * time.Hour},
}

// windowOf reads the period of a page; def where the query names none that is offered.
func windowOf(q url.Values, def string, now time.Time) window {
	name := q.Get("since")
	for pass := 0; ; pass++ {
		for _, c := range windowChoices {
			if c.Name == name {
				to := now.UTC().Truncate(c.step).Add(c.step)
				s := window{Period: store.Period{From: to.Add(-c.length), To: to}, Name: c.Name, Step: c.step}
				for at := s.From; at.Before(to); at = at.Add(c.step) {
					s.Steps = append(s.Steps, at)
				}
				return s
			}
		}
		if name = def; pass > 0 {
			name = windowChoices[2].Name
		}
	}
}

// before is the period of the same length that ends where this one begins.
func (s window) before() store.Period {
	return store.Period{From: s.From.Add(-s.To.Sub(s.From)), To: s.From}
}

// index returns the step that t falls into, or -1.
func (s window) index(t time.Time) int {
	if t.Before(s.From) || !t.Before(s.To) {
		return -1
	}
	return int(t.Sub(s.From) / s.Step)
}

// Text says which days these are.
func (s window) Text() string {
	last := s.To.Add(-time.Second)
	if s.Step < 24*time.Hour {
		return s.From.Format("2 Jan 15:04") + " – " + s.To.Format("2 Jan 15:04") + " UTC"
	}
	if s.From.Year() == last.Year() {
		return s.From.Format("2 Jan") + " – " + last.Format("2 Jan 2006")
	}
	return s.From.Format("2 Jan 2006") + " – " + last.Format("2 Jan 2006")
}

// Length names the period for "vs previous".
func (s window) Length() string {
	for _, c := range windowChoices {
		if c.Name == s.Name {
			return c.Text
		}
	}
	return s.Name
}

// Tick and title of a step.
func (s window) tick(t time.Time) string {
	if s.Step < 24*time.Hour {
		return t.Format("15:04")
	}
	return t.Format("2 Jan")
}

func (s window) title(t time.Time) string {
	if s.Step < 24*time.Hour {
		return t.Format("Mon 2 Jan 15:04")
	}
	return t.Format("Mon 2 Jan")
}

// choice is one entry of a row of links.
type choice struct {
	Text, Href, Count string
	Current           bool
	Nav               string // icon
	ID                string // of a saved view that the visitor may drop
}

// periods are the links of the period switch.
func (s window) periods(q url.Values) []choice {
	var list []choice
	for _, c := range windowChoices {
		list = append(list, choice{Text: c.Text, Href: withQuery(q, "since", c.Name), Current: c.Name == s.Name})
	}
	return list
}

// parseTime is [event.ParseTime] of what a visitor wrote.
func parseTime(text string, now time.Time) (time.Time, error) {
	t, err := event.ParseTime(text, now)
	if err != nil {
		return t, badInput(err.Error() + ".")
	}
	return t, nil
}

// parsePeriod reads where a period begins and ends; "" leaves that open.
func parsePeriod(from, to string, now time.Time) (since, until time.Time, err error) {
	if since, err = parseTime(from, now); err != nil {
		return since, until, err
	}
	if until, err = parseTime(to, now); err == nil && !until.IsZero() && since.After(until) {
		err = badInput("since is later than until; a length of time is one back from now, so that since is the longer one.")
	}
	return since, until, err
}

// change says how a number moved against the period before: "+18%", "new", "".
func change(now, before int64) string {
	switch {
	case before == 0 && now == 0:
		return "±0%"
	case before == 0:
		return "new"
	}
	p := 100 * float64(now-before) / float64(before)
	switch {
	case p > 999:
		return "×" + strconv.FormatFloat(float64(now)/float64(before), 'f', 0, 64)
	case p >= 0.5:
		return fmt.Sprintf("+%.0f%%", p)
	case p <= -0.5:
		return fmt.Sprintf("−%.0f%%", -p)
	}
	return "±0%"
}
