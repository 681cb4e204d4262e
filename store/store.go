// Package store keeps events, approval statuses, reviews and exceptions in Postgres or
// SQLite, and answers the questions of the console and the command line.
package store

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/sluice-dlp/sluice/event"
)

// Options say which database to use.
type Options struct {
	URL     string // postgres://…; empty: SQLite in DataDir
	DataDir string // holds the outbox, and with SQLite everything
	Log     *slog.Logger
}

// Store is safe for concurrent use.
//
// The file sluice.db in DataDir is always there: it is the outbox of the events and, without
// Postgres, the store. With Postgres it also keeps the last statuses, so that a node that
// has seen Postgres once starts and enforces without it.
type Store struct {
	o     Options
	log   *slog.Logger
	local *sql.DB       // sluice.db
	pool  *pgxpool.Pool // nil with SQLite
	db    *sql.DB       // where queries go: local, or pool
	sink  event.RowSink

	preparing sync.Mutex
	prepared  atomic.Bool // db has the schema

	exploring sync.Mutex
	explorers map[explorerRole]*explorer // made when they are asked

	seen     atomic.Int64 // version of the statuses last given out
	erasures atomic.Int64 // number of the last one that Watch saw
	changes  broadcast    // this process changed something
	kept     kept
}

// Open connects, applies migrations and checks the schema. Its error says what to do.
// When Postgres does not answer, but did before, Open succeeds: [Store.Statuses] gives the
// last that were seen, events wait in the outbox, and queries fail until it answers.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{o: o, log: o.Log, explorers: map[explorerRole]*explorer{}}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	err := MakeDir(s.o.DataDir)
	if err != nil {
		return err
	}
	if s.local, err = openLocal(ctx, s.o.DataDir); err != nil {
		return err
	}
	if err := indexLocal(ctx, s.local, s.o.URL == ""); err != nil {
		return err
	}
	if s.o.URL == "" {
		s.db, s.sink = s.local, &localSink{s: s, keep: newKeeper()}
		s.prepared.Store(true)
		return nil
	}
	if s.pool, err = openPool(ctx, s.o.URL); err != nil {
		return err
	}
	s.db, s.sink = stdlib.OpenDBFromPool(s.pool), newPostgresSink(s)
	err = s.prepare(ctx)
	if err == nil || !unreachable(err) {
		return err
	}
	if _, known := s.mirrored(ctx); !known {
		return err
	}
	s.log.Error("database.url does not answer: starting with the last statuses seen; events wait in the outbox", "error", err)
	return nil
}

// prepare brings Postgres to this version's schema, once.
func (s *Store) prepare(ctx context.Context) error {
	if s.prepared.Load() {
		return nil
	}
	s.preparing.Lock()
	defer s.preparing.Unlock()
	if s.prepared.Load() {
		return nil
	}
	if err := migratePostgres(ctx, s.pool); err != nil {
		return denied(err)
	}
	s.prepared.Store(true)
	return nil
}

// OutboxDB returns the SQLite database of the outbox, for event.Open.
func (s *Store) OutboxDB() *sql.DB { return s.local }

// SQLite reports whether the outbox is the store.
func (s *Store) SQLite() bool { return s.pool == nil }

// Sink returns the sink that moves events from the outbox to the store. With SQLite, where
// the outbox is the store, it only keeps the roll-ups that reports read.
func (s *Store) Sink() event.Sink { return s.sink }

// Close closes the databases, after the sink's Run has ended. It waits for queries that run.
func (s *Store) Close() error {
	var errs []error
	for _, e := range s.explorers {
		errs = append(errs, e.close())
	}
	if s.db != nil && s.db != s.local {
		errs = append(errs, s.db.Close())
	}
	if s.pool != nil {
		s.pool.Close()
	}
	if l, ok := s.sink.(*localSink); ok {
		errs = append(errs, l.close())
	}
	if s.local != nil {
		errs = append(errs, s.local.Close())
	}
	return errors.Join(errs...)
}

// inTx runs f in a transaction of the store.
func (s *Store) inTx(ctx context.Context, f func(tx *sql.Tx) error) error {
	return inTx(ctx, s.db, f)
}

func inTx(ctx context.Context, db *sql.DB, f func(tx *sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		if back := tx.Rollback(); back != nil && !errors.Is(back, sql.ErrTxDone) {
			return errors.Join(err, back)
		}
		return err
	}
	return tx.Commit()
}

// ErrNotFound says that there is no such row.
var ErrNotFound = sql.ErrNoRows
