package event

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
	"unique"
)

// Options configure a Recorder. Zero fields mean their defaults.
type Options struct {
	Log   *slog.Logger
	Delay time.Duration // how long a usage event may wait for its batch; default 50 ms, at most 100 ms
	Queue int           // usage events waiting for a batch; default 8,192; Record blocks (bounded by ctx) beyond it
	// DiskCap is how large the file may grow. At 80 % of it, usage only counts; at 100 %
	// Record returns [ErrFull]. Default: what the file system has, but for 64 MiB.
	DiskCap int64
	Sinks   int              // that Run will serve: rows that a sink keeps are dropped once all run; default 1
	IsStore bool             // events are asked for in the file as well: each is a row, and what a request brings later is added to it
	Now     func() time.Time // default time.Now
}

// Errors of Record.
var (
	ErrFull   = errors.New("outbox is full")
	ErrClosed = errors.New("recorder is closed")
)

// Recorder appends events to the outbox, a table in a SQLite file, with group commit:
// callers that arrive while a batch is written share the next one, and its fsync.
// It is safe for concurrent use.
//
// The request path calls Record for every request to an AI app and leaves to the Recorder
// what becomes of it:
//   - prompts, uploads, sessions and whatever has a match or a gap become events;
//   - activity "other" without either only counts in the roll-ups; when it is stopped
//     (any action stricter than log), the first of a user, app and minute is an event and
//     the others raise its Count;
//   - at 80 % of the disk cap, usage (no match, no gap, allow or log) only counts as well.
//
// Counts are as durable as events. An answer that shows an incident id calls
// [Recorder.Incident] first, so that a folded request shows the id of its event.
type Recorder struct {
	o    Options
	db   *sql.DB
	conn *sql.Conn // the writer's
	ins  inserts   // the writer's
	path string    // of the file, for its free space

	mu     sync.RWMutex // held shared while sending to queue
	closed bool
	queue  chan *item
	bell   bell
	done   chan struct{} // the writer has ended

	naming   sync.Mutex // held while ends changes
	ends     atomic.Pointer[ends]
	stage    atomic.Int32
	folds    folds
	recent   recent
	feeds    feeds
	tail     tail
	written  atomic.Int64          // number of the last event on disk
	failing  atomic.Pointer[error] // why the last batch did not reach the disk; nil: it did
	told     map[string]string     // the writer's: what housekeeping has complained of
	leftOver bool                  // the writer's: the queue may hold more than the last batch took
	folding  bool                  // the writer's: table fold holds rows
	unseen   int                   // the writer's: rows since it looked at the disk
	pruned   int64                 // the writer's: rows up to here are gone
	stats    counters
}

// ends is the outbox's name and the number before its first event; it changes when a file
// from a backup is recognised.
type ends struct {
	uuid  string
	first int64
	open  int64 // number of the last event when this Recorder was opened
}

// counting is what a request adds to the counts, and to which.
type counting struct {
	dims    unique.Handle[dims]
	id      string // of the event that it belongs to; "": it has none
	out, in int64
}

// item is one request on its way to the disk.
type item struct {
	ctx   context.Context
	row   *Numbered // nil: it only counts
	count counting
	fold  *fold
	n     int64      // requests
	done  chan error // nil: nobody waits
}

// Open starts a Recorder on db, whose schema the migrations laid down. The outbox's UUID
// is made on first use of the file. One Recorder at a time should be open on a file; more
// are safe but slow each other down.
func Open(ctx context.Context, db *sql.DB, o Options) (*Recorder, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Delay <= 0 || o.Delay > 100*time.Millisecond {
		o.Delay = 50 * time.Millisecond
	}
	if o.Queue <= 0 {
		o.Queue = 8192
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	r := &Recorder{o: o, db: db, queue: make(chan *item, o.Queue), bell: newBell(max(1, min(maxBatch, o.Queue/2))), done: make(chan struct{})}
	r.feeds.wanted = max(o.Sinks, 1)
	if err := r.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open outbox: %w", err), r.release())
	}
	go r.write()
	return r, nil
}

