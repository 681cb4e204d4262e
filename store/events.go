package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

// Filter selects events, newest first. Empty fields select everything.
type Filter struct {
	Since, Until                          time.Time // from Since, before Until; zero: no bound
	User, App, Action, Activity, Detector string
	Group                                 string // one of the person's groups at the time
	Device, IP, Country, Status, Rule     string
	Gap                                   string      // a gap of the event, or "any"
	Matched                               bool        // only events with a finding
	Notable                               bool        // only events with a finding or an action stricter than log
	Review                                ReviewState // events of that state; ReviewNew: nobody has touched, and none muted
	Assignee                              string      // of the review
	Text                                  string      // in app, host, rule, detectors, device or user, or the id of an event
	NoNames                               bool        // Text is not looked for in user and device
	Nobody                                bool        // only events without a user
	Stopped                               bool        // only events with an action stricter than log
	Detectors                             []string    // one of these found something; nil: does not matter, empty: none can
	Limit                                 int         // default 100, at most 10,000
	Before                                string      // id of the last event of the page before
}

const (
	defaultLimit = 100
	maxLimit     = 10000
)

// Events returns the events that match f.
func (s *Store) Events(ctx context.Context, f Filter) ([]event.Event, error) {
	q, err := s.selectEvents(ctx, &f)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.QueryContext(ctx, `SELECT `+event.Columns+` FROM events`+q.whereText()+
		` ORDER BY ts DESC, id DESC LIMIT `+q.arg(limited(f.Limit, defaultLimit)), q.args...)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	defer rows.Close()
	list := []event.Event{}
	for rows.Next() {
		e, err := event.Scan(rows.Scan)
		if errors.Is(err, event.ErrDetail) {
			s.log.Error("event shown without its detail", "error", err)
		} else if err != nil {
			return nil, fmt.Errorf("read events: %w", err)
		}
		list = append(list, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return list, nil
}

// Event returns one event. The error is [ErrNotFound] when there is none.
func (s *Store) Event(ctx context.Context, id string) (event.Event, error) {
	id = strings.ToLower(id)
	ts, ok := event.IDTime(id)
	if !ok {
		return event.Event{}, fmt.Errorf("event %q: %w", id, ErrNotFound)
	}
	row := s.db.QueryRowContext(ctx, `SELECT `+event.Columns+` FROM events WHERE ts = $1 AND id = $2`, ts, id)
	e, err := event.Scan(row.Scan)
	if err != nil {
		return e, fmt.Errorf("event %s: %w", id, err)
	}
	return e, nil
}

// selection is a query on events under construction.
type selection struct {
	where []string
	args  []any
}

// add appends a condition in which each ? is the next of args.
func (q *selection) add(condition string, args ...any) {
	var b strings.Builder
	for _, part := range strings.SplitAfter(condition, "?") {
		text, isArg := strings.CutSuffix(part, "?")
		b.WriteString(text)
		if isArg {
			q.args = append(q.args, args[0])
			args = args[1:]
			b.WriteString("$" + strconv.Itoa(len(q.args)))
		}
	}
	q.where = append(q.where, b.String())
}

// equal adds column = value, unless value is empty.
func (q *selection) equal(column, value string) {
	if value != "" {
		q.add(column+` = ?`, value)
	}
}

// arg adds one more argument and returns its placeholder.
func (q *selection) arg(v any) string {
	q.args = append(q.args, v)
	return "$" + strconv.Itoa(len(q.args))
}

func (q *selection) whereText() string {
	if len(q.where) == 0 {
		return ""
	}
	return ` WHERE ` + strings.Join(q.where, ` AND `)
}

// notable is the condition of the index event_notable, word for word.
const notable = `(nmatch > 0 OR action NOT IN ('allow', 'log'))`

// notableOfUser says the same so that the index is not taken: of one person's events few are
// in it, and those of everybody many.
const notableOfUser = `(nmatch + 0 > 0 OR action NOT IN ('allow', 'log'))`

// hasDetector hides LIKE from the planner of Postgres. It would take every pattern for a
// rare one, then collect and sort everything that fits instead of walking an index back
// until the page is full.
const hasDetector = `CASE WHEN detectors LIKE ? ESCAPE '\' THEN 1 ELSE 0 END <> 0`

// selectEvents makes the query of f.
func (s *Store) selectEvents(ctx context.Context, f *Filter) (*selection, error) {
	q := &selection{}
	if !f.Since.IsZero() {
		q.add(`ts >= ?`, f.Since.UTC())
	}
	if !f.Until.IsZero() {
		q.add(`ts < ?`, f.Until.UTC())
	}
	if f.Before != "" {
		id := strings.ToLower(f.Before)
		ts, ok := event.IDTime(id)
		if !ok {
			return nil, fmt.Errorf("filter: %q is not the id of an event", f.Before)
		}
		q.add(`ts <= ?`, ts)
		q.add(`(ts, id) < (?, ?)`, ts, id)
	}
	for _, c := range []struct{ column, value string }{
		{"usr", f.User},
		{"app", f.App},
		{"action", f.Action},
		{"activity", f.Activity},
		{"device", f.Device},
		{"src", f.IP},
		{"country", f.Country},
		{"status", f.Status},
		{"rule", f.Rule},
	} {
		q.equal(c.column, c.value)
	}
	if f.Group != "" {
		name, err := json.Marshal(f.Group) // as it is in the list
		if err != nil {
			return nil, fmt.Errorf("filter: group: %w", err)
		}
		q.add(`REPLACE(grps, ?, '') <> grps`, string(name))
	}
	if f.Nobody {
		q.add(`usr = ''`)
	}
	if f.Notable || f.Matched || f.Detector != "" || f.Detectors != nil || f.Stopped || stopped(f.Action) {
		if f.User != "" {
			q.add(notableOfUser)
		} else {
			q.add(notable) // implied by the others, but no planner would know
		}
	}
	if f.Matched {
		q.add(`nmatch > 0`)
	}
	if f.Stopped || stopped(f.Action) { // word for word as in the index event_stopped
		q.add(`action NOT IN ('allow', 'log')`)
	}
	if f.Detector != "" {
		q.add(`nmatch > 0 AND `+hasDetector, `%|`+likeEscaper.Replace(f.Detector)+`|%`)
	}
	f.addDetectors(q)
	if err := s.addText(ctx, f, q); err != nil {
		return nil, err
	}
	switch f.Gap {
	case "":
	case "any":
		q.add(`gaps <> ''`)
	default:
		q.add(`gaps LIKE ? ESCAPE '\'`, `%|`+likeEscaper.Replace(f.Gap)+`|%`)
	}
	if f.Review == ReviewNew {
		q.add(`NOT EXISTS (SELECT 1 FROM review r WHERE r.id = events.id AND r.state <> 'new')`)
		q.add(notMuted)
	} else if f.Review != "" {
		q.add(`EXISTS (SELECT 1 FROM review r WHERE r.id = events.id AND r.state = ?)`, string(f.Review))
	}
	if f.Assignee != "" {
		q.add(`EXISTS (SELECT 1 FROM review r WHERE r.id = events.id AND r.assignee = ?)`, f.Assignee)
	}
	return q, nil
}

// addDetectors adds the condition that one of them found something.
func (f *Filter) addDetectors(q *selection) {
	if f.Detectors != nil {
		either := []string{`1 = 0`}
		var args []any
		for _, d := range f.Detectors {
			either = append(either, hasDetector)
			args = append(args, `%|`+likeEscaper.Replace(d)+`|%`)
		}
		q.add(`nmatch > 0 AND (`+strings.Join(either, ` OR `)+`)`, args...)
	}
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
