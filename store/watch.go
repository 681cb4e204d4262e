package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"sync"
	"time"
)

// channel carries the number of the newest version to every node.
const channel = "sluice_config"

// watchPoll is how often the version is read, in case that a notification was lost or
// comes from another process on the same SQLite file.
const watchPoll = 500 * time.Millisecond

// change runs f in a transaction that raises the version running nodes follow.
func (s *Store) change(ctx context.Context, f func(tx *sql.Tx) error) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		var version int64
		err := tx.QueryRowContext(ctx, `UPDATE config_version SET version = version + 1 WHERE one = 1 RETURNING version`).Scan(&version)
		if err != nil || s.pool == nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `SELECT pg_notify($1, $2)`, channel, strconv.FormatInt(version, 10))
		return err
	})
	if err == nil {
		s.changes.tell()
	}
	return err
}

func configVersion(ctx context.Context, db *sql.DB) (int64, error) {
	var version int64
	if err := db.QueryRowContext(ctx, `SELECT version FROM config_version WHERE one = 1`).Scan(&version); err != nil {
		return 0, fmt.Errorf("read config version: %w", err)
	}
	return version, nil
}

// Watch calls changed after every change of statuses and exceptions (by any node), until
// ctx ends; several changes at once may come as one. Changes since the last
// [Store.Statuses] count. It outlives the loss of the database.
func (s *Store) Watch(ctx context.Context, changed func()) error {
	var listener sync.WaitGroup
	defer listener.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if s.pool != nil {
		listener.Go(func() { s.listen(ctx) })
	}
	poll := time.NewTicker(watchPoll)
	defer poll.Stop()
	seen := s.seen.Load()
	for {
		told := s.changes.wait()
		if version, err := s.currentVersion(ctx); err == nil && version != seen {
			seen = version
			s.keeper().forget() // a person may have been erased
			changed()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-told:
		case <-poll.C:
		}
	}
}

// currentVersion returns the version, and notes the last erasure.
func (s *Store) currentVersion(ctx context.Context) (int64, error) {
	if err := s.prepare(ctx); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var version, erased int64
	err := s.db.QueryRowContext(ctx, `SELECT version, (SELECT COALESCE(MAX(n), 0) FROM erasure) FROM config_version WHERE one = 1`).Scan(&version, &erased)
	if err != nil {
		return 0, fmt.Errorf("read config version: %w", err)
	}
	s.erasures.Store(erased)
	return version, nil
}

// listen turns notifications of Postgres into those of this process.
func (s *Store) listen(ctx context.Context) {
	for ctx.Err() == nil {
		if err := s.listenOnce(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("not listening for changes: polling goes on", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(2 * time.Second):
		}
	}
}

func (s *Store) listenOnce(ctx context.Context) error {
	pooled, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	conn := pooled.Hijack() // it must not go back with LISTEN on
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if err := conn.Close(closing); err != nil {
			s.log.Debug("close listening connection", "error", err)
		}
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return err
	}
	s.changes.tell() // what was missed before
	for {
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return err
		}
		s.changes.tell()
	}
}

// broadcast wakes everyone who waits.
type broadcast struct {
	mu sync.Mutex
	ch chan struct{}
}

func (b *broadcast) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}

func (b *broadcast) tell() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
		b.ch = nil
	}
}
