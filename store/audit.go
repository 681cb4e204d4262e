package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

// AuditLine is one thing somebody did. Before and After are JSON or empty.
type AuditLine struct {
	Seq    int64     `json:"seq"`
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`
	Action string    `json:"action"` // what.verb: app.status, exception.revoke, event.reveal, …
	Target string    `json:"target"`
	Before string    `json:"before"`
	After  string    `json:"after"`
	Hash   string    `json:"hash"`
}

// hash covers the line and the hash of the one before it.
func (l *AuditLine) hash(previous string) string {
	h := sha256.New()
	number := func(n int64) {
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], uint64(n))
		h.Write(b[:])
	}
	number(l.Seq)
	number(l.At.UnixMicro())
	for _, s := range []string{previous, l.Actor, l.Action, l.Target, l.Before, l.After} {
		number(int64(len(s)))
		h.Write([]byte(s))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Audit appends a line to the audit trail, for what the console or the command line did
// beside the store: a sign-in, an export, a prompt revealed. Seq, At and Hash are set.
func (s *Store) Audit(ctx context.Context, l AuditLine) error {
	if err := s.inTx(ctx, func(tx *sql.Tx) error { return audit(ctx, tx, l) }); err != nil {
		return fmt.Errorf("audit %s: %w", l.Action, err)
	}
	return nil
}

// audit appends a line in the transaction of what it tells. The head's row lock puts the
// lines of all nodes in one order.
func audit(ctx context.Context, tx *sql.Tx, l AuditLine) error {
	var previous string
	err := tx.QueryRowContext(ctx, `UPDATE audit_head SET seq = seq + 1 WHERE one = 1 RETURNING seq, hash`).Scan(&l.Seq, &previous)
	if err != nil {
		return err
	}
	if l.At.IsZero() {
		l.At = time.Now()
	}
	l.At = l.At.UTC().Truncate(time.Microsecond)
	l.Hash = l.hash(previous)
	_, err = tx.ExecContext(ctx, `INSERT INTO audit (seq, at, actor, action, target, before, after, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		l.Seq, l.At, l.Actor, l.Action, l.Target, l.Before, l.After, l.Hash)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE audit_head SET hash = $1 WHERE one = 1`, l.Hash)
	return err
}

// asJSON renders what a change was from or to.
func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

// AuditFilter selects lines of the audit trail, newest first.
type AuditFilter struct {
	Since, Until          time.Time
	Actor, Action, Target string
	Before                int64 // number of the last line of the page before
	Limit                 int   // default 100
}

// AuditTrail returns the lines that match f.
func (s *Store) AuditTrail(ctx context.Context, f AuditFilter) ([]AuditLine, error) {
	q := &selection{}
	if !f.Since.IsZero() {
		q.add(`at >= ?`, f.Since.UTC())
	}
	if !f.Until.IsZero() {
		q.add(`at < ?`, f.Until.UTC())
	}
	if f.Before > 0 {
		q.add(`seq < ?`, f.Before)
	}
	q.equal("actor", f.Actor)
	q.equal("action", f.Action)
	q.equal("target", f.Target)
	list := []AuditLine{}
	err := s.rows(ctx, "audit trail", func(scan func(dest ...any) error) error {
		l, err := scanAudit(scan)
		list = append(list, l)
		return err
	}, `SELECT seq, at, actor, action, target, before, after, hash FROM audit`+q.whereText()+` ORDER BY seq DESC LIMIT `+q.arg(limited(f.Limit, defaultLimit)), q.args...)
	return list, err
}

func scanAudit(scan func(dest ...any) error) (AuditLine, error) {
	var l AuditLine
	err := scan(&l.Seq, (*event.Stamp)(&l.At), &l.Actor, &l.Action, &l.Target, &l.Before, &l.After, &l.Hash)
	return l, err
}

// ErrAudit says that the audit trail was tampered with.
var ErrAudit = errors.New("audit trail is not whole")

// VerifyAudit checks every line and returns how many there are. The error is [ErrAudit],
// and names the first line that is wrong, when one was changed, added or removed.
func (s *Store) VerifyAudit(ctx context.Context) (int64, error) {
	var n, headSeq int64
	var previous, headHash string
	err := s.rows(ctx, "audit trail", func(scan func(dest ...any) error) error {
		l, err := scanAudit(scan)
		if err != nil {
			return err
		}
		if n++; l.Seq != n || l.Hash != l.hash(previous) {
			return fmt.Errorf("%w: line %d", ErrAudit, n)
		}
		previous = l.Hash
		return nil
	}, `SELECT seq, at, actor, action, target, before, after, hash FROM audit ORDER BY seq`)
	if err != nil {
		return n, err
	}
	if err := s.db.QueryRowContext(ctx, `SELECT seq, hash FROM audit_head WHERE one = 1`).Scan(&headSeq, &headHash); err != nil {
		return n, fmt.Errorf("report audit trail: %w", err)
	}
	if headSeq < n || headSeq == n && headHash != previous {
		return n, fmt.Errorf("%w: its end is line %d, the last is %d", ErrAudit, headSeq, n)
	}
	if headSeq > n { // lines may have been added since; look again at the end alone
		var last sql.NullInt64
		if err := s.db.QueryRowContext(ctx, `SELECT max(seq) FROM audit`).Scan(&last); err != nil {
			return n, fmt.Errorf("report audit trail: %w", err)
		}
		if last.Int64 < headSeq {
			return n, fmt.Errorf("%w: lines after %d are missing", ErrAudit, n)
		}
	}
	return n, nil
}
