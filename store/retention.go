package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// Retention says how long what is kept. Zero keeps it for ever.
type Retention struct {
	Events   time.Duration // and their reviews; exceptions that ended
	Rollups  time.Duration
	Payloads time.Duration // prompts encrypted to the customer's key
}

// rollupsFrom returns the first hour whose roll-ups are kept.
func (r *Retention) rollupsFrom(now time.Time) int64 {
	if r.Rollups == 0 {
		return math.MinInt32
	}
	return floorDiv(now.Add(-r.Rollups).Unix(), 3600)
}

const (
	maintainEvery = time.Hour
	dropChunk     = 2000           // rows one transaction of SQLite deletes
	countsKept    = 24 * time.Hour // rows that only count, after the roll-ups have them
)

// RunMaintenance calls [Store.Maintain] at once and then every hour, until ctx ends. Any
// number of nodes may do so: one at a time works. While the clock cannot be trusted nothing
// is dropped: one that jumped ahead would make everything old.
func (s *Store) RunMaintenance(ctx context.Context, r Retention) error {
	tick := time.NewTicker(maintainEvery)
	defer tick.Stop()
	for last, first := time.Now(), true; ; first = false {
		now := time.Now()
		err := s.trustClock(ctx, last, now)
		if err == nil && first {
			err = s.trustStart(ctx, r, now)
		}
		if err == nil {
			err = s.Maintain(ctx, r, now)
		}
		if err != nil && ctx.Err() == nil {
			s.log.Error("maintenance of the database is not done: the next try is in an hour", "error", err)
		}
		last = now
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// clockSlack is how far two clocks may differ before neither is believed.
const clockSlack = 10 * time.Minute

// jumped says that the wall clock went otherwise than time did.
func jumped(wall, passed time.Duration) error {
	if jump := wall - passed; jump.Abs() > clockSlack {
		return fmt.Errorf("the clock of this node jumped by %s", jump.Round(time.Second))
	}
	return nil
}

// trustClock compares this node's clock with itself, an hour ago, and with that of Postgres.
func (s *Store) trustClock(ctx context.Context, last, now time.Time) error {
	// Sub uses the monotonic clock; without it (Round) the times are those of the wall.
	if err := jumped(now.Round(0).Sub(last.Round(0)), now.Sub(last)); err != nil {
		return err
	}
	if s.pool == nil {
		return nil
	}
	if err := s.prepare(ctx); err != nil {
		return err
	}
	var theirs time.Time
	if err := s.pool.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&theirs); err != nil {
		return fmt.Errorf("ask Postgres for the time: %w", err)
	}
	if apart := time.Until(theirs); apart.Abs() > clockSlack {
		return fmt.Errorf("the clocks of this node and of Postgres are %s apart", apart.Round(time.Second))
	}
	return nil
}

// trustStart asks for an hour of patience when everything is too old: a machine whose clock
// starts years ahead, before the network corrects it, would drop all. Postgres has a clock of
// its own to compare with.
func (s *Store) trustStart(ctx context.Context, r Retention, now time.Time) error {
	if s.pool != nil || r.Events == 0 {
		return nil
	}
	last, err := s.Events(ctx, Filter{Limit: 1})
	if err != nil || len(last) == 0 {
		return err
	}
	if now.Sub(last[0].Time) > r.Events {
		return fmt.Errorf("by the clock of this node even the last event, of %s, is to be dropped: see that the clock is right",
			last[0].Time.Format(time.RFC3339))
	}
	return nil
}

// maintenanceLock is the advisory lock of the node that maintains.
const maintenanceLock = 0x51ce0002

// Maintain makes the partitions of the next days, drops what is older than r says, and adds up
// days that are over.
func (s *Store) Maintain(ctx context.Context, r Retention, now time.Time) error {
	if s.pool == nil {
		return s.maintainLocal(ctx, r, now)
	}
	if err := s.prepare(ctx); err != nil {
		return err
	}
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	var mine bool
	if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, maintenanceLock).Scan(&mine); err != nil || !mine {
		return err
	}
	err = s.maintainPostgres(ctx, r, now)
	_, uerr := conn.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, maintenanceLock)
	return errors.Join(err, uerr)
}

func (s *Store) maintainPostgres(ctx context.Context, r Retention, now time.Time) error {
	native, err := s.partitioned(ctx)
	if err != nil {
		return err
	}
	today := floorDiv(now.Unix(), 86400)
	for d := today; native && d <= today+daysAhead; d++ {
		if err := makeDay(ctx, s.db, d); err != nil {
			return fmt.Errorf("make partition: %w", err)
		}
	}
	if r.Events > 0 {
		cutoff := now.Add(-r.Events).UTC()
		if native {
			err = s.dropDays(ctx, cutoff)
		} else {
			_, err = s.db.ExecContext(ctx, `SELECT drop_chunks('event', older_than => $1::timestamptz)`, cutoff)
		}
		if err != nil {
			return fmt.Errorf("drop old events: %w", err)
		}
	}
	if err := s.dropOld(ctx, r, now); err != nil {
		return err
	}
	return s.makeSpans(ctx, r, now)
}

// partitioned says that events are in native partitions, not in a TimescaleDB hypertable.
func (s *Store) partitioned(ctx context.Context) (bool, error) {
	var kind string
	err := s.db.QueryRowContext(ctx, `SELECT relkind::text FROM pg_class WHERE oid = 'event'::regclass`).Scan(&kind)
	return kind == "p", err
}

