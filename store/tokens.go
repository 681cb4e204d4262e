package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

// APIToken lets a script ask the console's API in the name of an account.
type APIToken struct {
	ID      string    `json:"id"`
	Hash    string    `json:"-"` // of the token, which is not kept
	Name    string    `json:"name"`
	Account string    `json:"account"`
	Scopes  []string  `json:"scopes"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	Used    time.Time `json:"used,omitzero"` // to the minute
}

const tokenColumns = `id, hash, name, account, scopes, created, expires, used`

func scanToken(scan func(dest ...any) error) (APIToken, error) {
	var x APIToken
	var scopes string
	err := scan(&x.ID, &x.Hash, &x.Name, &x.Account, &scopes, (*event.Stamp)(&x.Created), (*event.Stamp)(&x.Expires), (*event.Stamp)(&x.Used))
	x.Scopes = listedWords(scopes)
	if x.Used.Unix() <= 0 {
		x.Used = time.Time{}
	}
	return x, err
}

// AddAPIToken keeps a token; its hash does not reach the audit trail.
func (s *Store) AddAPIToken(ctx context.Context, x APIToken, by string) error {
	if x.ID == "" || x.Hash == "" || x.Account == "" || x.Expires.IsZero() {
		return errors.New("add API token: it needs an id, a hash, an account and an end")
	}
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO api_token (`+tokenColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			x.ID, x.Hash, x.Name, x.Account, wordList(x.Scopes), x.Created.UTC(), x.Expires.UTC(), time.Unix(0, 0).UTC())
		if err != nil {
			return err
		}
		return audit(ctx, tx, AuditLine{Actor: by, Action: "token.add", Target: x.ID, After: asJSON(x)})
	})
	if err != nil {
		return fmt.Errorf("add API token: %w", err)
	}
	return nil
}

// APITokenByHash returns the token with a hash, and its account; [ErrNotFound] when there
// is none.
func (s *Store) APITokenByHash(ctx context.Context, hash string) (APIToken, Account, error) {
	x, err := scanToken(s.db.QueryRowContext(ctx, `SELECT `+tokenColumns+` FROM api_token WHERE hash = $1`, hash).Scan)
	if err != nil {
		return x, Account{}, fmt.Errorf("API token: %w", err)
	}
	a, err := s.Account(ctx, x.Account)
	return x, a, err
}

// UseAPIToken notes when a token was last used.
func (s *Store) UseAPIToken(ctx context.Context, id string, at time.Time) error {
	if _, err := s.db.ExecContext(ctx, `UPDATE api_token SET used = $1 WHERE id = $2`, at.UTC(), id); err != nil {
		return fmt.Errorf("use API token: %w", err)
	}
	return nil
}

// APITokens returns the tokens of an account, or all when it is empty, newest first.
func (s *Store) APITokens(ctx context.Context, account string) ([]APIToken, error) {
	q := &selection{}
	q.equal("account", account)
	list := []APIToken{}
	err := s.rows(ctx, "API tokens", func(scan func(dest ...any) error) error {
		x, err := scanToken(scan)
		list = append(list, x)
		return err
	}, `SELECT `+tokenColumns+` FROM api_token`+q.whereText()+` ORDER BY created DESC, id`, q.args...)
	return list, err
}

// RevokeAPIToken forgets a token. With account, only one of that account; [ErrNotFound]
// when there is none.
func (s *Store) RevokeAPIToken(ctx context.Context, id, account, by string) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		q := &selection{}
		q.add(`id = ?`, id)
		q.equal("account", account)
		x, err := scanToken(tx.QueryRowContext(ctx, `DELETE FROM api_token`+q.whereText()+` RETURNING `+tokenColumns, q.args...).Scan)
		if err != nil {
			return err
		}
		return audit(ctx, tx, AuditLine{Actor: by, Action: "token.revoke", Target: x.ID, Before: asJSON(x)})
	})
	if err != nil {
		return fmt.Errorf("revoke API token: %w", err)
	}
	return nil
}
