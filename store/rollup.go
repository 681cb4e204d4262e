package store

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

// stopped says that an action is stricter than log.
func stopped(action string) bool { return action != "" && action != "allow" && action != "log" }

func measure(n *event.Numbered) Usage {
	e := &n.Event
	m := Usage{Events: n.Requests(), BytesOut: e.BytesOut, BytesIn: e.BytesIn}
	switch e.Activity {
	case "prompt":
		m.Prompts = m.Events
	case "upload":
		m.Uploads = m.Events
	}
	if n.MatchCount() > 0 {
		m.Matched = m.Events
	}
	if stopped(e.Decision.Action) {
		m.Stopped = m.Events
	}
	return m
}

// Keys of the roll-up tables, in the order of their primary keys.
type (
	usageKey struct {
		app          string
		hour         int64
		usr, device  int64
		src, country string
		grp          int64
		status       string
	}
	appKey struct {
		hour                int64
		app, status, action string
	}
	userAppKey struct {
		app      string
		day, usr int64
		status   string
	}
	// idKey is a day, an interned id, and the app's status where the table has it.
	idKey struct {
		day, id int64
		status  string
	}
	sourceKey struct {
		day int64
		src string
	}
	placeKey struct {
		day                        int64
		country, site, app, status string
	}
	coverageKey struct {
		day                          int64
		app, visibility, source, gap string
		passed                       int64
	}
	matchKey struct {
		day                                                  int64
		app, profile, detector, severity, confidence, action string
	}
	dayApp struct {
		day int64
		app string
	}
	// personKey and appActKey are what rows are added up by first: there are far fewer of them
	// than rows, and each table's key is a part of one of them.
	personKey struct {
		usageKey
		site string
	}
	appActKey struct {
		appKey
		visibility, source, gaps string
	}
)

// matchMeasures are those of match_daily.
type matchMeasures struct{ findings, events int64 }

// route is where an event went, and what decided it: table event_word keeps both.
type route struct{ host, rule string }

// appSeen is what table app keeps.
type appSeen struct {
	name, category, status string
	first, last            time.Time
	latest                 *event.Numbered // within a batch: the row whose name counts
}

// clone returns a copy that shares no memory with a row of the outbox.
func (a *appSeen) clone() appSeen {
	return appSeen{
		name: strings.Clone(a.name), category: strings.Clone(a.category), status: strings.Clone(a.status),
		first: a.first, last: a.last,
	}
}

// tally adds up usage by key.
type tally[K comparable] map[K]*Usage

func (t tally[K]) add(k K, u *Usage) { at(t, k, newUsage).add(u) }

// rollups is the sum of one batch.
type rollups struct {
	usage    tally[usageKey]
	apps     tally[appKey]
	userApps tally[userAppKey]
	users    tally[idKey]
	persons  tally[idKey]
	devices  tally[idKey]
	sources  tally[sourceKey]
	groups   tally[idKey]
	places   tally[placeKey]
	coverage tally[coverageKey]
	matches  map[matchKey]*matchMeasures
	people   map[dayApp]map[uint32]struct{}
	seen     map[string]*appSeen
	routes   map[route]struct{}
}

