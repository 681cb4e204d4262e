package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

// Session is a browser that is signed in. ID is the hash of what the browser holds.
type Session struct {
	ID      string    `json:"-"`
	Account string    `json:"account"`
	Address string    `json:"address"`
	Created time.Time `json:"created"`
	Proved  time.Time `json:"proved"` // when the person last showed who they are
	Seen    time.Time `json:"seen"`
	Expires time.Time `json:"expires"`
}

const sessionColumns = `id, account, address, created, proved, seen, expires`

func scanSession(scan func(dest ...any) error) (Session, error) {
	var x Session
	err := scan(&x.ID, &x.Account, &x.Address, (*event.Stamp)(&x.Created), (*event.Stamp)(&x.Proved), (*event.Stamp)(&x.Seen), (*event.Stamp)(&x.Expires))
	return x, err
}

// AddSession keeps a session in the place of the one with the id old, if any, and writes
// the sign-in to the audit trail.
func (s *Store) AddSession(ctx context.Context, x Session, old, how string) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM session WHERE id = $1`, old); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO session (`+sessionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			x.ID, x.Account, x.Address, x.Created.UTC(), x.Proved.UTC(), x.Seen.UTC(), x.Expires.UTC())
		if err != nil {
			return err
		}
		return audit(ctx, tx, AuditLine{At: x.Created, Actor: x.Account, Action: "session.begin", Target: x.Account, After: asJSON(map[string]string{"address": x.Address, "how": how})})
	})
	if err != nil {
		return fmt.Errorf("add session: %w", err)
	}
	return nil
}

// Session returns the session of an id with its account; [ErrNotFound] when there is none.
// Whether it has expired or the account is disabled is for the caller to see.
func (s *Store) Session(ctx context.Context, id string) (Session, Account, error) {
	x, err := scanSession(s.db.QueryRowContext(ctx, `SELECT `+sessionColumns+` FROM session WHERE id = $1`, id).Scan)
	if err != nil {
		return x, Account{}, fmt.Errorf("session: %w", err)
	}
	a, err := s.Account(ctx, x.Account)
	return x, a, err
}

// SeeSession notes when a session was last used.
func (s *Store) SeeSession(ctx context.Context, id string, at time.Time) error {
	if _, err := s.db.ExecContext(ctx, `UPDATE session SET seen = $1 WHERE id = $2`, at.UTC(), id); err != nil {
		return fmt.Errorf("see session: %w", err)
	}
	return nil
}

// EndSession forgets a session and writes that to the audit trail, if there is one.
func (s *Store) EndSession(ctx context.Context, id string) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		var account string
		err := tx.QueryRowContext(ctx, `DELETE FROM session WHERE id = $1 RETURNING account`, id).Scan(&account)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		return audit(ctx, tx, AuditLine{Actor: account, Action: "session.end", Target: account})
	})
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// EndSessions forgets all sessions of an account but the one of id keep, and returns how
// many there were.
func (s *Store) EndSessions(ctx context.Context, account, keep, by string) (int64, error) {
	var n int64
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM session WHERE account = $1 AND id <> $2`, account, keep)
		if err != nil {
			return err
		}
		if n, err = res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return audit(ctx, tx, AuditLine{Actor: by, Action: "session.end_all", Target: account, Before: asJSON(map[string]int64{"sessions": n})})
	})
	if err != nil {
		return 0, fmt.Errorf("end sessions of %s: %w", account, err)
	}
	return n, nil
}

// Sessions returns the sessions that have not expired at now, last used first.
func (s *Store) Sessions(ctx context.Context, now time.Time) ([]Session, error) {
	list := []Session{}
	err := s.rows(ctx, "sessions", func(scan func(dest ...any) error) error {
		x, err := scanSession(scan)
		list = append(list, x)
		return err
	}, `SELECT `+sessionColumns+` FROM session WHERE expires > $1 ORDER BY seen DESC, id`, now.UTC())
	return list, err
}
