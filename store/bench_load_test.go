package store_test

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/store"
	"github.com/sluice-dlp/sluice/store/storetest"
)

// baseRows go the whole way through the sink; a benchmark over more repeats them, inside the
// database, for other people with other devices at the same times. The roll-ups are then
// computed from those of the base, and checked against the rows.
const baseRows = 500_000

// benchDays is how many days the rows are over.
var benchDays = flag.Int("days", 31, "days over which report benchmarks have their rows")

// loader brings a store to a number of rows over the same days, step by step.
type loader struct {
	s      *store.Store
	db     *sql.DB // of the store
	sqlite bool
	end    time.Time
	copies int64 // of the base, that are there
}

func (l *loader) exec(b *testing.B, text string, args ...any) {
	b.Helper()
	if _, err := l.db.ExecContext(context.Background(), text, args...); err != nil {
		b.Fatalf("%s: %v", text, err)
	}
}

func (l *loader) number(b *testing.B, text string) int64 {
	b.Helper()
	var n int64
	if err := l.db.QueryRowContext(context.Background(), text).Scan(&n); err != nil {
		b.Fatalf("%s: %v", text, err)
	}
	return n
}

// upTo makes rows of them.
func (l *loader) upTo(b *testing.B, rows int64) {
	b.Helper()
	loading := time.Now()
	if l.copies == 0 {
		l.base(b)
	}
	want := rows / baseRows
	if rows%baseRows != 0 || want < l.copies {
		b.Fatalf("%d rows: want a rising multiple of %d", rows, baseRows)
	}
	for k := l.copies; k < want; k++ {
		l.exec(b, `INSERT INTO bench_copy (k) VALUES ($1)`, k)
	}
	l.repeatEvents(b, want)
	l.rollUp(b, want)
	l.exec(b, `DELETE FROM span`)
	began := time.Now()
	if err := l.s.Maintain(context.Background(), store.Retention{}, l.end); err != nil {
		b.Fatal(err)
	}
	b.Logf("days added up in spans in %s", time.Since(began).Round(time.Millisecond))
	l.copies = want
	if err := l.s.Analyze(context.Background()); err != nil {
		b.Fatal(err)
	}
	if !l.sqlite { // what a database that has grown slowly has behind it
		for table := range strings.SplitSeq(benchTables+", person_span, device_span, source_span, user_span", ", ") {
			l.exec(b, `VACUUM `+table)
		}
		l.exec(b, `CHECKPOINT`)
	}
	l.check(b, rows)
	b.Logf("%d rows after %s", rows, time.Since(loading).Round(time.Second))
}

// base records the first rows.
func (l *loader) base(b *testing.B) {
	b.Helper()
	ctx := context.Background()
	load := storetest.NewLoad(1, 10000, 200, l.end.AddDate(0, 0, -*benchDays), baseRows/(*benchDays*24)+1)
	if l.sqlite { // the table of events is the outbox
		r, err := event.Open(ctx, l.s.OutboxDB(), event.Options{IsStore: true})
		if err != nil {
			b.Fatal(err)
		}
		ran := make(chan error, 1)
		go func() { ran <- r.Run(ctx, l.s.Sink()) }()
		for range baseRows {
			if err := r.Record(ctx, load.Next(), false); err != nil {
				b.Fatal(err)
			}
		}
		if err := r.Close(ctx); err != nil {
			b.Fatal(err)
		}
		if err := <-ran; err != nil {
			b.Fatal(err)
		}
	}
	for n := int64(0); n < baseRows && !l.sqlite; {
		batch := make([]event.Numbered, 20000)
		after := n
		for i := range batch {
			n++
			var err error
			if batch[i], err = event.Number(n, load.Next()); err != nil {
				b.Fatal(err)
			}
		}
		if err := l.s.Sink().Write(ctx, "00000000-0000-4000-8000-000000000000", after, batch); err != nil {
			b.Fatal(err)
		}
	}
	for _, table := range append([]string{"event", "usage_hourly"}, unpeopled...) {
		l.exec(b, `CREATE TABLE bench_`+table+` AS SELECT * FROM `+table)
	}
	l.exec(b, `CREATE TABLE bench_copy (k bigint)`)
	l.exec(b, `INSERT INTO bench_copy (k) VALUES (0)`)
	for _, table := range []string{"person", "device"} { // numbers are shifted in a circle
		if gaps := l.number(b, `SELECT MAX(id) - COUNT(*) FROM `+table); gaps != 0 {
			b.Fatalf("the numbers of %s have %d gaps", table, gaps)
		}
	}
	l.copies = 1
}