func (r *Recorder) open(ctx context.Context) error {
	var err error
	if r.conn, err = r.db.Conn(ctx); err != nil {
		return err
	}
	if err := r.conn.QueryRowContext(ctx, `SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&r.path); err != nil {
		return err
	}
	_, err = r.conn.ExecContext(ctx, `INSERT INTO outbox (one, uuid, first) VALUES (1, $1, 0) ON CONFLICT DO NOTHING`, newUUID())
	if err != nil {
		return err
	}
	e := new(ends)
	if err := r.conn.QueryRowContext(ctx, `SELECT uuid, first FROM outbox`).Scan(&e.uuid, &e.first); err != nil {
		return err
	}
	if e.open, err = lastNumber(ctx, r.conn); err != nil {
		return err
	}
	r.ends.Store(e)
	r.written.Store(e.open)
	r.folding = true // of an earlier process, perhaps
	if err := r.ins.prepare(ctx, r.conn, !r.o.IsStore); err != nil {
		return err
	}
	if r.o.IsStore {
		if err := r.unpack(ctx); err != nil {
			return err
		}
	}
	return r.measure(ctx)
}

// lastNumber returns the number of the last event the file ever held.
func lastNumber(ctx context.Context, db interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
},
) (n int64, err error) {
	err = db.QueryRowContext(ctx, `SELECT seq FROM sqlite_sequence WHERE name = 'event'`).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return n, err
}

// release gives the writer's connection back.
func (r *Recorder) release() error {
	if r.conn == nil {
		return nil
	}
	return errors.Join(r.ins.close(), r.conn.Close())
}

// Outbox returns the outbox's UUID.
func (r *Recorder) Outbox() string { return r.ends.Load().uuid }

// Record appends e. With durable, with a match, and with any action stricter than log it
// returns after the event is on disk; otherwise at once, and the event is on disk within
// 100 ms. An error means that the event is not known to be recorded; errors.Is tells
// [ErrFull] and [ErrClosed] apart. A missing id is set, and that of a folded event replaced.
// e is not used after Record returned.
func (r *Recorder) Record(ctx context.Context, e *Event, durable bool) error {
	if Stage(r.stage.Load()) == Full {
		r.stats.refused.Add(1)
		return ErrFull
	}
	it, err := r.plan(e)
	if err != nil {
		return err
	}
	if durable || len(e.Matches) > 0 || e.stopped() {
		it.done = make(chan error, 1)
	}
	it.ctx = ctx
	if err := r.send(ctx, it); err != nil {
		it.unfold()
		return err
	}
	if it.done == nil {
		return nil
	}
	select {
	case err := <-it.done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("record event: %w", context.Cause(ctx))
	}
}

// plan decides what becomes of e, and renders it.
func (r *Recorder) plan(e *Event) (*item, error) {
	if _, ok := IDTime(e.ID); !ok {
		e.ID = NewID(r.o.Now())
	}
	it := &item{n: max(e.Count, 1)}
	class := r.class(e)
	if class == folded {
		f, isFirst := r.folds.claim(e, r.o.Now())
		it.fold = f
		if isFirst {
			class = single
		}
	}
	var d unique.Handle[dims]
	if class != single || !e.stopped() {
		d = unique.Make(dimsOf(e))
	}
	if !e.stopped() {
		r.recent.add(e.ID, d, class == single)
	}
	switch class {
	case counted, folded:
		it.count = counting{dims: d, out: max(e.BytesOut, 0), in: max(e.BytesIn, 0)}
		if class == folded {
			it.count.id = e.ID
		}
	case single:
		it.row = new(Numbered)
		if err := it.row.render(e, it.n); err != nil {
			it.unfold()
			return nil, err
		}
	}
	return it, nil
}

// Incident sets e.ID and returns it: that of the event into which e will be folded, or a
// new one. Call it before an answer that shows the id is rendered, and Record afterwards.
func (r *Recorder) Incident(e *Event) string {
	if _, ok := IDTime(e.ID); !ok {
		e.ID = NewID(r.o.Now())
	}
	if r.class(e) == folded {
		r.folds.name(e, r.o.Now())
	}
	return e.ID
}

// Received adds bytes that came back to the event with that id, or to the counts when it
// only counted. It reports false for a request that this Recorder has not seen among its
// last 32,768.
func (r *Recorder) Received(ctx context.Context, id string, bytes int64) (bool, error) {
	s, ok := r.recent.find(id)
	if !ok || bytes <= 0 {
		return ok, nil
	}
	it := &item{ctx: ctx, count: counting{dims: s.dims, in: bytes}}
	if s.isEvent {
		it.count.id = id
	}
	return true, r.send(ctx, it)
}

func (r *Recorder) send(ctx context.Context, it *item) error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.closed {
		return ErrClosed
	}
	select {
	case r.queue <- it:
	default: // full; and a context may cost something to wait for
		select {
		case r.queue <- it:
		case <-ctx.Done():
			return fmt.Errorf("record event: queue: %w", context.Cause(ctx))
		}
	}
	r.bell.ring(it.done != nil)
	return nil
}

// Close writes what is queued and stops. Feeds that keep up deliver the rest first; those
// that do not leave it in the outbox. Record returns [ErrClosed] from now on.
func (r *Recorder) Close(ctx context.Context) error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil
	}
	r.closed = true
	close(r.queue)
	r.mu.Unlock()
	r.bell.ring(true)
	select {
	case <-r.done:
	case <-ctx.Done():
		return fmt.Errorf("close outbox: %w", context.Cause(ctx))
	}
	err := r.feeds.drain(ctx)
	return errors.Join(err, r.release())
}
