package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
)

// GroupUse is what the people of one group did in a period. Who was in the group is what the
// proxy said at the time.
type GroupUse struct {
	Total  Total
	Before Total               // of the period of the same length that ends where this one begins
	Hours  []Point             // hour by hour; Key is the app's status at the time
	People map[time.Time]int64 // day by day
	Apps   []AppUsage          // most requests first
	Days   []AppDay            // of the last 30 days of the period, app by app
}

// groupDays is how far back GroupUse.Days go.
const groupDays = 30

// groupSums adds up rows of hours, people and apps.
type groupSums struct {
	period, before Period
	now, then      Usage
	anybody, past  *roaring.Bitmap
	pastApps       map[string]bool
	hours          map[statusHour]*Usage
	apps           map[string]*Usage
	users          map[string]*roaring.Bitmap
	days           map[dayApp]*Usage
	daily          map[int64]*roaring.Bitmap
}

type statusHour struct {
	hour   int64
	status string
}

// groupRows reads app by app: SQLite keeps the order of a cross join, and hours are within
// apps in the key. By the index of hours each row would be looked up by itself.
const groupRows = `SELECT u.hour, u.app, u.status, u.usr, ` + summed + ` FROM app a CROSS JOIN usage_hourly u
 WHERE u.app = a.app AND u.hour >= $1 AND u.hour < $2 AND u.grp IN (SELECT set_id FROM group_member WHERE grp = $3)`

// GroupUse reads once what a group used, from the one roll-up that has people, groups and
// apps; its time depends on the hours and people of all groups.
func (s *Store) GroupUse(ctx context.Context, p Period, group string) (*GroupUse, error) {
	before := Period{From: p.From.Add(p.From.Sub(p.To)), To: p.From}
	g := &groupSums{
		period: p, before: before, anybody: roaring.New(), past: roaring.New(), pastApps: map[string]bool{}, hours: map[statusHour]*Usage{},
		apps: map[string]*Usage{}, users: map[string]*roaring.Bitmap{}, days: map[dayApp]*Usage{}, daily: map[int64]*roaring.Bitmap{},
	}
	from, _ := before.hours()
	_, to := p.hours()
	from = min(from, to-groupDays*24)
	err := s.rows(ctx, "use of a group", func(scan func(dest ...any) error) error {
		var hour, usr int64
		var app, status string
		var u Usage
		if err := scan(append([]any{&hour, &app, &status, &usr}, u.dest()...)...); err != nil {
			return err
		}
		g.add(hour, app, status, uint32(usr), &u)
		return nil
	}, groupRows, from, to, group)
	if err != nil {
		return nil, err
	}
	out := g.report()
	return out, s.describeApps(ctx, out.Apps)
}

func (g *groupSums) add(hour int64, app, status string, usr uint32, u *Usage) {
	day := floorDiv(hour, 24)
	if _, to := g.period.hours(); hour >= to-groupDays*24 {
		at(g.days, dayApp{day, app}, newUsage).add(u)
	}
	if from, to := g.before.hours(); hour >= from && hour < to {
		g.then.add(u)
		g.past.Add(usr)
		g.pastApps[app] = true
	}
	if from, to := g.period.hours(); hour < from || hour >= to {
		return
	}
	g.now.add(u)
	g.anybody.Add(usr)
	at(g.hours, statusHour{hour, status}, newUsage).add(u)
	at(g.apps, app, newUsage).add(u)
	at(g.users, app, roaring.New).Add(usr)
	at(g.daily, day, roaring.New).Add(usr)
}

func (g *groupSums) report() *GroupUse {
	out := &GroupUse{
		Total:  Total{Usage: g.now, Apps: int64(len(g.apps)), Users: int64(g.anybody.GetCardinality())},
		Before: Total{Usage: g.then, Apps: int64(len(g.pastApps)), Users: int64(g.past.GetCardinality())},
		People: map[time.Time]int64{}, Apps: []AppUsage{},
	}
	for k, u := range g.hours {
		out.Hours = append(out.Hours, Point{At: time.Unix(k.hour*3600, 0).UTC(), Key: k.status, Usage: *u})
	}
	slices.SortFunc(out.Hours, func(a, b Point) int { return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Key, b.Key)) })
	for app, u := range g.apps {
		out.Apps = append(out.Apps, AppUsage{App: app, Usage: *u, Users: int64(g.users[app].GetCardinality())})
	}
	slices.SortFunc(out.Apps, func(a, b AppUsage) int { return cmp.Or(cmp.Compare(b.Events, a.Events), strings.Compare(a.App, b.App)) })
	for k, u := range g.days {
		out.Days = append(out.Days, AppDay{App: k.app, Day: time.Unix(k.day*86400, 0).UTC(), Usage: *u})
	}
	slices.SortFunc(out.Days, func(a, b AppDay) int { return cmp.Or(strings.Compare(a.App, b.App), a.Day.Compare(b.Day)) })
	for day, people := range g.daily {
		out.People[time.Unix(day*86400, 0).UTC()] = int64(people.GetCardinality())
	}
	return out
}

// describeApps adds to apps their name, category and status of now.
func (s *Store) describeApps(ctx context.Context, apps []AppUsage) error {
	at := make(map[string]*AppUsage, len(apps))
	for i := range apps {
		at[apps[i].App] = &apps[i]
	}
	return s.rows(ctx, "describe apps", func(scan func(dest ...any) error) error {
		var a AppUsage
		if err := scan(&a.App, &a.Name, &a.Category, &a.Status); err != nil {
			return err
		}
		if u := at[a.App]; u != nil {
			u.Name, u.Category, u.Status = a.Name, a.Category, a.Status
		}
		return nil
	}, `SELECT a.app, `+appColumns+` FROM app a LEFT JOIN app_status s ON s.app = a.app`)
}

// Steps adds up points of whole hours in longer steps, counted from from.
func Steps(points []Point, from time.Time, step time.Duration) []Point {
	sums := map[Point]*Usage{} // by time and key alone
	for i := range points {
		p := &points[i]
		k := Point{At: from.Add(p.At.Sub(from) / step * step), Key: p.Key}
		at(sums, k, newUsage).add(&p.Usage)
	}
	out := make([]Point, 0, len(sums))
	for k, u := range sums {
		k.Usage = *u
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b Point) int { return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Key, b.Key)) })
	return out
}
