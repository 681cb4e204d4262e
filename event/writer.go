package event

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
	"unique"
)

const (
	maxBatch    = 2048             // items of one transaction
	houseTime   = 10 * time.Second // for one round of housekeeping
	retryPause  = 250 * time.Millisecond
	housekeep   = time.Second // between looks at disk and finished minutes
	lookRows    = 500         // rows after which the disk is looked at sooner: a small one fills in a second
	foldedLimit = 1000        // rows of finished minutes a transaction takes up
)

// write is the writer: the only goroutine that uses r.conn.
func (r *Recorder) write() {
	defer close(r.done)
	tick := time.NewTicker(housekeep)
	defer tick.Stop()
	var batch []*item
	for open := true; open; {
		if batch, open = r.gather(batch, tick.C); len(batch) > 0 {
			batch = r.commit(batch)
			r.look(tick.C)
		}
		if len(batch) > 0 && open {
			time.Sleep(retryPause) // the disk refused usage events; they wait their turn
		}
	}
	r.finish(batch)
}

// look keeps house when it is time, which a writer that never waits would not notice, and
// looks at the disk when much was written or it was refused.
func (r *Recorder) look(tick <-chan time.Time) {
	select {
	case <-tick:
		r.keepHouse()
	default:
		if r.unseen >= lookRows || r.failing.Load() != nil {
			r.see(context.Background())
		}
	}
}

// see measures the disk.
func (r *Recorder) see(ctx context.Context) {
	r.unseen = 0
	r.complain("outbox: disk not measured", r.measure(ctx))
}

// complain says what housekeeping could not do: once, for it tries again every second.
func (r *Recorder) complain(what string, err error) {
	if err == nil {
		delete(r.told, what)
		return
	}
	if r.told[what] == err.Error() {
		return
	}
	if r.told == nil {
		r.told = map[string]string{}
	}
	r.told[what] = err.Error()
	r.o.Log.Error(what, "file", r.path, "error", err)
}

// gather adds to batch what is queued: at once when somebody waits for the disk, else what
// comes within Delay. It reports false when the queue is closed and empty.
func (r *Recorder) gather(batch []*item, tick <-chan time.Time) ([]*item, bool) {
	if !r.leftOver {
		r.await(len(batch) > 0, tick)
	}
	r.leftOver = true
	r.bell.count.Store(0) // whoever queues from now on rings again
	for len(batch) < max(maxBatch, r.o.Queue) {
		select {
		case it, ok := <-r.queue:
			if !ok {
				return batch, false
			}
			batch = append(batch, it)
		default:
			r.leftOver = false
			return batch, true
		}
	}
	return batch, true
}

// await returns when a batch is due: Delay after the first of it, or now when somebody
// waits for the disk or much is queued. begun says that there is something of it already.
func (r *Recorder) await(begun bool, tick <-chan time.Time) {
	var delay <-chan time.Time
	for {
		if begun && delay == nil {
			delay = time.After(r.o.Delay)
		}
		select {
		case <-r.bell.first:
			begun = true
		case <-r.bell.urgent:
			return
		case <-delay:
			return
		case <-tick:
			r.keepHouse()
		}
	}
}

// bell wakes the writer, but not for every request: the first of a batch rings, and
// what cannot wait. A goroutine that is woken for each costs more than what it does.
type bell struct {
	count         atomic.Int64 // queued since the writer last looked
	first, urgent chan struct{}
	crowd         int64 // so many do not wait for Delay to end
}

func newBell(crowd int) bell {
	return bell{first: make(chan struct{}, 1), urgent: make(chan struct{}, 1), crowd: int64(crowd)}
}

// ring says that something was queued.
func (b *bell) ring(urgent bool) {
	n := b.count.Add(1)
	to := b.first
	switch {
	case urgent || n == b.crowd:
		to = b.urgent
	case n > 1:
		return
	}
	select {
	case to <- struct{}{}:
	default: // it rings already
	}
}

