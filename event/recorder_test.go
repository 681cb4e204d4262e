package event_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/migrations"
)

// openFile opens an outbox file as package store does.
func openFile(tb testing.TB, path string) *sql.DB {
	tb.Helper()
	c, err := sqlite.NewConnector("file:" + path + "?_txlock=immediate&_time_integer_format=unix_micro" +
		"&_pragma=busy_timeout(10000)&_pragma=auto_vacuum(incremental)&_pragma=journal_mode(wal)&_pragma=synchronous(full)")
	if err != nil {
		tb.Fatal(err)
	}
	db := sql.OpenDB(c)
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	files, err := fs.Sub(migrations.FS, "sqlite")
	if err != nil {
		tb.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := p.Up(context.Background()); err != nil {
		tb.Fatal(err)
	}
	return db
}

func open(tb testing.TB, db *sql.DB, o event.Options) *event.Recorder {
	tb.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelError + 1}))
	}
	r, err := event.Open(context.Background(), db, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { closeIt(tb, r) })
	return r
}

func closeIt(tb testing.TB, r *event.Recorder) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := r.Close(ctx); err != nil {
		tb.Errorf("close: %v", err)
	}
}

func prompt() *event.Event {
	return &event.Event{
		Node: "gw1", User: "alice", Groups: []string{"staff"}, Actor: "person", Source: event.Source{IP: "10.0.0.1"},
		App: event.App{ID: "chatgpt", Name: "ChatGPT", Category: "chat", Status: "approved", Source: "catalogue"}, Activity: "prompt",
		Visibility: "full", Method: "POST", Host: "chatgpt.com", Path: "/c", BytesOut: 100,
		Decision: event.Decision{Action: "log", Would: "log", Rule: "default:approved", Mode: "enforce"},
	}
}

func rows(tb testing.TB, db *sql.DB, where string) (n int) {
	tb.Helper()
	if err := db.QueryRow(`SELECT count(*) FROM event WHERE ` + where).Scan(&n); err != nil {
		tb.Fatal(err)
	}
	return n
}

// committed returns how many rows are of an event: all that another connection sees is.
func committed(tb testing.TB, db *sql.DB, id string) (n int) {
	tb.Helper()
	err := db.QueryRow(`SELECT (SELECT count(*) FROM event WHERE id = $1) + (SELECT count(*) FROM packed WHERE instr(body, CAST($1 AS BLOB)) > 0)`, id).Scan(&n)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// memory is a sink that keeps what it is given, and can be made to fail.
type memory struct {
	mu     sync.Mutex
	name   string
	frees  bool
	pos    map[string]int64
	got    []event.Numbered
	fail   func(n int) error // by number of the call
	called int
}

func (m *memory) Name() string { return m.name }

func (m *memory) Position(_ context.Context, outbox string) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.pos[outbox], nil
}

func (m *memory) Write(_ context.Context, outbox string, after int64, batch []event.Numbered) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.called++
	if m.fail != nil {
		if err := m.fail(m.called); err != nil {
			return err
		}
	}
	if m.pos == nil {
		m.pos = map[string]int64{}
	}
	if have, known := m.pos[outbox]; known && have != after {
		return fmt.Errorf("batch follows %d, the sink is at %d", after, have)
	}
	m.got = append(m.got, batch...)
	m.pos[outbox] = batch[len(batch)-1].Seq
	return nil
}

func (m *memory) seen() []event.Numbered {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]event.Numbered(nil), m.got...)
}

// rowMemory also takes rows that only count.
type rowMemory struct{ memory }

func (m *rowMemory) Frees() bool { return m.frees }

