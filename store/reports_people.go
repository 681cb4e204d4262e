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
// one app, or of all when app is empty. Of all apps, everything but sources covers whole
// days.
func (s *Store) Breakdown(ctx context.Context, p Period, d Dimension, app string, o Order, limit int) ([]Share, error) {
	inner, args, err := breakdown(p, d, app)
	if err != nil {
		return nil, err
	}
	args = append(args, limited(limit, 20))
	name, join := "x.k", ""
	switch d {
	case Users:
		name, join = "n.name", " JOIN person n ON n.id = x.k"
	case Devices:
		name, join = "n.name", " JOIN device n ON n.id = x.k"
	case Groups, Sources, Countries, Sites:
	}
	if d == Groups {
		// Sets first, members then: there are few sets and many rows.
		inner = `SELECT m.grp AS k, ` + sums + ` FROM (` + inner + `) g JOIN group_member m ON m.set_id = g.k GROUP BY m.grp`
	}
	list := []Share{}
	err = s.rows(ctx, "breakdown", func(scan func(dest ...any) error) error {
		var one Share
		err := scan(append([]any{&one.Name}, one.dest()...)...)
		list = append(list, one)
		return err
	}, `SELECT `+name+` AS name, `+summed+` FROM (`+inner+`) x`+join+
		` ORDER BY `+o.column()+` DESC, name LIMIT `+placeholders(len(args), 1), args...)
	return list, err
}

// breakdown returns the sums by key k, from the smallest roll-up that has them.
func breakdown(p Period, d Dimension, app string) (string, []any, error) {
	var daily, key string // a table of all apps, by day; "": only usage_hourly has the key
	switch d {
	case Users:
		daily, key = "person_daily", "usr"
	case Groups:
		daily, key = "group_daily", "grp"
	case Sources:
		key = "src"
	case Devices:
		daily, key = "device_daily", "device"
	case Countries:
		daily, key = "place_daily", "country"
	case Sites:
		daily, key = "place_daily", "site"
	}
	if key == "" {
		return "", nil, fmt.Errorf("report breakdown: no dimension %d", d)
	}
	if app != "" {
		switch {
		case d == Sites || d == Countries && p.wholeDays():
			daily = "place_daily"
		case d == Users && p.wholeDays():
			daily = "user_app_daily"
		default:
			daily = ""
		}
	}
	table, column, unit := daily, "day", p.days
	if daily == "" {
		table, column, unit = "usage_hourly", "hour", p.hours
	}
	from, to := unit()
	args, only := []any{from, to}, ""
	if app != "" {
		args, only = append(args, app), ` AND app = $3`
	}
	return `SELECT ` + key + ` AS k, ` + sums + ` FROM ` + table + ` WHERE ` + column + ` >= $1 AND ` + column + ` < $2` + only + ` GROUP BY ` + key, args, nil
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
	from, to := p.days()
	inner := `SELECT usr, ` + sums + ` FROM user_daily WHERE day >= $1 AND day < $2 AND status = $3 GROUP BY usr`
	if at == StatusNow {
		inner = `SELECT usr, ` + sums + ` FROM user_app_daily WHERE day >= $1 AND day < $2 AND app IN (
 SELECT a.app FROM app a LEFT JOIN app_status s ON s.app = a.app WHERE COALESCE(s.status, a.status) = $3) GROUP BY usr`
	}
	list := []Share{}
	err := s.rows(ctx, "users of status", func(scan func(dest ...any) error) error {
		var one Share
		err := scan(append([]any{&one.Name}, one.dest()...)...)
		list = append(list, one)
		return err
	}, `SELECT n.name AS name, `+summed+` FROM (`+inner+`) x JOIN person n ON n.id = x.usr
 ORDER BY `+o.column()+` DESC, name LIMIT $4`, from, to, status, limited(limit, 100))
	return list, err
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