// commit writes batch in one transaction, tells those who wait, and returns the usage
// events that have to be tried again.
func (r *Recorder) commit(batch []*item) []*item {
	if len(batch) == 0 {
		return nil // and nothing is known of the disk
	}
	var err error
	for len(batch) > 0 {
		n := min(len(batch), maxBatch)
		if err = r.transact(batch[:n]); err != nil {
			break
		}
		for _, it := range batch[:n] {
			if it.done != nil {
				it.done <- nil
			}
		}
		batch = batch[n:]
	}
	if err == nil {
		if r.failing.Swap(nil) != nil {
			r.o.Log.Info("outbox is written again")
		}
		return nil
	}
	r.stats.failures.Add(1)
	if r.failing.Swap(&err) == nil {
		r.o.Log.Error("outbox cannot be written", "file", r.path, "error", err)
	}
	var again []*item
	for _, it := range batch {
		if it.done == nil {
			again = append(again, it)
			continue
		}
		it.unfold()
		it.done <- err
	}
	return again
}

// transact writes batch. An error means that nothing of it is on disk: SQLite rolls back,
// and overwrites the frames of a transaction whose fsync failed with those of the next.
func (r *Recorder) transact(batch []*item) error {
	rows := make([]*Numbered, 0, len(batch))
	for _, it := range batch {
		if it.row != nil {
			rows = append(rows, it.row)
		}
	}
	var last int64
	err := r.inTx(func() error {
		var err error
		if last, err = r.ins.events(kindEvent, rows); err != nil {
			return err
		}
		return r.addCounts(r.o.Now(), batch)
	})
	if err != nil {
		return err
	}
	r.stats.recorded.Add(int64(len(rows)))
	r.unseen += len(rows)
	if last > 0 {
		r.written.Store(last)
		reached, _ := r.feeds.passed()
		r.tail.add(rows, reached)
		r.feeds.wake()
	}
	return nil
}

// inTx runs f in a transaction on the writer's connection. Statements prepared there would
// be prepared again in an sql.Tx.
func (r *Recorder) inTx(f func() error) error {
	// SQLite bounds the wait for its lock itself, and nothing can end an fsync early.
	ctx := context.Background()
	if _, err := r.conn.ExecContext(ctx, `BEGIN IMMEDIATE`); err != nil {
		return diskError(err)
	}
	err := f()
	if err == nil {
		if _, err = r.conn.ExecContext(ctx, `COMMIT`); err == nil {
			return nil
		}
	}
	// Some errors have rolled back already; then this one says so, and only that.
	if _, back := r.conn.ExecContext(ctx, `ROLLBACK`); back != nil {
		r.o.Log.Debug("outbox: roll back", "error", back)
	}
	return diskError(err)
}

const sqliteFull = 13

// SQLiteCode returns the primary result code of what SQLite says (sqlite.org/rescode.html), and 0 for
// other errors.
func SQLiteCode(err error) int {
	var coded interface{ Code() int }
	if !errors.As(err, &coded) {
		return 0
	}
	return coded.Code() & 0xff
}

// diskError marks what SQLite says of a full disk.
func diskError(err error) error {
	if SQLiteCode(err) == sqliteFull {
		return fmt.Errorf("write outbox: %w: %w", ErrFull, err)
	}
	return fmt.Errorf("write outbox: %w", err)
}

// addCounts adds the batch's counts to the running minute.
func (r *Recorder) addCounts(now time.Time, batch []*item) error {
	type where struct {
		dims unique.Handle[dims]
		id   string
	}
	type sum struct{ n, out, in int64 }
	sums := map[where]sum{}
	for _, it := range batch {
		if it.row != nil {
			continue
		}
		at := where{it.count.dims, it.count.id}
		s := sums[at]
		sums[at] = sum{s.n + it.n, s.out + it.count.out, s.in + it.count.in}
	}
	for at, s := range sums {
		d := at.dims.Value()
		body, err := json.Marshal(d.event(at.id))
		if err != nil {
			return err
		}
		if _, err := r.ins.fold.ExecContext(context.Background(), now.Unix()/60, d.key(at.id), string(body), s.n, s.out, s.in); err != nil {
			return err
		}
		r.folding = true
	}
	return nil
}

