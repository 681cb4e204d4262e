package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// openPool makes the pool; it does not connect.
func openPool(ctx context.Context, url string) (*pgxpool.Pool, error) {
	c, err := pgxpool.ParseConfig(url)
	if err != nil {
		// pgx leaves the password out of this error.
		return nil, fmt.Errorf("database.url: %w; want postgres://user:password@host:5432/database", err)
	}
	if c.ConnConfig.ConnectTimeout == 0 {
		c.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	if _, set := c.ConnConfig.RuntimeParams["application_name"]; !set {
		c.ConnConfig.RuntimeParams["application_name"] = "sluice"
	}
	c.ConnConfig.RuntimeParams["timezone"] = "UTC"
	// A statement over daily partitions compiles hundreds of functions, to run for milliseconds.
	c.ConnConfig.RuntimeParams["jit"] = "off"
	// Starting workers takes as long as they save a report, and their cores are the sink's.
	c.ConnConfig.RuntimeParams["max_parallel_workers_per_gather"] = "0"
	c.ConnConfig.RuntimeParams["work_mem"] = "32MB" // grouping people stays in memory
	c.MaxConns = max(c.MaxConns, 8)
	pool, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("database.url: %w", err)
	}
	return pool, nil
}

func ping(ctx context.Context, pool *pgxpool.Pool) error {
	if err := pool.Ping(ctx); err != nil {
		return fmt.Errorf("connect to database.url: %w; check that Postgres runs there, that the database exists, and user and password", err)
	}
	return nil
}

// denied adds the remedy to what Postgres says of a user that may not change the schema; since
// version 15 only the owner of a database may.
func denied(err error) error {
	var answer *pgconn.PgError
	if !errors.As(err, &answer) || answer.Code != "42501" {
		return err
	}
	return fmt.Errorf("%w; the user of database.url must own the database: ALTER DATABASE … OWNER TO …", err)
}

// unreachable says that Postgres gave no answer, or will soon give another one: it starts,
// stops or has no connection left. A wrong password or database is not that.
func unreachable(err error) bool {
	var answer *pgconn.PgError
	if errors.As(err, &answer) {
		switch answer.Code {
		case "57P01", "57P02", "57P03", "53300":
			return true
		}
		return false
	}
	var network net.Error
	var op *net.OpError
	var connect *pgconn.ConnectError
	return errors.As(err, &network) || errors.As(err, &op) || errors.As(err, &connect) || errors.Is(err, context.DeadlineExceeded)
}
