package event

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"
)

// The kinds of rows in table event.
const (
	kindEvent = 0
	kindCount = 1
)

// inserts are the writer's prepared statements, and what it needs to fill them.
type inserts struct {
	one, eight, many *sql.Stmt
	fold             *sql.Stmt
	args             []any
	from             []any            // pointers to a row's columns
	last             [columnCount]any // of the row before
}

const manyRows = 48

func (s *inserts) prepare(ctx context.Context, c *sql.Conn) (err error) {
	for _, p := range []struct {
		dst  **sql.Stmt
		text string
	}{
		{&s.one, insertText(1)},
		{&s.eight, insertText(8)},
		{&s.many, insertText(manyRows)},
		{&s.fold, `INSERT INTO fold (minute, key, event, n, bytes_out, bytes_in) VALUES ($1, $2, $3, $4, $5, $6)
 ON CONFLICT (minute, key) DO UPDATE SET n = n + excluded.n, bytes_out = bytes_out + excluded.bytes_out,
 bytes_in = bytes_in + excluded.bytes_in`},
	} {
		if *p.dst, err = c.PrepareContext(ctx, p.text); err != nil { //nolint:sqlclosecheck // close does
			return err
		}
	}
	return nil
}

func insertText(rows int) string {
	group := "(?,?" + strings.Repeat(",?", columnCount) + ")"
	return "INSERT INTO event (kind, " + Columns + ", sealed) VALUES " + group + strings.Repeat(","+group, rows-1)
}

func (s *inserts) close() error {
	var errs []error
	for _, st := range []*sql.Stmt{s.one, s.eight, s.many, s.fold} {
		if st != nil {
			errs = append(errs, st.Close())
		}
	}
	return errors.Join(errs...)
}

// events inserts rows, sets their numbers, and returns the last; 0 when there are none.
func (s *inserts) events(kind int64, rows []*Numbered) (int64, error) {
	var last int64
	for len(rows) > 0 {
		st, n := s.one, 1
		switch {
		case len(rows) >= manyRows:
			st, n = s.many, manyRows
		case len(rows) >= 8:
			st, n = s.eight, 8
		}
		s.args = s.args[:0]
		for _, row := range rows[:n] {
			s.add(kind, row)
		}
		res, err := st.ExecContext(context.Background(), s.args...)
		if err != nil {
			return 0, err
		}
		if last, err = res.LastInsertId(); err != nil {
			return 0, err
		}
		for i, row := range rows[:n] {
			row.Seq = last - int64(n-1-i)
		}
		rows = rows[n:]
	}
	return last, nil
}

// add appends the arguments of a row. Most columns of a row are as in the one before, and
// need no new value in an interface then.
func (s *inserts) add(kind int64, row *Numbered) {
	ts := Stamp(row.Event.Time)
	s.from = row.Event.dest(&row.raw, &ts, s.from[:0]...)
	s.args = append(s.args, kind)
	for i, from := range s.from {
		last := &s.last[i]
		switch from := from.(type) {
		case *string:
			if v, ok := (*last).(string); !ok || v != *from {
				*last = *from
			}
		case *int64:
			if v, ok := (*last).(int64); !ok || v != *from {
				*last = *from
			}
		case *Stamp:
			*last = time.Time(*from)
		}
		s.args = append(s.args, *last)
	}
	var sealed any
	if row.raw.sealed != nil {
		sealed = row.raw.sealed
	}
	s.args = append(s.args, sealed)
}
