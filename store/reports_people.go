package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
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
	from, err := breakdown(p, d, app)
	if err != nil {
		return nil, err
	}
	limit = limited(limit, 20)
	name, join := "x.k", ""
	switch d {
	case Users:
		name, join = "n.name", " JOIN person n ON n.id = x.k"
	case Devices:
		name, join = "n.name", " JOIN device n ON n.id = x.k"
	case Groups, Sources, Countries, Sites:
	}
	inner := from.sums(sums)
	switch {
	case d == Groups: // sets first, members then: there are few sets and many rows
		inner = `SELECT m.grp AS k, ` + sums + ` FROM (` + inner + `) g JOIN group_member m ON m.set_id = g.k GROUP BY m.grp`
	case from.many(limit):
		return s.breakdownOfFew(ctx, from, name, join, o, limit)
	}
	list := []Share{}
	err = s.rows(ctx, "breakdown", func(scan func(dest ...any) error) error {
		var one Share
		err := scan(append([]any{&one.Name}, one.dest()...)...)
		list = append(list, one)
		return err
	}, `SELECT `+name+` AS name, `+summed+` FROM (`+inner+`) x`+join+
		` ORDER BY `+o.column()+` DESC, name LIMIT `+placeholders(len(from.args)+1, 1), append(from.args, limit)...)
	return list, err
}

// rollup is the part of a roll-up table that a breakdown adds up by key.
type rollup struct {
	table, key, column string // column: of time
	where              string
	args               []any
	from, to           int64
}

// sums adds up columns by k.
func (r *rollup) sums(columns string) string {
	return `SELECT ` + r.key + ` AS k, ` + columns + ` FROM ` + r.table + ` WHERE ` + r.where + ` GROUP BY ` + r.key
}

// Of a table with a row for each key and day, adding up seven measures to show twenty rows is most
// of the work: the largest are found by one measure, and the others added up for these alone.
const (
	fewKeys = 100
	fewDays = 100
)

func (r *rollup) many(limit int) bool {
	switch r.table {
	case "person_daily", "device_daily", "source_daily":
		return limit <= fewKeys && r.to-r.from <= fewDays
	}
	return false
}

// breakdownOfFew is Breakdown for a rollup with many keys.
func (s *Store) breakdownOfFew(ctx context.Context, r *rollup, name, join string, o Order, limit int) ([]Share, error) {
	list, keys := []Share{}, []any{}
	err := s.rows(ctx, "breakdown", func(scan func(dest ...any) error) error {
		var k any
		var one Share
		var measure int64
		err := scan(&k, &one.Name, &measure)
		list, keys = append(list, one), append(keys, k)
		return err
	}, `SELECT x.k, `+name+` AS name, m FROM (`+r.sums(`CAST(SUM(`+o.column()+`) AS bigint) AS m`)+`) x`+join+
		` ORDER BY m DESC, name LIMIT `+placeholders(len(r.args)+1, 1), append(r.args, limit)...)
	if err != nil || len(list) == 0 {
		return list, err
	}
	at := make(map[any]*Share, len(list))
	for i, k := range keys {
		at[k] = &list[i]
	}
	args := slices.Clone(keys)
	for day := r.from; day < r.to; day++ {
		args = append(args, day)
	}
	err = s.rows(ctx, "breakdown", func(scan func(dest ...any) error) error {
		var k any
		var u Usage
		if err := scan(append([]any{&k}, u.dest()...)...); err != nil {
			return err
		}
		if one := at[k]; one != nil {
			one.Usage = u
		}
		return nil
	}, `SELECT `+r.key+`, `+sums+` FROM `+r.table+` WHERE `+r.key+` IN (`+placeholders(1, len(keys))+`) AND `+r.column+
		` IN (`+placeholders(len(keys)+1, int(r.to-r.from))+`) GROUP BY `+r.key, args...)
	// What came in between may have changed the order.
	slices.SortStableFunc(list, func(a, b Share) int { return cmp.Compare(o.of(&b.Usage), o.of(&a.Usage)) })
	return list, err
}

// breakdown returns the smallest roll-up that has the sums.
func breakdown(p Period, d Dimension, app string) (*rollup, error) {
	var daily, key string // a table of all apps, by day
	switch d {
	case Users:
		daily, key = "person_daily", "usr"
	case Groups:
		daily, key = "group_daily", "grp"
	case Sources:
		daily, key = "source_daily", "src"
	case Devices:
		daily, key = "device_daily", "device"
	case Countries:
		daily, key = "place_daily", "country"
	case Sites:
		daily, key = "place_daily", "site"
	}
	if key == "" {
		return nil, fmt.Errorf("report breakdown: no dimension %d", d)
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
	r := &rollup{table: daily, key: key, column: "day"}
	r.from, r.to = p.days()
	if daily == "" {
		r.table, r.column = "usage_hourly", "hour"
		r.from, r.to = p.hours()
	}
	r.where, r.args = r.column+` >= $1 AND `+r.column+` < $2`, []any{r.from, r.to}
	if app != "" {
		r.where, r.args = r.where+` AND app = $3`, append(r.args, app)
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
