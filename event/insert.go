package event

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The kinds of rows in table event.
const (
	kindEvent = 0
	kindCount = 1
)

// inserts are the writer's prepared statements, and what it needs to fill them. Those for
// events are the driver's own: package sql would copy and check some 1,600 arguments.
type inserts struct {
	conn             *sql.Conn
	packs            *packs // nil: rows go into table event
	one, eight, many driver.Stmt
	fold             *sql.Stmt
	args             []driver.NamedValue
	from             []any            // pointers to a row's columns
	last             [columnCount]any // of the row before
}

const manyRows = 48

func (s *inserts) prepare(ctx context.Context, c *sql.Conn, packed bool) (err error) {
	s.conn = c
	s.fold, err = c.PrepareContext(ctx, `INSERT INTO fold (minute, key, event, n, bytes_out, bytes_in) VALUES ($1, $2, $3, $4, $5, $6)
 ON CONFLICT (minute, key) DO UPDATE SET n = n + excluded.n, bytes_out = bytes_out + excluded.bytes_out,
 bytes_in = bytes_in + excluded.bytes_in`)
	if err != nil {
		return err
	}
	if packed {
		s.packs = &packs{}
		return s.packs.prepare(ctx, c)
	}
	return c.Raw(func(raw any) error {
		from, ok := raw.(driver.ConnPrepareContext)
		if !ok {
			return fmt.Errorf("driver %T prepares no statements", raw)
		}
		for _, p := range []struct {
			dst  *driver.Stmt
			rows int
		}{{&s.one, 1}, {&s.eight, 8}, {&s.many, manyRows}} {
			if *p.dst, err = from.PrepareContext(ctx, insertText(p.rows)); err != nil {
				return err
			}
		}
		return nil
	})
}

func insertText(rows int) string {
	group := "(?,?" + strings.Repeat(",?", columnCount) + ")"
	return "INSERT INTO event (kind, " + Columns + ", sealed) VALUES " + group + strings.Repeat(","+group, rows-1)
}

func (s *inserts) close() error {
	if s.conn == nil {
		return nil
	}
	err := s.conn.Raw(func(any) error {
		var errs []error
		for _, st := range []driver.Stmt{s.one, s.eight, s.many} {
			if st != nil {
				errs = append(errs, st.Close())
			}
		}
		return errors.Join(errs...)
	})
	if s.fold != nil {
		err = errors.Join(err, s.fold.Close())
	}
	if s.packs != nil {
		err = errors.Join(err, s.packs.close())
	}
	return err
}

// exec runs a statement of the driver with s.args, and returns the number of the last row.
func (s *inserts) exec(st driver.Stmt) (last int64, err error) {
	err = s.conn.Raw(func(any) error {
		run, ok := st.(driver.StmtExecContext)
		if !ok {
			return fmt.Errorf("statement %T cannot be run", st)
		}
		res, err := run.ExecContext(context.Background(), s.args)
		if err == nil {
			last, err = res.LastInsertId()
		}
		return err
	})
	return last, err
}

// events inserts rows, sets their numbers, and returns the last; 0 when there are none.
func (s *inserts) events(kind int, rows []*Numbered) (int64, error) {
	if s.packs != nil && len(rows) > 0 {
		return s.packs.write(context.Background(), kind, rows)
	}
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
		var err error
		if last, err = s.exec(st); err != nil {
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
func (s *inserts) add(kind int, row *Numbered) {
	ts := Stamp(row.Event.Time)
	s.from = row.Event.dest(&row.raw, &ts, s.from[:0]...)
	s.arg(int64(kind))
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
		s.arg(*last)
	}
	var sealed any
	if row.raw.sealed != nil {
		sealed = row.raw.sealed
	}
	s.arg(sealed)
}

func (s *inserts) arg(v driver.Value) {
	s.args = append(s.args, driver.NamedValue{Ordinal: len(s.args) + 1, Value: v})
}
