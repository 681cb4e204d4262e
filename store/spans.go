package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Roll-ups by day have a row for everybody who was there, and a report over months would add them
// all up. Days that are over hardly change: spans of them are added up in the background. A span
// counts (it is ready) only while its sums are those of its days; a batch with late rows, or an
// erasure, takes that back in its own transaction, and reports read the days until the next round.

// spanDays is the length of a span, counted from 1970: with six days a month takes at most 11 sums a
// person (five spans at most, and days at both ends), three months 21.
const spanDays = 6

// spanRest is how many days a span has been over before it is added up: most late rows are there.
const spanRest = 1

func spanOf(day int64) int64 { return floorDiv(day, spanDays) * spanDays }

// spanned are the roll-ups that have spans, and what they are by. Of one app few people are there
// every day: spans would hardly have fewer rows than days.
func spanned() map[string]string {
	return map[string]string{"person_daily": "usr", "device_daily": "device", "source_daily": "src", "user_daily": "status, usr"}
}

// spanTable returns the table of a roll-up's spans.
func spanTable(daily string) string { return strings.TrimSuffix(daily, "_daily") + "_span" }

// useSpans makes r read spans where they are ready, and days elsewhere.
func (s *Store) useSpans(ctx context.Context, r *rollup) error {
	has := spanned()
	from, to := r.parts[0].from, r.parts[0].to
	if has[r.parts[0].table] == "" || to-from <= spanDays {
		return nil
	}
	var spans []int64
	var between [][2]int64
	at := from
	err := s.rows(ctx, "spans", func(scan func(dest ...any) error) error {
		var first int64
		err := scan(&first)
		if at < first {
			between = append(between, [2]int64{at, first})
		}
		spans, at = append(spans, first), first+spanDays
		return err
	}, `SELECT day FROM span WHERE ready = 1 AND day >= $1 AND day <= $2 ORDER BY day`, from, to-spanDays)
	if err != nil || len(spans) == 0 {
		return err
	}
	if at < to {
		between = append(between, [2]int64{at, to})
	}
	var parts []part
	for _, p := range r.parts {
		if has[p.table] == "" {
			parts = append(parts, p)
			continue
		}
		for _, days := range between {
			p.from, p.to = days[0], days[1]
			parts = append(parts, p)
		}
		p.table, p.from, p.to, p.times = spanTable(p.table), 0, 0, spans
		parts = append(parts, p)
	}
	r.parts = parts
	return nil
}

// makeSpans adds up the spans of days that are over and kept, unless they are ready.
func (s *Store) makeSpans(ctx context.Context, r Retention, now time.Time) error {
	oldest, today := floorDiv(r.rollupsFrom(now), 24), floorDiv(now.Unix(), 86400)
	need := map[int64]int64{} // events by first day
	err := s.rows(ctx, "days", func(scan func(dest ...any) error) error {
		var day, events int64
		err := scan(&day, &events)
		need[spanOf(day)] += events
		return err
	}, `SELECT day, CAST(SUM(events) AS bigint) FROM coverage_daily WHERE day < $1 GROUP BY day`, spanOf(today-spanRest))
	if err != nil {
		return err
	}
	err = s.rows(ctx, "spans", func(scan func(dest ...any) error) error {
		var day, events int64
		err := scan(&day, &events)
		if need[day] == events { // they differ when a node of an older version added late rows
			delete(need, day)
		}
		return err
	}, `SELECT day, events FROM span WHERE ready = 1`)
	if err != nil {
		return err
	}
	for _, day := range slices.Sorted(maps.Keys(need)) {
		if day < oldest {
			continue
		}
		if err := s.makeSpan(ctx, day); err != nil {
			return fmt.Errorf("add up days from %d: %w", day, err)
		}
	}
	return nil
}

// makeSpan adds up one span. Batches are written meanwhile: one with late rows removes the row
// that says the span has begun, and then it is not ready.
func (s *Store) makeSpan(ctx context.Context, day int64) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		if s.pool != nil { // no batch is being written now, and those to come see the row
			if _, err := tx.ExecContext(ctx, `SET LOCAL lock_timeout = '5s'`); err != nil { // rather in an hour than hold up every node
				return err
			}
			if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, erasureLock); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO span (day, events, ready)
 SELECT CAST($1 AS int), CAST(COALESCE(SUM(events), 0) AS bigint), 0 FROM coverage_daily WHERE day >= $1 AND day < $2
 ON CONFLICT (day) DO UPDATE SET events = excluded.events, ready = 0`, day, day+spanDays)
		return err
	})
	if err != nil {
		return err
	}
	for daily, keys := range spanned() {
		err := s.inTx(ctx, func(tx *sql.Tx) error {
			if s.pool != nil { // nobody is being erased now
				if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock_shared($1)`, erasureLock); err != nil {
					return err
				}
			}
			if _, err := tx.ExecContext(ctx, `DELETE FROM `+spanTable(daily)+` WHERE day = $1`, day); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, s.bigint(`INSERT INTO `+spanTable(daily)+` (day, `+keys+`, `+summed+`)
 SELECT CAST($1 AS int), `+keys+`, `+sums+` FROM `+daily+` WHERE day >= $1 AND day < $2 GROUP BY `+keys+` ORDER BY `+keys), day, day+spanDays)
			return err
		})
		if err != nil {
			return err
		}
	}
	_, err = s.db.ExecContext(ctx, `UPDATE span SET ready = 1 WHERE day = $1`, day)
	return err
}

// spansChunk is how many spans one statement takes.
const spansChunk = 200

// spansOf returns the spans of days, in order.
func spansOf(days []int64) []int64 {
	spans := make([]int64, len(days))
	for i, d := range days {
		spans[i] = spanOf(d)
	}
	slices.Sort(spans)
	return slices.Compact(spans)
}

// dropSpans removes spans from tables, in the transaction that exec belongs to.
func dropSpans(ctx context.Context, exec func(ctx context.Context, text string, args ...any) error, spans []int64, tables ...string) error {
	for part := range slices.Chunk(spans, spansChunk) {
		args := make([]any, len(part))
		for i, d := range part {
			args[i] = d
		}
		for _, table := range tables {
			if err := exec(ctx, `DELETE FROM `+table+` WHERE day IN (`+placeholders(1, len(args))+`)`, args...); err != nil {
				return fmt.Errorf("take back spans: %w", err)
			}
		}
	}
	return nil
}
