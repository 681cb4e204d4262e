package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

// ExceptionState is what became of an exception. One that has run out stays active.
type ExceptionState string

// The states.
const (
	ExceptionPending ExceptionState = "pending"
	ExceptionActive  ExceptionState = "active"
	ExceptionDenied  ExceptionState = "denied"
	ExceptionRevoked ExceptionState = "revoked"
)

// ExceptionStates returns all states.
func ExceptionStates() []ExceptionState {
	return []ExceptionState{ExceptionPending, ExceptionActive, ExceptionDenied, ExceptionRevoked}
}

// Exception lets a person do, for a time, what policy would coach.
type Exception struct {
	ID            string         `json:"id"`
	User          string         `json:"user"`
	IP            string         `json:"ip,omitempty"` // for a person without a name
	App           string         `json:"app"`
	Subject       string         `json:"subject"`       // a profile, gap:<gap>, or app
	Justification string         `json:"justification"` // masked before it comes here
	Event         string         `json:"event,omitempty"`
	State         ExceptionState `json:"state"`
	Created       time.Time      `json:"created"`
	Expires       time.Time      `json:"expires"`
	DecidedBy     string         `json:"decided_by,omitempty"`
	DecidedAt     time.Time      `json:"decided_at,omitzero"`
	Note          string         `json:"note,omitempty"`
}

const exceptionColumns = `id, usr, ip, app, subject, justification, event, state, created, expires, decided_by, decided_at, note`

func scanException(scan func(dest ...any) error) (Exception, error) {
	var x Exception
	err := scan(&x.ID, &x.User, &x.IP, &x.App, &x.Subject, &x.Justification, &x.Event, &x.State, (*event.Stamp)(&x.Created),
		(*event.Stamp)(&x.Expires), &x.DecidedBy, (*event.Stamp)(&x.DecidedAt), &x.Note)
	if x.DecidedBy == "" {
		x.DecidedAt = time.Time{}
	}
	return x, err
}

// AddException keeps x, active or pending, and returns it with its id. Every node follows.
func (s *Store) AddException(ctx context.Context, x Exception) (Exception, error) {
	if err := x.complete(); err != nil {
		return x, err
	}
	if err := s.change(ctx, func(tx *sql.Tx) error { return x.insert(ctx, tx) }); err != nil {
		return x, fmt.Errorf("add exception: %w", err)
	}
	return x, nil
}

// complete checks what a caller gives, and sets the rest.
func (x *Exception) complete() error {
	switch {
	case x.State != ExceptionActive && x.State != ExceptionPending:
		return fmt.Errorf("add exception: state %q; want active or pending", x.State)
	case x.User == "" && x.IP == "":
		return errors.New("add exception: it is for nobody; want a user or an IP address")
	case x.App == "" || x.Subject == "":
		return errors.New("add exception: no app or no subject")
	}
	if x.Created.IsZero() {
		x.Created = time.Now()
	}
	x.ID, x.DecidedBy, x.DecidedAt = event.NewID(x.Created), "", time.Time{}
	x.Created, x.Expires = x.Created.UTC().Truncate(time.Microsecond), x.Expires.UTC().Truncate(time.Microsecond)
	return nil
}

