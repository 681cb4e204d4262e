package store_test

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/internal/blackbox/pgtest"
	"github.com/sluice-dlp/sluice/store"
	"github.com/sluice-dlp/sluice/store/storetest"
)

// go test -run '^$' -bench Reports ./store -args -rows 2000000,20000000 -days 91
var benchRows = flag.String("rows", "500000", "numbers of rows that report benchmarks read, rising")

// databases runs a benchmark on both databases.
func databases(b *testing.B, f func(b *testing.B, o store.Options, cpu func() time.Duration)) {
	b.Run("sqlite", func(b *testing.B) {
		f(b, store.Options{DataDir: b.TempDir()}, func() time.Duration { return cpuTime(b) })
	})
	b.Run("postgres", func(b *testing.B) {
		server := pgtest.Start(b)
		f(b, store.Options{URL: server.Database(b), DataDir: b.TempDir()}, func() time.Duration { return cpuTime(b) + server.CPU(b) })
	})
}

// BenchmarkIngest drains a filled outbox into the store, roll-ups and all: rows/s.
func BenchmarkIngest(b *testing.B) {
	databases(b, func(b *testing.B, o store.Options, cpu func() time.Duration) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		s, err := store.Open(ctx, o)
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		r, err := event.Open(ctx, s.OutboxDB(), event.Options{IsStore: s.SQLite()})
		if err != nil {
			b.Fatal(err)
		}
		load := storetest.NewLoad(1, 10000, 200, time.Now().Add(-240*time.Hour), 40000)
		filling := time.Now()
		n := max(b.N, 1000)
		for range n {
			if err := r.Record(ctx, load.Next(), false); err != nil {
				b.Fatal(err)
			}
		}
		for r.Stats().Recorded < int64(n) {
			time.Sleep(10 * time.Millisecond)
		}
		b.Logf("outbox: %d events recorded in %s (%.0f/s), some %d bytes each", n, time.Since(filling).Round(time.Millisecond),
			float64(n)/time.Since(filling).Seconds(), r.Stats().Used/int64(n))
		load = nil // what made the events is not measured, nor its garbage
		runtime.GC()
		b.ResetTimer()
		spent, own := cpu(), cpuTime(b)
		ran := make(chan error, 1)
		go func() { ran <- r.Run(ctx, s.Sink()) }()
		for r.Stats().Delivered < int64(n) {
			time.Sleep(time.Millisecond)
		}
		b.StopTimer()
		b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
		b.ReportMetric(float64((cpu()-spent).Microseconds())/float64(n), "cpu-µs/row")
		b.ReportMetric(float64((cpuTime(b)-own).Microseconds())/float64(n), "of-it-ours-µs/row")
		if err := r.Close(ctx); err != nil {
			b.Error(err)
		}
		if err := <-ran; err != nil {
			b.Error(err)
		}
	})
}

// BenchmarkEndToEnd records events, four at a time, while the sink runs: events/s until the
// store has them all.
func BenchmarkEndToEnd(b *testing.B) {
	databases(b, func(b *testing.B, o store.Options, cpu func() time.Duration) {
		ctx := context.Background()
		s, err := store.Open(ctx, o)
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		r, err := event.Open(ctx, s.OutboxDB(), event.Options{IsStore: s.SQLite()})
		if err != nil {
			b.Fatal(err)
		}
		ran := make(chan error, 1)
		go func() { ran <- r.Run(ctx, s.Sink()) }()
		const producers = 4
		each := max(b.N/producers, 1)
		b.ResetTimer()
		spent := cpu()
		errs := make([]error, producers)
		var wg sync.WaitGroup
		for i := range producers {
			load := storetest.NewLoad(uint64(i), 10000, 200, time.Now().Add(-24*time.Hour), 40000)
			wg.Go(func() {
				for range each {
					if err := r.Record(ctx, load.Next(), false); err != nil {
						errs[i] = err
						return
					}
				}
			})
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			b.Fatal(err)
		}
		recorded := b.Elapsed()
		for r.Stats().Delivered < int64(producers*each) {
			time.Sleep(time.Millisecond)
		}
		b.StopTimer()
		b.ReportMetric(float64(producers*each)/b.Elapsed().Seconds(), "events/s")
		b.ReportMetric(float64(producers*each)/recorded.Seconds(), "recorded/s")
		b.ReportMetric(float64((cpu()-spent).Microseconds())/float64(producers*each), "cpu-µs/event")
		if err := r.Close(ctx); err != nil {
			b.Error(err)
		}
		if err := <-ran; err != nil {
			b.Error(err)
		}
	})
}