// unpeopled are the roll-ups whose keys no copy changes.
var unpeopled = []string{"app_hourly", "place_daily", "coverage_daily", "match_daily"}

// shifted is the number of a copy's person or device.
func shifted(column, table string) string {
	return `(` + column + ` - 1 + c.k * 241) % (SELECT MAX(id) FROM ` + table + `) + 1`
}

func (l *loader) repeatEvents(b *testing.B, want int64) {
	b.Helper()
	columns := strings.Fields(strings.ReplaceAll(event.Columns, ",", " "))
	from := slices.Clone(columns)
	for i, c := range columns {
		from[i] = "e." + c
		switch {
		case c == "id" && l.sqlite:
			from[i] = `substr(e.id, 1, 32) || printf('%04x', c.k)`
		case c == "id":
			from[i] = `(substr(e.id::text, 1, 32) || lpad(to_hex(c.k), 4, '0'))::uuid`
		case c == "usr" && l.sqlite:
			from[i] = `(SELECT name FROM person WHERE id = (SELECT ` + shifted("o.id", "person") + ` FROM person o WHERE o.name = e.usr))`
		case c == "device" && l.sqlite:
			from[i] = `(SELECT name FROM device WHERE id = (SELECT ` + shifted("o.id", "device") + ` FROM device o WHERE o.name = e.device))`
		case c == "usr":
			from[i] = shifted("e.usr", "person")
		case c == "device":
			from[i] = shifted("e.device", "device")
		case c == "grps" && !l.sqlite:
			columns[i], from[i] = "grp", "e.grp"
		}
	}
	if l.sqlite {
		columns, from = append(columns, "kind"), append(from, "0")
	}
	text := `INSERT INTO event (` + strings.Join(columns, ", ") + `) SELECT ` + strings.Join(from, ", ") +
		` FROM bench_event e CROSS JOIN bench_copy c WHERE c.k >= $1 AND c.k < $2`
	if l.sqlite {
		l.exec(b, text+` AND e.kind = 0`, l.copies, want)
		return
	}
	// Two connections, each with half of the days.
	middle := l.end.Add(-time.Duration(*benchDays) * 12 * time.Hour).Truncate(24 * time.Hour)
	errs := make([]error, 2)
	var wg sync.WaitGroup
	for i, half := range []string{` AND e.ts < $3`, ` AND e.ts >= $3`} {
		wg.Go(func() { _, errs[i] = l.db.ExecContext(context.Background(), text+half, l.copies, want, middle) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		b.Fatal(err)
	}
}

// empty removes all rows of a table.
func (l *loader) empty(b *testing.B, table string) {
	b.Helper()
	if l.sqlite {
		l.exec(b, `DELETE FROM `+table)
		return
	}
	l.exec(b, `TRUNCATE `+table)
}

// benchTables are the roll-ups whose events are those of the rows.
const benchTables = "usage_hourly, app_hourly, user_daily, person_daily, user_app_daily, device_daily, source_daily, group_daily, place_daily, coverage_daily"

const benchMeasures = `events, prompts, uploads, matched, stopped, bytes_out, bytes_in`

func (l *loader) rollUp(b *testing.B, copies int64) {
	b.Helper()
	sums := make([]string, 0, 7)
	for m := range strings.SplitSeq(benchMeasures, ", ") {
		sums = append(sums, "CAST(SUM("+m+") AS bigint)")
	}
	sum := strings.Join(sums, ", ")
	l.empty(b, "usage_hourly")
	l.exec(b, `INSERT INTO usage_hourly (app, hour, usr, device, src, country, grp, status, `+benchMeasures+`)
 SELECT app, hour, u, d, src, country, grp, status, `+sum+` FROM (
  SELECT app, hour, `+shifted("usr", "person")+` AS u, `+shifted("device", "device")+` AS d, src, country, grp, status, `+benchMeasures+`
  FROM bench_usage_hourly CROSS JOIN bench_copy c) x GROUP BY app, hour, u, d, src, country, grp, status ORDER BY hour, app`) // as they come
	for table, keys := range map[string]string{
		"user_app_daily": "app, day, usr, status", "user_daily": "status, day, usr", "person_daily": "day, usr", "device_daily": "day, device", "source_daily": "day, src", "group_daily": "day, grp, status",
	} {
		l.empty(b, table)
		l.exec(b, `INSERT INTO `+table+` (`+keys+`, `+benchMeasures+`) SELECT `+keys+`, `+sum+` FROM (SELECT hour / 24 AS day, * FROM usage_hourly) x GROUP BY `+keys+` ORDER BY day`)
	}
	for _, table := range unpeopled {
		measures := benchMeasures
		keys := map[string]string{
			"app_hourly": "hour, app, status, action", "place_daily": "day, country, site, app, status",
			"coverage_daily": "day, app, visibility, source, gap, passed", "match_daily": "day, app, profile, detector, severity, confidence, action",
		}[table]
		if table == "match_daily" {
			measures = "findings, events"
		}
		l.empty(b, table)
		l.exec(b, `INSERT INTO `+table+` (`+keys+`, `+measures+`) SELECT `+keys+`, `+
			strings.ReplaceAll(measures, ", ", fmt.Sprintf(" * %d, ", copies))+fmt.Sprintf(" * %d", copies)+` FROM bench_`+table)
	}
	l.people(b)
}

// people makes the bitmaps.
func (l *loader) people(b *testing.B) {
	b.Helper()
	ctx := context.Background()
	type key struct {
		day int64
		app string
	}
	sets := map[key]*roaring.Bitmap{}
	rows, err := l.db.QueryContext(ctx, `SELECT day, app, usr FROM user_app_daily`)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var k key
		var usr uint32
		if err := rows.Scan(&k.day, &k.app, &usr); err != nil {
			b.Fatal(err)
		}
		for _, k := range []key{k, {k.day, ""}} {
			if sets[k] == nil {
				sets[k] = roaring.New()
			}
			sets[k].Add(usr)
		}
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }() // nothing, after a commit
	if _, err := tx.ExecContext(ctx, `DELETE FROM app_people`); err != nil {
		b.Fatal(err)
	}
	for k, bits := range sets {
		blob, err := bits.ToBytes()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO app_people (day, app, people) VALUES ($1, $2, $3)`, k.day, k.app, blob); err != nil {
			b.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
}

// check compares roll-ups with rows.
func (l *loader) check(b *testing.B, rows int64) {
	b.Helper()
	for table := range strings.SplitSeq(benchTables, ", ") {
		if n := l.number(b, `SELECT CAST(SUM(events) AS bigint) FROM `+table); n != rows {
			b.Fatalf("%s says %d events, want %d", table, n, rows)
		}
	}
	if n := l.number(b, `SELECT COUNT(*) FROM event`); n != rows {
		b.Fatalf("%d rows, want %d", n, rows)
	}
	const busy = `(SELECT usr FROM user_daily GROUP BY usr ORDER BY SUM(events) DESC, usr LIMIT 1)`
	of := busy
	if l.sqlite {
		of = `(SELECT name FROM person WHERE id = ` + busy + `)`
	}
	said, are := l.number(b, `SELECT CAST(SUM(bytes_out) AS bigint) FROM user_daily WHERE usr = `+busy), l.number(b, `SELECT CAST(SUM(bytes_out) AS bigint) FROM event WHERE usr = `+of)
	if said != are {
		b.Fatalf("the busiest person sent %d bytes, the roll-up says %d", are, said)
	}
}
