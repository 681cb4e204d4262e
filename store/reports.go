package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/jackc/pgx/v5"

	"github.com/sluice-dlp/sluice/event"
)

// Reports read roll-ups only: their time depends on hours, apps and people, not on the
// number of events. Each statement is the same text on both databases, but for sum8.

// Period is what a report covers: from the hour of From up to the hour of To, without it.
// Reports that say so cover the whole days (UTC) that it touches.
type Period struct{ From, To time.Time }

// Last returns the period of d up to the end of the running hour.
func Last(d time.Duration, now time.Time) Period {
	to := now.UTC().Truncate(time.Hour).Add(time.Hour)
	return Period{From: to.Add(-d), To: to}
}

// hours returns the first hour and the one after the last.
func (p Period) hours() (from, to int64) {
	return floorDiv(p.From.Unix(), 3600), floorDiv(p.To.Unix()+3599, 3600)
}

// days returns the first day and the one after the last.
func (p Period) days() (from, to int64) {
	return floorDiv(p.From.Unix(), 86400), floorDiv(p.To.Unix()+86399, 86400)
}

// Usage is what reports count. Events are requests, also those that left no event of
// their own; Matched and Stopped are requests with a finding, and with an action stricter
// than log.
type Usage struct {
	Events   int64 `json:"events"`
	Prompts  int64 `json:"prompts"`
	Uploads  int64 `json:"uploads"`
	Matched  int64 `json:"matched"`
	Stopped  int64 `json:"stopped"`
	BytesOut int64 `json:"bytes_out"`
	BytesIn  int64 `json:"bytes_in"`
}

func (u *Usage) add(x *Usage) {
	u.Events += x.Events
	u.Prompts += x.Prompts
	u.Uploads += x.Uploads
	u.Matched += x.Matched
	u.Stopped += x.Stopped
	u.BytesOut += x.BytesOut
	u.BytesIn += x.BytesIn
}

func newUsage() *Usage { return new(Usage) }

// at returns the value of k in m, which it makes when there is none.
func at[K comparable, V any](m map[K]*V, k K, make func() *V) *V {
	v := m[k]
	if v == nil {
		v = make()
		m[k] = v
	}
	return v
}

func (u *Usage) dest() []any {
	return []any{&u.Events, &u.Prompts, &u.Uploads, &u.Matched, &u.Stopped, &u.BytesOut, &u.BytesIn}
}

// sums are the sums of a roll-up, in the order of Usage. Postgres makes numeric of a sum
// of bigint: the cast keeps both databases alike.
const sums = `COALESCE(CAST(SUM(events) AS bigint), 0) AS events, COALESCE(CAST(SUM(prompts) AS bigint), 0) AS prompts,
 COALESCE(CAST(SUM(uploads) AS bigint), 0) AS uploads, COALESCE(CAST(SUM(matched) AS bigint), 0) AS matched,
 COALESCE(CAST(SUM(stopped) AS bigint), 0) AS stopped, COALESCE(CAST(SUM(bytes_out) AS bigint), 0) AS bytes_out,
 COALESCE(CAST(SUM(bytes_in) AS bigint), 0) AS bytes_in`

const summed = `events, prompts, uploads, matched, stopped, bytes_out, bytes_in`

// Order is what a report is sorted by, largest first.
type Order int

// The orders.
const (
	ByEvents Order = iota
	ByPrompts
	ByUploads
	ByMatched
	ByStopped
	ByBytesOut
	ByBytesIn
)

func (o Order) column() string {
	switch o {
	case ByEvents:
		return "events"
	case ByPrompts:
		return "prompts"
	case ByUploads:
		return "uploads"
	case ByMatched:
		return "matched"
	case ByStopped:
		return "stopped"
	case ByBytesOut:
		return "bytes_out"
	case ByBytesIn:
		return "bytes_in"
	}
	return "events"
}

