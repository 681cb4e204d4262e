package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// ErrTokenUsed says that a single-use token has been used before.
var ErrTokenUsed = errors.New("the token was used before")

// Redeem uses a single-use token for exceptions, all or none of it: [ErrTokenUsed] when
// another, on any node, was first. It returns the exceptions with their ids. Every node
// follows. The token is forgotten some time after it has expired.
func (s *Store) Redeem(ctx context.Context, token string, expires time.Time, list []Exception) ([]Exception, error) {
	out := make([]Exception, len(list))
	for i, x := range list {
		if err := x.complete(); err != nil {
			return nil, err
		}
		out[i] = x
	}
	err := s.change(ctx, func(tx *sql.Tx) error {
		first, err := useToken(ctx, tx, token, expires)
		if err != nil {
			return err
		}
		if !first {
			return ErrTokenUsed
		}
		for i := range out {
			if err := out[i].insert(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("redeem token: %w", err)
	}
	return out, nil
}

// TokenUsed reports whether a token was used, as long as it has not expired.
func (s *Store) TokenUsed(ctx context.Context, id string) (bool, error) {
	var n int
	if err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM used_token WHERE id = $1`, id).Scan(&n); err != nil {
		return false, fmt.Errorf("look up token: %w", err)
	}
	return n > 0, nil
}

func useToken(ctx context.Context, tx *sql.Tx, id string, expires time.Time) (first bool, err error) {
	res, err := tx.ExecContext(ctx, `INSERT INTO used_token (id, expires) VALUES ($1, $2) ON CONFLICT DO NOTHING`, id, expires.UTC())
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	if err != nil {
		return false, err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM used_token WHERE expires < $1`, time.Now().Add(-time.Hour).UTC())
	return n == 1, err
}

// Claim reports whether nobody, on any node, has claimed id, or only until a time that is
// over; then it is claimed until the given time.
func (s *Store) Claim(ctx context.Context, id string, until time.Time) (bool, error) {
	if err := s.prepare(ctx); err != nil {
		return false, err
	}
	res, err := s.db.ExecContext(ctx, `INSERT INTO used_token (id, expires) VALUES ($1, $2)
 ON CONFLICT (id) DO UPDATE SET expires = excluded.expires WHERE used_token.expires <= $3`, id, until.UTC(), time.Now().UTC())
	if err != nil {
		return false, fmt.Errorf("claim: %w", err)
	}
	n, err := res.RowsAffected()
	return n == 1, err
}
