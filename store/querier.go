package store

import (
	"context"
	"database/sql"

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

type sqliteTx struct{ tx *sql.Tx }

func (q sqliteTx) exec(ctx context.Context, text string, args ...any) error {
	_, err := q.tx.ExecContext(ctx, text, args...)
	return err
}

func (q sqliteTx) each(ctx context.Context, f func(scan func(dest ...any) error) error, text string, args ...any) error {
	rows, err := q.tx.QueryContext(ctx, text, args...)
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

func (q sqliteTx) upsert(ctx context.Context, f *frame) error { return f.toSQLite(ctx, q.tx) }

func (q sqliteTx) forUpdate() string { return "" } // the transaction already has the only write lock
