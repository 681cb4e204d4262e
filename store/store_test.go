package store_test

import (
	"errors"
	"flag"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/internal/blackbox/pgtest"
	"github.com/sluice-dlp/sluice/store"
	"github.com/sluice-dlp/sluice/store/storetest"
)

func testLog(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Options {
		return store.Options{DataDir: t.TempDir(), Log: testLog(t)}
	})
}

func TestPostgres(t *testing.T) {
	server := pgtest.Start(t)
	t.Run("both databases give the same answers", func(t *testing.T) {
		for seed := range uint64(3) {
			want := storetest.Answers(t, store.Options{DataDir: t.TempDir(), Log: testLog(t)}, seed)
			got := storetest.Answers(t, store.Options{URL: server.Database(t), DataDir: t.TempDir(), Log: testLog(t)}, seed)
			if len(want) < 100_000 {
				t.Fatalf("the answers are only %d bytes", len(want))
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Fatalf("seed %d: answers differ (-sqlite +postgres):\n%s", seed, diff)
			}
		}
		want := storetest.Investigations(t, store.Options{DataDir: t.TempDir(), Log: testLog(t)}, 7)
		got := storetest.Investigations(t, store.Options{URL: server.Database(t), DataDir: t.TempDir(), Log: testLog(t)}, 7)
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Fatalf("investigations differ (-sqlite +postgres):\n%s", diff)
		}
	})
	storetest.Run(t, func(t *testing.T) store.Options {
		return store.Options{URL: server.Database(t), DataDir: t.TempDir(), Log: testLog(t)}
	})
}

// An outbox alone has no index of events; one that becomes a store gets them, and back.
func TestIndexesOfTheFile(t *testing.T) {
	url, dir := pgtest.Start(t).Database(t), t.TempDir()
	for i, step := range []struct {
		url  string
		want int
	}{{"", 7}, {url, 0}, {"", 7}} {
		s, err := store.Open(t.Context(), store.Options{URL: step.url, DataDir: dir, Log: testLog(t)})
		if err != nil {
			t.Fatal(err)
		}
		var n int
		err = s.OutboxDB().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'event'`).Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		if n != step.want {
			t.Errorf("step %d: %d indexes of table event, want %d", i+1, n, step.want)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// What waits in an outbox of a version that did not pack arrives in Postgres once, before
// what comes later.
func TestOutboxOfAnEarlierVersion(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	url := pgtest.Start(t).Database(t)
	load := storetest.NewLoad(3, 50, 20, time.Now().Add(-2*time.Hour), 3000)
	record := func(o store.Options, n int, deliver bool) {
		t.Helper()
		s, err := store.Open(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		r, err := event.Open(ctx, s.OutboxDB(), event.Options{IsStore: s.SQLite()})
		if err != nil {
			t.Fatal(err)
		}
		for range n {
			if err := r.Record(ctx, load.Next(), false); err != nil {
				t.Fatal(err)
			}
		}
		ran := make(chan error, 1)
		if deliver {
			go func() { ran <- r.Run(ctx, s.Sink()) }()
			for r.Stats().Delivered < int64(n) || r.Stats().Deliveries[0].Position < r.Stats().Last {
				time.Sleep(time.Millisecond)
			}
		} else {
			close(ran)
		}
		if err := errors.Join(r.Close(ctx), <-ran); err != nil {
			t.Fatal(err)
		}
		if !deliver { // as that version left it
			for _, text := range []string{`DROP TABLE packed`, `DELETE FROM goose_db_version WHERE version_id >= 16`} {
				if _, err := s.OutboxDB().ExecContext(ctx, text); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	record(store.Options{DataDir: dir, Log: testLog(t)}, 900, false)
	record(store.Options{URL: url, DataDir: dir, Log: testLog(t)}, 1100, true)
	var events, ids, counted int
	err := openPostgres(t, url).QueryRowContext(ctx, `SELECT count(*), count(DISTINCT id), (SELECT sum(events) FROM app_hourly)::bigint FROM event`).
		Scan(&events, &ids, &counted)
	if err != nil {
		t.Fatal(err)
	}
	if events != 2000 || ids != 2000 || counted != 2000 {
		t.Errorf("Postgres has %d events with %d ids, and counts %d; want 2000", events, ids, counted)
	}
}

// An older version refuses what a newer one has changed: it would misread or spoil it.
func TestSchemaOfALaterVersionIsRefused(t *testing.T) {
	ctx, url := t.Context(), pgtest.Start(t).Database(t)
	local, shared := store.Options{DataDir: t.TempDir(), Log: testLog(t)}, store.Options{URL: url, DataDir: t.TempDir(), Log: testLog(t)}
	const later = `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9000, TRUE)`
	for _, o := range []store.Options{local, shared} {
		s, err := store.Open(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		if o.URL == "" {
			_, err = s.OutboxDB().ExecContext(ctx, later)
		} else {
			_, err = openPostgres(t, url).ExecContext(ctx, later)
		}
		if err := errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
	}
	for want, o := range map[string]store.Options{filepath.Join(local.DataDir, "sluice.db") + ": the schema": local, "database.url (": shared} {
		_, opened := store.Open(ctx, o)
		_, asked := store.Migrate(ctx, o, false)
		_, migrated := store.Migrate(ctx, o, true)
		for _, err := range []error{opened, asked, migrated} {
			if !errors.Is(err, store.ErrNewer) || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), "version 9000") ||
				!strings.Contains(err.Error(), "run the newer sluice, or restore the backup") {
				t.Errorf("error %v; want ErrNewer with %q and the remedy", err, want)
			}
		}
	}
}

// Postgres 15 lets nobody but the owner of a database make tables there, which stops many a
// first start.
func TestAUserWhoMayNotMakeTablesIsToldHow(t *testing.T) {
	server := pgtest.Start(t)
	url := server.Database(t)
	server.Exec(t, "postgres", "CREATE USER weak")
	o := store.Options{URL: strings.Replace(url, "postgres@", "weak@", 1), DataDir: t.TempDir(), Log: testLog(t)}
	_, opened := store.Open(t.Context(), o)
	_, asked := store.Migrate(t.Context(), o, false)
	for _, err := range []error{opened, asked} {
		if err == nil || !strings.Contains(err.Error(), "must own the database: ALTER DATABASE") {
			t.Errorf("error %v; want the remedy", err)
		}
	}
}

// go test -run Hostile ./store -args -hostile 10000
var hostileRounds = flag.Int("hostile", 1500, "hostile statements for the explorer of each database")

func TestHostileStatements(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		storetest.Hostile(t, store.Options{DataDir: t.TempDir(), Log: testLog(t)}, *hostileRounds)
	})
	t.Run("postgres", func(t *testing.T) {
		storetest.Hostile(t, store.Options{URL: pgtest.Start(t).Database(t), DataDir: t.TempDir(), Log: testLog(t)}, *hostileRounds)
	})
}

// A batch that is copied but not committed is not seen by anybody: an erasure waits for it.
func TestErasureWaitsForTheBatch(t *testing.T) {
	ctx, url := t.Context(), pgtest.Start(t).Database(t)
	s, err := store.Open(ctx, store.Options{URL: url, DataDir: t.TempDir(), Log: testLog(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	sink, ok := s.Sink().(event.Preparer)
	if !ok {
		t.Fatal("the sink prepares nothing")
	}
	const outbox = "00000000-0000-4000-8000-000000000000"
	batch := func(seq int64) []event.Numbered {
		e := storetest.NewLoad(uint64(seq), 10, 10, time.Now().Add(-time.Hour), 10).Next()
		e.User, e.Path = "mallory", "/planted"
		n, err := event.Number(seq, e)
		if err != nil {
			t.Fatal(err)
		}
		return []event.Numbered{n}
	}
	if err := sink.Write(ctx, outbox, 0, batch(1)); err != nil {
		t.Fatal(err)
	}
	prepared, err := sink.Prepare(ctx, outbox, batch(2))
	if err != nil {
		t.Fatal(err)
	}
	erased := make(chan error, 1)
	go func() {
		_, err := s.ErasePerson(ctx, "mallory", "dpo")
		erased <- err
	}()
	watch := openPostgres(t, url)
	for waiting := 0; waiting == 0; {
		select {
		case err := <-erased:
			prepared.Abort()
			t.Fatalf("the erasure did not wait (%v)", err)
		default:
		}
		if err := watch.QueryRowContext(ctx, `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
	if err := prepared.Commit(ctx, 1); err != nil {
		t.Fatal(err)
	}
	if err := <-erased; err != nil {
		t.Fatal(err)
	}
	list, err := s.Events(ctx, store.Filter{})
	if err != nil || len(list) != 2 {
		t.Fatalf("%d events (%v), want 2", len(list), err)
	}
	for _, e := range list {
		if e.Path != "" || e.User == "mallory" {
			t.Errorf("an event still says %q and %q", e.User, e.Path)
		}
	}
}

