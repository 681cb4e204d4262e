package store

import (
	"context"
	"strings"

	"github.com/sluice-dlp/sluice/event"
)

// A text is looked for first among the names that events can have, of which there are few:
// events are then compared with the names that hold it, and where none does, none is read. All
// but hosts and rules are those of the roll-ups, which follow the events within a second.

// manyNames is how many names a column is compared with, and manyRoutes how many pairs of
// host and rule are looked at. Where there are more, the column itself is searched.
const (
	manyNames  = 200
	manyRoutes = 1000
)

// textSearch is the condition under construction: one of either.
type textSearch struct {
	within string // the pattern
	either []string
	args   []any
}

// addText adds the condition that f.Text is in an event.
func (s *Store) addText(ctx context.Context, f *Filter, q *selection) error {
	if f.Text == "" {
		return nil
	}
	text := strings.ToLower(f.Text)
	if _, ok := event.IDTime(text); ok {
		q.add(`id = ?`, text)
		return nil
	}
	t := &textSearch{within: `%` + likeEscaper.Replace(text) + `%`}
	if err := s.addRoutes(ctx, t, text); err != nil {
		return err
	}
	sources := []struct{ column, values, name string }{
		{"detectors", `(SELECT DISTINCT detector FROM match_daily WHERE profile = '') d`, "detector"},
		{"app", "app", "app"},
		{"device", "device", "name"},
		{"usr", "person", "name"},
	}
	if f.NoNames {
		sources = sources[:2]
	}
	for _, c := range sources {
		var names []any
		err := s.rows(ctx, "names with a text", func(scan func(dest ...any) error) error {
			var name string
			err := scan(&name)
			names = append(names, name)
			return err
		}, `SELECT `+c.name+` FROM `+c.values+` WHERE LOWER(`+c.name+`) LIKE $1 ESCAPE '\' LIMIT $2`, t.within, manyNames+1)
		switch {
		case err != nil:
			return err
		case c.column != "detectors":
			t.add(c.column, names, len(names) > manyNames)
		case len(names) > 0:
			t.or(`nmatch > 0 AND LOWER(detectors) LIKE ? ESCAPE '\'`, t.within)
		}
	}
	if len(t.either) == 0 {
		t.or(`1 = 0`)
	}
	q.add(`(`+strings.Join(t.either, ` OR `)+`)`, t.args...)
	return nil
}

// routes walks the index event_host from one host and rule to the next.
const routes = `WITH RECURSIVE
 hosts (host) AS (
 SELECT MIN(host) FROM events
 UNION ALL
 SELECT (SELECT MIN(e.host) FROM events e WHERE e.host > h.host) FROM hosts h WHERE h.host IS NOT NULL),
 route (host, rule) AS (
 SELECT h.host, (SELECT MIN(e.rule) FROM events e WHERE e.host = h.host) FROM hosts h WHERE h.host IS NOT NULL
 UNION ALL
 SELECT r.host, (SELECT MIN(e.rule) FROM events e WHERE e.host = r.host AND e.rule > r.rule) FROM route r WHERE r.rule IS NOT NULL)
 SELECT host, rule FROM route WHERE rule IS NOT NULL LIMIT $1`

// addRoutes adds the hosts and rules that hold text.
func (s *Store) addRoutes(ctx context.Context, t *textSearch, text string) error {
	var hosts, rules []any
	seen, n := map[[2]string]bool{}, 0
	pick := func(list []any, kind, name string) []any {
		if key := [2]string{kind, name}; !seen[key] && strings.Contains(strings.ToLower(name), text) {
			seen[key] = true
			return append(list, name)
		}
		return list
	}
	events := "event" // in Postgres the view joins what is not needed here
	if s.SQLite() {
		events = "events"
	}
	err := s.rows(ctx, "hosts with a text", func(scan func(dest ...any) error) error {
		var host, rule string
		if err := scan(&host, &rule); err != nil {
			return err
		}
		n++
		hosts, rules = pick(hosts, "host", host), pick(rules, "rule", rule)
		return nil
	}, strings.ReplaceAll(routes, "events", events), manyRoutes)
	t.add("host", hosts, n == manyRoutes || len(hosts) > manyNames)
	t.add("rule", rules, n == manyRoutes || len(rules) > manyNames)
	return err
}

// add allows events whose column is one of names; with many, those whose column has the text.
func (t *textSearch) add(column string, names []any, many bool) {
	switch {
	case many:
		t.or(`LOWER(`+column+`) LIKE ? ESCAPE '\'`, t.within)
	case len(names) > 0:
		// The column is hidden from the planners: they would collect and sort all events with
		// one of the names instead of walking back until the page is full.
		t.or(column+` || '' IN (?`+strings.Repeat(`, ?`, len(names)-1)+`)`, names...)
	}
}

func (t *textSearch) or(condition string, args ...any) {
	t.either, t.args = append(t.either, condition), append(t.args, args...)
}
