package console

import (
	"context"
	"strings"
	"sync"
	"time"
)

// cache keeps what reports say for a short time, so that a busy morning asks the database
// once and not once a person. It holds nothing that depends on who asks. A report that is
// being made is waited for, not made twice.
type cache struct {
	mu      sync.Mutex
	entries map[string]*cacheEntry
}

type cacheEntry struct {
	mu    sync.Mutex
	at    time.Time
	value any
}

// How long a report may be old, and how many are kept.
const (
	cacheLife = 15 * time.Second
	cacheSize = 256
)

func (c *cache) entry(key string) *cacheEntry {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil || len(c.entries) >= cacheSize {
		c.entries = map[string]*cacheEntry{}
	}
	e := c.entries[key]
	if e == nil {
		e = &cacheEntry{}
		c.entries[key] = e
	}
	return e
}

// drop forgets the entries whose key begins with prefix.
func (c *cache) drop(prefix string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key := range c.entries {
		if strings.HasPrefix(key, prefix) {
			delete(c.entries, key)
		}
	}
}

// cached returns the report of key, made anew by f when it is too old. Who gets it must not
// change it.
func cached[T any](ctx context.Context, s *Server, key string, f func(ctx context.Context) (T, error)) (T, error) {
	e := s.reports.entry(key)
	e.mu.Lock()
	defer e.mu.Unlock()
	if v, ok := e.value.(T); ok && s.now().Sub(e.at) < cacheLife {
		return v, nil
	}
	v, err := f(ctx)
	if err == nil {
		e.value, e.at = v, s.now()
	}
	return v, err
}
