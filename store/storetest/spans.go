package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/store"
)

// number asks the database behind the store's back.
func number(t testing.TB, o store.Options, s *store.Store, text string) (n int64) {
	t.Helper()
	db := s.OutboxDB()
	if o.URL != "" {
		var err error
		if db, err = sql.Open("pgx", o.URL); err != nil {
			t.Fatal(err)
		}
		defer db.Close()
	}
	if err := db.QueryRowContext(t.Context(), text).Scan(&n); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return n
}

// spanWorld is a database with events over spanned days.
type spanWorld struct {
	t    *testing.T
	o    store.Options
	s    *store.Store
	from time.Time
	list []*event.Event
}

const spannedDays = 40

func newSpanWorld(t *testing.T, o store.Options) *spanWorld {
	t.Helper()
	w := &spanWorld{t: t, o: o, s: openStore(t, o), from: time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -spannedDays-3)}
	t.Cleanup(func() { _ = w.s.Close() })
	w.record(newWorld(41, w.from, spannedDays*24*time.Hour/4000).events(3900))
	return w
}

// record adds events as a node does.
func (w *spanWorld) record(events []*event.Event) {
	w.t.Helper()
	n := start(w.t, w.o)
	for _, e := range events {
		if err := n.Recorder.Record(w.t.Context(), e, false); err != nil {
			w.t.Fatal(err)
		}
	}
	n.drain()
	n.close()
	w.list = append(w.list, events...)
}

func (w *spanWorld) maintain(r store.Retention) {
	w.t.Helper()
	if err := w.s.Maintain(context.WithoutCancel(w.t.Context()), r, time.Now()); err != nil {
		w.t.Fatal(err)
	}
}

// ready returns how many spans reports may read.
func (w *spanWorld) ready() int64 {
	w.t.Helper()
	return number(w.t, w.o, w.s, `SELECT COUNT(*) FROM span WHERE ready = 1`)
}

func (w *spanWorld) exec(text string) {
	w.t.Helper()
	if err := exec(w.t, w.o, w.s, text); err != nil {
		w.t.Fatal(err)
	}
}

// reports compares those that read spans with a recount, over periods that begin and end anywhere.
func (w *spanWorld) reports(from time.Time) {
	w.t.Helper()
	days := spannedDays - int(from.Sub(w.from)/(24*time.Hour))
	for _, edge := range []struct{ first, last int }{{0, days}, {1, days - 2}, {5, days - 4}, {days / 2, days/2 + 8}} {
		p := store.Period{From: from.AddDate(0, 0, edge.first), To: from.AddDate(0, 0, edge.last)}
		in := filter(w.list, func(e *event.Event) bool { return !e.Time.Before(p.From) && e.Time.Before(p.To) })
		if len(in) < 100 {
			w.t.Fatalf("only %d events fall into the period", len(in))
		}
		user := func(e *event.Event) []string { return []string{e.User} }
		for d, keys := range map[store.Dimension]func(*event.Event) []string{
			store.Users: user, store.Devices: func(e *event.Event) []string { return []string{e.Device.ID} },
			store.Sources: func(e *event.Event) []string { return []string{e.Source.IP} },
		} {
			want := recount(by(in, keys))
			for _, limit := range []int{7, 1000} {
				got, err := w.s.Breakdown(w.t.Context(), p, d, "", store.ByBytesOut, limit)
				check(w.t, err, want[:min(limit, len(want))], got)
			}
		}
		for _, o := range []store.Order{store.ByStopped, store.ByUploads} { // many are on a par
			want, err := w.s.Breakdown(w.t.Context(), p, store.Users, "", o, 1000)
			if err != nil || len(want) < 20 {
				w.t.Fatalf("%d people (%v)", len(want), err)
			}
			few, err := w.s.Breakdown(w.t.Context(), p, store.Users, "", o, 7)
			check(w.t, err, want[:7], few)
		}
		got, err := w.s.Breakdown(w.t.Context(), p, store.Users, "app03", store.ByBytesOut, 1000)
		check(w.t, err, recount(by(filter(in, func(e *event.Event) bool { return e.App.ID == "app03" }), user)), got)
		got, err = w.s.UsersOfStatus(w.t.Context(), p, "unapproved", store.StatusThen, store.ByBytesOut, 1000)
		check(w.t, err, recount(by(filter(in, func(e *event.Event) bool { return e.App.Status == "unapproved" }), user)), got)
	}
}

