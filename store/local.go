package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"

	"github.com/sluice-dlp/sluice/event"
)

// localFile is the name of the SQLite file in data_dir.
const localFile = "sluice.db"

// MakeDir makes data_dir where it is not there. Its error says what to do.
func MakeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make data_dir: %w%s", err, dirRemedy)
	}
	return nil
}

const dirRemedy = "; data_dir must be a directory that this user may write to"

// openLocal opens sluice.db and brings it to this version's schema.
func openLocal(ctx context.Context, dir string) (*sql.DB, error) {
	db, err := connectLocal(dir)
	if err != nil {
		return nil, err
	}
	if err := migrateLocal(ctx, db, dir); err != nil {
		return nil, errors.Join(damaged(err, dir), db.Close())
	}
	return db, nil
}

// ErrDamaged says that sluice.db cannot be read as a database. The text of an error with it
// names the file and the remedy.
var ErrDamaged = errors.New("the file is damaged")

// damaged adds place and remedy to what SQLite says of a file that is no database any more,
// and of a disk that is full or broken.
func damaged(err error, dir string) error {
	const sqliteIO, sqliteCorrupt, sqliteFull, sqliteNotADatabase = 10, 11, 13, 26
	path := filepath.Join(dir, localFile)
	switch event.SQLiteCode(err) {
	case sqliteIO, sqliteFull: // a full disk is both: no room for the file's memory is an error of input and output
		return fmt.Errorf("%w; make room on the disk of %s, and look whether it is sound", err, path)
	case sqliteCorrupt, sqliteNotADatabase:
	default:
		return err
	}
	return fmt.Errorf("%w: %w; put a backup in the place of %s, or move it with its -wal and -shm files to another directory and start anew (docs/operations.md)",
		ErrDamaged, err, path)
}

// localIndexes are those of table event: only a store needs them.
var localIndexes = []struct{ name, on string }{
	{"event_ts", `(ts, id) WHERE kind = 0`},
	{"event_usr", `(usr, ts) WHERE kind = 0`},
	{"event_notable", `(ts, id) WHERE kind = 0 AND (nmatch > 0 OR action NOT IN ('allow', 'log'))`},
	{"event_app", `(app, ts) WHERE kind = 0`},
	{"event_stopped", `(action, ts) WHERE kind = 0 AND action NOT IN ('allow', 'log')`},
	{"event_sealed", `(ts) WHERE sealed IS NOT NULL`},
	{"event_count", `(seq) WHERE kind = 1`},
}

// indexLocal makes localIndexes, or drops them where the file is an outbox alone: they
// took half of the time of recording, and of dropping what was delivered.
func indexLocal(ctx context.Context, db *sql.DB, asked bool) error {
	for _, index := range localIndexes {
		var have bool
		if err := db.QueryRowContext(ctx, `SELECT COUNT(*) FROM sqlite_schema WHERE type = 'index' AND name = $1`, index.name).Scan(&have); err != nil {
			return fmt.Errorf("read outbox: %w", err)
		}
		text := `CREATE INDEX IF NOT EXISTS ` + index.name + ` ON event ` + index.on
		if !asked {
			text = `DROP INDEX IF EXISTS ` + index.name
		}
		if have == asked {
			continue
		}
		if _, err := db.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("index outbox: %w", err)
		}
	}
	return nil
}

// connectLocal opens sluice.db. A committed transaction survives the loss of power
// (synchronous=full); readers never wait for the writer (WAL).
func connectLocal(dir string) (*sql.DB, error) {
	path := filepath.Join(dir, localFile)
	// SQLite gives its -wal and -shm files the mode of the database, which it would make
	// readable by all.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open outbox: %w%s", err, dirRemedy)
	}
	st, err := f.Stat()
	err = errors.Join(err, f.Chmod(0o600), f.Close())
	if err != nil {
		return nil, fmt.Errorf("open outbox: %w%s", err, dirRemedy)
	}
	c, err := sqlite.NewConnector(localDSN(path, st.Size() == 0))
	if err != nil {
		return nil, fmt.Errorf("open outbox: %w", err)
	}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(8)
	return db, nil
}

func localDSN(path string, isNew bool) string {
	pragmas := []string{"busy_timeout(10000)"}
	if isNew {
		// It takes effect before the first page only, and later is a write all the same: a
		// connection to a file on a full disk would fail on it.
		pragmas = append(pragmas, "auto_vacuum(incremental)")
	}
	q := url.Values{
		"_txlock":              {"immediate"},
		"_time_integer_format": {"unix_micro"},
		"_pragma": append(pragmas, "journal_mode(wal)", "synchronous(full)",
			"journal_size_limit(67108864)", "wal_autocheckpoint(4000)", "cache_size(-32000)",
			"temp_store(memory)", "trusted_schema(off)", "cell_size_check(on)"),
	}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
}
