package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sluice-dlp/sluice/event"
)

// postgresSink moves rows of an outbox into Postgres. One transaction copies the rows, moves
// the cursor and adds to the roll-ups, so that each row arrives exactly once without
// a unique index.
type postgresSink struct {
	s    *Store
	keep *keeper

	buffers sync.Pool // of *copyBuffer: they are large

	mu     sync.Mutex
	days   map[int64]bool // partitions known to exist, by day
	native *bool          // nil until asked: see partitioned
}

func newPostgresSink(s *Store) *postgresSink {
	return &postgresSink{s: s, keep: newKeeper(), days: map[int64]bool{}}
}

// Name implements event.Sink.
func (p *postgresSink) Name() string { return "postgres" }

// Frees implements event.RowSink: what Postgres has, the outbox may drop.
func (p *postgresSink) Frees() bool { return true }

// Position implements event.Sink.
func (p *postgresSink) Position(ctx context.Context, outbox string) (int64, error) {
	if err := p.s.prepare(ctx); err != nil {
		return 0, err
	}
	var seq int64
	err := p.s.pool.QueryRow(ctx, `SELECT seq FROM ingest_cursor WHERE outbox = $1`, outbox).Scan(&seq)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	return seq, err
}

// errMoved says that the cursor is not where this sink left it.
var errMoved = errors.New("the cursor has moved: another process feeds the same outbox, or the last transaction did arrive")

// Write implements event.Sink.
func (p *postgresSink) Write(ctx context.Context, outbox string, after int64, batch []event.Numbered) error {
	if len(batch) == 0 {
		return nil
	}
	prepared, err := p.Prepare(ctx, outbox, batch)
	if err != nil {
		return err
	}
	return prepared.Commit(ctx, after)
}

// Prepare implements event.Preparer: it copies the rows, in a transaction that only takes its
// place in line when it moves the cursor.
func (p *postgresSink) Prepare(ctx context.Context, outbox string, batch []event.Numbered) (event.Prepared, error) {
	if err := p.makeDays(ctx, batch); err != nil {
		return nil, fmt.Errorf("make partitions: %w", err)
	}
	tx, err := p.s.pool.Begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("write to postgres: %w", err)
	}
	b := &postgresBatch{p: p, tx: tx, outbox: outbox, last: batch[len(batch)-1].Seq, late: lateOf(batch)}
	if err := b.copy(ctx, batch); err != nil {
		b.Abort()
		return nil, fmt.Errorf("write to postgres: %w", err)
	}
	return b, nil
}

func (b *postgresBatch) copy(ctx context.Context, batch []event.Numbered) error {
	keep := b.p.keep
	// Until the transaction ends, nobody is erased.
	if _, err := b.tx.Exec(ctx, `SELECT pg_advisory_xact_lock_shared($1)`, erasureLock); err != nil {
		return err
	}
	if err := keep.gone.learn(ctx, pgxTx{b.tx}, keep.people.forget); err != nil {
		return err
	}
	keep.gone.apply(batch)
	ids, err := keep.resolve(ctx, b.p.s, batch)
	if err != nil {
		return err
	}
	buffer, ok := b.p.buffers.Get().(*copyBuffer)
	if !ok {
		made := make(copyBuffer, 0, 512*len(batch))
		buffer = &made
	}
	if *buffer, err = encodeCopy((*buffer)[:0], batch, ids); err != nil {
		return err
	}
	summed := make(chan *rollups, 1)
	go func() { summed <- sum(batch, ids) }() // while Postgres copies
	err = buffer.send(ctx, b.tx)
	b.sum = <-summed // the batch is the caller's again
	if err == nil {  // else the buffer may still be read
		b.p.buffers.Put(buffer)
	}
	return err
}

// postgresBatch is a batch whose rows are copied, but not committed.
type postgresBatch struct {
	p      *postgresSink
	tx     pgx.Tx
	outbox string
	last   int64 // number of the last row
	late   []late
	sum    *rollups
}

// Commit implements event.Prepared.
func (b *postgresBatch) Commit(ctx context.Context, after int64) error {
	err := b.write(ctx, after)
	if err == nil {
		err = b.tx.Commit(ctx)
	}
	b.p.keep.settle(err == nil)
	if err != nil {
		b.Abort()
		return fmt.Errorf("write to postgres: %w", err)
	}
	return nil
}

