package storetest

import (
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/store"
)

// clockJumps records while the clock jumps: back over a day, ahead by years, to 1970 and to
// where no sane clock goes. Every event is kept and counted, under the time it was told.
func clockJumps(t *testing.T, open Open) {
	o := open(t)
	s := openStore(t, o)
	defer s.Close()
	now := time.Date(2026, 11, 23, 9, 59, 59, 0, time.UTC)
	r, err := event.Open(t.Context(), s.OutboxDB(), event.Options{Log: o.Log, IsStore: s.SQLite(), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan error, 1)
	go func() { ran <- r.Run(t.Context(), s.Sink()) }()
	w := newWorld(3, now, time.Second)
	ids := map[string]bool{}
	want := int64(0)
	for _, jump := range []time.Duration{0, -26 * time.Hour, 26 * time.Hour, 40000 * time.Hour, -40000 * time.Hour, -498000 * time.Hour, 1_100_000 * time.Hour, -602_000 * time.Hour} {
		now = now.Add(jump)
		for range 20 {
			e := w.event()
			e.ID, e.Time = event.NewID(now), now
			if err := r.Record(t.Context(), e, true); err != nil {
				t.Fatalf("at %s: %v", now, err)
			}
			ids[e.ID] = true
			page := w.event() // only counts
			page.ID, page.Time, page.Activity, page.Matches, page.Gaps, page.Decision.Action = event.NewID(now), now, "other", nil, nil, "log"
			if err := r.Record(t.Context(), page, false); err != nil {
				t.Fatalf("at %s: %v", now, err)
			}
			want += 2
		}
	}
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-ran; err != nil {
		t.Fatal(err)
	}
	list, err := s.Events(t.Context(), store.Filter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if !ids[e.ID] {
			t.Errorf("event %s is there twice, or was never recorded", e.ID)
		}
		delete(ids, e.ID)
	}
	if len(ids) > 0 {
		t.Errorf("%d events are missing", len(ids))
	}
	total, err := s.Totals(t.Context(), store.Period{From: time.Unix(0, 0), To: now.Add(2_000_000 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if total.Events != want {
		t.Errorf("%d requests are counted, want %d", total.Events, want)
	}
}