// of returns what o sorts by.
func (o Order) of(u *Usage) int64 {
	switch o {
	case ByEvents:
		return u.Events
	case ByPrompts:
		return u.Prompts
	case ByUploads:
		return u.Uploads
	case ByMatched:
		return u.Matched
	case ByStopped:
		return u.Stopped
	case ByBytesOut:
		return u.BytesOut
	case ByBytesIn:
		return u.BytesIn
	}
	return u.Events
}

// bigint returns a statement that adds up without changing the type. Postgres adds up bigint in numeric,
// at three times the cost; its own sum8 (migration 11) stays with bigint, as SQLite does.
func (s *Store) bigint(text string) string {
	if s.SQLite() {
		return text
	}
	return strings.ReplaceAll(text, "CAST(SUM(", "CAST(sum8(")
}

// planned is an argument before others that has Postgres plan a query for their values each time. After five
// times it would keep one plan for all: the app that everybody uses was read as if few did.
const planned = pgx.QueryExecModeCacheDescribe

// rows runs a query and calls f for each row.
func (s *Store) rows(ctx context.Context, report string, f func(scan func(dest ...any) error) error, text string, args ...any) error {
	if !s.SQLite() {
		args = append([]any{planned}, args...)
	}
	rows, err := s.db.QueryContext(ctx, s.bigint(text), args...)
	if err != nil {
		return fmt.Errorf("report %s: %w", report, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return fmt.Errorf("report %s: %w", report, err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("report %s: %w", report, err)
	}
	return nil
}

// limited returns n within 1 and maxLimit; 0 is def.
func limited(n, def int) int {
	if n <= 0 {
		n = def
	}
	return min(n, maxLimit)
}

// Total is a period in one line.
type Total struct {
	Usage
	Apps  int64 `json:"apps"`
	Users int64 `json:"users"` // distinct, over the whole days
}

// Totals adds up a period.
func (s *Store) Totals(ctx context.Context, p Period) (Total, error) {
	var t Total
	from, to := p.hours()
	err := s.rows(ctx, "totals", func(scan func(dest ...any) error) error {
		return scan(append(t.dest(), &t.Apps)...)
	}, `SELECT `+sums+`, COUNT(*) FROM (SELECT app, `+sums+` FROM app_hourly WHERE hour >= $1 AND hour < $2 GROUP BY app) x`, from, to)
	if err != nil {
		return t, err
	}
	users, err := s.distinct(ctx, p, "")
	t.Users = users[""]
	return t, err
}

// AppUsage is one app in a period.
type AppUsage struct {
	App      string `json:"app"`
	Name     string `json:"name"`
	Category string `json:"category"`
	Status   string `json:"status"` // now
	Usage
	Users int64 `json:"users"` // distinct, over the whole days
}

// appColumns describe app a, joined with its status s.
const appColumns = `COALESCE(a.name, ''), COALESCE(a.category, ''), COALESCE(s.status, a.status, '')`

// TopApps returns the apps with most of what o says (default 20).
func (s *Store) TopApps(ctx context.Context, p Period, o Order, limit int) ([]AppUsage, error) {
	from, to := p.hours()
	list := []AppUsage{}
	err := s.rows(ctx, "top apps", func(scan func(dest ...any) error) error {
		var u AppUsage
		err := scan(append([]any{&u.App, &u.Name, &u.Category, &u.Status}, u.dest()...)...)
		list = append(list, u)
		return err
	}, `SELECT h.app, `+appColumns+`, `+summed+`
 FROM (SELECT app, `+sums+` FROM app_hourly WHERE hour >= $1 AND hour < $2 GROUP BY app) h
 LEFT JOIN app a ON a.app = h.app LEFT JOIN app_status s ON s.app = h.app
 ORDER BY `+o.column()+` DESC, h.app LIMIT $3`, from, to, limited(limit, 20))
	if err != nil || len(list) == 0 {
		return list, err
	}
	apps := make([]string, len(list))
	for i := range list {
		apps[i] = list[i].App
	}
	users, err := s.distinct(ctx, p, apps...)
	for i := range list {
		list[i].Users = users[list[i].App]
	}
	return list, err
}

// distinct returns the number of people per app; app "" stands for all apps.
func (s *Store) distinct(ctx context.Context, p Period, apps ...string) (map[string]int64, error) {
	from, to := p.days()
	args := []any{from, to}
	for _, a := range apps {
		args = append(args, a)
	}
	all := map[string]*roaring.Bitmap{}
	err := s.rows(ctx, "distinct people", func(scan func(dest ...any) error) error {
		var app string
		var blob []byte
		if err := scan(&app, &blob); err != nil {
			return err
		}
		bits, err := readBitmap(blob)
		if err != nil {
			return err
		}
		if have := all[app]; have != nil {
			have.Or(bits)
		} else {
			all[app] = bits
		}
		return nil
	}, `SELECT app, people FROM app_people WHERE day >= $1 AND day < $2 AND app IN (`+placeholders(3, len(apps))+`)`, args...)
	n := make(map[string]int64, len(all))
	for app, bits := range all {
		n[app] = int64(bits.GetCardinality())
	}
	return n, err
}

// Point is one step of a series.
type Point struct {
	At  time.Time `json:"at"`
	Key string    `json:"key"` // of what the series is by
	Usage
}

// SeriesBy is what a series is split by.
type SeriesBy int

// The splits.
const (
	SeriesByStatus   SeriesBy = iota // of the app, at the time
	SeriesByAction                   // allow, log, … block
	SeriesByApp                      //
	SeriesByCategory                 // of the app
)

func (b SeriesBy) column() string {
	switch b {
	case SeriesByStatus:
		return "h.status"
	case SeriesByAction:
		return "h.action"
	case SeriesByApp:
		return "h.app"
	case SeriesByCategory:
		return "COALESCE(a.category, '')"
	}
	return "h.status"
}

// Series returns a period in steps of whole hours, counted from its start; steps without
// anything are left out. With app, only that app.
func (s *Store) Series(ctx context.Context, p Period, step time.Duration, by SeriesBy, app string) ([]Point, error) {
	from, to := p.hours()
	hours := max(int64(step/time.Hour), 1)
	args := []any{from, to, hours}
	only := ""
	if app != "" {
		only = ` AND h.app = $4`
		args = append(args, app)
	}
	join := ""
	if by == SeriesByCategory {
		join = ` LEFT JOIN app a ON a.app = h.app`
	}
	list := []Point{}
	err := s.rows(ctx, "series", func(scan func(dest ...any) error) error {
		var pt Point
		var bucket int64
		err := scan(append([]any{&bucket, &pt.Key}, pt.dest()...)...)
		pt.At = time.Unix((from+bucket*hours)*3600, 0).UTC()
		list = append(list, pt)
		return err
	}, `SELECT bucket, label, `+sums+` FROM (
 SELECT (h.hour - CAST($1 AS int)) / CAST($3 AS int) AS bucket, `+by.column()+` AS label, `+summed+`
 FROM app_hourly h`+join+` WHERE h.hour >= $1 AND h.hour < $2`+only+`) x
 GROUP BY bucket, label ORDER BY bucket, label`, args...)
	return list, err
}

// NewApp is an app that was seen for the first time.
type NewApp struct {
	App      string    `json:"app"`
	Name     string    `json:"name"`
	Category string    `json:"category"`
	Status   string    `json:"status"` // now
	First    time.Time `json:"first"`
}

// FirstSeen returns the apps whose first request falls into the period, newest first.
func (s *Store) FirstSeen(ctx context.Context, p Period, limit int) ([]NewApp, error) {
	list := []NewApp{}
	err := s.rows(ctx, "first seen", func(scan func(dest ...any) error) error {
		var a NewApp
		err := scan(&a.App, &a.Name, &a.Category, &a.Status, (*event.Stamp)(&a.First))
		list = append(list, a)
		return err
	}, `SELECT a.app, `+appColumns+`, a.first_ts FROM app a LEFT JOIN app_status s ON s.app = a.app
 WHERE a.first_ts >= $1 AND a.first_ts < $2 ORDER BY a.first_ts DESC, a.app LIMIT $3`,
		p.From.UTC(), p.To.UTC(), limited(limit, 100))
	return list, err
}
