package console

import (
	"errors"
	"fmt"
	"hash/fnv"
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sluice-dlp/sluice/console/internal/chart"
	"github.com/sluice-dlp/sluice/policy"
)

// menuEntry is one line of the side navigation; one with a Heading is that alone.
type menuEntry struct {
	Heading              string
	Nav, Name, Href, Key string
	Tab                  string // short name in the bar of a phone; "" is only in the drawer
	Right                string // who sees it; "" everybody
}

// menu is the side navigation in the order of a day's work.
func menu() []menuEntry {
	return []menuEntry{
		{Nav: "overview", Name: "Overview", Href: "/", Key: "o", Tab: "Overview"},
		{Nav: "apps", Name: "Applications", Href: "/apps", Key: "a", Tab: "Apps"},
		{Nav: "events", Name: "Events", Href: "/events?view=triage", Key: "e", Tab: "Events"},
		{Nav: "people", Name: "People", Href: "/people", Key: "p", Tab: "People"},
		{Nav: "exceptions", Name: "Exceptions", Href: "/exceptions", Key: "x"},
		{Nav: "coverage", Name: "Coverage", Href: "/coverage", Key: "c"},
		{Heading: "Rules"},
		{Nav: "policy", Name: "Policy", Href: "/policy", Key: "r"},
		{Nav: "playground", Name: "Profiles", Href: "/playground", Key: "y"},
		{Nav: "precision", Name: "Precision", Href: "/precision", Key: "f"},
		{Heading: "System"},
		{Nav: "explorer", Name: "Log explorer", Href: "/explorer", Key: "l", Right: string(RightSQL)},
		{Nav: "audit", Name: "Audit trail", Href: "/audit", Key: "t", Right: string(RightReview)},
		{Nav: "settings", Name: "Settings", Href: "/settings", Key: "s"},
		{Nav: "start", Name: "First run", Href: "/start", Key: "1"},
	}
}

// lookFuncs are what templates draw with.
func lookFuncs(a *assets) template.FuncMap {
	return template.FuncMap{
		"menu": menu,
		"icon": func(name string) (template.HTML, error) {
			address, err := a.address("icons.svg")
			return template.HTML(`<svg class="icon" aria-hidden="true"><use href="` + address + `#` + template.HTMLEscapeString(name) + `"/></svg>`), err //nolint:gosec // escaped
		},
		"initials": initials, "initial": initial, "hue": hue,
		"short": func(n any) (string, error) { f, err := number(n); return chart.Short(f), err },
		"size":  func(n any) (string, error) { f, err := number(n); return chart.Bytes(f), err },
		"micros": func(us int64) string {
			return strings.Replace((time.Duration(us) * time.Microsecond).String(), "µs", " µs", 1)
		},
		"spark": chart.Spark,
		"meter": func(v, top any, class string) (template.HTML, error) {
			a, err := number(v)
			b, err2 := number(top)
			return chart.Meter(a, b, class), errors.Join(err, err2)
		},
		"statusName": statusName, "statuses": policy.Statuses, "stateName": stateName,
		"day":    func(t time.Time) string { return t.UTC().Format("2 Jan 2006") },
		"fields": strings.Fields, "dict": dict, "words": words, "plural": plural, "with_query": withQuery,
	}
}

// number takes the numbers that templates hold.
func number(v any) (float64, error) {
	switch v := v.(type) {
	case int:
		return float64(v), nil
	case int64:
		return float64(v), nil
	case float64:
		return v, nil
	}
	return 0, fmt.Errorf("%T is no number", v)
}

// dict makes the data of a partial out of pairs.
func dict(pairs ...any) (map[string]any, error) {
	out := make(map[string]any, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: key %v is no text", pairs[i])
		}
		out[key] = pairs[i+1]
	}
	return out, nil
}

func statusName(s any) string {
	switch fmt.Sprint(s) {
	case "approved":
		return "Approved"
	case "in_review":
		return "In review"
	case "unapproved":
		return "Unapproved"
	}
	return "Unreviewed"
}

// stateName writes a state of triage, or any other id, as words.
func stateName(s any) string {
	text := fmt.Sprint(s)
	if text == "" {
		return "New"
	}
	if text == "accepted" {
		return "Accepted risk"
	}
	text = strings.ReplaceAll(text, "_", " ")
	return strings.ToUpper(text[:1]) + text[1:]
}

// words writes an id as words: credit_card becomes credit card.
func words(id string) string { return strings.ReplaceAll(id, "_", " ") }

// plural writes a count with its noun.
func plural(n any, one, many string) (string, error) {
	f, err := number(n)
	if f == 1 {
		return "1 " + one, err
	}
	return chart.Short(f) + " " + many, err
}

func initial(name string) string {
	r, _ := utf8.DecodeRuneInString(strings.TrimSpace(name))
	if r == utf8.RuneError {
		return "?"
	}
	return strings.ToUpper(string(r))
}

// initials are those of the first two parts of a name.
func initials(name string) string {
	parts := strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune(" ._-@", r) })
	out := ""
	for _, p := range parts[:min(len(parts), 2)] {
		out += initial(p)
	}
	if out == "" {
		return "?"
	}
	return out
}

// hue gives a name one of the colours of tiles, always the same.
func hue(name string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	return fmt.Sprintf("hue%d", h.Sum32()%8)
}

// withQuery returns the query with one field set, or without it when value is empty; a
// changed filter begins at the first page.
func withQuery(q url.Values, key, value string) string {
	out := url.Values{}
	for k, v := range q {
		if k != key && k != "cursor" && len(v) > 0 && v[0] != "" {
			out[k] = v[:1]
		}
	}
	if value != "" {
		out.Set(key, value)
	}
	if len(out) == 0 {
		return "?"
	}
	return "?" + out.Encode()
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