// cpuTime is what this process has used: on a busy machine it says more than the clock.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkReports times every panel of the console over -rows rows of 31 days, and three of
// them over the events themselves.
func BenchmarkReports(b *testing.B) {
	databases(b, func(b *testing.B, o store.Options, _ func() time.Duration) {
		ctx := context.Background()
		s, err := store.Open(ctx, o)
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		l := &loader{s: s, db: openRaw(b, s, o), sqlite: o.URL == "", end: time.Now().UTC().Truncate(time.Hour)}
		for step := range strings.SplitSeq(*benchRows, ",") {
			rows, err := strconv.ParseInt(step, 10, 64)
			if err != nil {
				b.Fatal(err)
			}
			l.upTo(b, rows)
			for _, panel := range panels(ctx, s, l.end) {
				b.Run(fmt.Sprintf("%dM/%s", rows/1_000_000, panel.name), func(b *testing.B) {
					if err := panel.run(); err != nil { // the first look reads from disk
						b.Fatal(err)
					}
					b.ResetTimer()
					for range b.N {
						if err := panel.run(); err != nil {
							b.Fatal(err)
						}
					}
					b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/op")
				})
			}
			for _, panel := range rawPanels(ctx, l) {
				began := time.Now()
				if err := panel.run(); err != nil {
					b.Fatal(err)
				}
				b.Logf("%dM/%s: %d ms, once", rows/1_000_000, panel.name, time.Since(began).Milliseconds())
			}
		}
	})
}

// openRaw returns the database behind a store.
func openRaw(b *testing.B, s *store.Store, o store.Options) *sql.DB {
	b.Helper()
	if o.URL == "" {
		return s.OutboxDB()
	}
	return openPostgres(b, o.URL)
}

func openPostgres(tb testing.TB, url string) *sql.DB {
	tb.Helper()
	c, err := pgx.ParseConfig(url)
	if err != nil {
		tb.Fatal(err)
	}
	c.RuntimeParams["jit"] = "off" // as the store's own connections
	db := stdlib.OpenDB(*c)
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

// panel is one question of the console.
type panel struct {
	name string
	run  func() error
}

// rawPanels ask the events instead of the roll-ups.
func rawPanels(ctx context.Context, l *loader) []panel {
	hour, from := `date_trunc('hour', ts)`, any(l.end.Add(-30*24*time.Hour))
	if l.sqlite {
		hour, from = `ts / 3600000000`, l.end.Add(-30*24*time.Hour).UnixMicro()
	}
	ask := func(text string) func() error {
		return func() error {
			rows, err := l.db.QueryContext(ctx, text, from)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
			}
			return rows.Err()
		}
	}
	return []panel{
		{"raw: top apps 30d", ask(`SELECT app, count(*), sum(bytes_out) FROM event WHERE ts >= $1 GROUP BY app ORDER BY 2 DESC LIMIT 20`)},
		{"raw: series by status 30d", ask(`SELECT ` + hour + `, status, count(*) FROM event WHERE ts >= $1 GROUP BY 1, 2 ORDER BY 1, 2`)},
		{"raw: users of app 30d", ask(`SELECT usr, count(*) FROM event WHERE ts >= $1 AND app = 'ai-app-005' GROUP BY usr ORDER BY 2 DESC LIMIT 20`)},
	}
}

