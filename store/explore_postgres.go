package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

// explorerLock is the advisory lock of the node that makes the explorer's role.
const explorerLock = 0x51ce0003

// explorerRole is one of the explorer's two roles: each reads the views of one schema.
type explorerRole struct {
	row            int // of table explorer_role
	prefix, schema string
}

// roleFor returns the role of who may see names, or may not.
func roleFor(names bool) explorerRole {
	if names {
		return explorerRole{1, "sluice_explorer_", "explore"}
	}
	return explorerRole{2, "sluice_explorer_unnamed_", "explore_unnamed"}
}

// explorer is the pool of one of the explorer's roles, made on first use.
type explorer struct {
	pool *pgxpool.Pool
	db   *sql.DB
}

func (x *explorer) close() error {
	err := x.db.Close()
	x.pool.Close()
	return err
}

// ensureExplorer makes the role that may read the views, unless it is there. Roles belong
// to the cluster, so it is named after the database's number.
func (s *Store) ensureExplorer(ctx context.Context, role explorerRole) (name, secret string, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, explorerLock); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, `SELECT $1::text || oid FROM pg_database WHERE datname = current_database()`, role.prefix).Scan(&name); err != nil {
			return err
		}
		var exists bool
		err := tx.QueryRow(ctx, `SELECT r.secret, EXISTS (SELECT FROM pg_roles WHERE rolname = r.name) FROM explorer_role r WHERE r.name = $1`, name).Scan(&secret, &exists)
		if err == nil && exists {
			return nil
		}
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		var random [24]byte
		rand.Read(random[:])
		secret = hex.EncodeToString(random[:])
		return makeExplorer(ctx, tx, role, name, secret)
	})
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == "42501" {
		return "", "", fmt.Errorf("%w: the user of database.url may not make roles; run once as an administrator: ALTER ROLE … CREATEROLE", ErrExplorer)
	}
	return name, secret, err
}

