package event

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"time"
)

const (
	feedRows   = 20000    // rows of a batch
	feedAhead  = 40000    // of one for a [Preparer], which gives it back before it is committed
	feedBytes  = 16 << 20 // texts of a batch
	feedRow    = 256      // of them, about, what a row has beside its detail and prompt
	feedSmall  = 1000     // batches under it wait for more to come
	feedLinger = 200 * time.Millisecond
	feedPoll   = time.Second // another process may write to the file
	pauseMin   = 100 * time.Millisecond
	pauseMax   = 15 * time.Second
)

// feeds are the sinks that Run serves.
type feeds struct {
	mu     sync.Mutex
	fresh  chan struct{} // closed when there is something new
	stop   chan struct{} // closed when the Recorder closes
	all    map[*feed]struct{}
	wanted int // sinks that must run before rows are dropped
	done   sync.WaitGroup
}

// feed is one sink being served.
type feed struct {
	r    *Recorder
	sink Sink
	rows RowSink // nil: events only
	most int     // rows of a batch

	spare sync.Pool // of *[]Numbered: a new one of 16 MB for each page costs more than to fill it

	mu   sync.Mutex
	pos  int64 // up to here everything is the sink's, or nothing for it
	fail error
}

func (f *feeds) init() {
	if f.fresh == nil {
		f.fresh, f.stop, f.all = make(chan struct{}), make(chan struct{}), map[*feed]struct{}{}
	}
}

func (f *feeds) wake() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.init()
	close(f.fresh)
	f.fresh = make(chan struct{})
}

// news returns what to wait for before there is something new.
func (f *feeds) news() (fresh, stop <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.init()
	return f.fresh, f.stop
}

// join reports false when the Recorder has closed.
func (f *feeds) join(one *feed) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.init()
	select {
	case <-f.stop:
		return false
	default:
	}
	f.all[one] = struct{}{}
	f.done.Add(1)
	return true
}

func (f *feeds) leave(one *feed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.all, one)
	f.done.Done()
}

// drain lets every feed deliver what is left, until ctx ends.
func (f *feeds) drain(ctx context.Context) error {
	f.mu.Lock()
	f.init()
	close(f.stop)
	f.mu.Unlock()
	done := make(chan struct{})
	go func() { f.done.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("deliver events: %w", context.Cause(ctx))
	}
}

// Run feeds sink from the outbox until ctx ends or the Recorder closes, retrying with
// back-off. Call it once a sink. After a Close that found nothing failing it returns nil.
func (r *Recorder) Run(ctx context.Context, sink Sink) error {
	f := &feed{r: r, sink: sink, most: feedRows}
	f.rows, _ = sink.(RowSink)
	if _, ok := sink.(Preparer); ok {
		f.most = feedAhead
	}
	if !r.feeds.join(f) {
		return ErrClosed
	}
	defer r.feeds.leave(f)
	pause := pauseMin
	for {
		err := f.serve(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			return nil
		}
		if f.setFail(err) {
			r.o.Log.Error("events wait in the outbox", "sink", sink.Name(), "error", err)
			pause = pauseMin
		}
		_, stop := r.feeds.news()
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		case <-stop:
			return nil // what is left stays in the outbox
		}
		pause = min(2*pause, pauseMax)
	}
}

// setFail keeps err and reports whether it is the first since a success.
func (f *feed) setFail(err error) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	isFirst := f.fail == nil && err != nil
	if f.fail != nil && err == nil {
		f.r.o.Log.Info("events are delivered again", "sink", f.sink.Name())
	}
	f.fail = err
	return isFirst
}

func (f *feed) setPos(pos int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pos = pos
}

func (f *feed) state() (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.pos, f.fail
}