func panels(ctx context.Context, s *store.Store, end time.Time) []panel {
	month, today := store.Last(30*24*time.Hour, end), store.Last(24*time.Hour, end)
	list := []panel{
		{"totals 30d", func() error { _, err := s.Totals(ctx, month); return err }},
		{"top apps 30d", func() error { _, err := s.TopApps(ctx, month, store.ByEvents, 20); return err }},
		{"series by status 30d", func() error { _, err := s.Series(ctx, month, 6*time.Hour, store.SeriesByStatus, ""); return err }},
		{"series of an app 30d", func() error {
			_, err := s.Series(ctx, month, 24*time.Hour, store.SeriesByAction, "ai-app-000")
			return err
		}},
		{"groups of app 30d", func() error {
			_, err := s.Breakdown(ctx, month, store.Groups, "ai-app-005", store.ByEvents, 20)
			return err
		}},
		{"sources of app 30d", func() error {
			_, err := s.Breakdown(ctx, month, store.Sources, "ai-app-005", store.ByEvents, 20)
			return err
		}},
		{"devices of all 1d", func() error { _, err := s.Breakdown(ctx, today, store.Devices, "", store.ByBytesOut, 20); return err }},
		{"groups of all 30d", func() error { _, err := s.Breakdown(ctx, month, store.Groups, "", store.ByEvents, 20); return err }},
		{"sources of all 1d", func() error { _, err := s.Breakdown(ctx, today, store.Sources, "", store.ByEvents, 20); return err }},
		{"countries 30d", func() error { _, err := s.Breakdown(ctx, month, store.Countries, "", store.ByEvents, 20); return err }},
		{"unapproved now 1d", func() error {
			_, err := s.UsersOfStatus(ctx, today, "unapproved", store.StatusNow, store.ByEvents, 20)
			return err
		}},
		{"apps of user 30d", func() error { _, err := s.AppsOfUser(ctx, month, "user00042", 20); return err }},
		{"first seen 30d", func() error { _, err := s.FirstSeen(ctx, month, 20); return err }},
		{"spikes", func() error { _, err := s.Spikes(ctx, end, 0, 0); return err }},
		{"geography 1d", func() error { _, err := s.Geography(ctx, today, 0, 20); return err }},
		{"coverage 30d", func() error { _, err := s.Coverage(ctx, month, 20); return err }},
		{"matches 30d", func() error { _, err := s.Matches(ctx, month, "", 20); return err }},
		{"latest events", func() error { _, err := s.Events(ctx, store.Filter{}); return err }},
		{"latest of user", func() error { _, err := s.Events(ctx, store.Filter{User: "user00042"}); return err }},
		{"latest of rare app", func() error { _, err := s.Events(ctx, store.Filter{App: "ai-app-150", Since: month.From}); return err }},
		{"latest with finding", func() error { _, err := s.Events(ctx, store.Filter{Detector: "credit_card"}); return err }},
		{"latest blocked", func() error { _, err := s.Events(ctx, store.Filter{Action: "block"}); return err }},
		{"latest coached (none)", func() error { _, err := s.Events(ctx, store.Filter{Action: "coach"}); return err }},
	}
	for days := 30; days < *benchDays; days += 30 {
		list = append(list, peoplePanels(ctx, s, store.Last(time.Duration(days)*24*time.Hour, end), fmt.Sprintf(" %dd", days))...)
	}
	return list
}

// peoplePanels are those whose time depends on people and days.
func peoplePanels(ctx context.Context, s *store.Store, p store.Period, name string) []panel {
	shares := func(d store.Dimension, app string, o store.Order) func() error {
		return func() error { _, err := s.Breakdown(ctx, p, d, app, o, 20); return err }
	}
	status := func(at store.StatusAt) func() error {
		return func() error { _, err := s.UsersOfStatus(ctx, p, "unapproved", at, store.ByEvents, 20); return err }
	}
	return []panel{
		{"users of top app" + name, shares(store.Users, "ai-app-000", store.ByEvents)},
		{"users of app" + name, shares(store.Users, "ai-app-005", store.ByEvents)},
		{"users of all" + name, shares(store.Users, "", store.ByEvents)},
		{"devices of all" + name, shares(store.Devices, "", store.ByBytesOut)},
		{"sources of all" + name, shares(store.Sources, "", store.ByEvents)},
		{"unapproved then" + name, status(store.StatusThen)},
		{"unapproved now" + name, status(store.StatusNow)},
	}
}
