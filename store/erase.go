package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

// Erased is what [Store.ErasePerson] changed.
type Erased struct {
	Alias      string `json:"alias"`  // what the name is now
	Events     int64  `json:"events"` // whose account, address, device, excerpts and prompt are gone
	Exceptions int64  `json:"exceptions"`
	Known      bool   `json:"known"` // false: nothing was there; what is still on its way is erased when it arrives
}

// ErasePerson forgets a person: the name becomes a random alias everywhere, and what could
// lead back to it leaves the person's events (account, address, device, path, names of
// files, excerpts, the encrypted prompt), roll-ups and exceptions. Counts stay. Events of before
// that are still on their way to the store, on any node, are erased when they arrive, also when
// nothing is kept of name yet. It is [ErrNotFound] when name is empty or that of somebody erased.
func (s *Store) ErasePerson(ctx context.Context, name, by string) (Erased, error) {
	var random [6]byte
	rand.Read(random[:])
	out := Erased{Alias: "erased-" + hex.EncodeToString(random[:])}
	if name == "" || strings.HasPrefix(name, "erased-") {
		return out, fmt.Errorf("erase person: %w", ErrNotFound)
	}
	var waiting int64
	if s.pool != nil { // what the exporters of this node do not have yet
		var err error
		if waiting, err = s.eraseOutbox(ctx, name, out.Alias); err != nil {
			return out, fmt.Errorf("erase person: %w", err)
		}
	}
	if err := s.erase(ctx, name, by, waiting, &out); err != nil {
		return out, fmt.Errorf("erase person: %w", err)
	}
	s.keeper().forget()
	return out, nil
}

// Erasures returns a number that changes when [Store.Watch] sees that a person was erased, on
// any node: reports made before then may name the person. It is safe for concurrent use.
func (s *Store) Erasures() int64 { return s.erasures.Load() }

// keeper returns what the sink remembers.
func (s *Store) keeper() *keeper {
	switch sink := s.sink.(type) {
	case *postgresSink:
		return sink.keep
	case *localSink:
		return sink.keep
	}
	return newKeeper()
}

// erase works on the store: the person's row, roll-ups, events, exceptions. waiting is how many
// events were found in the outbox.
func (s *Store) erase(ctx context.Context, name, by string, waiting int64, out *Erased) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		if s.pool != nil { // no batch is being written now
			if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, erasureLock); err != nil {
				return err
			}
		}
		var id int64
		err := tx.QueryRowContext(ctx, `UPDATE person SET name = $1 WHERE name = $2 RETURNING id`, out.Alias, name).Scan(&id)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err == nil {
			out.Known = true
			if err := eraseUsage(ctx, tx, id); err != nil {
				return err
			}
		}
		match, arg := `usr = $1`, any(name)
		if s.pool != nil {
			arg = id
		}
		if out.Events, err = eraseEvents(ctx, tx, match, arg, out.Alias, s.pool == nil); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `UPDATE exception SET usr = $1, ip = '', justification = '', note = '' WHERE usr = $2`, out.Alias, name)
		if err != nil {
			return err
		}
		if out.Exceptions, err = res.RowsAffected(); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM mute WHERE usr = $1`, name); err != nil {
			return err
		}
		out.Events = max(out.Events, waiting) // most of them are in Postgres as well
		out.Known = out.Known || out.Events > 0 || out.Exceptions > 0
		if err := remember(ctx, tx, name, out.Alias, time.Now()); err != nil {
			return err
		}
		return audit(ctx, tx, AuditLine{Actor: by, Action: "person.erase", Target: out.Alias, After: asJSON(out)})
	})
}

// eraseUsage takes addresses and devices out of a person's roll-ups; rows that then are
// alike become one.
func eraseUsage(ctx context.Context, tx *sql.Tx, id int64) error {
	var nobody int64
	err := tx.QueryRowContext(ctx, `INSERT INTO device (name) VALUES ('') ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id`).Scan(&nobody)
	if err != nil {
		return err
	}
	if err := eraseDaily(ctx, tx, "source_daily", "src", id, ""); err != nil {
		return err
	}
	if err := eraseDaily(ctx, tx, "device_daily", "device", id, nobody); err != nil {
		return err
	}
	if err := eraseSpans(ctx, tx, id); err != nil {
		return err
	}
	type row struct {
		app, country, status string
		hour, grp            int64
		u                    Usage
	}
	rows, err := tx.QueryContext(ctx, `SELECT app, hour, country, grp, status, `+sums+` FROM usage_hourly WHERE usr = $1
 GROUP BY app, hour, country, grp, status ORDER BY app, hour, country, grp, status`, id)
	if err != nil {
		return err
	}
	defer rows.Close()
	var list []row
	for rows.Next() {
		var r row
		if err := rows.Scan(append([]any{&r.app, &r.hour, &r.country, &r.grp, &r.status}, r.u.dest()...)...); err != nil {
			return err
		}
		list = append(list, r)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM usage_hourly WHERE usr = $1`, id); err != nil {
		return err
	}
	for _, r := range list {
		_, err := tx.ExecContext(ctx, `INSERT INTO usage_hourly (app, hour, usr, device, src, country, grp, status, `+summed+`)
 VALUES ($1, $2, $3, $4, '', $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`, r.app, r.hour, id, nobody, r.country, r.grp, r.status,
			r.u.Events, r.u.Prompts, r.u.Uploads, r.u.Matched, r.u.Stopped, r.u.BytesOut, r.u.BytesIn)
		if err != nil {
			return err
		}
	}
	return nil
}