// spansAddUp checks reports before spans are made and with them, after late events, and after retention.
func spansAddUp(t *testing.T, open Open) {
	w := newSpanWorld(t, open(t))
	w.reports(w.from)
	w.maintain(store.Retention{})
	all := w.ready()
	if all < spannedDays/6-1 {
		t.Fatalf("%d spans are ready", all)
	}
	w.reports(w.from)

	const lots = 1_000_000_000_000
	w.exec(fmt.Sprintf(`UPDATE person_span SET bytes_out = bytes_out + %d`, lots))
	ever := store.Period{From: time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), To: w.from.AddDate(0, 0, spannedDays)}
	if got, err := w.s.Breakdown(t.Context(), ever, store.Users, "", store.ByBytesOut, 1); err != nil || len(got) != 1 || got[0].BytesOut < lots {
		t.Errorf("a report of all time reads no spans (%v)", err)
	}
	w.exec(fmt.Sprintf(`UPDATE person_span SET bytes_out = bytes_out - %d`, lots))

	w.record(newWorld(42, w.from.AddDate(0, 0, 20), time.Hour).events(60))
	if n := w.ready(); n == all || n < all-2 {
		t.Errorf("late events of three days leave %d of %d spans", n, all)
	}
	w.reports(w.from)
	w.maintain(store.Retention{})
	if n := w.ready(); n != all {
		t.Errorf("%d of %d spans are ready in the next round", n, all)
	}
	w.reports(w.from)

	// A node of an older version adds rows, and does not know of spans.
	w.exec(`UPDATE coverage_daily SET events = events + 1`)
	before := number(t, w.o, w.s, `SELECT SUM(events) FROM span`)
	w.maintain(store.Retention{})
	if after := number(t, w.o, w.s, `SELECT SUM(events) FROM span`); after <= before {
		t.Errorf("spans of %d events are not made again when their days have changed (%d)", before, after)
	}
	w.exec(`UPDATE coverage_daily SET events = events - 1`)

	cutoff := w.from.AddDate(0, 0, 15)
	for range 2 {
		w.maintain(store.Retention{Rollups: time.Since(cutoff)})
		for _, table := range []string{"span", "person_span", "device_span", "source_span", "user_span"} {
			if n := number(t, w.o, w.s, fmt.Sprintf(`SELECT COUNT(*) FROM %s WHERE day < %d`, table, cutoff.Unix()/86400)); n != 0 {
				t.Errorf("%s: %d rows of days before retention are left", table, n)
			}
		}
	}
	w.reports(cutoff)
}

// spansForget erases a person whose addresses and devices are in spans.
func spansForget(t *testing.T, open Open) {
	w := newSpanWorld(t, open(t))
	mine := newWorld(42, w.from.AddDate(0, 0, 20), time.Hour).events(40)
	for _, e := range mine {
		plant(e)
	}
	w.record(mine)
	w.maintain(store.Retention{})
	all := w.ready()
	const addresses = `SELECT COUNT(*) FROM source_span WHERE src = '10.99.99.99'`
	const devices = `SELECT COUNT(*) FROM device_span s JOIN device d ON d.id = s.device WHERE d.name = 'PLANTED-DEVICE'`
	for _, text := range []string{addresses, devices} {
		if number(t, w.o, w.s, text) == 0 {
			t.Fatalf("%s: none, before the erasure", text)
		}
	}
	erased, err := w.s.ErasePerson(t.Context(), planted, "dpo")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range mine {
		e.User, e.Source.IP, e.Device.ID = erased.Alias, "", ""
	}
	if n := w.ready(); n == all || n < all-2 {
		t.Errorf("an erasure in two days leaves %d of %d spans", n, all)
	}
	for range 2 {
		for _, text := range []string{addresses, devices} {
			if n := number(t, w.o, w.s, text); n != 0 {
				t.Errorf("%s: %d, after the erasure", text, n)
			}
		}
		w.reports(w.from)
		w.maintain(store.Retention{})
	}
}

// spansMeanwhile makes spans again and again while late events arrive.
func spansMeanwhile(t *testing.T, open Open) {
	w := newSpanWorld(t, open(t))
	other := openStore(t, w.o)
	defer other.Close()
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	rounds := 0
	go func() {
		for ctx.Err() == nil {
			rounds++
			if err := other.Maintain(t.Context(), store.Retention{}, time.Now()); err != nil {
				stopped <- err
				return
			}
		}
		stopped <- nil
	}()
	for part := range slices.Chunk(newWorld(43, w.from, spannedDays*24*time.Hour/1000).events(900), 90) {
		w.record(part)
	}
	cancel()
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	t.Logf("%d rounds, %d spans ready", rounds, w.ready())
	w.reports(w.from)
	w.maintain(store.Retention{})
	if n := w.ready(); n < spannedDays/6-1 {
		t.Errorf("%d spans are ready in the end", n)
	}
	w.reports(w.from)
}
