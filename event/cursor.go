package event

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Cursors remember, in the outbox's own file, how far sinks have come that cannot remember
// it themselves. They are safe for concurrent use.
type Cursors struct{ db *sql.DB }

// Cursors returns those of the outbox.
func (r *Recorder) Cursors() *Cursors { return &Cursors{db: r.db} }

// Position returns the number that [Cursors.Move] last set, and whether there is one.
func (c *Cursors) Position(ctx context.Context, outbox, sink string) (int64, bool, error) {
	var seq int64
	err := c.db.QueryRowContext(ctx, `SELECT seq FROM cursor WHERE outbox = $1 AND sink = $2`, outbox, sink).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("read cursor of %s: %w", sink, err)
	}
	return seq, true, nil
}

// Move sets the number, durably.
func (c *Cursors) Move(ctx context.Context, outbox, sink string, seq int64) error {
	_, err := c.db.ExecContext(ctx, `INSERT INTO cursor (outbox, sink, seq) VALUES ($1, $2, $3)
 ON CONFLICT (outbox, sink) DO UPDATE SET seq = excluded.seq`, outbox, sink, seq)
	if err != nil {
		return fmt.Errorf("move cursor of %s: %w", sink, err)
	}
	return nil
}
