package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

// SavedView is a filter of the list of events that somebody gave a name.
type SavedView struct {
	ID    string    `json:"id"`
	Owner string    `json:"owner"`
	Name  string    `json:"name"`
	Query string    `json:"query"` // of the console's address
	Team  bool      `json:"team"`  // everybody sees it
	Made  time.Time `json:"made"`
}

// maxViews bounds the views of one person.
const maxViews = 50

// AddSavedView keeps v and returns it with its id.
func (s *Store) AddSavedView(ctx context.Context, v SavedView) (SavedView, error) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	v.ID, v.Made = event.NewID(now), now
	if v.Owner == "" || v.Name == "" || len(v.Name) > 60 || len(v.Query) > 2000 {
		return v, errors.New("add view: it needs an owner, a name of at most 60 bytes and a query of at most 2,000")
	}
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM saved_view WHERE owner = $1`, v.Owner).Scan(&n); err != nil {
			return err
		}
		if n >= maxViews {
			return fmt.Errorf("%s has %d views already", v.Owner, n)
		}
		team := 0
		if v.Team {
			team = 1
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO saved_view (id, owner, name, query, team, made) VALUES ($1, $2, $3, $4, $5, $6)`,
			v.ID, v.Owner, v.Name, v.Query, team, v.Made)
		if err != nil {
			return err
		}
		return audit(ctx, tx, AuditLine{At: now, Actor: v.Owner, Action: "view.add", Target: v.ID, After: asJSON(v.Name)})
	})
	if err != nil {
		return v, fmt.Errorf("add view: %w", err)
	}
	return v, nil
}

// DropSavedView forgets a view of its owner; [ErrNotFound] when there is none.
func (s *Store) DropSavedView(ctx context.Context, id, owner string) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM saved_view WHERE id = $1 AND owner = $2`, id, owner)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrNotFound)
		}
		return audit(ctx, tx, AuditLine{Actor: owner, Action: "view.drop", Target: id})
	})
	if err != nil {
		return fmt.Errorf("drop view %s: %w", id, err)
	}
	return nil
}

// SavedViews returns the views that who sees, oldest first.
func (s *Store) SavedViews(ctx context.Context, who string) ([]SavedView, error) {
	list := []SavedView{}
	err := s.rows(ctx, "views", func(scan func(dest ...any) error) error {
		var v SavedView
		var team int
		err := scan(&v.ID, &v.Owner, &v.Name, &v.Query, &team, (*event.Stamp)(&v.Made))
		v.Team = team != 0
		list = append(list, v)
		return err
	}, `SELECT id, owner, name, query, team, made FROM saved_view WHERE owner = $1 OR team = 1 ORDER BY id LIMIT 200`, who)
	return list, err
}
