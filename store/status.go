package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"sync/atomic"
	"time"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/policy"
)

// AppStatus is one app's approval status with its latest change.
type AppStatus struct {
	App    string        `json:"app"`
	Status policy.Status `json:"status"`
	Note   string        `json:"note"`
	By     string        `json:"by"`
	At     time.Time     `json:"at"`
}

// Statuses returns every status that was set, by app id. With Postgres away it returns
// the last that [Store.Keep] kept, and logs that.
func (s *Store) Statuses(ctx context.Context) (map[string]AppStatus, error) {
	if s.pool == nil {
		set, _, err := s.readStatuses(ctx, s.local)
		return set, err
	}
	err := s.prepare(ctx)
	if err == nil {
		var set map[string]AppStatus
		var version int64
		if set, version, err = s.readStatuses(ctx, s.db); err == nil {
			s.kept.statuses.Store(&keptStatuses{version, maps.Clone(set)}) // set is the caller's
			return set, nil
		}
	}
	version, known := s.mirrored(ctx)
	if !known || !unreachable(err) {
		return nil, err
	}
	set, _, lerr := s.readStatuses(ctx, s.local)
	if lerr != nil {
		return nil, errors.Join(err, lerr)
	}
	s.seen.Store(version)
	s.log.Error("statuses are the last seen: Postgres does not answer", "error", err)
	return set, nil
}

// readStatuses also returns and notes the version, read first: a change in between is seen again.
func (s *Store) readStatuses(ctx context.Context, db *sql.DB) (map[string]AppStatus, int64, error) {
	version, err := configVersion(ctx, db)
	if err != nil {
		return nil, 0, err
	}
	list, err := queryStatuses(ctx, db, `SELECT app, status, note, by_user, at FROM app_status`)
	if err != nil {
		return nil, 0, err
	}
	set := make(map[string]AppStatus, len(list))
	for _, a := range list {
		set[a.App] = a
	}
	s.seen.Store(version)
	return set, version, nil
}

func queryStatuses(ctx context.Context, db *sql.DB, text string, args ...any) ([]AppStatus, error) {
	rows, err := db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("read statuses: %w", err)
	}
	defer rows.Close()
	list := []AppStatus{}
	for rows.Next() {
		var a AppStatus
		if err := rows.Scan(&a.App, &a.Status, &a.Note, &a.By, (*event.Stamp)(&a.At)); err != nil {
			return nil, fmt.Errorf("read statuses: %w", err)
		}
		list = append(list, a)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read statuses: %w", err)
	}
	return list, nil
}

// kept is what was last read of Postgres, for Keep.
type kept struct {
	statuses   atomic.Pointer[keptStatuses]
	exceptions atomic.Pointer[[]Exception]
}

type keptStatuses struct {
	version int64
	set     map[string]AppStatus
}

// Keep writes the statuses and active exceptions that were last read of Postgres to the
// local file, for a start without it. It waits for the disk: enforce first, then keep.
func (s *Store) Keep(ctx context.Context) error {
	if last := s.kept.statuses.Swap(nil); last != nil {
		if err := s.mirror(ctx, last.version, last.set); err != nil {
			return err
		}
	}
	if last := s.kept.exceptions.Swap(nil); last != nil {
		return s.mirrorExceptions(ctx, *last)
	}
	return nil
}

// mirror copies statuses of Postgres into the local file when they are new.
func (s *Store) mirror(ctx context.Context, version int64, set map[string]AppStatus) error {
	if have, known := s.mirrored(ctx); known && have == version {
		return nil
	}
	err := inTx(ctx, s.local, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM app_status`); err != nil {
			return err
		}
		for _, a := range set {
			_, err := tx.ExecContext(ctx, `INSERT INTO app_status (app, status, note, by_user, at) VALUES ($1, $2, $3, $4, $5)`,
				a.App, string(a.Status), a.Note, a.By, a.At)
			if err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO mirror (one, version) VALUES (1, $1)
 ON CONFLICT (one) DO UPDATE SET version = excluded.version`, version)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep last statuses: %w", err)
	}
	return nil
}

// mirrored returns the version of the copy in the local file.
func (s *Store) mirrored(ctx context.Context) (int64, bool) {
	var version int64
	err := s.local.QueryRowContext(ctx, `SELECT version FROM mirror`).Scan(&version)
	return version, err == nil
}

// SetStatus sets a status and keeps the history. A zero At is now. Every node follows.
func (s *Store) SetStatus(ctx context.Context, a AppStatus) error {
	switch a.Status {
	case policy.Approved, policy.InReview, policy.Unapproved, policy.Unreviewed:
	default:
		return fmt.Errorf("set status of %s: no status %q; want approved, in_review, unapproved or unreviewed", a.App, a.Status)
	}
	if a.App == "" {
		return errors.New("set status: no app")
	}
	if a.At.IsZero() {
		a.At = time.Now()
	}
	a.At = a.At.UTC().Truncate(time.Microsecond)
	err := s.change(ctx, func(tx *sql.Tx) error {
		var before string
		err := tx.QueryRowContext(ctx, `SELECT status FROM app_status WHERE app = $1`, a.App).Scan(&before)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		for _, text := range []string{
			`INSERT INTO app_status (app, status, note, by_user, at) VALUES ($1, $2, $3, $4, $5)
 ON CONFLICT (app) DO UPDATE SET status = excluded.status, note = excluded.note, by_user = excluded.by_user, at = excluded.at`,
			`INSERT INTO app_status_change (app, status, note, by_user, at) VALUES ($1, $2, $3, $4, $5)`,
		} {
			if _, err := tx.ExecContext(ctx, text, a.App, string(a.Status), a.Note, a.By, a.At); err != nil {
				return err
			}
		}
		return audit(ctx, tx, AuditLine{
			At: a.At, Actor: a.By, Action: "app.status", Target: a.App,
			Before: asJSON(before), After: asJSON(map[string]string{"status": string(a.Status), "note": a.Note}),
		})
	})
	if err != nil {
		return fmt.Errorf("set status of %s: %w", a.App, err)
	}
	return nil
}

// StatusHistory returns all changes of an app, newest first.
func (s *Store) StatusHistory(ctx context.Context, app string) ([]AppStatus, error) {
	return queryStatuses(ctx, s.db, `SELECT app, status, note, by_user, at FROM app_status_change WHERE app = $1 ORDER BY id DESC`, app)
}
