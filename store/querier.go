package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5"
)

// querier is a transaction of either database.
type querier interface {
	exec(ctx context.Context, text string, args ...any) error
	// each calls f for every row with its Scan.
	each(ctx context.Context, f func(scan func(dest ...any) error) error, text string, args ...any) error
	// upsert writes a frame.
	upsert(ctx context.Context, f *frame) error
	// forUpdate is what a SELECT ends with that reads in order to write.
	forUpdate() string
}

type pgxTx struct{ tx pgx.Tx }

func (q pgxTx) exec(ctx context.Context, text string, args ...any) error {
	_, err := q.tx.Exec(ctx, text, args...)
	return err
}

func (q pgxTx) each(ctx context.Context, f func(scan func(dest ...any) error) error, text string, args ...any) error {
	rows, err := q.tx.Query(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (q pgxTx) upsert(ctx context.Context, f *frame) error { return f.toPostgres(ctx, q.tx) }

func (q pgxTx) forUpdate() string { return " FOR UPDATE" }

// sqliteTx is a transaction on a connection of its own, with its statements kept: parsing
// them would cost more than running them.
type sqliteTx struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

// maxStatements bounds the statements a connection keeps.
const maxStatements = 256

func (q *sqliteTx) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	if st := q.stmts[text]; st != nil {
		return st, nil
	}
	if len(q.stmts) >= maxStatements {
		for t, st := range q.stmts {
			if err := st.Close(); err != nil {
				return nil, err
			}
			delete(q.stmts, t)
		}
	}
	st, err := q.conn.PrepareContext(ctx, text)
	if err == nil {
		q.stmts[text] = st
	}
	return st, err
}

func (q *sqliteTx) exec(ctx context.Context, text string, args ...any) error {
	st, err := q.prepare(ctx, text) //nolint:sqlclosecheck // it is kept; close closes it
	if err != nil {
		return err
	}
	_, err = st.ExecContext(ctx, args...)
	return err
}

func (q *sqliteTx) each(ctx context.Context, f func(scan func(dest ...any) error) error, text string, args ...any) error {
	rows, err := q.conn.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (q *sqliteTx) upsert(ctx context.Context, f *frame) error { return f.toSQLite(ctx, q) }

func (q *sqliteTx) forUpdate() string { return "" } // the transaction already has the only write lock

// inTx runs f in a transaction.
func (q *sqliteTx) inTx(ctx context.Context, f func() error) error {
	if _, err := q.conn.ExecContext(ctx, `BEGIN IMMEDIATE`); err != nil {
		return err
	}
	err := f()
	if err == nil {
		_, err = q.conn.ExecContext(ctx, `COMMIT`)
	}
	if err != nil { // perhaps SQLite has rolled back already
		_, _ = q.conn.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`)
	}
	return err
}

func (q *sqliteTx) close() error {
	var errs []error
	for _, st := range q.stmts {
		errs = append(errs, st.Close())
	}
	return errors.Join(append(errs, q.conn.Close())...)
}
