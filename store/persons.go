package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"
)

// PersonIDs returns the numbers that stand for people where their names must not show. A
// name that no roll-up knows is left out.
func (s *Store) PersonIDs(ctx context.Context, names []string) (map[string]int64, error) {
	out := map[string]int64{}
	names = slices.Clone(names)
	slices.Sort(names)
	for part := range slices.Chunk(slices.Compact(names), internChunk) {
		args := make([]any, len(part))
		for i, n := range part {
			args[i] = n
		}
		err := s.rows(ctx, "person ids", func(scan func(dest ...any) error) error {
			var name string
			var id int64
			err := scan(&name, &id)
			out[name] = id
			return err
		}, `SELECT name, id FROM person WHERE name IN (`+placeholders(1, len(part))+`)`, args...)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// PersonName returns the name behind a number; [ErrNotFound] when there is none.
func (s *Store) PersonName(ctx context.Context, id int64) (string, error) {
	var name string
	err := s.db.QueryRowContext(ctx, `SELECT name FROM person WHERE id = $1`, id).Scan(&name)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("person %d: %w", id, ErrNotFound)
	}
	if err != nil {
		return "", fmt.Errorf("person %d: %w", id, err)
	}
	return name, nil
}

// FindPeople returns names that begin with text, at most limit.
func (s *Store) FindPeople(ctx context.Context, text string, limit int) ([]string, error) {
	list := []string{}
	err := s.rows(ctx, "find people", func(scan func(dest ...any) error) error {
		var name string
		err := scan(&name)
		list = append(list, name)
		return err
	}, `SELECT name FROM person WHERE name LIKE $1 ESCAPE '\' AND name <> '' ORDER BY name LIMIT $2`, likeEscaper.Replace(text)+`%`, limited(limit, 10))
	return list, err
}

// UserDay is one day of one person.
type UserDay struct {
	User string
	Day  time.Time
	Usage
}

// UserDays returns the days of people, day by day. The period must not be longer than 400
// days, and at most 200 people are looked up.
func (s *Store) UserDays(ctx context.Context, p Period, users []string) ([]UserDay, error) {
	users = users[:min(len(users), 200)]
	from, to := p.days()
	to = min(to, from+400)
	if len(users) == 0 || to <= from {
		return nil, nil
	}
	// Days are listed, not bounded: each is then found by the key (day, usr, …).
	args := make([]any, 0, int(to-from)+len(users))
	for d := from; d < to; d++ {
		args = append(args, d)
	}
	for _, u := range users {
		args = append(args, u)
	}
	list := []UserDay{}
	err := s.rows(ctx, "days of people", func(scan func(dest ...any) error) error {
		var d UserDay
		var day int64
		err := scan(append([]any{&d.User, &day}, d.dest()...)...)
		d.Day = time.Unix(day*86400, 0).UTC()
		list = append(list, d)
		return err
	}, `SELECT n.name, u.day, `+sums+` FROM person_daily u JOIN person n ON n.id = u.usr WHERE u.day IN (`+placeholders(1, int(to-from))+`)
 AND u.usr IN (SELECT id FROM person WHERE name IN (`+placeholders(1+int(to-from), len(users))+`)) GROUP BY n.name, u.day ORDER BY n.name, u.day`, args...)
	return list, err
}

// PeopleByDay returns how many people used any AI app, day by day, with the days of a
// period on which somebody did.
func (s *Store) PeopleByDay(ctx context.Context, p Period) (map[time.Time]int64, error) {
	from, to := p.days()
	out := map[time.Time]int64{}
	err := s.rows(ctx, "people by day", func(scan func(dest ...any) error) error {
		var day int64
		var blob []byte
		if err := scan(&day, &blob); err != nil {
			return err
		}
		bits, err := readBitmap(blob)
		if err != nil {
			return err
		}
		out[time.Unix(day*86400, 0).UTC()] = int64(bits.GetCardinality())
		return nil
	}, `SELECT day, people FROM app_people WHERE app = '' AND day >= $1 AND day < $2`, from, to)
	return out, err
}

// AppDay is one day of one app.
type AppDay struct {
	App string
	Day time.Time
	Usage
}

// AppDays returns the days of all apps in a period, or of one. It reads the smallest
// roll-up by day and app.
func (s *Store) AppDays(ctx context.Context, p Period, app string) ([]AppDay, error) {
	from, to := p.days()
	args, only := []any{from, to}, ""
	if app != "" {
		args, only = append(args, app), ` AND app = $3`
	}
	list := []AppDay{}
	err := s.rows(ctx, "days of apps", func(scan func(dest ...any) error) error {
		var d AppDay
		var day int64
		err := scan(append([]any{&d.App, &day}, d.dest()...)...)
		d.Day = time.Unix(day*86400, 0).UTC()
		list = append(list, d)
		return err
	}, `SELECT app, day, `+sums+` FROM coverage_daily WHERE day >= $1 AND day < $2`+only+` GROUP BY app, day ORDER BY app, day`, args...)
	return list, err
}
