package store

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// The explorer's views: those without people, and the others with names or without.
var (
	//go:embed explore_sqlite.sql
	exploreViews string
	//go:embed explore_sqlite_named.sql
	exploreNamed string
	//go:embed explore_sqlite_unnamed.sql
	exploreUnnamed string
)

// exploreLocal runs one statement on a connection that is made for it and thrown away:
// nothing a statement leaves behind can reach another.
func (s *Store) exploreLocal(ctx context.Context, x Exploration) (t Table, err error) {
	q := url.Values{
		"mode": {"ro"}, "_time_integer_format": {"unix_micro"}, "_dqs": {"0"},
		"_pragma": {"busy_timeout(1000)", "query_only(1)", "temp_store(memory)", "cache_size(-16000)", "trusted_schema(off)"},
	}
	path := filepath.Join(s.o.DataDir, localFile)
	c, err := sqlite.NewConnector((&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String())
	if err != nil {
		return t, err
	}
	db := sql.OpenDB(c)
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if err := guardLocal(ctx, conn, x.Names); err != nil {
		return t, err
	}
	rows, err := conn.QueryContext(ctx, x.SQL, x.Args...)
	if err != nil {
		return t, fmt.Errorf("%w: %s", ErrRefused, firstLine(err))
	}
	defer rows.Close()
	return readTable(rows)
}

// guardLocal takes everything from a connection but reading the views.
func guardLocal(ctx context.Context, conn *sql.Conn, names bool) error {
	if _, err := conn.ExecContext(ctx, `PRAGMA query_only = 0`); err != nil { // for the temporary views alone
		return err
	}
	people := exploreUnnamed
	if names {
		people = exploreNamed
	}
	if _, err := conn.ExecContext(ctx, exploreViews+people); err != nil {
		return fmt.Errorf("make views: %w", err)
	}
	if _, err := conn.ExecContext(ctx, `PRAGMA query_only = 1`); err != nil {
		return err
	}
	for id, limit := range map[int]int{
		sqlite3.SQLITE_LIMIT_LENGTH: 4 << 20, sqlite3.SQLITE_LIMIT_ATTACHED: 0, sqlite3.SQLITE_LIMIT_SQL_LENGTH: maxStatement,
		sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100, sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 20, sqlite3.SQLITE_LIMIT_VDBE_OP: 100_000,
		sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 20, sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1000, sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
	} {
		if _, err := sqlite.Limit(conn, id, limit); err != nil {
			return err
		}
	}
	return conn.Raw(func(raw any) error {
		c, ok := raw.(sqlite.AuthorizerRegisterer)
		if !ok {
			return errors.New("the SQLite driver has no authorizer")
		}
		return c.RegisterAuthorizer(authorizeExplorer(viewNames()))
	})
}

// exploreTables are what the views are made of.
var exploreTables = []string{
	"event", "person", "device", "usage_hourly", "app_hourly", "match_daily", "place_daily", "coverage_daily", "app", "app_status",
	"app_status_change", "exception", "review",
}

// authorizeExplorer allows reading the views, and whatever they themselves read and call.
func authorizeExplorer(views map[string]bool) sqlite.AuthorizerFn {
	return func(action sqlite.AuthorizerActionCode, arg1, arg2, database, view string) sqlite.AuthorizerReturnCode {
		inView := views[view]
		switch action {
		case sqlite.AuthSelect:
			return sqlite.AuthorizerOK
		case sqlite.AuthRead:
			// A subquery's columns come without a database; a view's table of which no column
			// is read comes without a view.
			if inView || database == "temp" && views[arg1] || database == "" || arg2 == "" && slices.Contains(exploreTables, arg1) {
				return sqlite.AuthorizerOK
			}
		case sqlite.AuthFunction:
			if inView || slices.Contains(exploreFunctions, arg2) || arg2 == "like" {
				return sqlite.AuthorizerOK
			}
		}
		return sqlite.AuthorizerDeny
	}
}
