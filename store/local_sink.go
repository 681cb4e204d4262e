package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

// localSink keeps the roll-ups in the SQLite file, where the events already are. Its cursor
// moves in the transaction of the roll-ups.
type localSink struct {
	s    *Store
	keep *keeper
	tx   *sqliteTx // nil until the first batch
}

// localCursor is the sink's name in table cursor.
const localCursor = "rollups"

// localChunk is how many rows one transaction takes: the recorder waits for the write lock
// that long.
const localChunk = 500

// Name implements event.Sink.
func (l *localSink) Name() string { return "roll-ups" }

// Frees implements event.RowSink: the outbox is the store.
func (l *localSink) Frees() bool { return false }

// Position implements event.Sink.
func (l *localSink) Position(ctx context.Context, outbox string) (int64, error) {
	var seq int64
	err := l.s.local.QueryRowContext(ctx, `SELECT seq FROM cursor WHERE outbox = $1 AND sink = $2`, outbox, localCursor).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return seq, err
}

// Write implements event.Sink.
func (l *localSink) Write(ctx context.Context, outbox string, after int64, batch []event.Numbered) error {
	for len(batch) > 0 {
		n := min(localChunk, len(batch))
		began := time.Now()
		if err := l.writeChunk(ctx, outbox, after, batch[:n]); err != nil {
			return fmt.Errorf("write roll-ups: %w", err)
		}
		after, batch = batch[n-1].Seq, batch[n:]
		if len(batch) == 0 {
			return nil
		}
		select { // as long again for the recorder
		case <-time.After(time.Since(began)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (l *localSink) writeChunk(ctx context.Context, outbox string, after int64, batch []event.Numbered) error {
	if l.tx == nil {
		conn, err := l.s.local.Conn(ctx)
		if err != nil {
			return err
		}
		l.tx = &sqliteTx{conn: conn, stmts: map[string]*sql.Stmt{}}
	}
	var erased []*event.Numbered
	for {
		err := l.keep.gone.learn(ctx, l.tx, l.keep.people.forget)
		if err == nil {
			erased = append(erased, l.keep.gone.apply(batch)...)
			err = l.writeErased(ctx, outbox, after, batch, erased)
		}
		if errors.Is(err, errNewErasure) {
			continue
		}
		if err != nil {
			return errors.Join(err, l.close()) // the connection may be what is broken
		}
		return nil
	}
}

// writeErased writes batch, of which erased were erased just now. It returns errNewErasure
// when somebody else has been since.
func (l *localSink) writeErased(ctx context.Context, outbox string, after int64, batch []event.Numbered, erased []*event.Numbered) error {
	known := l.keep.gone.newest()
	ids, err := l.keep.resolve(ctx, l.s, batch)
	if err != nil {
		return err
	}
	r := sum(batch, ids)
	err = l.tx.inTx(ctx, func() error {
		n, err := newestErasure(ctx, l.tx)
		if err != nil {
			return err
		}
		if n > known {
			return errNewErasure
		}
		for _, row := range erased {
			if err := l.tx.exec(ctx, eraseRow, row.Detail(), row.Seq, row.Event.User); err != nil {
				return err
			}
		}
		res, err := l.tx.conn.ExecContext(ctx, `INSERT INTO cursor (outbox, sink, seq) VALUES ($1, $2, $3)
 ON CONFLICT (outbox, sink) DO UPDATE SET seq = excluded.seq WHERE cursor.seq = $4`, outbox, localCursor, batch[len(batch)-1].Seq, after)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n != 1 {
			return errors.Join(err, errMoved)
		}
		return l.keep.write(ctx, l.tx, r)
	})
	l.keep.settle(err == nil)
	return err
}

// close gives the sink's connection back; the next batch takes another.
func (l *localSink) close() error {
	if l.tx == nil {
		return nil
	}
	err := l.tx.close()
	l.tx = nil
	return err
}
