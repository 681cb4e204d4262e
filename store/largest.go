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
	from, to    int64  // within it: of parts that do not say
	names       string // table of the names of numbers; "": the key is the name
	isGroup     bool   // the key is a set of groups, and the names are its members
	parts       []part
	args        []any // $1… of parts
}

// part is rows of one table, added or taken away.
type part struct {
	table, only string
	minus       bool
	from, to    int64
	days        []int64 // these, instead of a period
}

// days makes the roll-up one by day.
func (r *rollup) days(p Period, of part) *rollup {
	r.column, r.parts = "day", []part{of}
	r.from, r.to = p.days()
	return r
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
		when, args = r.when(&p, args)
		all[i] = `SELECT ` + r.key + ` AS k, ` + sign + strings.ReplaceAll(measures, ", ", ", "+sign) + ` FROM ` + p.table + ` WHERE ` + when + p.only + of
	}
	text = `SELECT k, ` + columns + ` FROM (` + strings.Join(all, ` UNION ALL `) + `) u GROUP BY k`
	if minus {
		text += ` HAVING CAST(SUM(events) AS bigint) <> 0 OR CAST(SUM(bytes_out) AS bigint) <> 0 OR CAST(SUM(bytes_in) AS bigint) <> 0`
	}
	return text, args
}

// when is the time of a part, with its arguments after others.
func (r *rollup) when(p *part, args []any) (string, []any) {
	if p.days == nil {
		from, to := r.period(p)
		return r.column + ` >= ` + placeholders(len(args)+1, 1) + ` AND ` + r.column + ` < ` + placeholders(len(args)+2, 1), append(args, from, to)
	}
	text := r.column + ` IN (` + placeholders(len(args)+1, len(p.days)) + `)`
	for _, d := range p.days {
		args = append(args, d)
	}
	return text, args
}

// period returns the first time of a part, and the one after the last.
func (r *rollup) period(p *part) (from, to int64) {
	if p.from == p.to {
		return r.from, r.to
	}
	return p.from, p.to
}

// listDays makes each part one of single days, if they are few: a key is then found on each.
func (r *rollup) listDays() (few bool) {
	for i := range r.parts {
		p := &r.parts[i]
		if p.days != nil {
			if len(p.days) > fewDays {
				return false
			}
			continue
		}
		from, to := r.period(p)
		if to-from > fewDays {
			return false
		}
		for d := from; d < to; d++ {
			p.days = append(p.days, d)
		}
	}
	return true
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
		if r.listDays() {
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