// sum adds up batch. Unreadable details count as no matches.
func sum(batch []event.Numbered, ids []rowIDs) *rollups {
	r := &rollups{
		usage: tally[usageKey]{}, apps: tally[appKey]{}, userApps: tally[userAppKey]{}, users: tally[idKey]{},
		persons: tally[idKey]{}, devices: tally[idKey]{}, sources: tally[sourceKey]{}, groups: tally[idKey]{}, places: tally[placeKey]{}, coverage: tally[coverageKey]{},
		matches: map[matchKey]*matchMeasures{}, people: map[dayApp]map[uint32]struct{}{}, seen: map[string]*appSeen{},
		routes: map[route]struct{}{},
	}
	byPerson, byApp := tally[personKey]{}, tally[appActKey]{}
	for i := range batch {
		n, id := &batch[i], &ids[i]
		e, m := &n.Event, measure(n)
		hour := floorDiv(e.Time.Unix(), 3600)
		app, status := e.App.ID, e.App.Status
		byPerson.add(personKey{
			usageKey{app, hour, int64(id.usr), int64(id.device), e.Source.IP, e.Source.Country, int64(id.grp), status}, e.Source.Site,
		}, &m)
		byApp.add(appActKey{appKey{hour, app, status, e.Decision.Action}, e.Visibility, e.App.Source, n.Gaps()}, &m)
		r.addApp(n)
		r.routes[route{e.Host, e.Decision.Rule}] = struct{}{}
		if n.MatchCount() > 0 {
			r.addMatches(n, floorDiv(hour, 24))
		}
	}
	for _, a := range r.seen {
		if a.latest.Open() == nil { // its name is in the detail: one row of an app is opened
			a.name = a.latest.Event.App.Name
		}
		a.latest = nil
	}
	for k, m := range byPerson {
		r.addPersonal(&k, m)
	}
	for k, m := range byApp {
		day, passed := floorDiv(k.hour, 24), int64(1)
		if stopped(k.action) && k.action != "notify" {
			passed = 0
		}
		r.apps.add(k.appKey, m)
		r.coverage.add(coverageKey{day, k.app, k.visibility, k.source, firstWord(k.gaps), passed}, m)
	}
	return r
}

func (r *rollups) addPersonal(k *personKey, m *Usage) {
	day := floorDiv(k.hour, 24)
	r.usage.add(k.usageKey, m)
	r.userApps.add(userAppKey{k.app, day, k.usr, k.status}, m)
	r.users.add(idKey{day, k.usr, k.status}, m)
	r.persons.add(idKey{day: day, id: k.usr}, m)
	r.devices.add(idKey{day: day, id: k.device}, m)
	r.sources.add(sourceKey{day, k.src}, m)
	r.groups.add(idKey{day, k.grp, k.status}, m)
	r.places.add(placeKey{day, k.country, k.site, k.app, k.status}, m)
	r.addPerson(dayApp{day, k.app}, uint32(k.usr))
	r.addPerson(dayApp{day, ""}, uint32(k.usr))
}

// days returns the days that r has something of.
func (r *rollups) days() (list []int64) {
	for k := range r.people {
		if k.app == "" {
			list = append(list, k.day)
		}
	}
	return list
}

func (r *rollups) addPerson(k dayApp, usr uint32) {
	set := r.people[k]
	if set == nil {
		set = map[uint32]struct{}{}
		r.people[k] = set
	}
	set[usr] = struct{}{}
}

func (r *rollups) addApp(n *event.Numbered) {
	e := &n.Event
	a := r.seen[e.App.ID]
	if a == nil {
		a = &appSeen{first: e.Time}
		r.seen[e.App.ID] = a
	}
	if e.Time.Before(a.first) {
		a.first = e.Time
	}
	if !e.Time.Before(a.last) {
		a.last, a.category, a.status, a.latest = e.Time, e.App.Category, e.App.Status, n
	}
}

// addMatches adds findings; an event counts once a key, however many parts it matched in.
func (r *rollups) addMatches(n *event.Numbered, day int64) {
	if n.Open() != nil {
		return
	}
	e := &n.Event
	counted := map[matchKey]bool{}
	add := func(k matchKey, findings int64) {
		have := r.matches[k]
		if have == nil {
			have = new(matchMeasures)
			r.matches[k] = have
		}
		have.findings += findings
		if !counted[k] {
			counted[k] = true
			have.events++
		}
	}
	for i := range e.Matches {
		m := &e.Matches[i]
		key := matchKey{day, e.App.ID, "", m.Detector, m.Severity, m.Confidence, e.Decision.Action}
		findings := int64(max(m.Count, 1))
		add(key, findings)
		profiles := slices.Clone(m.Profiles)
		slices.Sort(profiles)
		for _, key.profile = range slices.Compact(profiles) {
			if key.profile != "" {
				add(key, findings)
			}
		}
	}
}

// frames returns the roll-ups table by table, sorted by key: all nodes lock rows in one
// order, and those that every batch touches last.
func (r *rollups) frames() []*frame {
	return []*frame{
		usageFrame(r.usage), userAppFrame(r.userApps), idFrame("user_daily", "usr", true, r.users),
		idFrame("person_daily", "usr", false, r.persons), idFrame("device_daily", "device", false, r.devices), sourceFrame(r.sources), matchFrame(r.matches),
		idFrame("group_daily", "grp", true, r.groups), placeFrame(r.places), coverageFrame(r.coverage), appFrame(r.apps),
	}
}

