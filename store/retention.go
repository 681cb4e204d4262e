package store

import (
	"context"
	"fmt"
)

// Analyze refreshes the planner's statistics; after a large change of the tables.
func (s *Store) Analyze(ctx context.Context) error {
	if _, err := s.db.ExecContext(ctx, `ANALYZE`); err != nil {
		return fmt.Errorf("analyze: %w", err)
	}
	return nil
}
