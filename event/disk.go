package event

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
)

// Stage says how much room the outbox has.
type Stage int32

// The stages.
const (
	Roomy Stage = iota
	Thin        // over 80 % of the cap: usage only counts
	Full        // at the cap: Record refuses
)

// String returns the stage's name.
func (s Stage) String() string {
	switch s {
	case Roomy:
		return "roomy"
	case Thin:
		return "thin"
	case Full:
		return "full"
	}
	return "unknown"
}

// diskReserve is left to the file system, so that SQLite can always finish a checkpoint; on
// a small one a tenth of it.
const diskReserve = 64 << 20

// Stats is what a Recorder did and how it is; for metrics and the console.
type Stats struct {
	Stage      Stage
	Used, Cap  int64 // bytes
	Recorded   int64 // events on disk
	Refused    int64 // by Record, because the outbox was full
	Failures   int64 // transactions that did not reach the disk
	Lost       int64 // usage events that were still refused by the disk at Close
	Queued     int   // waiting for a batch
	Last       int64 // number of the last event
	Delivered  int64 // events, to all sinks
	Deliveries []Delivery
}

// Delivery is how one sink keeps up.
type Delivery struct {
	Sink     string
	Position int64 // number of the last event it has
	Err      error // why it has not more; nil when nothing is wrong
}

type counters struct {
	recorded, refused, failures, lost, delivered, used, cap atomic.Int64
}

// Stats returns a copy of the figures.
func (r *Recorder) Stats() Stats {
	s := Stats{
		Stage: Stage(r.stage.Load()), Used: r.stats.used.Load(), Cap: r.stats.cap.Load(),
		Recorded: r.stats.recorded.Load(), Refused: r.stats.refused.Load(), Failures: r.stats.failures.Load(),
		Lost: r.stats.lost.Load(), Delivered: r.stats.delivered.Load(), Queued: len(r.queue), Last: r.written.Load(),
	}
	r.feeds.mu.Lock()
	defer r.feeds.mu.Unlock()
	for f := range r.feeds.all {
		pos, err := f.state()
		s.Deliveries = append(s.Deliveries, Delivery{Sink: f.sink.Name(), Position: pos, Err: err})
	}
	return s
}

// Trouble says why events cannot be recorded: [ErrFull], or what the disk answered to the
// last batch. It is nil while they can.
func (r *Recorder) Trouble() error {
	if Stage(r.stage.Load()) == Full {
		return ErrFull
	}
	if err := r.failing.Load(); err != nil {
		return *err
	}
	return nil
}

// measure sets the stage from the pages in use and what the file system has left.
func (r *Recorder) measure(ctx context.Context) error {
	var pages, free, size int64
	err := r.conn.QueryRowContext(ctx, `SELECT p.page_count, f.freelist_count, s.page_size
 FROM pragma_page_count p, pragma_freelist_count f, pragma_page_size s`).Scan(&pages, &free, &size)
	if err != nil {
		return err
	}
	used := (pages - free) * size
	if wal, err := os.Stat(r.path + "-wal"); err == nil {
		used += wal.Size()
	}
	limit := r.o.DiskCap
	if disk, left, err := space(filepath.Dir(r.path)); err == nil {
		// Free pages of the file are room as well.
		reserve := min(diskReserve, disk/10)
		room := max(used+free*size+left-reserve, 1)
		if limit <= 0 || room < limit {
			limit = room
		}
	}
	r.stats.used.Store(used)
	r.stats.cap.Store(limit)
	stage := Roomy
	switch {
	case limit <= 0:
	case used >= limit:
		stage = Full
	case used >= limit/5*4:
		stage = Thin
	}
	if old := Stage(r.stage.Swap(int32(stage))); old != stage {
		r.tellStage(old, stage, used, limit)
	}
	return nil
}

func (r *Recorder) tellStage(old, stage Stage, used, limit int64) {
	switch {
	case stage == Full:
		r.o.Log.Error("outbox is full: requests are answered as overload says", "used", used, "cap", limit)
	case stage > old:
		r.o.Log.Error("outbox is filling: usage only counts until there is room", "used", used, "cap", limit)
	default:
		r.o.Log.Info("outbox has room again", "stage", stage.String(), "used", used, "cap", limit)
	}
}
