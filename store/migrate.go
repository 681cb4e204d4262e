package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/sluice-dlp/sluice/internal/filelock"
	"github.com/sluice-dlp/sluice/migrations"
)

// MigrationStatus is one migration of the schema.
type MigrationStatus struct {
	Database string    `json:"database"` // outbox | store
	Version  int64     `json:"version"`
	Name     string    `json:"name"`
	Applied  time.Time `json:"applied,omitzero"`
}

// Migrate applies all migrations (up), or reports them. Any number of processes may call
// it at once: one applies, the others wait.
func Migrate(ctx context.Context, o Options, up bool) (list []MigrationStatus, err error) {
	if err := MakeDir(o.DataDir); err != nil {
		return nil, err
	}
	local, err := connectLocal(o.DataDir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(damaged(denied(err), o.DataDir), local.Close()) }()
	if up {
		if err := migrateLocal(ctx, local, o.DataDir); err != nil {
			return nil, err
		}
	}
	if list, err = migrationStatus(ctx, local, goose.DialectSQLite3, "outbox", filepath.Join(o.DataDir, localFile)); err != nil || o.URL == "" {
		return list, err
	}
	pool, err := openPool(ctx, o.URL)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	if err := ping(ctx, pool); err != nil {
		return nil, err
	}
	if up {
		if err := migratePostgres(ctx, pool); err != nil {
			return nil, err
		}
	}
	db := stdlib.OpenDBFromPool(pool)
	more, err := migrationStatus(ctx, db, goose.DialectPostgres, "store", placeOf(pool))
	return append(list, more...), errors.Join(err, db.Close())
}

// ErrNewer says that a newer Sluice has changed the schema of a database: this one does not
// know what it may do there. The text of an error with it names the database and the remedy.
var ErrNewer = errors.New("the schema is newer than this sluice")

// known returns ErrNewer when the database at where has a schema that p does not know. A
// table of versions that is not there is made.
func known(ctx context.Context, p *goose.Provider, where string) error {
	has, knows, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read schema version of %s: %w", where, err)
	}
	if has > knows {
		return fmt.Errorf("%s: %w: it has version %d, and this one knows up to %d; run the newer sluice, or restore the backup from before its first start",
			where, ErrNewer, has, knows)
	}
	return nil
}

// placeOf names the database of a pool, without user and password.
func placeOf(pool *pgxpool.Pool) string {
	c := pool.Config().ConnConfig
	return fmt.Sprintf("database.url (%q on %s)", c.Database, c.Host)
}

func provider(db *sql.DB, d goose.Dialect, o ...goose.ProviderOption) (*goose.Provider, error) {
	dir := "sqlite"
	if d == goose.DialectPostgres {
		dir = "postgres"
	}
	files, err := fs.Sub(migrations.FS, dir)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(d, db, files, append(o, goose.WithDisableGlobalRegistry(true))...)
}

func migrateLocal(ctx context.Context, db *sql.DB, dir string) (err error) {
	lock, err := filelock.Take(filepath.Join(dir, localFile+".lock")) // one process at a time changes the schema
	if err != nil {
		return fmt.Errorf("migrate %s: %w", filepath.Join(dir, localFile), err)
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	p, err := provider(db, goose.DialectSQLite3)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if err := known(ctx, p, filepath.Join(dir, localFile)); err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate %s: %w", filepath.Join(dir, localFile), err)
	}
	return nil
}

func migratePostgres(ctx context.Context, pool *pgxpool.Pool) (err error) {
	if err := ping(ctx, pool); err != nil {
		return err
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	db := stdlib.OpenDBFromPool(pool)
	defer func() { err = errors.Join(err, db.Close()) }()
	p, err := provider(db, goose.DialectPostgres, goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	var begun bool // goose makes its table without the lock when it is asked what is pending
	if err := pool.QueryRow(ctx, `SELECT to_regclass('goose_db_version') IS NOT NULL`).Scan(&begun); err != nil {
		return fmt.Errorf("read schema version of database.url: %w", err)
	}
	if begun {
		if err := known(ctx, p, placeOf(pool)); err != nil {
			return err
		}
		pending, err := p.HasPending(ctx)
		if err != nil {
			return fmt.Errorf("read schema version of database.url: %w", err)
		}
		if !pending {
			return nil // without the lock: a start never waits for another node's
		}
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate database.url: %w", err)
	}
	return nil
}

func migrationStatus(ctx context.Context, db *sql.DB, d goose.Dialect, name, where string) ([]MigrationStatus, error) {
	p, err := provider(db, d)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	if err := known(ctx, p, where); err != nil {
		return nil, err
	}
	found, err := p.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("read schema version of the %s: %w", name, err)
	}
	var list []MigrationStatus
	for _, m := range found {
		list = append(list, MigrationStatus{Database: name, Version: m.Source.Version, Name: filepath.Base(m.Source.Path), Applied: m.AppliedAt})
	}
	return list, nil
}
