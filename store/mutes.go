package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

// Mute keeps events out of triage for a time: those between Begins and Ends in which a
// detector found something, of a person and an app where these are set.
type Mute struct {
	ID       string    `json:"id"`
	Detector string    `json:"detector"`
	User     string    `json:"user"`
	App      string    `json:"app"`
	Begins   time.Time `json:"begins"`
	Ends     time.Time `json:"ends"`
	Reason   string    `json:"reason"`
	By       string    `json:"by"`
}

// maxMute is how long a mute may last; what should last longer is a rule.
const maxMute = 90 * 24 * time.Hour

// AddMute keeps m and returns it with its id. A zero Begins is now.
func (s *Store) AddMute(ctx context.Context, m Mute) (Mute, error) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	if m.Begins.IsZero() {
		m.Begins = now
	}
	m.ID, m.Begins, m.Ends = event.NewID(now), m.Begins.UTC().Truncate(time.Microsecond), m.Ends.UTC().Truncate(time.Microsecond)
	switch {
	case m.Detector == "":
		return m, errors.New("mute: no detector")
	case !m.Ends.After(now) || m.Ends.Sub(now) > maxMute:
		return m, fmt.Errorf("mute: the end must be within %d days", maxMute/(24*time.Hour))
	}
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO mute (id, detector, pattern, usr, app, begins, ends, reason, by_user) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			m.ID, m.Detector, `%|`+likeEscaper.Replace(m.Detector)+`|%`, m.User, m.App, m.Begins, m.Ends, m.Reason, m.By)
		if err != nil {
			return err
		}
		shown := m
		shown.User = "" // erasing a person must not meet the audit trail
		return audit(ctx, tx, AuditLine{At: now, Actor: m.By, Action: "mute.add", Target: m.ID, After: asJSON(shown)})
	})
	if err != nil {
		return m, fmt.Errorf("add mute: %w", err)
	}
	return m, nil
}

// EndMute ends a mute now; [ErrNotFound] when none with that id lasts.
func (s *Store) EndMute(ctx context.Context, id, by string) error {
	now := time.Now().UTC().Truncate(time.Microsecond)
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE mute SET ends = $1 WHERE id = $2 AND ends > $1`, now, id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrNotFound)
		}
		return audit(ctx, tx, AuditLine{At: now, Actor: by, Action: "mute.end", Target: id})
	})
	if err != nil {
		return fmt.Errorf("end mute %s: %w", id, err)
	}
	return nil
}

// Mutes returns the mutes that last at now, the one that ends first at the head.
func (s *Store) Mutes(ctx context.Context, now time.Time) ([]Mute, error) {
	list := []Mute{}
	err := s.rows(ctx, "mutes", func(scan func(dest ...any) error) error {
		var m Mute
		err := scan(&m.ID, &m.Detector, &m.User, &m.App, (*event.Stamp)(&m.Begins), (*event.Stamp)(&m.Ends), &m.Reason, &m.By)
		list = append(list, m)
		return err
	}, `SELECT id, detector, usr, app, begins, ends, reason, by_user FROM mute WHERE ends > $1 ORDER BY ends, id LIMIT 200`, now.UTC())
	return list, err
}

// notMuted is the condition that no mute covers the event.
const notMuted = `NOT EXISTS (SELECT 1 FROM mute m WHERE events.ts >= m.begins AND events.ts < m.ends AND (m.usr = '' OR m.usr = events.usr)
 AND (m.app = '' OR m.app = events.app) AND events.detectors LIKE m.pattern ESCAPE '\')`
