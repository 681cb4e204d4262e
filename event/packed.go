package event

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"
)

// packs inserts rows into table packed, and sets their numbers, as inserts.events does for
// table event. Both take their numbers from one sequence.
type packs struct {
	packer       packer
	take, insert *sql.Stmt
}

func (s *packs) prepare(ctx context.Context, c *sql.Conn) (err error) {
	if _, err := c.ExecContext(ctx, `INSERT INTO sqlite_sequence (name, seq)
 SELECT 'event', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'event')`); err != nil {
		return err
	}
	if s.take, err = c.PrepareContext(ctx, `UPDATE sqlite_sequence SET seq = seq + $1 WHERE name = 'event' RETURNING seq`); err != nil {
		return err
	}
	s.insert, err = c.PrepareContext(ctx, `INSERT INTO packed (last, n, body) VALUES ($1, $2, $3)`)
	return err
}

func (s *packs) close() error {
	var errs []error
	for _, st := range []*sql.Stmt{s.take, s.insert} {
		if st != nil {
			errs = append(errs, st.Close())
		}
	}
	return errors.Join(errs...)
}

func (s *packs) write(ctx context.Context, kind int, rows []*Numbered) (int64, error) {
	var last int64
	if err := s.take.QueryRowContext(ctx, len(rows)).Scan(&last); err != nil {
		return 0, err
	}
	for i, row := range rows {
		row.Seq = last - int64(len(rows)-1-i)
	}
	for len(rows) > 0 {
		n := s.packer.pack(kind, rows)
		if _, err := s.insert.ExecContext(ctx, rows[n-1].Seq, n, s.packer.body); err != nil {
			return 0, err
		}
		rows = rows[n:]
	}
	return last, nil
}

// readPacked is read for table packed.
func (f *feed) readPacked(ctx context.Context, after int64) ([]Numbered, int64, error) {
	rows, err := f.r.db.QueryContext(ctx, `SELECT last, n, body FROM packed WHERE last > $1 ORDER BY last`, after)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	batch := f.batch(after)
	var u unpacker
	var end int64
	for size := 0; size < feedBytes && len(batch) < f.most && rows.Next(); {
		var last, n int64
		var body sql.RawBytes
		if err := rows.Scan(&last, &n, &body); err != nil {
			return nil, 0, err
		}
		err := u.each(last, n, string(body), func() error {
			if u.row.Seq <= after { // a sink may stand in the middle of a pack
				return nil
			}
			end, size = u.row.Seq, size+len(u.row.raw.detail)+len(u.row.raw.sealed)+feedRow
			if !u.row.Counts || f.rows != nil {
				batch = append(batch, u.row)
				f.ready(&batch[len(batch)-1])
			}
			return nil
		})
		if err != nil {
			return nil, 0, err
		}
	}
	return batch, end, rows.Err()
}

// unpack moves packed rows to table event: a file that was an outbox alone becomes a store.
func (r *Recorder) unpack(ctx context.Context) error {
	st, err := r.conn.PrepareContext(ctx, "INSERT INTO event (seq, kind, "+Columns+", sealed) VALUES (?,?"+strings.Repeat(",?", columnCount+1)+")")
	if err != nil {
		return err
	}
	defer st.Close()
	for more := true; more && err == nil; {
		err = r.inTx(func() (err error) {
			more, err = r.unpackOne(ctx, st)
			return err
		})
	}
	return err
}

// unpackOne moves the first pack; it reports false when there is none.
func (r *Recorder) unpackOne(ctx context.Context, st *sql.Stmt) (bool, error) {
	var last, n int64
	var body string
	err := r.conn.QueryRowContext(ctx, `SELECT last, n, body FROM packed ORDER BY last LIMIT 1`).Scan(&last, &n, &body)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var u unpacker
	err = u.each(last, n, body, func() error {
		args := append(append([]any{u.row.Seq, u.row.kind()}, u.dest...), nil)
		args[2] = time.Time(u.ts)
		if u.row.raw.sealed != nil {
			args[len(args)-1] = u.row.raw.sealed
		}
		_, err := st.ExecContext(ctx, args...)
		return err
	})
	if err == nil {
		_, err = r.conn.ExecContext(ctx, `DELETE FROM packed WHERE last = $1`, last)
	}
	return err == nil, err
}

// ErasePacked makes the rows of a person, packed in an outbox, those of alias, as
// [Numbered.Forget] does, and returns how many they were.
func ErasePacked(ctx context.Context, tx *sql.Tx, name, alias string) (erased int64, err error) {
	var p packer
	for at := int64(0); ; {
		var last, n int64
		var body string
		// Bytes that are alike may be something else.
		err := tx.QueryRowContext(ctx, `SELECT last, n, body FROM packed WHERE last > $1 AND instr(body, CAST($2 AS BLOB)) > 0 ORDER BY last LIMIT 1`,
			at, name).Scan(&last, &n, &body)
		if errors.Is(err, sql.ErrNoRows) {
			return erased, nil
		}
		if err != nil {
			return 0, err
		}
		found, err := p.erase(last, n, body, name, alias)
		if err != nil {
			return 0, err
		}
		if found > 0 {
			if _, err := tx.ExecContext(ctx, `UPDATE packed SET body = $1 WHERE last = $2`, p.body, last); err != nil {
				return 0, err
			}
		}
		erased, at = erased+found, last
	}
}

// erase leaves in p.body what ErasePacked makes of a pack, and returns how many rows changed.
func (p *packer) erase(last, n int64, body, name, alias string) (found int64, err error) {
	var u unpacker
	p.begin()
	err = u.each(last, n, body, func() error {
		row := u.row
		if row.Event.User == name {
			row.Forget(alias)
			found++
		}
		p.add(u.row.kind(), &row)
		return nil
	})
	return found, err
}
