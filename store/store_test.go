package store_test

import (
	"log/slog"
	"testing"

	"github.com/sluice-dlp/sluice/internal/blackbox/pgtest"
	"github.com/sluice-dlp/sluice/store"
	"github.com/sluice-dlp/sluice/store/storetest"
)

func testLog(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Options {
		return store.Options{DataDir: t.TempDir(), Log: testLog(t)}
	})
}

func TestPostgres(t *testing.T) {
	server := pgtest.Start(t)
	storetest.Run(t, func(t *testing.T) store.Options {
		return store.Options{URL: server.Database(t), DataDir: t.TempDir(), Log: testLog(t)}
	})
}