func eventually(tb testing.TB, what string, check func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(20 * time.Second); !check(); {
		if time.Now().After(deadline) {
			tb.Fatalf("waited in vain until %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestWhatBecomesOfARequest(t *testing.T) {
	cases := map[string]struct {
		change         func(e *event.Event)
		events, counts int // rows after three equal requests in a minute
	}{
		"a prompt is an event":                      {func(*event.Event) {}, 3, 0},
		"an upload that is let through is an event": {func(e *event.Event) { e.Activity, e.Decision.Action = "upload", "allow" }, 3, 0},
		"a session is an event":                     {func(e *event.Event) { e.Activity = "session" }, 3, 0},
		"other traffic only counts":                 {func(e *event.Event) { e.Activity = "other" }, 0, 1},
		"other traffic with a match is an event":    {func(e *event.Event) { e.Activity, e.Matches = "other", []event.Match{{Detector: "iban"}} }, 3, 0},
		"other traffic with a gap is an event":      {func(e *event.Event) { e.Activity, e.Gaps = "other", []string{"too_large"} }, 3, 0},
		"blocked other traffic is folded":           {func(e *event.Event) { e.Activity, e.Decision.Action = "other", "block" }, 1, 1},
		"coached other traffic is folded":           {func(e *event.Event) { e.Activity, e.Decision.Action = "other", "coach" }, 1, 1},
		"a blocked prompt is an event":              {func(e *event.Event) { e.Decision.Action = "block" }, 3, 0},
		"blocked other traffic with a match is not folded": {func(e *event.Event) {
			e.Activity, e.Decision.Action, e.Matches = "other", "block", []event.Match{{Detector: "iban"}}
		}, 3, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			db := openFile(t, filepath.Join(t.TempDir(), "o.db"))
			at := time.Date(2026, 11, 23, 9, 12, 3, 0, time.UTC)
			r := openStore(t, db, event.Options{Now: func() time.Time { return at }})
			for range 3 {
				e := prompt()
				c.change(e)
				if err := r.Record(t.Context(), e, false); err != nil {
					t.Fatal(err)
				}
			}
			closeIt(t, r)
			if got := rows(t, db, "kind = 0"); got != c.events {
				t.Errorf("%d events, want %d", got, c.events)
			}
			if got := rows(t, db, "kind = 1"); got != c.counts {
				t.Errorf("%d counts, want %d", got, c.counts)
			}
			var n, out int64
			if err := db.QueryRow(`SELECT sum(n), sum(bytes_out) FROM event`).Scan(&n, &out); err != nil {
				t.Fatal(err)
			}
			if n != 3 || out != 300 {
				t.Errorf("the rows stand for %d requests of %d bytes, want 3 of 300", n, out)
			}
		})
	}
}

func TestDurability(t *testing.T) { inBothForms(t, testDurability) }

func testDurability(t *testing.T, open opener) {
	cases := map[string]struct {
		change  func(e *event.Event)
		durable bool
	}{
		"asked for":  {func(*event.Event) {}, true},
		"a match":    {func(e *event.Event) { e.Matches = []event.Match{{Detector: "iban"}} }, false},
		"blocked":    {func(e *event.Event) { e.Decision.Action = "block" }, false},
		"notified":   {func(e *event.Event) { e.Decision.Action = "notify" }, false},
		"folded too": {func(e *event.Event) { e.Decision.Action, e.Activity = "block", "other" }, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "o.db")
			db := openFile(t, path)
			r := open(t, db, event.Options{})
			e := prompt()
			c.change(e)
			if err := r.Record(t.Context(), e, c.durable); err != nil {
				t.Fatal(err)
			}
			if got := committed(t, db, e.ID); got != 1 {
				t.Fatalf("Record returned before the event was committed: %d rows", got)
			}
		})
	}
	t.Run("usage within 100 ms", func(t *testing.T) {
		db := openFile(t, filepath.Join(t.TempDir(), "o.db"))
		r := open(t, db, event.Options{})
		e := prompt()
		start := time.Now()
		if err := r.Record(t.Context(), e, false); err != nil {
			t.Fatal(err)
		}
		returned := time.Since(start)
		eventually(t, "the event is committed", func() bool { return committed(t, db, e.ID) == 1 })
		t.Logf("Record returned after %s, committed after %s", returned, time.Since(start))
	})
}

