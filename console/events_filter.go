package console

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/store"
)

// eventView is a filter that the list of events offers under a name.
type eventView struct {
	Name, Text string
	apply      func(f *store.Filter)
	since      string // where the query has none
}

// eventViews are the views everybody has; saved ones come after them.
var eventViews = []eventView{
	{"triage", "To triage", func(f *store.Filter) { f.Notable, f.Review = true, store.ReviewNew }, "30d"},
	{"mine", "Mine", nil, "90d"},
	{"stopped", "Stopped", func(f *store.Filter) { f.Stopped = true }, "30d"},
	{"matched", "Matches", func(f *store.Filter) { f.Matched = true }, "30d"},
	{"uploads", "Uploads", func(f *store.Filter) { f.Activity = "upload" }, "30d"},
	{"gaps", "Not inspected", func(f *store.Filter) { f.Gap = "any" }, "30d"},
	{"all", "All", func(*store.Filter) {}, ""},
}

// eventQuery is a filter as the address holds it.
type eventQuery struct {
	store.Filter
	View   string
	Values url.Values // what was given, without the cursor
	Short  bool       // a text is looked for in the time of textSince alone
}

// filterFields are the fields of an address that filter, with what chips call them.
var filterFields = []struct{ Key, Text string }{
	{"app", "app"},
	{"user", "person"},
	{"group", "group"},
	{"action", "action"},
	{"status", "status"},
	{"severity", "severity"},
	{"detector", "detector"},
	{"profile", "profile"},
	{"activity", "kind"},
	{"state", "state"},
	{"country", "country"},
	{"gap", "gap"},
	{"assignee", "assignee"},
	{"rule", "rule"},
	{"device", "device"},
	{"ip", "address"},
	{"since", "since"},
	{"until", "until"},
	{"q", "text"},
}

// textSince is how far back a text is looked for where nothing else says it: a name
// that was used long ago is found by reading everything that came since.
const textSince = "7d"

// eventQuery reads a filter. Its error is the visitor's to mend.
func (s *Server) eventQuery(ctx context.Context, v *visitor, q url.Values) (eventQuery, error) {
	out := eventQuery{View: q.Get("view"), Values: url.Values{}}
	if !slices.ContainsFunc(eventViews, func(e eventView) bool { return e.Name == out.View }) {
		out.View = "all"
	}
	out.Values.Set("view", out.View)
	for _, f := range filterFields {
		if x := q.Get(f.Key); x != "" {
			out.Values.Set(f.Key, x)
		}
	}
	f := &out.Filter
	for name, into := range map[string]*bool{"matched": &f.Matched, "notable": &f.Notable} {
		if *into, _ = strconv.ParseBool(q.Get(name)); *into {
			out.Values.Set(name, "true")
		}
	}
	f.App, f.Action, f.Status, f.Detector = q.Get("app"), q.Get("action"), q.Get("status"), q.Get("detector")
	f.Group, f.Activity, f.Country, f.Gap, f.Rule = q.Get("group"), q.Get("activity"), q.Get("country"), q.Get("gap"), q.Get("rule")
	f.Assignee, f.Device, f.IP = q.Get("assignee"), q.Get("device"), q.Get("ip")
	f.Review, f.Text, f.NoNames = store.ReviewState(q.Get("state")), strings.TrimSpace(q.Get("q")), !v.can(RightNames)
	var err error
	if f.User, err = s.userOf(ctx, v, q.Get("user")); err != nil {
		return out, err
	}
	if (f.Device != "" || f.IP != "") && !v.can(RightNames) {
		return out, errNames
	}
	if f.Detectors, err = s.detectorsOf(q.Get("profile"), q.Get("severity")); err != nil {
		return out, err
	}
	since := q.Get("since")
	for _, e := range eventViews {
		if e.Name != out.View {
			continue
		}
		if since == "" {
			since = e.since
		}
		if _, id := event.IDTime(strings.ToLower(f.Text)); since == "" && f.Text != "" && !id {
			since, out.Short = textSince, true
		}
		if e.Name == "mine" {
			f.Assignee = v.Name
		} else {
			e.apply(f)
		}
	}
	f.Since, f.Until, err = parsePeriod(since, q.Get("until"), s.now())
	return out, err
}

