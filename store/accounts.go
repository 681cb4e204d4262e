package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

// Account is somebody who may use the console. What roles and secrets mean is the
// console's affair.
type Account struct {
	Name     string    `json:"name"`
	Role     string    `json:"role"`
	Rights   []string  `json:"rights"`            // beyond those of the role
	Secret   string    `json:"-"`                 // a password's hash; empty for accounts of an identity provider
	Subject  string    `json:"subject,omitempty"` // who that is at the identity provider
	Disabled bool      `json:"disabled"`
	Created  time.Time `json:"created"`
	Changed  time.Time `json:"changed"`
}

// PutAccount adds or replaces an account. The audit trail does not see the secret.
func (s *Store) PutAccount(ctx context.Context, a Account, by string) error {
	if a.Name == "" || a.Role == "" {
		return errors.New("put account: no name or no role")
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	disabled := 0
	if a.Disabled {
		disabled = 1
	}
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		before, err := scanAccount(tx.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM account WHERE name = $1`, a.Name).Scan)
		was := asJSON(before)
		if errors.Is(err, sql.ErrNoRows) {
			was, err = "", nil
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO account (`+accountColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
 ON CONFLICT (name) DO UPDATE SET role = excluded.role, rights = excluded.rights, secret = excluded.secret, subject = excluded.subject,
 disabled = excluded.disabled, changed = excluded.changed`,
			a.Name, a.Role, wordList(a.Rights), a.Secret, a.Subject, disabled, now, now)
		if err != nil {
			return err
		}
		return audit(ctx, tx, AuditLine{At: now, Actor: by, Action: "account.put", Target: a.Name, Before: was, After: asJSON(a)})
	})
	if err != nil {
		return fmt.Errorf("put account %s: %w", a.Name, err)
	}
	return nil
}

const accountColumns = `name, role, rights, secret, subject, disabled, created, changed`

func scanAccount(scan func(dest ...any) error) (Account, error) {
	var a Account
	var rights string
	var disabled int
	err := scan(&a.Name, &a.Role, &rights, &a.Secret, &a.Subject, &disabled, (*event.Stamp)(&a.Created), (*event.Stamp)(&a.Changed))
	a.Rights, a.Disabled = listedWords(rights), disabled != 0
	return a, err
}

// wordList writes words as a column keeps them: |a|b|.
func wordList(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return "|" + strings.Join(words, "|") + "|"
}

func listedWords(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == '|' })
}

// Account returns one account; [ErrNotFound] when there is none.
func (s *Store) Account(ctx context.Context, name string) (Account, error) {
	a, err := scanAccount(s.db.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM account WHERE name = $1`, name).Scan)
	if err != nil {
		return a, fmt.Errorf("account %s: %w", name, err)
	}
	return a, nil
}

// AccountBySubject returns the account of somebody at the identity provider; [ErrNotFound]
// when there is none.
func (s *Store) AccountBySubject(ctx context.Context, subject string) (Account, error) {
	a, err := scanAccount(s.db.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM account WHERE subject = $1 AND subject <> ''`, subject).Scan)
	if err != nil {
		return a, fmt.Errorf("account of the identity provider: %w", err)
	}
	return a, nil
}

// Accounts returns all accounts by name.
func (s *Store) Accounts(ctx context.Context) ([]Account, error) {
	list := []Account{}
	err := s.rows(ctx, "accounts", func(scan func(dest ...any) error) error {
		a, err := scanAccount(scan)
		list = append(list, a)
		return err
	}, `SELECT `+accountColumns+` FROM account ORDER BY name`)
	return list, err
}