// serve delivers batches until something fails; nil when the Recorder has closed and
// nothing is left.
func (f *feed) serve(ctx context.Context) error {
	outbox, pos, err := f.begin(ctx)
	if err != nil {
		return err
	}
	d := &delivery{f: f, outbox: outbox, sunk: pos, pos: pos}
	var ahead <-chan page
	defer func() { // nothing reads or writes after serve
		if ahead != nil {
			<-ahead
		}
		d.abort()
	}()
	for {
		var p page
		if ahead != nil {
			p, ahead = <-ahead, nil
		} else {
			p = f.next(ctx, d.pos)
		}
		if p.err != nil {
			return fmt.Errorf("read outbox: %w", p.err)
		}
		catchingUp := len(p.batch) >= feedSmall
		if catchingUp { // the next is read while this is written
			ahead = f.readAhead(ctx, p.last)
		}
		if err := d.deliver(ctx, p); err != nil {
			return err
		}
		switch {
		case p.closing && p.last == 0:
			return nil
		case p.closing || catchingUp:
		case p.last != 0: // linger, for the next batch to be larger
			pause(ctx, nil, p.stop, feedLinger)
		default:
			pause(ctx, p.fresh, p.stop, feedPoll)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// pause returns when one of the channels closes, ctx ends, or the time is over.
func pause(ctx context.Context, fresh, stop <-chan struct{}, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-fresh:
	case <-stop:
	case <-t.C:
	case <-ctx.Done():
	}
}

func isClosed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

// begin asks the sink where it stands.
func (f *feed) begin(ctx context.Context) (string, int64, error) {
	e := f.r.ends.Load()
	outbox := e.uuid
	pos, err := f.sink.Position(ctx, e.uuid)
	if err != nil {
		return "", 0, fmt.Errorf("ask sink for its position: %w", err)
	}
	if pos > f.r.written.Load() {
		if e, err = f.r.recognise(ctx, e, f.sink.Name(), pos); err != nil {
			return "", 0, err
		}
		if e.uuid != outbox {
			pos = 0
		}
	}
	pos = max(pos, e.first)
	f.setPos(pos)
	return e.uuid, pos, nil
}

// recognise gives the outbox a new UUID when a sink holds more than it ever had. That
// proves that the file is an older copy (a restored disk): numbers would be used twice and
// the sink would drop what comes. Everything the copy held when it was opened is with
// the sink; what came since belongs to the new outbox.
func (r *Recorder) recognise(ctx context.Context, old *ends, sink string, pos int64) (*ends, error) {
	r.naming.Lock()
	defer r.naming.Unlock()
	if now := r.ends.Load(); now != old {
		return now, nil
	}
	last, err := lastNumber(ctx, r.db)
	if err != nil || pos <= last {
		return old, err // another process writes to the file
	}
	e := &ends{uuid: newUUID(), first: old.open, open: old.open}
	if _, err := r.db.ExecContext(ctx, `UPDATE outbox SET uuid = $1, first = $2 WHERE one = 1`, e.uuid, e.first); err != nil {
		return nil, fmt.Errorf("rename outbox: %w", err)
	}
	r.o.Log.Warn("outbox is an older copy of itself (restored disk?): it goes on under a new name",
		"sink", sink, "sink_has", pos, "outbox_had", old.open, "outbox", e.uuid)
	r.ends.Store(e)
	return e, nil
}

// page is what read returned, and what to wait for when that is nothing.
type page struct {
	batch       []Numbered
	last        int64
	err         error
	fresh, stop <-chan struct{}
	closing     bool // the writer had ended: what is not in the page never comes
}

// next reads a page.
func (f *feed) next(ctx context.Context, after int64) page {
	var p page
	p.fresh, p.stop = f.r.feeds.news()
	p.closing = isClosed(p.stop)
	if p.batch, p.last = f.recall(after); p.last == 0 {
		p.batch, p.last, p.err = f.read(ctx, after)
	}
	return p
}

// batch returns an empty one, with room for the page that follows after.
func (f *feed) batch(after int64) []Numbered {
	if spare, ok := f.spare.Get().(*[]Numbered); ok {
		return (*spare)[:0]
	}
	return make([]Numbered, 0, max(0, min(f.r.written.Load()-after, int64(f.most)+packRows)))
}

// readAhead is next on its own; the channel gives one page.
func (f *feed) readAhead(ctx context.Context, after int64) <-chan page {
	ch := make(chan page, 1)
	go func() { ch <- f.next(ctx, after) }()
	return ch
}

// recall is read from what the writer remembers; 0 when the file has to be asked.
func (f *feed) recall(after int64) ([]Numbered, int64) {
	rows := f.r.tail.after(after)
	if len(rows) == 0 {
		return nil, 0
	}
	batch := make([]Numbered, len(rows))
	for i, row := range rows {
		batch[i] = *row
		f.ready(&batch[i])
	}
	return batch, rows[len(rows)-1].Seq
}

// ready decodes a row for a sink that takes events.
func (f *feed) ready(row *Numbered) {
	if f.rows != nil {
		return
	}
	if err := row.Open(); err != nil {
		f.r.o.Log.Error("event delivered without its detail", "sink", f.sink.Name(), "error", err)
	}
}

// read returns the next rows for the sink, and the number of the last row it looked at.
func (f *feed) read(ctx context.Context, after int64) ([]Numbered, int64, error) {
	batch, last, err := f.readRows(ctx, after)
	if last != 0 || err != nil || f.r.o.IsStore {
		return batch, last, err
	}
	return f.readPacked(ctx, after) // rows of an earlier version, or of a store that is one no longer, came first
}

// readRows is read for table event.
func (f *feed) readRows(ctx context.Context, after int64) ([]Numbered, int64, error) {
	var row Numbered
	var ts Stamp
	var kind int
	var joined string
	query, dest, texts := joinTexts(row.Event.dest(&row.raw, &ts))
	rows, err := f.r.db.QueryContext(ctx, `SELECT seq, kind, sealed, `+query+` FROM event WHERE seq > $1 ORDER BY seq LIMIT $2`, after, f.most)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	dest = append([]any{&row.Seq, &kind, &row.raw.sealed}, append(dest, &joined)...)
	batch := f.batch(after)
	var last int64
	for size := 0; size < feedBytes && rows.Next(); {
		if err := rows.Scan(dest...); err != nil {
			return nil, 0, err
		}
		if err := split(joined, texts); err != nil {
			return nil, 0, fmt.Errorf("event number %d: %w", row.Seq, err)
		}
		row.Event.scanned(&row.raw, ts)
		row.Counts = kind == kindCount
		last, size = row.Seq, size+len(row.raw.detail)+len(row.raw.sealed)+feedRow
		if row.Counts && f.rows == nil {
			continue
		}
		batch = append(batch, row)
		f.ready(&batch[len(batch)-1])
	}
	return batch, last, rows.Err()
}

// prune drops rows that every sink has, when one of them keeps them. Nothing is dropped
// before the last sink runs.
func (r *Recorder) prune(ctx context.Context) error {
	upto, ok := r.feeds.passed()
	if !ok || upto <= r.pruned {
		return nil
	}
	for _, table := range []struct{ name, number string }{{"event", "seq"}, {"packed", "last"}} {
		if whole, err := r.pruneTable(ctx, table.name, table.number, upto); err != nil || !whole {
			return err
		}
	}
	r.pruned = upto
	if r.written.Load()-upto > feedRows {
		return nil // space goes back to the disk once the backlog is gone: now its pages would have to move
	}
	_, err := r.conn.ExecContext(ctx, `PRAGMA incremental_vacuum(2000)`)
	return err
}

// pruneTable drops the rows of a table whose number is at most upto. It reports false when it
// has left some.
func (r *Recorder) pruneTable(ctx context.Context, table, number string, upto int64) (bool, error) {
	const rows = 5000
	for {
		var first sql.NullInt64
		if err := r.conn.QueryRowContext(ctx, `SELECT MIN(`+number+`) FROM `+table).Scan(&first); err != nil {
			return false, err
		}
		if !first.Valid || first.Int64 > upto {
			return true, nil
		}
		if _, err := r.conn.ExecContext(ctx, `DELETE FROM `+table+` WHERE `+number+` <= $1`, min(upto, first.Int64+rows-1)); err != nil {
			return false, err
		}
		if len(r.queue) > 0 {
			return false, nil // writing comes first; the rest in a second
		}
	}
}

// passed returns the number up to which every sink has everything (-1: none runs), and
// whether rows up to there may go: all sinks are there, and one of them keeps the rows.
func (f *feeds) passed() (int64, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	upto, frees := int64(-1), false
	for one := range f.all {
		pos, _ := one.state()
		if upto < 0 || pos < upto {
			upto = pos
		}
		frees = frees || one.rows != nil && one.rows.Frees()
	}
	return upto, frees && len(f.all) >= f.wanted
}
