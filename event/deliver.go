package event

import "context"

// feedLine is how many large batches a [Preparer] holds: while one is committed and waits
// for the disk, the next two are prepared.
const feedLine = 3

// delivery is how far a feed has come, and what its sink holds but has not committed.
type delivery struct {
	f      *feed
	outbox string
	sunk   int64 // the sink's own position; rows between it and pos are not for it
	pos    int64
	line   []*underway // in order
}

// underway is a page that is being prepared, until ready is closed.
type underway struct {
	page     page
	ready    chan struct{}
	prepared Prepared
	err      error
}

// deliver writes a page. When the sink is a [Preparer] and the page is large, deliver returns
// before it is committed; a later deliver does that, or returns its error.
func (d *delivery) deliver(ctx context.Context, p page) error {
	if sink, ok := d.f.sink.(Preparer); ok && len(p.batch) >= feedSmall {
		u := &underway{page: p, ready: make(chan struct{})}
		go func() {
			defer close(u.ready)
			u.prepared, u.err = sink.Prepare(ctx, d.outbox, p.batch)
		}()
		if d.line = append(d.line, u); len(d.line) < feedLine {
			return nil
		}
		return d.commit(ctx)
	}
	for len(d.line) > 0 {
		if err := d.commit(ctx); err != nil {
			return err
		}
	}
	if len(p.batch) > 0 {
		if err := d.f.sink.Write(ctx, d.outbox, d.sunk, p.batch); err != nil {
			return err
		}
	}
	d.done(p)
	return nil
}

// commit commits the first in line.
func (d *delivery) commit(ctx context.Context) error {
	u := d.line[0]
	d.line = d.line[1:]
	<-u.ready
	if u.err != nil {
		return u.err
	}
	if err := u.prepared.Commit(ctx, d.sunk); err != nil {
		return err
	}
	d.done(u.page)
	return nil
}

// abort forgets what is in line.
func (d *delivery) abort() {
	for _, u := range d.line {
		if <-u.ready; u.err == nil {
			u.prepared.Abort()
		}
	}
}

// done notes that the sink holds p.
func (d *delivery) done(p page) {
	if n := len(p.batch); n > 0 {
		d.sunk = p.batch[n-1].Seq
		d.f.r.stats.delivered.Add(int64(n))
	}
	d.pos = max(d.pos, p.last)
	d.f.setFail(nil)
	d.f.setPos(d.pos)
	if batch := p.batch; cap(batch) >= feedSmall {
		d.f.spare.Put(&batch)
	}
}
