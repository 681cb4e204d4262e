package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/sluice-dlp/sluice/event"
)

// A text is looked for first among the names that events can have, of which there are few:
// events are then compared with the names that hold it, and where none does, none is read.
// The names are kept with the roll-ups, which follow the events within a second.

// manyNames is how many names a column is compared with. Where more hold the text, the column
// itself is searched.
const manyNames = 200

// fewEvents is how many events are so few that an index finds all of them sooner than a walk
// back in time finds a page of them.
const fewEvents = 2000

// textSearch is the condition under construction: one of either.
type textSearch struct {
	within string // the pattern
	alone  string // the condition when there is only one, and an index serves it; else empty
	either []string
	args   []any
}

// addText adds the condition that f.Text is in an event.
func (s *Store) addText(ctx context.Context, f *Filter, q *selection) error {
	if f.Text == "" {
		return nil
	}
	text := strings.ToLower(f.Text)
	if _, ok := event.IDTime(text); ok {
		q.add(`id = ?`, text)
		return nil
	}
	t := &textSearch{within: `%` + likeEscaper.Replace(text) + `%`}
	sources := []struct{ column, values, name string }{
		{"host", "(SELECT word FROM event_word WHERE kind = 'host') w", "word"},
		{"rule", "(SELECT word FROM event_word WHERE kind = 'rule') w", "word"},
		{"detectors", `(SELECT DISTINCT detector FROM match_daily WHERE profile = '') d`, "detector"},
		{"app", "app", "app"},
		{"device", "device", "name"},
		{"usr", "person", "name"},
	}
	if f.NoNames {
		sources = sources[:4]
	}
	for _, c := range sources {
		var names []any
		err := s.rows(ctx, "names with a text", func(scan func(dest ...any) error) error {
			var name string
			err := scan(&name)
			names = append(names, name)
			return err
		}, `SELECT `+c.name+` FROM `+c.values+` WHERE LOWER(`+c.name+`) LIKE $1 ESCAPE '\' LIMIT $2`, t.within, manyNames+1)
		switch {
		case err != nil:
			return err
		case c.column != "detectors":
			t.add(c.column, names, len(names) > manyNames)
		case len(names) > 0:
			t.or(`nmatch > 0 AND LOWER(detectors) LIKE ? ESCAPE '\'`, t.within)
		}
	}
	switch {
	case len(t.either) == 0:
		t.or(`1 = 0`)
	case len(t.either) == 1 && t.alone != "":
		var n int
		few := &selection{}
		few.add(t.alone, t.args...)
		count := `SELECT COUNT(*) FROM (SELECT 1 FROM events` + few.whereText() + ` LIMIT ` + few.arg(fewEvents) + `) f`
		if err := s.db.QueryRowContext(ctx, count, few.args...).Scan(&n); err != nil {
			return fmt.Errorf("count events with a text: %w", err)
		}
		if n < fewEvents {
			t.either[0] = t.alone
		}
	}
	q.add(`(`+strings.Join(t.either, ` OR `)+`)`, t.args...)
	return nil
}

// add allows events whose column is one of names; with many, those whose column has the text.
func (t *textSearch) add(column string, names []any, many bool) {
	switch {
	case many:
		t.or(`LOWER(`+column+`) LIKE ? ESCAPE '\'`, t.within)
	case len(names) > 0:
		// The column is hidden from the planners: they would collect and sort all events with
		// one of the names instead of walking back until the page is full.
		in := ` IN (?` + strings.Repeat(`, ?`, len(names)-1) + `)`
		if column == "app" || column == "usr" {
			t.alone = column + in
		}
		t.or(column+` || ''`+in, names...)
	}
}

func (t *textSearch) or(condition string, args ...any) {
	t.either, t.args = append(t.either, condition), append(t.args, args...)
}
