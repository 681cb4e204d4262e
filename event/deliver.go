package event

import "context"

// delivery is how far a feed has come, and the batch that its sink is committing.
type delivery struct {
	f      *feed
	outbox string
	sunk   int64 // the sink's own position; rows between it and pos are not for it
	pos    int64

	running <-chan error // nil: nothing is being committed
	page    page         // that is
}

// deliver writes a page. When the sink is a [Preparer] and the page is large, deliver returns
// while it is being committed; the next deliver, at the latest, returns its error.
func (d *delivery) deliver(ctx context.Context, p page) error {
	sink, ok := d.f.sink.(Preparer)
	if !ok || len(p.batch) < feedSmall {
		if err := d.wait(); err != nil {
			return err
		}
		if len(p.batch) > 0 {
			if err := d.f.sink.Write(ctx, d.outbox, d.sunk, p.batch); err != nil {
				return err
			}
		}
		d.done(p)
		return nil
	}
	prepared, err := sink.Prepare(ctx, d.outbox, p.batch)
	if before := d.wait(); before != nil {
		if err == nil {
			prepared.Abort()
		}
		return before
	}
	if err != nil {
		return err
	}
	committed, after := make(chan error, 1), d.sunk
	go func() { committed <- prepared.Commit(ctx, after) }()
	d.running, d.page = committed, p
	return nil
}

// wait returns once nothing is being committed.
func (d *delivery) wait() error {
	if d.running == nil {
		return nil
	}
	err := <-d.running
	d.running = nil
	if err == nil {
		d.done(d.page)
	}
	d.page = page{}
	return err
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
}
