package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// rollup is the part of roll-up tables that is added up by a key.
type rollup struct {
	key, column string // column: of time
	from, to    int64  // within it
	names       string // table of the names of numbers; "": the key is the name
	isGroup     bool   // the key is a set of groups, and the names are its members
	parts       []part
	args        []any // $1… of parts
}

// part is rows of one table, added or taken away.
type part struct {
	table, only string
	minus       bool
}

// days makes the roll-up one by day.
func (r *rollup) days(p Period, of part) *rollup {
	r.column, r.parts = "day", []part{of}
	r.from, r.to = p.days()
	return r
}

// sums adds up columns by k, where when holds.
func (r *rollup) sums(columns, when string) string {
	if len(r.parts) == 1 {
		return `SELECT ` + r.key + ` AS k, ` + columns + ` FROM ` + r.parts[0].table + ` WHERE ` + when + r.parts[0].only + ` GROUP BY ` + r.key
	}
	all := make([]string, len(r.parts))
	for i, p := range r.parts {
		measures := summed
		if p.minus {
			measures = "-" + strings.ReplaceAll(summed, ", ", ", -")
		}
		all[i] = `SELECT ` + r.key + `, ` + measures + ` FROM ` + p.table + ` WHERE ` + when + p.only
	}
	return `SELECT ` + r.key + ` AS k, ` + columns + ` FROM (` + strings.Join(all, ` UNION ALL `) +
		`) u GROUP BY ` + r.key + ` HAVING SUM(events) <> 0 OR SUM(bytes_out) <> 0 OR SUM(bytes_in) <> 0`
}

// within is a roll-up's period, as arguments after n others.
func (r *rollup) within(n int) string {
	return r.column + ` >= ` + placeholders(n+1, 1) + ` AND ` + r.column + ` < ` + placeholders(n+2, 1)
}

// Of a table with a row for each key and day, adding up seven measures to show twenty rows is most
// of the work: the largest are found by one measure, and the others added up for these alone.
const (
	fewKeys = 100
	fewDays = 100
)

// largest returns the keys of r with most of what o says.
func (s *Store) largest(ctx context.Context, r *rollup, o Order, limit int) ([]Share, error) {
	name, join := "x.k", ""
	if r.names != "" {
		name, join = "n.name", " JOIN "+r.names+" n ON n.id = x.k"
	}
	args := append(slices.Clone(r.args), r.from, r.to, limit)
	tail := join + ` ORDER BY ` + o.column() + ` DESC, name LIMIT ` + placeholders(len(args), 1)
	when := r.within(len(r.args))
	switch r.parts[0].table {
	case "person_daily", "device_daily", "source_daily", "user_daily":
		if limit <= fewKeys && r.to-r.from <= fewDays {
			return s.largestFirst(ctx, r, o, `SELECT x.k, `+name+` AS name, `+o.column()+
				` FROM (`+r.sums(`CAST(SUM(`+o.column()+`) AS bigint) AS `+o.column(), when)+`) x`+tail, args)
		}
	}
	inner := r.sums(sums, when)
	if r.isGroup { // sets first, members then: there are few sets and many rows
		inner = `SELECT m.grp AS k, ` + sums + ` FROM (` + inner + `) g JOIN group_member m ON m.set_id = g.k GROUP BY m.grp`
	}
	list := []Share{}
	err := s.rows(ctx, "breakdown", func(scan func(dest ...any) error) error {
		var one Share
		err := scan(append([]any{&one.Name}, one.dest()...)...)
		list = append(list, one)
		return err
	}, `SELECT `+name+` AS name, `+summed+` FROM (`+inner+`) x`+tail, args...)
	return list, err
}

// largestFirst is largest in two steps: find returns key, name and measure.
func (s *Store) largestFirst(ctx context.Context, r *rollup, o Order, find string, args []any) ([]Share, error) {
	list, keys := []Share{}, []any{}
	err := s.rows(ctx, "breakdown", func(scan func(dest ...any) error) error {
		var k any
		var one Share
		var measure int64
		err := scan(&k, &one.Name, &measure)
		list, keys = append(list, one), append(keys, k)
		return err
	}, find, args...)
	if err != nil || len(list) == 0 {
		return list, err
	}
	at := make(map[any]*Share, len(list))
	for i, k := range keys {
		at[k] = &list[i]
	}
	n := len(r.args)
	when := r.key + ` IN (` + placeholders(n+1, len(keys)) + `) AND ` + r.column + ` IN (` + placeholders(n+len(keys)+1, int(r.to-r.from)) + `)`
	args = append(slices.Clone(r.args), keys...)
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
	}, r.sums(sums, when), args...)
	// What came in between may have changed the order.
	slices.SortStableFunc(list, func(a, b Share) int { return cmp.Compare(o.of(&b.Usage), o.of(&a.Usage)) })
	return list, err
}
