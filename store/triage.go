package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

// CountEvents returns how many events match f, and stops at most.
func (s *Store) CountEvents(ctx context.Context, f Filter, most int) (int64, error) {
	q, err := s.selectEvents(ctx, &f)
	if err != nil {
		return 0, err
	}
	var n int64
	err = s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM events`+q.whereText()+` LIMIT `+q.arg(limited(most, maxLimit))+`) x`, q.args...).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count events: %w", err)
	}
	return n, nil
}

// Facets are how often the values of each dimension occur among events.
type Facets struct {
	Counted int  // events that were looked at
	Capped  bool // there may be more

	Actions, Statuses, Apps, Activities, Countries, Users, Detectors, Gaps, Reviews map[string]int

	Together map[string]int // how many events have findings of these detectors, and no others: "|a|b|"
}

// Facets counts the newest events that match f, at most so many (at most 10,000).
func (s *Store) Facets(ctx context.Context, f Filter, most int) (Facets, error) {
	out := Facets{}
	for _, m := range []*map[string]int{
		&out.Actions, &out.Statuses, &out.Apps, &out.Activities, &out.Countries, &out.Users, &out.Detectors, &out.Gaps, &out.Reviews, &out.Together,
	} {
		*m = map[string]int{}
	}
	q, err := s.selectEvents(ctx, &f)
	if err != nil {
		return out, err
	}
	most = limited(most, defaultLimit)
	// Reviews are joined to the events that were chosen, not chosen among all.
	text := `SELECT e.action, e.status, e.app, e.activity, e.country, e.usr, e.detectors, e.gaps, COALESCE(r.state, '') FROM (
 SELECT id, action, status, app, activity, country, usr, detectors, gaps FROM events` + q.whereText() +
		` ORDER BY ts DESC, id DESC LIMIT ` + q.arg(most) + `) e LEFT JOIN review r ON r.id = e.id`
	err = s.rows(ctx, "facets", func(scan func(dest ...any) error) error {
		var action, status, app, activity, country, usr, detectors, gaps, review string
		if err := scan(&action, &status, &app, &activity, &country, &usr, &detectors, &gaps, &review); err != nil {
			return err
		}
		out.Counted++
		if review == "" {
			review = string(ReviewNew)
		}
		out.Actions[action]++
		out.Statuses[status]++
		out.Apps[app]++
		out.Activities[activity]++
		out.Countries[country]++
		out.Users[usr]++
		out.Reviews[review]++
		out.Together[detectors]++
		countWords(out.Gaps, gaps, 1)
		return nil
	}, text, q.args...)
	for detectors, n := range out.Together {
		countWords(out.Detectors, detectors, n)
	}
	out.Capped = out.Counted == most
	return out, err
}

// countWords counts each word of |a|b| n times.
func countWords(into map[string]int, list string, n int) {
	for w := range strings.SplitSeq(strings.Trim(list, "|"), "|") {
		if w != "" {
			into[w] += n
		}
	}
}

// Newer returns the event that comes right after id, in time, among those that match f;
// [ErrNotFound] when id is the newest. The older neighbour is the first of f with Before.
func (s *Store) Newer(ctx context.Context, f Filter, id string) (event.Event, error) {
	id = strings.ToLower(id)
	ts, ok := event.IDTime(id)
	if !ok {
		return event.Event{}, fmt.Errorf("event %q: %w", id, ErrNotFound)
	}
	f.Before = ""
	q, err := s.selectEvents(ctx, &f)
	if err != nil {
		return event.Event{}, err
	}
	q.add(`ts >= ?`, ts)
	q.add(`(ts, id) > (?, ?)`, ts, id)
	e, err := event.Scan(s.db.QueryRowContext(ctx, `SELECT `+event.Columns+` FROM events`+q.whereText()+` ORDER BY ts, id LIMIT 1`, q.args...).Scan)
	if err != nil {
		return e, fmt.Errorf("event after %s: %w", id, err)
	}
	return e, nil
}

// sameValueScan bounds the events among which equal values are looked for.
const sameValueScan = 150

// SameValue returns the newest events with one of the fingerprints, among the latest 150
// with that detector since then, newest first.
func (s *Store) SameValue(ctx context.Context, detector string, fingerprints []string, since time.Time, limit int) ([]event.Event, error) {
	list, err := s.Events(ctx, Filter{Detector: detector, Since: since, Limit: sameValueScan})
	if err != nil {
		return nil, err
	}
	out := []event.Event{}
	for i := range list {
		if len(out) < limit && hasFingerprint(&list[i], detector, fingerprints) {
			out = append(out, list[i])
		}
	}
	return out, nil
}

func hasFingerprint(e *event.Event, detector string, fingerprints []string) bool {
	for i := range e.Matches {
		if e.Matches[i].Detector != detector {
			continue
		}
		for _, f := range e.Matches[i].Fingerprints {
			if slices.Contains(fingerprints, f) {
				return true
			}
		}
	}
	return false
}

// EventsOfApp returns the newest events of an app, found by its roll-ups: also those of an
// app that is used rarely come without a search through all events.
func (s *Store) EventsOfApp(ctx context.Context, app string, p Period, limit int) ([]event.Event, error) {
	type use struct {
		hour int64
		user string
	}
	limit = limited(limit, 10)
	from, to := p.hours()
	var uses []use
	err := s.rows(ctx, "events of app", func(scan func(dest ...any) error) error {
		var u use
		err := scan(&u.hour, &u.user)
		uses = append(uses, u)
		return err
	}, `SELECT u.hour, n.name FROM (SELECT DISTINCT hour, usr FROM usage_hourly WHERE app = $1 AND hour >= $2 AND hour < $3
 ORDER BY hour DESC LIMIT $4) u JOIN person n ON n.id = u.usr ORDER BY u.hour DESC, n.name`, app, from, to, 4*limit)
	if err != nil {
		return nil, err
	}
	out := []event.Event{}
	for i, u := range uses {
		// Within an hour people are in no order: the hour is read to its end.
		if len(out) >= limit && uses[i-1].hour != u.hour {
			break
		}
		hour := time.Unix(u.hour*3600, 0).UTC()
		f := Filter{App: app, User: u.user, Since: hour, Until: hour.Add(time.Hour), Limit: limit}
		if u.user == "" {
			f.Nobody = true
		}
		list, err := s.Events(ctx, f)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	slices.SortFunc(out, func(a, b event.Event) int { return strings.Compare(b.ID, a.ID) })
	return out[:min(len(out), limit)], nil
}

// ReviewedEvents returns the newest events with that verdict in which a detector found
// something. It begins at the reviews, of which there are few.
func (s *Store) ReviewedEvents(ctx context.Context, detector string, state ReviewState, limit int) ([]event.Event, error) {
	var ids []string
	err := s.rows(ctx, "reviewed events", func(scan func(dest ...any) error) error {
		var id string
		err := scan(&id)
		ids = append(ids, id)
		return err
	}, `SELECT id FROM review WHERE state = $1 AND '|' || detectors || '|' LIKE $2 ESCAPE '\' ORDER BY ts DESC, id LIMIT $3`,
		string(state), `%|`+likeEscaper.Replace(detector)+`|%`, limited(limit, defaultLimit))
	if err != nil {
		return nil, err
	}
	list := make([]event.Event, 0, len(ids))
	for _, id := range ids {
		e, err := s.Event(ctx, id)
		if errors.Is(err, ErrNotFound) {
			continue // retention took it
		}
		if err != nil && !errors.Is(err, event.ErrDetail) {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}