// keepHouse looks at the disk, turns the counts of finished minutes into rows, and drops
// what every sink has.
func (r *Recorder) keepHouse() {
	ctx, cancel := context.WithTimeout(context.Background(), houseTime)
	defer cancel()
	r.see(ctx)
	if r.folding {
		err := r.closeFolds(ctx, r.o.Now().Unix()/60)
		if err != nil {
			r.stats.failures.Add(1)
		}
		r.complain("outbox: counts not closed", err)
	}
	r.complain("outbox: delivered rows not dropped", r.prune(ctx))
}

// finish writes what is left when the Recorder closes.
func (r *Recorder) finish(batch []*item) {
	if batch = r.commit(batch); len(batch) > 0 {
		r.stats.lost.Add(int64(len(batch)))
		r.o.Log.Error("outbox closed with usage events that the disk refused", "events", len(batch))
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), houseTime)
	defer cancel()
	if err := r.closeFolds(ctx, -1); err != nil {
		r.o.Log.Error("outbox: counts stay for the next start", "error", err)
	}
}

// closeFolds turns the counts of every minute but running into rows of the outbox.
func (r *Recorder) closeFolds(ctx context.Context, running int64) error {
	for {
		n, err := r.closeSome(ctx, running)
		if err != nil {
			return err
		}
		if n > 0 {
			r.feeds.wake()
		}
		if n < foldedLimit {
			break
		}
	}
	var left int
	if err := r.conn.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM fold LIMIT 1)`).Scan(&left); err != nil {
		return err
	}
	r.folding = left > 0
	return nil
}

// counts is one row of table fold.
type counts struct {
	minute  int64
	key     string
	n       int64
	e       Event
	isEvent bool
}

func (r *Recorder) closeSome(ctx context.Context, running int64) (n int, err error) {
	var last int64
	err = r.inTx(func() error {
		list, err := readCounts(ctx, r.conn, running)
		if err != nil || len(list) == 0 {
			return err
		}
		n = len(list)
		rows := make([]*Numbered, 0, n)
		for i := range list {
			row := new(Numbered)
			if err := row.render(&list[i].e, list[i].n); err != nil {
				return err
			}
			rows = append(rows, row)
			if err := r.settle(ctx, &list[i]); err != nil {
				return err
			}
		}
		last, err = r.ins.events(kindCount, rows)
		return err
	})
	if err != nil {
		return 0, err
	}
	if last > 0 {
		r.written.Store(last)
	}
	return n, nil
}

// settle drops the row of fold, and adds it to the event it belongs to. In an outbox nobody
// asks for events: their sinks do that.
func (r *Recorder) settle(ctx context.Context, c *counts) error {
	if _, err := r.conn.ExecContext(ctx, `DELETE FROM fold WHERE minute = $1 AND key = $2`, c.minute, c.key); err != nil || !c.isEvent || !r.o.IsStore {
		return err
	}
	ts, _ := IDTime(c.e.ID)
	_, err := r.conn.ExecContext(ctx,
		`UPDATE event SET late_n = late_n + $1, late_in = late_in + $2 WHERE kind = 0 AND ts = $3 AND id = $4`, c.n, c.e.BytesIn, ts, c.e.ID)
	return err
}

func readCounts(ctx context.Context, conn *sql.Conn, running int64) ([]counts, error) {
	rows, err := conn.QueryContext(ctx, `SELECT minute, key, event, n, bytes_out, bytes_in FROM fold
 WHERE minute <> $1 ORDER BY minute, key LIMIT $2`, running, foldedLimit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []counts
	for rows.Next() {
		var c counts
		var body []byte
		var out, in int64
		if err := rows.Scan(&c.minute, &c.key, &body, &c.n, &out, &in); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(body, &c.e); err != nil {
			return nil, fmt.Errorf("counts of minute %d: %w", c.minute, err)
		}
		c.e.BytesOut, c.e.BytesIn = out, in
		if _, c.isEvent = IDTime(c.e.ID); !c.isEvent {
			c.e.ID = NewID(time.Unix(c.minute*60, 0))
		}
		list = append(list, c)
	}
	return list, rows.Err()
}