// eraseSpans removes the spans that hold addresses and devices of a person's days: they are added up again.
func eraseSpans(ctx context.Context, tx *sql.Tx, id int64) error {
	rows, err := tx.QueryContext(ctx, `SELECT DISTINCT hour / 24 FROM usage_hourly WHERE usr = $1`, id)
	if err != nil {
		return err
	}
	defer rows.Close()
	var days []int64
	for rows.Next() {
		var d int64
		if err := rows.Scan(&d); err != nil {
			return err
		}
		days = append(days, d)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	exec := func(ctx context.Context, text string, args ...any) error {
		_, err := tx.ExecContext(ctx, text, args...)
		return err
	}
	return dropSpans(ctx, exec, spansOf(days), "span", "source_span", "device_span")
}

// eraseDaily moves what a person did by day under each value of key (addresses, devices) to
// none. A value that nobody else used goes.
func eraseDaily(ctx context.Context, tx *sql.Tx, table, key string, id int64, none any) error {
	rows, err := tx.QueryContext(ctx, `SELECT hour / 24 AS day, `+key+`, `+sums+` FROM usage_hourly WHERE usr = $1 AND `+key+` <> $2
 GROUP BY hour / 24, `+key+` ORDER BY day, `+key, id, none)
	if err != nil {
		return err
	}
	defer rows.Close()
	var moves [][]any
	for rows.Next() {
		var day int64
		var value any
		var u Usage
		if err := rows.Scan(append([]any{&day, &value}, u.dest()...)...); err != nil {
			return err
		}
		moves = append(moves, []any{day, value, u.Events, u.Prompts, u.Uploads, u.Matched, u.Stopped, u.BytesOut, u.BytesIn})
	}
	if err := rows.Err(); err != nil {
		return err
	}
	add := frame{table: table, keys: 2, columns: []column{{name: "day"}, {name: key}}}
	var less, gone []string
	for i, m := range strings.Split(summed, ", ") {
		add.columns = append(add.columns, column{name: m})
		less = append(less, m+` = `+m+` - `+placeholders(i+3, 1))
		gone = append(gone, m+` = 0`)
	}
	for _, move := range moves {
		where := ` WHERE day = $1 AND ` + key + ` = $2`
		if _, err := tx.ExecContext(ctx, `UPDATE `+table+` SET `+strings.Join(less, ", ")+where, move...); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+where+` AND `+strings.Join(gone, " AND "), move[:2]...); err != nil {
			return err
		}
		move[1] = none
		if _, err := tx.ExecContext(ctx, `INSERT INTO `+table+` (`+add.names()+`) VALUES (`+placeholders(1, len(move))+`)`+add.conflict(), move...); err != nil {
			return err
		}
	}
	return nil
}

// eraseOutbox works on events of the local file that Postgres does not have yet.
func (s *Store) eraseOutbox(ctx context.Context, name, alias string) (n int64, err error) {
	err = inTx(ctx, s.local, func(tx *sql.Tx) error {
		packed, err := event.ErasePacked(ctx, tx, name, alias)
		if err != nil {
			return err
		}
		n, err = eraseEvents(ctx, tx, `usr = $1`, name, alias, true)
		n += packed
		return err
	})
	return n, err
}

// eraseRow cleans a row of the local file.
const eraseRow = `UPDATE event SET src = '', path = '', sealed = NULL, detail = $1, device = '', usr = $3 WHERE seq = $2`

// eraseEvents cleans the events that match. In SQLite the name is in the event.
func eraseEvents(ctx context.Context, tx *sql.Tx, match string, arg any, alias string, sqlite bool) (int64, error) {
	key := `ts, id`
	update := `UPDATE event SET src = '', path = '', sealed = NULL, detail = $1, device = (SELECT id FROM device WHERE name = '') WHERE ts = $2 AND id = $3`
	if sqlite {
		key, update = `seq, ''`, eraseRow
	}
	rows, err := tx.QueryContext(ctx, `SELECT `+key+`, detail FROM event WHERE `+match, arg)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var list [][]any // arguments of update
	for rows.Next() {
		var at, id any
		var detail string
		if err := rows.Scan(&at, &id, &detail); err != nil {
			return 0, err
		}
		if sqlite {
			id = alias
		}
		list = append(list, []any{event.Anonymous(detail), at, id})
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	for _, args := range list {
		if _, err := tx.ExecContext(ctx, update, args...); err != nil {
			return 0, err
		}
	}
	if !sqlite {
		return int64(len(list)), nil
	}
	// Counts of the running minute hold the name as well.
	if _, err := tx.ExecContext(ctx, `UPDATE fold SET event = json_set(event, '$.user', $1, '$.source.ip', '', '$.device', json('{}'))
 WHERE json_extract(event, '$.user') = $2`, alias, arg); err != nil {
		return 0, err
	}
	return int64(len(list)), nil
}