func (x *Exception) insert(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO exception (`+exceptionColumns+`) VALUES (`+placeholders(1, 13)+`)`,
		x.ID, x.User, x.IP, x.App, x.Subject, x.Justification, x.Event, string(x.State), x.Created, x.Expires, "", x.Created, x.Note)
	if err != nil {
		return err
	}
	return audit(ctx, tx, AuditLine{Actor: "employee", Action: "exception.add", Target: x.ID, After: asJSON(x.auditable())})
}

// auditable leaves out what erasing the person must be able to remove.
func (x Exception) auditable() Exception {
	x.User, x.IP, x.Justification = "", "", ""
	return x
}

// DecideException approves or denies a pending exception; [ErrNotFound] when none with
// that id is pending. Its time runs from the approval, not from the request.
func (s *Store) DecideException(ctx context.Context, id string, approve bool, by, note string) error {
	to := ExceptionDenied
	if approve {
		to = ExceptionActive
	}
	return s.moveException(ctx, id, ExceptionPending, to, by, note)
}

// RevokeException ends an active exception; [ErrNotFound] when none with that id is active.
func (s *Store) RevokeException(ctx context.Context, id, by, note string) error {
	return s.moveException(ctx, id, ExceptionActive, ExceptionRevoked, by, note)
}

func (s *Store) moveException(ctx context.Context, id string, from, to ExceptionState, by, note string) error {
	err := s.change(ctx, func(tx *sql.Tx) error {
		x, err := scanException(tx.QueryRowContext(ctx, `SELECT `+exceptionColumns+` FROM exception WHERE id = $1 AND state = $2`, id, string(from)).Scan)
		if err != nil {
			return err
		}
		now := time.Now().UTC().Truncate(time.Microsecond)
		if from == ExceptionPending {
			x.Expires = now.Add(x.Expires.Sub(x.Created))
		}
		res, err := tx.ExecContext(ctx, `UPDATE exception SET state = $1, decided_by = $2, decided_at = $3, note = $4, expires = $5 WHERE id = $6 AND state = $7`,
			string(to), by, now, note, x.Expires, id, string(from))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrNotFound)
		}
		return audit(ctx, tx, AuditLine{Actor: by, Action: "exception." + string(to), Target: id, Before: asJSON(from), After: asJSON(to)})
	})
	if err != nil {
		return fmt.Errorf("exception %s: %w", id, err)
	}
	return nil
}

// ExceptionFilter selects exceptions, newest first.
type ExceptionFilter struct {
	User, App string
	State     ExceptionState
	ValidAt   time.Time // not expired then; zero: all
	Before    string    // id of the last of the page before
	Limit     int       // default 100
}

// Exceptions returns the exceptions that match f.
func (s *Store) Exceptions(ctx context.Context, f ExceptionFilter) ([]Exception, error) {
	q := &selection{}
	q.equal("usr", f.User)
	q.equal("app", f.App)
	q.equal("state", string(f.State))
	if !f.ValidAt.IsZero() {
		q.add(`expires > ?`, f.ValidAt.UTC())
	}
	if f.Before != "" {
		q.add(`id < ?`, f.Before)
	}
	return s.exceptions(ctx, s.db, q, limited(f.Limit, defaultLimit))
}

func (s *Store) exceptions(ctx context.Context, db *sql.DB, q *selection, limit int) ([]Exception, error) {
	rows, err := db.QueryContext(ctx, `SELECT `+exceptionColumns+` FROM exception`+q.whereText()+` ORDER BY id DESC LIMIT `+q.arg(limit), q.args...)
	if err != nil {
		return nil, fmt.Errorf("read exceptions: %w", err)
	}
	defer rows.Close()
	list := []Exception{}
	for rows.Next() {
		x, err := scanException(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("read exceptions: %w", err)
		}
		list = append(list, x)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read exceptions: %w", err)
	}
	return list, nil
}

// Exception returns the exception with that id, or [ErrNotFound].
func (s *Store) Exception(ctx context.Context, id string) (Exception, error) {
	x, err := scanException(s.db.QueryRowContext(ctx, `SELECT `+exceptionColumns+` FROM exception WHERE id = $1`, id).Scan)
	if err != nil {
		return x, fmt.Errorf("exception %s: %w", id, err)
	}
	return x, nil
}

// maxActive bounds the exceptions that nodes keep in memory.
const maxActive = 100_000

// ActiveExceptions returns what nodes enforce: active, not expired at now. With Postgres
// away it returns the last that [Store.Keep] kept.
func (s *Store) ActiveExceptions(ctx context.Context, now time.Time) ([]Exception, error) {
	q := &selection{}
	q.equal("state", string(ExceptionActive))
	q.add(`expires > ?`, now.UTC())
	if s.pool == nil {
		return s.exceptions(ctx, s.local, q, maxActive)
	}
	err := s.prepare(ctx)
	if err == nil {
		var list []Exception
		if list, err = s.exceptions(ctx, s.db, q, maxActive); err == nil {
			kept := slices.Clone(list)
			s.kept.exceptions.Store(&kept)
			return list, nil
		}
	}
	if !unreachable(err) {
		return nil, err
	}
	var kept []byte
	if lerr := s.local.QueryRowContext(ctx, `SELECT exceptions FROM mirror`).Scan(&kept); lerr != nil {
		return nil, errors.Join(err, lerr)
	}
	var list []Exception
	if jerr := json.Unmarshal(kept, &list); jerr != nil {
		return nil, errors.Join(err, jerr)
	}
	return list, nil
}

// mirrorExceptions keeps list for a time without Postgres. Who asked, and why, is not
// needed to enforce it.
func (s *Store) mirrorExceptions(ctx context.Context, list []Exception) error {
	slim := make([]Exception, len(list))
	for i, x := range list {
		x.Justification, x.Note, x.DecidedBy = "", "", ""
		slim[i] = x
	}
	_, err := s.local.ExecContext(ctx, `UPDATE mirror SET exceptions = $1 WHERE exceptions <> $1`, asJSON(slim))
	if err != nil {
		return fmt.Errorf("keep last exceptions: %w", err)
	}
	return nil
}

// ExceptionSet is the active exceptions at one moment, to be asked on the request path. It
// is immutable.
type ExceptionSet struct {
	byHolder map[[2]string][]Exception // user or "ip "+address, and app
}

// NewExceptionSet makes a set of list, as [Store.ActiveExceptions] returns it.
func NewExceptionSet(list []Exception) *ExceptionSet {
	x := &ExceptionSet{byHolder: make(map[[2]string][]Exception, len(list))}
	for _, e := range list {
		holder := e.User
		if holder == "" {
			holder = "ip " + e.IP
		}
		k := [2]string{holder, e.App}
		x.byHolder[k] = append(x.byHolder[k], e)
	}
	return x
}

// Excepted returns what user (or, when unknown, ip) may do with app at now: the id of the
// exception by its subject; nil when there is none.
func (x *ExceptionSet) Excepted(user, ip, app string, now time.Time) map[string]string {
	if x == nil {
		return nil
	}
	if user == "" {
		user = "ip " + ip
	}
	var out map[string]string
	for _, e := range x.byHolder[[2]string{user, app}] {
		if !e.Expires.After(now) {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[e.Subject] = e.ID
	}
	return out
}