func makeExplorer(ctx context.Context, tx pgx.Tx, of explorerRole, name, secret string) error {
	role := pgx.Identifier{name}.Sanitize()
	var exists bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)`, name).Scan(&exists); err != nil {
		return err
	}
	verb := "CREATE"
	if exists { // of a database that was restored without its roles, or with them
		verb = "ALTER"
	}
	for _, text := range []string{
		verb + ` ROLE ` + role + ` LOGIN NOINHERIT NOCREATEDB NOCREATEROLE CONNECTION LIMIT 16 PASSWORD '` + secret + `'`,
		`ALTER ROLE ` + role + ` SET default_transaction_read_only = on`,
		`ALTER ROLE ` + role + ` SET statement_timeout = '5s'`,
		`ALTER ROLE ` + role + ` SET lock_timeout = '1s'`,
		`ALTER ROLE ` + role + ` SET idle_in_transaction_session_timeout = '10s'`,
		`ALTER ROLE ` + role + ` SET work_mem = '16MB'`,
		`ALTER ROLE ` + role + ` SET max_parallel_workers_per_gather = 0`,
		`ALTER ROLE ` + role + ` SET search_path = ` + of.schema,
		`GRANT USAGE ON SCHEMA ` + of.schema + ` TO ` + role,
		`GRANT SELECT ON ALL TABLES IN SCHEMA ` + of.schema + ` TO ` + role,
	} {
		if _, err := tx.Exec(ctx, text); err != nil {
			return err
		}
	}
	// What PUBLIC may do by default and an explorer should not; only a superuser can say so.
	// Without it the check of the text and DISCARD ALL remain.
	const locks = `pg_advisory_lock(bigint), pg_advisory_lock(int, int), pg_advisory_lock_shared(bigint),
 pg_advisory_lock_shared(int, int), pg_advisory_xact_lock(bigint), pg_advisory_xact_lock(int, int), pg_try_advisory_lock(bigint),
 pg_try_advisory_lock(int, int), pg_notify(text, text)`
	return errors.Join(
		perhaps(ctx, tx, `ALTER ROLE `+role+` SET temp_file_limit = '1GB'`),
		perhaps(ctx, tx, `GRANT EXECUTE ON FUNCTION `+locks+` TO CURRENT_USER`, `REVOKE EXECUTE ON FUNCTION `+locks+` FROM PUBLIC`),
		keepSecret(ctx, tx, of, name, secret))
}

// perhaps runs statements that may be refused, all or none.
func perhaps(ctx context.Context, tx pgx.Tx, texts ...string) error {
	inner, err := tx.Begin(ctx) // a savepoint
	if err != nil {
		return err
	}
	for _, text := range texts {
		if _, err := inner.Exec(ctx, text); err != nil {
			return inner.Rollback(ctx)
		}
	}
	return inner.Commit(ctx)
}

func keepSecret(ctx context.Context, tx pgx.Tx, of explorerRole, name, secret string) error {
	_, err := tx.Exec(ctx, `INSERT INTO explorer_role (one, name, secret) VALUES ($1, $2, $3)
 ON CONFLICT (one) DO UPDATE SET name = excluded.name, secret = excluded.secret`, of.row, name, secret)
	return err
}

// openExplorer returns the pool of one of the explorer's roles.
func (s *Store) openExplorer(ctx context.Context, role explorerRole) (*explorer, error) {
	if err := s.prepare(ctx); err != nil {
		return nil, err
	}
	s.exploring.Lock()
	defer s.exploring.Unlock()
	if e := s.explorers[role]; e != nil {
		return e, nil
	}
	name, secret, err := s.ensureExplorer(ctx, role)
	if err != nil {
		return nil, err
	}
	c := s.pool.Config()
	c.ConnConfig.User, c.ConnConfig.Password = name, secret
	c.ConnConfig.RuntimeParams["application_name"] = "sluice explorer"
	c.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec // nothing is kept on a connection
	c.MaxConns, c.MinConns = 4, 0
	// Whatever a statement did to its session ends with it.
	c.AfterRelease = func(conn *pgx.Conn) bool {
		_, err := conn.Exec(context.WithoutCancel(ctx), `DISCARD ALL`)
		return err == nil
	}
	pool, err := pgxpool.NewWithConfig(context.WithoutCancel(ctx), c)
	if err != nil {
		return nil, err
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("%w: its role cannot connect (%s); let %s in with a password in pg_hba.conf", ErrExplorer, firstLine(err), name)
	}
	e := &explorer{pool: pool, db: stdlib.OpenDBFromPool(pool)}
	s.explorers[role] = e
	return e, nil
}

func (s *Store) explorePostgres(ctx context.Context, x Exploration) (t Table, err error) {
	e, err := s.openExplorer(ctx, roleFor(x.Names))
	if err != nil {
		return t, err
	}
	tx, err := e.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return t, err
	}
	defer func() {
		if back := tx.Rollback(); back != nil && !errors.Is(back, sql.ErrTxDone) && ctx.Err() == nil {
			err = errors.Join(err, back)
		}
	}()
	cost, err := planCost(ctx, tx, x)
	if err != nil {
		return t, err
	}
	if cost > exploreCost && !x.Costly {
		return Table{Cost: cost}, fmt.Errorf("%w: the planner expects a cost of %.0f, over %d; narrow the time, or ask for costly statements", ErrRefused, cost, exploreCost)
	}
	rows, err := tx.QueryContext(ctx, x.SQL, x.Args...)
	if err != nil {
		return t, refusedByPostgres(err)
	}
	defer rows.Close()
	t, err = readTable(rows)
	t.Cost = cost
	return t, refusedByPostgres(err)
}

func planCost(ctx context.Context, tx *sql.Tx, x Exploration) (float64, error) {
	var plan []byte
	if err := tx.QueryRowContext(ctx, `EXPLAIN (FORMAT JSON) `+x.SQL, x.Args...).Scan(&plan); err != nil {
		return 0, refusedByPostgres(err)
	}
	var parsed []struct {
		Plan struct {
			Cost float64 `json:"Total Cost"`
		}
	}
	if err := json.Unmarshal(plan, &parsed); err != nil || len(parsed) != 1 {
		return 0, errors.Join(err, errors.New("read plan"))
	}
	return parsed[0].Plan.Cost, nil
}

// refusedByPostgres marks what Postgres says of a statement, as opposed to a lost connection.
func refusedByPostgres(err error) error {
	var answer *pgconn.PgError
	if errors.As(err, &answer) {
		return fmt.Errorf("%w: %s (SQLSTATE %s)", ErrRefused, answer.Message, answer.Code)
	}
	return err
}
