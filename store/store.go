// Package store keeps events, approval statuses, reviews and exceptions in Postgres or
// SQLite, and answers the questions of the console and the command line.
package store

import (
	"context"
	"database/sql"
	"log/slog"
	"time"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/policy"
)

// Options say which database to use.
type Options struct {
	URL     string // postgres://…; empty: SQLite in DataDir
	DataDir string // holds the outbox, and with SQLite everything
	Log     *slog.Logger
}

// Store is safe for concurrent use.
type Store struct{}

// Open connects, applies migrations and checks the schema. Its error says what to do.
func Open(ctx context.Context, o Options) (*Store, error) { return &Store{}, nil }

// OutboxDB returns the SQLite database of the outbox, for event.Open.
func (s *Store) OutboxDB() *sql.DB { return nil }

// Sink returns the sink that moves events from the outbox to the store, or nil when the
// outbox is the store (SQLite).
func (s *Store) Sink() event.Sink { return nil }

// Filter selects events, newest first.
type Filter struct {
	Since, Until                          time.Time
	User, App, Action, Activity, Detector string
	Limit                                 int    // default 100
	Before                                string // id of the last event of the page before
}

// Events returns the events that match f.
func (s *Store) Events(ctx context.Context, f Filter) ([]event.Event, error) { return nil, nil }

// ErrNotFound says that there is no such row.
var ErrNotFound = sql.ErrNoRows

// Event returns one event. The error is [ErrNotFound] when there is none.
func (s *Store) Event(ctx context.Context, id string) (event.Event, error) { return event.Event{}, nil }

// AppStatus is one app's approval status with its latest change.
type AppStatus struct {
	App    string        `json:"app"`
	Status policy.Status `json:"status"`
	Note   string        `json:"note"`
	By     string        `json:"by"`
	At     time.Time     `json:"at"`
}

// Statuses returns every status that was set, by app id.
func (s *Store) Statuses(ctx context.Context) (map[string]AppStatus, error) { return nil, nil }

// SetStatus sets a status and keeps the history.
func (s *Store) SetStatus(ctx context.Context, a AppStatus) error { return nil }

// StatusHistory returns all changes of an app, newest first.
func (s *Store) StatusHistory(ctx context.Context, app string) ([]AppStatus, error) { return nil, nil }

// Watch calls changed after every change of statuses (by any node), until ctx ends.
func (s *Store) Watch(ctx context.Context, changed func()) error { return nil }

// Close closes the databases.
func (s *Store) Close() error { return nil }

// MigrationStatus is one migration of the schema.
type MigrationStatus struct {
	Database string    `json:"database"` // outbox | store
	Version  int64     `json:"version"`
	Name     string    `json:"name"`
	Applied  time.Time `json:"applied,omitzero"`
}

// Migrate applies all migrations (up), or reports them.
func Migrate(ctx context.Context, o Options, up bool) ([]MigrationStatus, error) { return nil, nil }