// dropDays drops the partitions of days that ended before cutoff.
func (s *Store) dropDays(ctx context.Context, cutoff time.Time) error {
	var old []string
	err := s.rows(ctx, "partitions", func(scan func(dest ...any) error) error {
		var name string
		if err := scan(&name); err != nil {
			return err
		}
		from, err := time.Parse("event_20060102", name)
		if err == nil && !from.Add(day).After(cutoff) {
			old = append(old, name)
		}
		return nil // event_rest is no day
	}, `SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'event'::regclass ORDER BY 1`)
	if err != nil {
		return err
	}
	for _, name := range old {
		err := s.inTx(ctx, func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, partitionLock); err != nil {
				return err
			}
			// Rather try again in an hour than stand in the way of queries.
			if _, err := tx.ExecContext(ctx, `SET LOCAL lock_timeout = '5s'`); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, `DROP TABLE IF EXISTS `+name)
			return err
		})
		if err != nil {
			return err
		}
		s.log.Info("events dropped by retention", "partition", name)
	}
	_, err = s.db.ExecContext(ctx, `DELETE FROM event_rest WHERE ts < $1`, cutoff)
	return err
}

// dropOld drops what is not in partitions.
func (s *Store) dropOld(ctx context.Context, r Retention, now time.Time) error {
	type drop struct {
		text string
		arg  any
	}
	var drops []drop
	if r.Payloads > 0 {
		drops = append(drops, drop{`UPDATE event SET sealed = NULL WHERE sealed IS NOT NULL AND ts < $1`, now.Add(-r.Payloads).UTC()})
	}
	if r.Events > 0 {
		cutoff := now.Add(-r.Events).UTC()
		drops = append(drops, drop{`DELETE FROM review WHERE ts < $1`, cutoff}, drop{`DELETE FROM exception WHERE expires < $1`, cutoff}, drop{`DELETE FROM mute WHERE ends < $1`, cutoff})
	}
	if r.Rollups > 0 {
		hour := r.rollupsFrom(now)
		for _, table := range []string{"usage_hourly", "app_hourly"} {
			drops = append(drops, drop{`DELETE FROM ` + table + ` WHERE hour < $1`, hour})
		}
		for _, table := range []string{
			"user_app_daily", "user_daily", "person_daily", "device_daily", "source_daily", "group_daily", "place_daily", "coverage_daily", "match_daily", "app_people",
			"span", "person_span", "device_span", "source_span", "user_span",
		} {
			drops = append(drops, drop{`DELETE FROM ` + table + ` WHERE day < $1`, floorDiv(hour, 24)})
		}
	}
	drops = append(drops, drop{`DELETE FROM used_token WHERE expires < $1`, now.Add(-time.Hour).UTC()}, drop{`DELETE FROM session WHERE expires < $1`, now.UTC()},
		drop{`DELETE FROM erasure WHERE upto < $1`, now.Add(-erasuresKept).UTC()}, drop{`DELETE FROM node WHERE seen < $1`, now.AddDate(0, 0, -30).UTC()})
	for _, d := range drops {
		if _, err := s.db.ExecContext(ctx, d.text, d.arg); err != nil {
			return fmt.Errorf("retention: %s: %w", strings.Join(strings.Fields(d.text)[:3], " "), err)
		}
	}
	return nil
}

func (s *Store) maintainLocal(ctx context.Context, r Retention, now time.Time) error {
	// Nothing goes that the roll-ups do not have.
	var have int64
	err := s.local.QueryRowContext(ctx, `SELECT c.seq FROM cursor c JOIN outbox o ON o.uuid = c.outbox WHERE c.sink = $1`, localCursor).Scan(&have)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("retention: %w", err)
	}
	if r.Events > 0 {
		err := s.dropInChunks(ctx, `DELETE FROM event WHERE seq IN (SELECT seq FROM event WHERE kind = 0 AND ts < $1 AND seq <= $2 LIMIT $3)`,
			now.Add(-r.Events).UTC(), have, dropChunk)
		if err != nil {
			return fmt.Errorf("drop old events: %w", err)
		}
	}
	err = s.dropInChunks(ctx, `DELETE FROM event WHERE seq IN (SELECT seq FROM event WHERE kind = 1 AND ts < $1 AND seq <= $2 LIMIT $3)`,
		now.Add(-countsKept).UTC(), have, dropChunk)
	if err != nil {
		return fmt.Errorf("drop old counts: %w", err)
	}
	if err := s.dropOld(ctx, r, now); err != nil {
		return err
	}
	if err := s.makeSpans(ctx, r, now); err != nil {
		return err
	}
	// A little at a time, as the recorder waits.
	if _, err := s.local.ExecContext(ctx, `PRAGMA incremental_vacuum(1000)`); err != nil {
		return fmt.Errorf("give back space: %w", err)
	}
	return nil
}

// dropInChunks runs a DELETE until it finds fewer rows than a chunk has, with pauses in
// which the recorder writes.
func (s *Store) dropInChunks(ctx context.Context, text string, args ...any) error {
	for {
		began := time.Now()
		res, err := s.local.ExecContext(ctx, text, args...)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n < dropChunk {
			return err
		}
		select {
		case <-time.After(time.Since(began)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Analyze refreshes the planner's statistics; after a large change of the tables.
func (s *Store) Analyze(ctx context.Context) error {
	if _, err := s.db.ExecContext(ctx, `ANALYZE`); err != nil {
		return fmt.Errorf("analyze: %w", err)
	}
	return nil
}