func TestConcurrentCallersShareATransaction(t *testing.T) {
	db := openFile(t, filepath.Join(t.TempDir(), "o.db"))
	r := openStore(t, db, event.Options{})
	const callers, each = 64, 20
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for range each {
				if err := r.Record(t.Context(), prompt(), true); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	closeIt(t, r)
	if got := rows(t, db, "kind = 0"); got != callers*each {
		t.Fatalf("%d events, want %d", got, callers*each)
	}
	var last, distinct int64
	if err := db.QueryRow(`SELECT max(seq), count(DISTINCT id) FROM event`).Scan(&last, &distinct); err != nil {
		t.Fatal(err)
	}
	if last != callers*each || distinct != callers*each {
		t.Fatalf("numbers reach %d with %d ids: want %d of both, without holes", last, distinct, callers*each)
	}
}

func TestFeed(t *testing.T) { inBothForms(t, testFeed) }

func testFeed(t *testing.T, open opener) {
	t.Run("a sink that fails is given the same rows again", func(t *testing.T) {
		db := openFile(t, filepath.Join(t.TempDir(), "o.db"))
		r := open(t, db, event.Options{})
		sink := &memory{name: "flaky", fail: func(n int) error {
			if n%2 == 1 {
				return errors.New("away")
			}
			return nil
		}}
		ran := make(chan error, 1)
		go func() { ran <- r.Run(t.Context(), sink) }()
		const n = 300
		for i := range n {
			if err := r.Record(t.Context(), prompt(), i%10 == 0); err != nil {
				t.Fatal(err)
			}
		}
		eventually(t, "all are delivered", func() bool { return len(sink.seen()) >= n })
		closeIt(t, r)
		if err := <-ran; err != nil {
			t.Fatal(err)
		}
		for i, got := range sink.seen() {
			if got.Seq != int64(i+1) {
				t.Fatalf("row %d has number %d", i, got.Seq)
			}
		}
		if got := len(sink.seen()); got != n {
			t.Fatalf("%d rows delivered, want %d", got, n)
		}
	})
	t.Run("rows that only count go to row sinks alone", func(t *testing.T) {
		db := openFile(t, filepath.Join(t.TempDir(), "o.db"))
		r := open(t, db, event.Options{})
		plain, whole := &memory{name: "plain"}, &rowMemory{memory{name: "whole"}}
		var wg sync.WaitGroup
		for _, s := range []event.Sink{plain, whole} {
			wg.Go(func() {
				if err := r.Run(t.Context(), s); err != nil {
					t.Error(err)
				}
			})
		}
		for range 5 {
			e := prompt()
			e.Activity = "other"
			for _, one := range []*event.Event{e, prompt()} {
				if err := r.Record(t.Context(), one, false); err != nil {
					t.Fatal(err)
				}
			}
		}
		eventually(t, "sinks have begun", func() bool { return len(r.Stats().Deliveries) == 2 })
		closeIt(t, r)
		wg.Wait()
		var requests int64
		for _, n := range whole.seen() {
			requests += n.Requests()
		}
		if len(plain.seen()) != 5 || requests != 10 {
			t.Fatalf("plain sink got %d rows, want 5; the row sink %d requests, want 10", len(plain.seen()), requests)
		}
		if g := plain.seen()[0].Event.Groups; len(g) != 1 {
			t.Fatalf("the plain sink's events are not decoded: groups %v", g)
		}
	})
	t.Run("after a restore the outbox goes on under a new name", func(t *testing.T) {
		dir := t.TempDir()
		db := openFile(t, filepath.Join(dir, "o.db"))
		sink := &memory{name: "store"}
		record := func(r *event.Recorder, n int) {
			for range n {
				if err := r.Record(t.Context(), prompt(), true); err != nil {
					t.Fatal(err)
				}
			}
		}
		r := open(t, db, event.Options{})
		first := r.Outbox()
		record(r, 10)
		closeIt(t, r)
		if _, err := db.Exec(`VACUUM INTO '` + filepath.Join(dir, "old.db") + `'`); err != nil {
			t.Fatal(err)
		}
		r = open(t, db, event.Options{})
		go func() { _ = r.Run(t.Context(), sink) }()
		record(r, 20)
		eventually(t, "all are delivered", func() bool { return len(sink.seen()) == 30 })
		closeIt(t, r)

		r = open(t, openFile(t, filepath.Join(dir, "old.db")), event.Options{})
		record(r, 5)
		go func() { _ = r.Run(t.Context(), sink) }()
		eventually(t, "the new ones are delivered", func() bool { return len(sink.seen()) >= 35 })
		closeIt(t, r)
		ids := map[string]bool{}
		for _, n := range sink.seen() {
			ids[n.Event.ID] = true
		}
		if len(ids) != 35 || len(sink.seen()) != 35 {
			t.Fatalf("%d rows of %d ids, want 35 of 35", len(sink.seen()), len(ids))
		}
		if r.Outbox() == first {
			t.Fatal("the older copy goes on under the old name")
		}
	})
}

func TestRecordRefuses(t *testing.T) {
	db := openFile(t, filepath.Join(t.TempDir(), "o.db"))
	r := open(t, db, event.Options{DiskCap: 1})
	if err := r.Record(t.Context(), prompt(), true); !errors.Is(err, event.ErrFull) {
		t.Errorf("with a cap of one byte: %v, want ErrFull", err)
	}
	if s := r.Stats(); s.Stage != event.Full || s.Refused != 1 {
		t.Errorf("stage %s, refused %d; want full, 1", s.Stage, s.Refused)
	}
	closeIt(t, r)
	r = open(t, db, event.Options{})
	closeIt(t, r)
	if err := r.Record(t.Context(), prompt(), true); !errors.Is(err, event.ErrClosed) {
		t.Errorf("after Close: %v, want ErrClosed", err)
	}
	if err := r.Run(t.Context(), &memory{}); !errors.Is(err, event.ErrClosed) {
		t.Errorf("a sink after Close: %v, want ErrClosed", err)
	}
}

func TestUsageOnlyCountsWhenTheDiskFills(t *testing.T) {
	path := filepath.Join(t.TempDir(), "o.db")
	db := openFile(t, path)
	r := openStore(t, db, event.Options{})
	used := r.Stats().Used
	closeIt(t, r)
	r = openStore(t, db, event.Options{DiskCap: used + used/8})
	if s := r.Stats(); s.Stage != event.Thin {
		t.Fatalf("stage %s with %d of %d used", s.Stage, s.Used, s.Cap)
	}
	for i := range 50 {
		e := prompt()
		if i%10 == 0 {
			e.Matches = []event.Match{{Detector: "iban", Count: 1}}
		}
		if err := r.Record(t.Context(), e, false); err != nil {
			t.Fatal(err)
		}
	}
	closeIt(t, r)
	var n int64
	if err := db.QueryRow(`SELECT sum(n) FROM event`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	if got := rows(t, db, "kind = 0"); got != 5 || n != 50 {
		t.Fatalf("%d events, %d requests; want the 5 with a match, and 50", got, n)
	}
}

func TestDeliveredRowsAreDropped(t *testing.T) { inBothForms(t, testDeliveredRowsAreDropped) }

func testDeliveredRowsAreDropped(t *testing.T, open opener) {
	db := openFile(t, filepath.Join(t.TempDir(), "o.db"))
	r := open(t, db, event.Options{Sinks: 2})
	sink := &rowMemory{memory{name: "store", frees: true}}
	go func() { _ = r.Run(t.Context(), sink) }()
	for range 100 {
		if err := r.Record(t.Context(), prompt(), false); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all are delivered", func() bool { return len(sink.seen()) == 100 })
	late := &memory{name: "export"}
	go func() { _ = r.Run(t.Context(), late) }()
	eventually(t, "the outbox is empty", func() bool {
		return len(late.seen()) == 100 && count(t, db, "event") == 0 && count(t, db, "packed") == 0
	})
	if err := r.Record(t.Context(), prompt(), true); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the next arrives", func() bool { return len(sink.seen()) == 101 })
	if got := sink.seen()[100].Seq; got != 101 {
		t.Fatalf("a number was used again: %d, want 101", got)
	}
}

func TestNewID(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 12, 3, 123456789, time.UTC)
	last := ""
	for i := range 1000 {
		id := event.NewID(now.Add(time.Duration(i) * time.Microsecond))
		if ts, ok := event.IDTime(id); !ok || ts.UnixMilli() != now.Add(time.Duration(i)*time.Microsecond).UnixMilli() {
			t.Fatalf("id %s says %v %v", id, ts, ok)
		}
		if id <= last {
			t.Fatalf("id %s does not follow %s", id, last)
		}
		last = id
	}
	for name, id := range map[string]string{
		"empty": "", "version 4": "0193595b-6a3d-4abc-8def-0123456789ab", "upper case": strings.ToUpper(last),
		"variant": "0193595b-6a3d-7abc-0def-0123456789ab", "not hexadecimal": "0193595g-6a3d-7abc-8def-0123456789ab",
	} {
		if _, ok := event.IDTime(id); ok {
			t.Errorf("%s: %q is taken for a UUIDv7", name, id)
		}
	}
}

func BenchmarkRecordDurable(b *testing.B) {
	for _, callers := range []int{1, 64, 512} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			r := open(b, openFile(b, filepath.Join(b.TempDir(), "o.db")), event.Options{})
			b.ReportAllocs()
			b.SetParallelism(callers)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := r.Record(context.Background(), prompt(), true); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

func BenchmarkRecordUsage(b *testing.B) {
	r := open(b, openFile(b, filepath.Join(b.TempDir(), "o.db")), event.Options{})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := r.Record(context.Background(), prompt(), false); err != nil {
				b.Error(err)
			}
		}
	})
}