func (b *postgresBatch) write(ctx context.Context, after int64) error {
	if err := moveCursor(ctx, b.tx, b.outbox, after, b.last); err != nil {
		return err
	}
	if err := addLate(ctx, b.tx, b.late); err != nil {
		return err
	}
	return b.p.keep.write(ctx, pgxTx{b.tx}, b.sum)
}

// abortTime is how long Postgres may take to roll back; then the connection is closed.
const abortTime = 5 * time.Second

// Abort implements event.Prepared.
func (b *postgresBatch) Abort() {
	ctx, cancel := context.WithTimeout(context.Background(), abortTime)
	defer cancel()
	// After an error the connection is broken, or in a transaction that can do nothing else.
	_ = b.tx.Rollback(ctx)
}

func moveCursor(ctx context.Context, tx pgx.Tx, outbox string, from, to int64) error {
	t, err := tx.Exec(ctx, `UPDATE ingest_cursor SET seq = $3 WHERE outbox = $1 AND seq = $2`, outbox, from, to)
	if err != nil {
		return err
	}
	if t.RowsAffected() == 1 {
		return nil
	}
	// The first batch of an outbox has no cursor yet.
	t, err = tx.Exec(ctx, `INSERT INTO ingest_cursor (outbox, seq) VALUES ($1, $2) ON CONFLICT DO NOTHING`, outbox, to)
	if err != nil {
		return err
	}
	if t.RowsAffected() != 1 {
		return errMoved
	}
	return nil
}

// late is what a row that only counts brings to the event it belongs to.
type late struct {
	at      time.Time
	id      string
	n, read int64
}

func lateOf(batch []event.Numbered) (list []late) {
	for i := range batch {
		n := &batch[i]
		if !n.Counts || n.Event.BytesIn == 0 && (n.Event.Decision.Action == "allow" || n.Event.Decision.Action == "log") {
			continue
		}
		list = append(list, late{n.Event.Time, n.Event.ID, n.Requests(), n.Event.BytesIn})
	}
	return list
}

func addLate(ctx context.Context, tx pgx.Tx, list []late) error {
	if len(list) == 0 {
		return nil
	}
	b := &pgx.Batch{}
	for _, l := range list {
		b.Queue(`UPDATE event SET late_n = late_n + $1, late_in = late_in + $2 WHERE ts = $3 AND id = $4`, l.n, l.read, l.at, l.id)
	}
	return tx.SendBatch(ctx, b).Close()
}

const day = 24 * time.Hour

// Partitions are made for days that a clock can sanely say; other rows go to event_rest.
const (
	daysBack  = 3 * 365
	daysAhead = 3
)

// makeDays makes the partitions that batch needs, and tomorrow's.
func (p *postgresSink) makeDays(ctx context.Context, batch []event.Numbered) error {
	today := time.Now().Unix() / 86400
	need := map[int64]bool{today: true, today + 1: true}
	for i := range batch {
		if d := batch[i].Event.Time.Unix() / 86400; d >= today-daysBack && d <= today+daysAhead {
			need[d] = true
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.native == nil {
		native, err := p.s.partitioned(ctx)
		if err != nil {
			return err
		}
		p.native = &native
	}
	for d := range need {
		if !*p.native {
			return nil // TimescaleDB makes its chunks
		}
		if p.days[d] {
			continue
		}
		if err := makeDay(ctx, p.s.db, d); err != nil {
			return err
		}
		p.days[d] = true
	}
	return nil
}

// partitionLock is the advisory lock under which nodes make and drop partitions.
const partitionLock = 0x51ce0001

func makeDay(ctx context.Context, db *sql.DB, d int64) error {
	from := time.Unix(d*86400, 0).UTC()
	return inTx(ctx, db, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, partitionLock); err != nil {
			return err
		}
		var exists bool
		if err := tx.QueryRowContext(ctx, `SELECT to_regclass($1) IS NOT NULL`, partitionName(from)).Scan(&exists); err != nil || exists {
			return err
		}
		_, err := tx.ExecContext(ctx, fmt.Sprintf(`CREATE TABLE %s PARTITION OF event FOR VALUES FROM ('%s') TO ('%s')`,
			partitionName(from), from.Format(time.RFC3339), from.Add(day).Format(time.RFC3339)))
		return err
	})
}

func partitionName(from time.Time) string { return "event_" + from.Format("20060102") }
