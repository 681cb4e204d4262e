package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// rollup is the part of roll-up tables that is added up by a key.
type rollup struct {
	key     string
	names   string // table of the names of numbers; "": the key is the name
	isGroup bool   // the key is a set of groups, and the names are its members
	parts   []part
	args    []any // $1… of parts
}

// part is rows of one table, added or taken away.
type part struct {
	table, only string
	column      string  // of time: day or hour
	from, to    int64   // of column
	times       []int64 // these, instead of from and to
	minus       bool
}

// daily is the part of a table by day.
func daily(table string, p Period, only string) part {
	from, to := p.days()
	return part{table: table, column: "day", from: from, to: to, only: only}
}

// exactly is a period's part of a table by day, and of the hours at its ends that are no whole days.
func exactly(table string, p Period, only string) []part {
	from, to := p.hours()
	first, last := floorDiv(from+23, 24), floorDiv(to, 24)
	hours := part{table: "usage_hourly", column: "hour", from: from, to: to, only: only}
	if first >= last {
		return []part{hours}
	}
	parts := []part{{table: table, column: "day", from: first, to: last, only: only}}
	for _, end := range [][2]int64{{from, first * 24}, {last * 24, to}} {
		if hours.from, hours.to = end[0], end[1]; hours.from < hours.to {
			parts = append(parts, hours)
		}
	}
	return parts
}

// sums adds up columns, which are made of measures, by k: for those keys, or for all.
func (r *rollup) sums(columns, measures string, keys []any) (text string, args []any) {
	args = append(slices.Clone(r.args), keys...)
	of := ""
	if len(keys) > 0 {
		of = ` AND ` + r.key + ` IN (` + placeholders(len(r.args)+1, len(keys)) + `)`
	}
	minus := slices.ContainsFunc(r.parts, func(p part) bool { return p.minus })
	if minus {
		measures = summed // what is left of a key shows in all
	}
	all := make([]string, len(r.parts))
	for i, p := range r.parts {
		sign := ""
		if p.minus {
			sign = "-"
		}
		var when string
		when, args = p.when(args)
		all[i] = `SELECT ` + r.key + ` AS k, ` + sign + strings.ReplaceAll(measures, ", ", ", "+sign) + ` FROM ` + p.table + ` WHERE ` + when + p.only + of
	}
	text = `SELECT k, ` + columns + ` FROM (` + strings.Join(all, ` UNION ALL `) + `) u GROUP BY k`
	if minus {
		text += ` HAVING CAST(SUM(events) AS bigint) <> 0 OR CAST(SUM(bytes_out) AS bigint) <> 0 OR CAST(SUM(bytes_in) AS bigint) <> 0`
	}
	return text, args
}

// when is the time of a part, with its arguments after others.
func (p *part) when(args []any) (string, []any) {
	if p.times == nil {
		return p.column + ` >= ` + placeholders(len(args)+1, 1) + ` AND ` + p.column + ` < ` + placeholders(len(args)+2, 1), append(args, p.from, p.to)
	}
	text := p.column + ` IN (` + placeholders(len(args)+1, len(p.times)) + `)`
	for _, t := range p.times {
		args = append(args, t)
	}
	return text, args
}

// list names each day or hour of the parts, if they are few: a key is then found on each.
func (r *rollup) list() (few bool) {
	for i := range r.parts {
		p := &r.parts[i]
		if p.to-p.from > fewTimes || len(p.times) > fewTimes {
			return false
		}
		for t := p.from; t < p.to; t++ {
			p.times = append(p.times, t)
		}
		p.from, p.to = 0, 0
	}
	return true
}

// Of a table with a row for each key and day, adding up seven measures to show twenty rows is most
// of the work: the largest are found by one measure, and the others added up for these alone.
const (
	fewKeys  = 100
	fewTimes = 100
)

// largest returns the keys of r with most of what o says.
func (s *Store) largest(ctx context.Context, r *rollup, o Order, limit int) ([]Share, error) {
	name, join := "x.k", ""
	if r.names != "" {
		name, join = "n.name", " JOIN "+r.names+" n ON n.id = x.k"
	}
	many := spanned()[r.parts[0].table] != "" || r.parts[0].table == "user_app_daily"
	if err := s.useSpans(ctx, r); err != nil {
		return nil, err
	}
	if many && limit <= fewKeys {
		measure := o.column()
		inner, args := r.sums(`CAST(SUM(`+measure+`) AS bigint) AS `+measure, measure, nil)
		args = append(args, limit)
		most := placeholders(len(args), 1) // who is on a par with the last has a name before it, perhaps
		find := `SELECT x.k, ` + name + ` AS name, ` + measure + ` FROM (SELECT k, ` + measure + `, RANK() OVER (ORDER BY ` + measure + ` DESC) AS place FROM (` + inner + `) s) x` +
			join + ` WHERE x.place <= ` + most + ` ORDER BY ` + measure + ` DESC, name LIMIT ` + most
		if r.list() {
			return s.largestFirst(ctx, r, o, find, args)
		}
	}
	inner, args := r.sums(sums, summed, nil)
	if r.isGroup { // sets first, members then: there are few sets and many rows
		inner = `SELECT m.grp AS k, ` + sums + ` FROM (` + inner + `) g JOIN group_member m ON m.set_id = g.k GROUP BY m.grp`
	}
	args = append(args, limit)
	text := `SELECT ` + name + ` AS name, ` + summed + ` FROM (` + inner + `) x` + join + ` ORDER BY ` + o.column() + ` DESC, name LIMIT ` + placeholders(len(args), 1)
	list := []Share{}
	err := s.rows(ctx, "breakdown", func(scan func(dest ...any) error) error {
		var one Share
		err := scan(append([]any{&one.Name}, one.dest()...)...)
		list = append(list, one)
		return err
	}, text, args...)
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
	text, args := r.sums(sums, summed, keys)
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
	}, text, args...)
	// What came in between may have changed the order.
	slices.SortStableFunc(list, func(a, b Share) int { return cmp.Compare(o.of(&b.Usage), o.of(&a.Usage)) })
	return list, err
}