// sorted returns the keys of m in the order of compare.
func sorted[K comparable, V any](m map[K]V, compare func(a, b K) int) []K {
	return slices.SortedFunc(maps.Keys(m), compare)
}

// pull returns one field of each key.
func pull[K, V any](keys []K, field func(*K) V) []V {
	list := make([]V, len(keys))
	for i := range keys {
		list[i] = field(&keys[i])
	}
	return list
}

// measureColumns returns the measures of keys.
func measureColumns[K comparable](t tally[K], keys []K) []column {
	of := func(name string, field func(*Usage) int64) column {
		return ints(name, pull(keys, func(k *K) int64 { return field(t[*k]) }))
	}
	return []column{
		of("events", func(u *Usage) int64 { return u.Events }),
		of("prompts", func(u *Usage) int64 { return u.Prompts }),
		of("uploads", func(u *Usage) int64 { return u.Uploads }),
		of("matched", func(u *Usage) int64 { return u.Matched }),
		of("stopped", func(u *Usage) int64 { return u.Stopped }),
		of("bytes_out", func(u *Usage) int64 { return u.BytesOut }),
		of("bytes_in", func(u *Usage) int64 { return u.BytesIn }),
	}
}

func newFrame[K comparable](table string, t tally[K], keys []K, columns ...column) *frame {
	return &frame{table: table, keys: len(columns), columns: append(columns, measureColumns(t, keys)...)}
}

func usageFrame(t tally[usageKey]) *frame {
	keys := sorted(t, func(a, b usageKey) int {
		return cmp.Or(strings.Compare(a.app, b.app), cmp.Compare(a.hour, b.hour), cmp.Compare(a.usr, b.usr),
			cmp.Compare(a.device, b.device), strings.Compare(a.src, b.src), strings.Compare(a.country, b.country),
			cmp.Compare(a.grp, b.grp), strings.Compare(a.status, b.status))
	})
	return newFrame("usage_hourly", t, keys,
		texts("app", pull(keys, func(k *usageKey) string { return k.app })),
		ints("hour", pull(keys, func(k *usageKey) int64 { return k.hour })),
		ints("usr", pull(keys, func(k *usageKey) int64 { return k.usr })),
		ints("device", pull(keys, func(k *usageKey) int64 { return k.device })),
		texts("src", pull(keys, func(k *usageKey) string { return k.src })),
		texts("country", pull(keys, func(k *usageKey) string { return k.country })),
		ints("grp", pull(keys, func(k *usageKey) int64 { return k.grp })),
		texts("status", pull(keys, func(k *usageKey) string { return k.status })))
}

func appFrame(t tally[appKey]) *frame {
	keys := sorted(t, func(a, b appKey) int {
		return cmp.Or(cmp.Compare(a.hour, b.hour), strings.Compare(a.app, b.app), strings.Compare(a.status, b.status),
			strings.Compare(a.action, b.action))
	})
	return newFrame("app_hourly", t, keys,
		ints("hour", pull(keys, func(k *appKey) int64 { return k.hour })),
		texts("app", pull(keys, func(k *appKey) string { return k.app })),
		texts("status", pull(keys, func(k *appKey) string { return k.status })),
		texts("action", pull(keys, func(k *appKey) string { return k.action })))
}

func userAppFrame(t tally[userAppKey]) *frame {
	keys := sorted(t, func(a, b userAppKey) int {
		return cmp.Or(strings.Compare(a.app, b.app), cmp.Compare(a.day, b.day), cmp.Compare(a.usr, b.usr), strings.Compare(a.status, b.status))
	})
	return newFrame("user_app_daily", t, keys,
		texts("app", pull(keys, func(k *userAppKey) string { return k.app })),
		ints("day", pull(keys, func(k *userAppKey) int64 { return k.day })),
		ints("usr", pull(keys, func(k *userAppKey) int64 { return k.usr })),
		texts("status", pull(keys, func(k *userAppKey) string { return k.status })))
}

