package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/sluice-dlp/sluice/event"
)

// Payload returns the prompt of an event, encrypted to the customer's key; [ErrNotFound]
// when none was kept. Who asks for it is for the caller to audit.
func (s *Store) Payload(ctx context.Context, id string) ([]byte, error) {
	id = strings.ToLower(id)
	ts, ok := event.IDTime(id)
	if !ok {
		return nil, fmt.Errorf("payload of %q: %w", id, ErrNotFound)
	}
	var sealed []byte
	err := s.db.QueryRowContext(ctx, `SELECT sealed FROM event WHERE ts = $1 AND id = $2 AND sealed IS NOT NULL`, ts, id).Scan(&sealed)
	if err != nil {
		return nil, fmt.Errorf("payload of %s: %w", id, err)
	}
	return sealed, nil
}
