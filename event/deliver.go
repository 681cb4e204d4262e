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
	rows     reach
	ready    chan struct{}
	prepared Prepared
	err      error
}

// reach is what is left of a page when its rows are with the sink.
type reach struct {
	n    int
	seq  int64 // number of the last
	last int64 // of those that were looked at
}

func (p *page) reach() reach {
	r := reach{n: len(p.batch), last: p.last}
	if r.n > 0 {
		r.seq = p.batch[r.n-1].Seq
	}
	return r
}

// deliver writes a page. When the sink is a [Preparer] and the page is large, deliver returns
// before it is committed; a later deliver does that, or returns its error.
func (d *delivery) deliver(ctx context.Context, p page) error {
	if sink, ok := d.f.sink.(Preparer); ok && len(p.batch) >= feedSmall {
		u := &underway{rows: p.reach(), ready: make(chan struct{})}
		go func() {
			defer close(u.ready)
			u.prepared, u.err = sink.Prepare(ctx, d.outbox, p.batch)
			d.f.spare.Put(&p.batch)
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
	d.done(p.reach())
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
	d.done(u.rows)
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

// done notes that the sink holds the rows of a page.
func (d *delivery) done(r reach) {
	if r.n > 0 {
		d.sunk = r.seq
		d.f.r.stats.delivered.Add(int64(r.n))
	}
	d.pos = max(d.pos, r.last)
	d.f.setFail(nil)
	d.f.setPos(d.pos)
}