func idFrame(table, id string, withStatus bool, t tally[idKey]) *frame {
	keys := sorted(t, func(a, b idKey) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.id, b.id), strings.Compare(a.status, b.status))
	})
	columns := []column{
		ints("day", pull(keys, func(k *idKey) int64 { return k.day })),
		ints(id, pull(keys, func(k *idKey) int64 { return k.id })),
	}
	if withStatus {
		columns = append(columns, texts("status", pull(keys, func(k *idKey) string { return k.status })))
	}
	return newFrame(table, t, keys, columns...)
}

func sourceFrame(t tally[sourceKey]) *frame {
	keys := sorted(t, func(a, b sourceKey) int { return cmp.Or(cmp.Compare(a.day, b.day), strings.Compare(a.src, b.src)) })
	return newFrame("source_daily", t, keys,
		ints("day", pull(keys, func(k *sourceKey) int64 { return k.day })),
		texts("src", pull(keys, func(k *sourceKey) string { return k.src })))
}

func placeFrame(t tally[placeKey]) *frame {
	keys := sorted(t, func(a, b placeKey) int {
		return cmp.Or(cmp.Compare(a.day, b.day), strings.Compare(a.country, b.country), strings.Compare(a.site, b.site),
			strings.Compare(a.app, b.app), strings.Compare(a.status, b.status))
	})
	return newFrame("place_daily", t, keys,
		ints("day", pull(keys, func(k *placeKey) int64 { return k.day })),
		texts("country", pull(keys, func(k *placeKey) string { return k.country })),
		texts("site", pull(keys, func(k *placeKey) string { return k.site })),
		texts("app", pull(keys, func(k *placeKey) string { return k.app })),
		texts("status", pull(keys, func(k *placeKey) string { return k.status })))
}

func coverageFrame(t tally[coverageKey]) *frame {
	keys := sorted(t, func(a, b coverageKey) int {
		return cmp.Or(cmp.Compare(a.day, b.day), strings.Compare(a.app, b.app), strings.Compare(a.visibility, b.visibility),
			strings.Compare(a.source, b.source), strings.Compare(a.gap, b.gap), cmp.Compare(a.passed, b.passed))
	})
	return newFrame("coverage_daily", t, keys,
		ints("day", pull(keys, func(k *coverageKey) int64 { return k.day })),
		texts("app", pull(keys, func(k *coverageKey) string { return k.app })),
		texts("visibility", pull(keys, func(k *coverageKey) string { return k.visibility })),
		texts("source", pull(keys, func(k *coverageKey) string { return k.source })),
		texts("gap", pull(keys, func(k *coverageKey) string { return k.gap })),
		ints("passed", pull(keys, func(k *coverageKey) int64 { return k.passed })))
}

func matchFrame(t map[matchKey]*matchMeasures) *frame {
	keys := sorted(t, func(a, b matchKey) int {
		return cmp.Or(cmp.Compare(a.day, b.day), strings.Compare(a.app, b.app), strings.Compare(a.profile, b.profile),
			strings.Compare(a.detector, b.detector), strings.Compare(a.severity, b.severity),
			strings.Compare(a.confidence, b.confidence), strings.Compare(a.action, b.action))
	})
	return &frame{table: "match_daily", keys: 7, columns: []column{
		ints("day", pull(keys, func(k *matchKey) int64 { return k.day })),
		texts("app", pull(keys, func(k *matchKey) string { return k.app })),
		texts("profile", pull(keys, func(k *matchKey) string { return k.profile })),
		texts("detector", pull(keys, func(k *matchKey) string { return k.detector })),
		texts("severity", pull(keys, func(k *matchKey) string { return k.severity })),
		texts("confidence", pull(keys, func(k *matchKey) string { return k.confidence })),
		texts("action", pull(keys, func(k *matchKey) string { return k.action })),
		ints("findings", pull(keys, func(k *matchKey) int64 { return t[*k].findings })),
		ints("events", pull(keys, func(k *matchKey) int64 { return t[*k].events })),
	}}
}

func firstWord(words string) string {
	w, _, _ := strings.Cut(strings.TrimPrefix(words, "|"), "|")
	return w
}

// floorDiv divides a by a positive b, rounding down.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