// detectorsOf returns the detectors of a profile that have a severity; either may be "" for
// any. It is nil when both are.
func (s *Server) detectorsOf(profile, severity string) ([]string, error) {
	if profile == "" && severity == "" {
		return nil, nil
	}
	if severity != "" && !slices.Contains(severities, severity) {
		return nil, badInput("The severity is low, medium, high or critical.")
	}
	engine, list := s.o.Rules().Engine, []string{}
	for _, p := range engine.Profiles() {
		if profile != "" && p.ID != profile {
			continue
		}
		for _, d := range p.Detectors {
			if (severity == "" || engine.SeverityOf(d).String() == severity) && !slices.Contains(list, d) {
				list = append(list, d)
			}
		}
	}
	return list, nil
}

// bySeverity counts events by the severities of their findings, as the filter does.
func (s *Server) bySeverity(together map[string]int) map[string]int {
	engine, counts := s.o.Rules().Engine, map[string]int{}
	for detectors, n := range together {
		seen := map[string]bool{"": true}
		for d := range strings.SplitSeq(strings.Trim(detectors, "|"), "|") {
			severity := engine.SeverityOf(d).String()
			if !seen[severity] && engine.SeverityOf(d) > 0 {
				counts[severity] += n
				seen[severity] = true
			}
		}
	}
	return counts
}

// With is the address of the list with one field set.
func (q eventQuery) With(key, value string) string { return withQuery(q.Values, key, value) }

// chips are the fields that are set, each with the address that drops it.
func (s *Server) chips(q eventQuery, names map[string]person) []choice {
	var list []choice
	for _, f := range filterFields {
		value := q.Values.Get(f.Key)
		if value == "" {
			continue
		}
		text := value
		switch f.Key {
		case "app":
			text = s.appName(value)
		case "user":
			if p, ok := names[q.User]; ok {
				text = p.Name
			}
		case "detector":
			text = s.detectorName(value)
		case "state", "severity":
			text = words(value)
		}
		list = append(list, choice{Text: text, Count: f.Text, Href: q.With(f.Key, "")})
	}
	return list
}

// facet is one dimension beside the list.
type facet struct {
	Title, Key string
	Values     []choice
}

// facetSize is how many values a dimension shows.
const facetSize = 8

// facets makes the dimensions of what was counted, most frequent values first.
func (s *Server) facets(q eventQuery, c store.Facets, names map[string]person) []facet {
	name := func(key, value string) (text, given string) {
		switch key {
		case "app":
			return s.appName(value), value
		case "status":
			return statusName(value), value
		case "user":
			return names[value].Name, names[value].Key
		case "detector":
			return s.detectorName(value), value
		case "state", "gap", "action", "activity", "severity":
			return stateName(value), value
		}
		return value, value
	}
	var list []facet
	for _, d := range []struct {
		title, key string
		counts     map[string]int
	}{
		{"State", "state", c.Reviews},
		{"Action", "action", c.Actions},
		{"Severity", "severity", s.bySeverity(c.Together)},
		{"Detector", "detector", c.Detectors},
		{"Application", "app", c.Apps},
		{"Approval status", "status", c.Statuses},
		{"Kind", "activity", c.Activities},
		{"Person", "user", c.Users},
		{"Not inspected", "gap", c.Gaps},
		{"Country", "country", c.Countries},
	} {
		var shares []share
		for value, n := range d.counts {
			if text, given := name(d.key, value); given != "" {
				shares = append(shares, share{Name: text, Href: given, Value: float64(n)})
			}
		}
		if len(shares) == 0 || d.key == "country" && len(shares) == 1 {
			continue
		}
		one := facet{Title: d.title, Key: d.key}
		for _, x := range topShares(shares, facetSize) {
			current := q.Values.Get(d.key) == x.Href
			given := x.Href
			if current {
				given = ""
			}
			one.Values = append(one.Values, choice{Text: x.Name, Href: q.With(d.key, given), Count: shortCount(x.Value), Current: current})
		}
		list = append(list, one)
	}
	return list
}
