package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

// Node is a running server as it told of itself.
type Node struct {
	Outbox   string    `json:"outbox"`
	Name     string    `json:"name"`
	Build    string    `json:"build"`
	Snapshot string    `json:"snapshot"`
	Started  time.Time `json:"started"`
	Seen     time.Time `json:"seen"`
	Used     int64     `json:"used"` // bytes of its outbox
	Cap      int64     `json:"cap"`  // … and how many it may have; 0: what the disk has
	Last     int64     `json:"last"` // number of its last event
	Sinks    []SinkLag `json:"sinks"`
}

// SinkLag is how one sink of a node keeps up.
type SinkLag struct {
	Name      string `json:"name"`
	Behind    int64  `json:"behind"`    // events it does not have yet
	Complaint string `json:"complaint"` // why it has not more
}

// SeeNode keeps what a node tells of itself.
func (s *Store) SeeNode(ctx context.Context, n Node) error {
	detail, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("see node: %w", err)
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO node (outbox, name, build, snapshot, started, seen, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)
 ON CONFLICT (outbox) DO UPDATE SET name = excluded.name, build = excluded.build, snapshot = excluded.snapshot, started = excluded.started,
 seen = excluded.seen, detail = excluded.detail`, n.Outbox, n.Name, n.Build, n.Snapshot, n.Started.UTC(), n.Seen.UTC(), string(detail))
	if err != nil {
		return fmt.Errorf("see node: %w", err)
	}
	return nil
}

// Nodes returns the nodes that told of themselves after since, by name.
func (s *Store) Nodes(ctx context.Context, since time.Time) ([]Node, error) {
	list := []Node{}
	err := s.rows(ctx, "nodes", func(scan func(dest ...any) error) error {
		var n Node
		var detail string
		var started, seen event.Stamp
		if err := scan(&detail, &started, &seen); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(detail), &n); err != nil {
			return err
		}
		n.Started, n.Seen = time.Time(started), time.Time(seen)
		list = append(list, n)
		return nil
	}, `SELECT detail, started, seen FROM node WHERE seen > $1 ORDER BY name, outbox`, since.UTC())
	return list, err
}
