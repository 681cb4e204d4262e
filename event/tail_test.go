package event_test

import (
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

// follow runs sink until it has the events up to last.
func follow(t *testing.T, r *event.Recorder, sink *rowMemory) (wait func(last int)) {
	t.Helper()
	go func() { _ = r.Run(t.Context(), sink) }()
	return func(last int) {
		t.Helper()
		eventually(t, "the sink has all events", func() bool { return len(sink.seen()) >= last })
	}
}

func TestFeedThatKeepsUp(t *testing.T) { inBothForms(t, testFeedThatKeepsUp) }

func testFeedThatKeepsUp(t *testing.T, open opener) {
	t.Run("gets what is read back later", func(t *testing.T) {
		db := openFile(t, filepath.Join(t.TempDir(), "o.db"))
		r := open(t, db, event.Options{})
		live, later := &rowMemory{memory{name: "live"}}, &rowMemory{memory{name: "later"}}
		wait := follow(t, r, live)
		eventually(t, "the sink has begun", func() bool { return len(r.Stats().Deliveries) == 1 })
		last := 0
		for name, change := range map[string]func(*event.Event){
			"plain": func(*event.Event) {},
			"a match": func(e *event.Event) {
				e.Matches = []event.Match{{Detector: "iban", Count: 2, Masked: []string{"DE**"}}}
			},
			"a gap":           func(e *event.Event) { e.Gaps = []string{"too_large", "a|b"} },
			"a sealed prompt": func(e *event.Event) { e.Sealed = []byte("age") },
			"what databases refuse": func(e *event.Event) {
				e.User, e.Path, e.BytesIn = "a\x00b\xff", strings.Repeat("é", 4096), -1
			},
			"groups and a trace": func(e *event.Event) {
				e.Groups, e.Trace = []string{"b", "a", "b"}, []event.Step{{Rule: "r", When: true}}
			},
			"many requests": func(e *event.Event) { e.Count = 7 },
		} {
			e := prompt()
			change(e)
			if err := r.Record(t.Context(), e, last%2 == 0); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			last++
		}
		wait(last)
		follow(t, r, later)(last)
		for i, got := range live.seen() {
			if want := later.seen()[i]; !reflect.DeepEqual(got, want) {
				t.Errorf("event %d: the live sink got\n%+v\nand the file holds\n%+v", i, got, want)
			}
		}
	})
	t.Run("misses nothing that another process writes between", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "o.db")
		ours, others := open(t, openFile(t, path), event.Options{}), open(t, openFile(t, path), event.Options{})
		sink := &rowMemory{memory{name: "live"}}
		wait := follow(t, ours, sink)
		const n = 60
		for i := range n {
			r := ours
			if i%5 == 3 {
				r = others
			}
			if err := r.Record(t.Context(), prompt(), true); err != nil {
				t.Fatal(err)
			}
		}
		wait(n)
		for i, got := range sink.seen() {
			if got.Seq != int64(i+1) {
				t.Fatalf("row %d has number %d", i, got.Seq)
			}
		}
	})
	t.Run("is fed from the file when it falls far behind", func(t *testing.T) {
		r := open(t, openFile(t, filepath.Join(t.TempDir(), "o.db")), event.Options{})
		gate := make(chan struct{})
		sink := &rowMemory{memory{name: "slow", fail: func(int) error { <-gate; return nil }}}
		wait := follow(t, r, sink)
		const n = 9000 // more than is kept in memory
		for i := range n {
			if err := r.Record(t.Context(), prompt(), i == n-1); err != nil {
				t.Fatal(err)
			}
		}
		close(gate)
		wait(n)
		for i, got := range sink.seen() {
			if got.Seq != int64(i+1) {
				t.Fatalf("row %d has number %d", i, got.Seq)
			}
		}
	})
}

func TestNoEventIsForgotten(t *testing.T) {
	db := openFile(t, filepath.Join(t.TempDir(), "o.db"))
	r := openStore(t, db, event.Options{Queue: 8, Delay: 2 * time.Millisecond})
	const senders, each = 8, 60
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			for i := range each {
				if err := r.Record(t.Context(), prompt(), i%20 == s); err != nil {
					t.Error(err)
				}
				time.Sleep(time.Duration(i%5) * time.Millisecond) // around the time a batch waits
			}
		})
	}
	wg.Wait()
	// Nothing comes after these, so that nothing else wakes the writer for them.
	eventually(t, "all events are on disk", func() bool { return rows(t, db, "kind = 0") == senders*each })
	for range 20 {
		before := rows(t, db, "kind = 0")
		if err := r.Record(t.Context(), prompt(), false); err != nil {
			t.Fatal(err)
		}
		eventually(t, "a single event is on disk", func() bool { return rows(t, db, "kind = 0") == before+1 })
	}
}
