package store

import (
	"context"
	"fmt"
)

// Dimension is what a breakdown tells apart.
type Dimension int

// The dimensions.
const (
	Users   Dimension = iota
	Groups            // a person in two groups counts in both
	Sources           // IP addresses
	Devices
	Countries
	Sites // of all apps only
)

// Share is one value of a dimension.
type Share struct {
	Name string `json:"name"`
	Usage
}

// Breakdown returns the values of a dimension with most of what o says (default 20), of
// one app, or of all when app is empty. Of all apps it covers whole days.
func (s *Store) Breakdown(ctx context.Context, p Period, d Dimension, app string, o Order, limit int) ([]Share, error) {
	r, err := breakdown(p, d, app)
	if err != nil {
		return nil, err
	}
	return s.largest(ctx, r, o, limited(limit, 20))
}

// breakdown returns the smallest roll-up that has the sums.
func breakdown(p Period, d Dimension, app string) (*rollup, error) {
	r := &rollup{}
	var all string // a table of all apps, by day
	switch d {
	case Users:
		all, r.key, r.names = "person_daily", "usr", "person"
	case Groups:
		all, r.key = "group_daily", "grp"
	case Sources:
		all, r.key = "source_daily", "src"
	case Devices:
		all, r.key, r.names = "device_daily", "device", "device"
	case Countries:
		all, r.key = "place_daily", "country"
	case Sites:
		all, r.key = "place_daily", "site"
	}
	if all == "" {
		return nil, fmt.Errorf("report breakdown: no dimension %d", d)
	}
	r.isGroup = d == Groups
	if app == "" {
		r.parts = []part{daily(all, p, "")}
		return r, nil
	}
	r.args = []any{app}
	const only = ` AND app = $1`
	switch d {
	case Users:
		r.parts = exactly("user_app_daily", p, only)
	case Countries:
		r.parts = exactly("place_daily", p, only)
	case Sites:
		r.parts = []part{daily("place_daily", p, only)}
	case Groups, Sources, Devices:
		from, to := p.hours()
		r.parts = []part{{table: "usage_hourly", column: "hour", from: from, to: to, only: only}}
	}
	return r, nil
}

// StatusAt says whose status a report means.
type StatusAt int

// The times of a status.
const (
	StatusThen StatusAt = iota // when the request was made
	StatusNow
)

// UsersOfStatus returns who used apps of a status, over the whole days (default 100): of
// that status then, or now.
func (s *Store) UsersOfStatus(ctx context.Context, p Period, status string, at StatusAt, o Order, limit int) ([]Share, error) {
	r := &rollup{key: "usr", names: "person", args: []any{status}, parts: []part{daily("user_daily", p, ` AND status = $1`)}}
	if at == StatusNow {
		if err := s.moveApps(ctx, r, p, status); err != nil {
			return nil, err
		}
	}
	return s.largest(ctx, r, o, limited(limit, 100))
}

// moveApps makes of the use of apps that had a status then, the use of those that have it now:
// few apps have changed theirs.
func (s *Store) moveApps(ctx context.Context, r *rollup, p Period, status string) error {
	from, to := p.days()
	var gone, come []any
	err := s.rows(ctx, "apps whose status has changed", func(scan func(dest ...any) error) error {
		var app, then, now string
		err := scan(&app, &then, &now)
		switch {
		case then == status && now != status:
			gone = append(gone, app)
		case then != status && now == status:
			come = append(come, app)
		}
		return err
	}, `SELECT DISTINCT h.app, h.status, COALESCE(s.status, a.status, '') FROM (
 SELECT app, status FROM app_hourly WHERE hour >= $1 AND hour < $2 GROUP BY app, status) h
 LEFT JOIN app a ON a.app = h.app LEFT JOIN app_status s ON s.app = h.app`, from*24, to*24)
	if len(gone) > 0 {
		less := daily("user_app_daily", p, ` AND status = $1 AND app IN (`+placeholders(len(r.args)+1, len(gone))+`)`)
		less.minus = true
		r.parts = append(r.parts, less)
		r.args = append(r.args, gone...)
	}
	if len(come) > 0 {
		r.parts = append(r.parts, daily("user_app_daily", p, ` AND status <> $1 AND app IN (`+placeholders(len(r.args)+1, len(come))+`)`))
		r.args = append(r.args, come...)
	}
	return err
}

// UserApp is one app a person used.
type UserApp struct {
	App    string `json:"app"`
	Status string `json:"status"` // now
	Usage
}

// AppsOfUser returns what a person used, over the whole days, most requests first.
func (s *Store) AppsOfUser(ctx context.Context, p Period, user string, limit int) ([]UserApp, error) {
	from, to := p.days()
	list := []UserApp{}
	err := s.rows(ctx, "apps of user", func(scan func(dest ...any) error) error {
		var u UserApp
		err := scan(append([]any{&u.App, &u.Status}, u.dest()...)...)
		list = append(list, u)
		return err
	}, `SELECT x.app, COALESCE(s.status, a.status, ''), `+summed+` FROM (
 SELECT u.app, `+sums+` FROM user_app_daily u WHERE u.usr = (SELECT id FROM person WHERE name = $3)
 AND u.day >= $1 AND u.day < $2 AND u.app IN (SELECT app FROM app) GROUP BY u.app) x
 LEFT JOIN app a ON a.app = x.app LEFT JOIN app_status s ON s.app = x.app
 ORDER BY events DESC, x.app LIMIT $4`, from, to, user, limited(limit, 100))
	return list, err
}
