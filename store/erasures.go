package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

// Erasing a person reaches what is stored. Rows of before that are still on their way, in the outbox of
// any node or in a batch that is being written, are erased as they arrive: for a while the
// store remembers who was forgotten, without the name.

// erasuresKept is how long: no outbox should hold rows for longer.
const erasuresKept = 30 * day

// erasureSlack is how long after an erasure rows still belong to before: clocks of nodes
// differ, and an event has the time at which its request began.
const erasureSlack = time.Minute

// erasureLock is the advisory lock that sinks share while they write a batch, and that an
// erasure takes alone: a batch is either wholly before it, or knows of it.
const erasureLock = 0x51ce0004

// erasure is one person who was forgotten.
type erasure struct {
	n             int64
	alias, digest string
	upto          time.Time // rows before it are erased
}

func erasureDigest(alias, name string) string { return digest(alias + "\x00" + name) }

// remember notes an erasure within its transaction.
func remember(ctx context.Context, tx *sql.Tx, name, alias string, now time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO erasure (alias, digest, upto) VALUES ($1, $2, $3)`,
		alias, erasureDigest(alias, name), now.Add(erasureSlack).UTC())
	return err
}

// erasures are those that a sink knows of. It is safe for concurrent use.
type erasures struct {
	mu   sync.Mutex
	list []erasure
	last int64 // n of the newest
}

// learn reads those that are new; when there are any, it calls forget before others see them.
func (e *erasures) learn(ctx context.Context, q querier, forget func()) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	var fresh []erasure
	err := q.each(ctx, func(scan func(dest ...any) error) error {
		var one erasure
		err := scan(&one.n, &one.alias, &one.digest, (*event.Stamp)(&one.upto))
		fresh = append(fresh, one)
		return err
	}, `SELECT n, alias, digest, upto FROM erasure WHERE n > $1 ORDER BY n`, e.last)
	if err != nil || len(fresh) == 0 {
		return err
	}
	forget()
	e.list, e.last = append(e.list, fresh...), fresh[len(fresh)-1].n
	return nil
}

// apply erases the rows of batch that are of before, and returns them.
func (e *erasures) apply(batch []event.Numbered) []*event.Numbered {
	e.mu.Lock()
	defer e.mu.Unlock()
	var newest time.Time
	for _, one := range e.list {
		if one.upto.After(newest) {
			newest = one.upto
		}
	}
	var erased []*event.Numbered
	known := map[string][]erasure{} // by name
	for i := range batch {
		row := &batch[i]
		name := row.Event.User
		if !row.Event.Time.Before(newest) || name == "" {
			continue
		}
		mine, ok := known[name]
		if !ok {
			for _, one := range e.list {
				if erasureDigest(one.alias, name) == one.digest {
					mine = append(mine, one)
				}
			}
			known[strings.Clone(name)] = mine
		}
		for _, one := range mine {
			if row.Event.Time.Before(one.upto) {
				row.Forget(one.alias)
				erased = append(erased, row)
				break
			}
		}
	}
	return erased
}

// newest returns the number of the last one that is known.
func (e *erasures) newest() int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.last
}

// errNewErasure says that somebody was erased since a batch was begun.
var errNewErasure = errors.New("a person was erased meanwhile")

// newestErasure returns the number of the last erasure.
func newestErasure(ctx context.Context, q querier) (n int64, err error) {
	err = q.each(ctx, func(scan func(dest ...any) error) error { return scan(&n) }, `SELECT COALESCE(MAX(n), 0) FROM erasure`)
	return n, err
}