// A batch with late rows that comes while a span is made, however far that is, takes it back.
func TestLateBatchTakesBackASpan(t *testing.T) {
	ctx, url := t.Context(), pgtest.Start(t).Database(t)
	s, err := store.Open(ctx, store.Options{URL: url, DataDir: t.TempDir(), Log: testLog(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	load := storetest.NewLoad(1, 10, 10, time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -12), 1)
	var seq int64
	late := func() {
		t.Helper()
		n, err := event.Number(seq+1, load.Next())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Sink().Write(ctx, "00000000-0000-4000-8000-000000000000", seq, []event.Numbered{n}); err != nil {
			t.Fatal(err)
		}
		seq++
	}
	late()
	watch := openPostgres(t, url)
	ready := func() (n int) {
		t.Helper()
		if err := watch.QueryRowContext(ctx, `SELECT count(*) FROM span WHERE ready = 1`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	// Each table in turn is where the making of the span stands still.
	for _, table := range []string{"device_span", "user_span"} {
		stop, err := watch.BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stop.ExecContext(ctx, `LOCK TABLE `+table+` IN EXCLUSIVE MODE`); err != nil {
			t.Fatal(err)
		}
		made := make(chan error, 1)
		go func() { made <- s.Maintain(ctx, store.Retention{}, time.Now()) }()
		for waiting := 0; waiting == 0; {
			select {
			case err := <-made:
				t.Fatalf("%s: the span was made without it (%v)", table, err)
			default:
			}
			if err := watch.QueryRowContext(ctx, `SELECT count(*) FROM pg_locks WHERE relation = $1::regclass AND NOT granted`, table).Scan(&waiting); err != nil {
				t.Fatal(err)
			}
		}
		late()
		if err := stop.Rollback(); err != nil {
			t.Fatal(err)
		}
		if err := <-made; err != nil {
			t.Fatal(err)
		}
		if n := ready(); n != 0 {
			t.Errorf("%s: %d spans are ready, without the late row", table, n)
		}
	}
	if err := s.Maintain(ctx, store.Retention{}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if n := ready(); n != 1 {
		t.Errorf("%d spans are ready when all is quiet, want 1", n)
	}
}
