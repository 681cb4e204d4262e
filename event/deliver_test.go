package event_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

// preparing is memory that lets the first commit wait until the next batch is prepared.
type preparing struct {
	memory
	prepared, committed, aborted atomic.Int64
	second                       chan struct{}
}

func (p *preparing) Prepare(_ context.Context, outbox string, batch []event.Numbered) (event.Prepared, error) {
	if p.prepared.Add(1) == 2 {
		close(p.second)
	}
	return &preparedBatch{p, outbox, slices.Clone(batch)}, nil
}

type preparedBatch struct {
	p      *preparing
	outbox string
	batch  []event.Numbered
}

func (b *preparedBatch) Commit(ctx context.Context, after int64) error {
	select {
	case <-b.p.second:
	case <-ctx.Done():
		return ctx.Err()
	}
	b.p.committed.Add(1)
	return b.p.Write(ctx, b.outbox, after, b.batch)
}

func (b *preparedBatch) Abort() { b.p.aborted.Add(1) }

func TestBatchesArePreparedAhead(t *testing.T) {
	r := open(t, openFile(t, filepath.Join(t.TempDir(), "o.db")), event.Options{})
	const n = 3900 // three batches of 16 MiB, which end with a pack, and the rest
	for i := range n {
		e := prompt()
		e.Decision.Reason = strings.Repeat("because ", 2000)
		if err := r.Record(t.Context(), e, i == n-1); err != nil { // the last is durable, so all are
			t.Fatal(err)
		}
	}
	sink := &preparing{second: make(chan struct{})}
	sink.name = "preparing"
	sink.fail = func(call int) error {
		if call == 2 { // while the third is prepared
			return errors.New("away")
		}
		return nil
	}
	ran := make(chan error, 1)
	go func() { ran <- r.Run(t.Context(), sink) }()
	for r.Stats().Delivered < n { // however long a busy machine takes
		select {
		case err := <-ran:
			t.Fatalf("the feed has ended: %v", err)
		case <-time.After(time.Millisecond):
		}
	}
	if err := errors.Join(r.Close(t.Context()), <-ran); err != nil {
		t.Fatal(err)
	}
	got := sink.seen()
	if len(got) != n {
		t.Fatalf("%d rows delivered, want %d", len(got), n)
	}
	for i := range got {
		if got[i].Seq != int64(i+1) {
			t.Fatalf("row %d has number %d", i, got[i].Seq)
		}
	}
	prepared, committed, aborted := sink.prepared.Load(), sink.committed.Load(), sink.aborted.Load()
	if aborted == 0 || prepared != committed+aborted {
		t.Errorf("%d batches prepared, %d committed, %d aborted: want one aborted, and each of them ended", prepared, committed, aborted)
	}
}
