package console

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"
)

// cache keeps what reports say for a short time, so that a busy morning asks the database
// once and not once a person. It holds nothing that depends on who asks. A report that is
// being made is waited for, not made twice; one that takes long is shown as it was while it
// is made anew behind the page.
type cache struct {
	mu      sync.Mutex
	entries map[string]*cacheEntry

	behind   sync.WaitGroup // what is made behind pages
	renewing context.Context
	stop     context.CancelFunc
	places   chan struct{} // one for each report that is made behind a page
}

type cacheEntry struct {
	mu       sync.Mutex
	value    any
	at       time.Time // when its making began
	took     time.Duration
	renewing bool
}

// How old a report may be, and how many are kept. One that took a second may be five minutes
// old on this page, and is new on the next; one that took 50 ms is never older than cacheLife.
const (
	cacheLife  = 15 * time.Second
	cacheWorth = 300 // times as long as it took, at most cacheStale
	cacheStale = 5 * time.Minute
	cacheSize  = 256
	renewals   = 2 // at a time
)

func newCache() *cache {
	c := &cache{entries: map[string]*cacheEntry{}, places: make(chan struct{}, renewals)}
	c.renewing, c.stop = context.WithCancel(context.Background())
	return c
}

// close ends what is made behind pages, and waits for it.
func (c *cache) close() {
	c.stop()
	c.behind.Wait()
}

func (c *cache) entry(key string) *cacheEntry {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= cacheSize {
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
	// What names a person who was erased meanwhile is not shown again.
	e := s.reports.entry(key + "\x00" + strconv.FormatInt(s.o.Store.Erasures(), 10))
	e.mu.Lock()
	defer e.mu.Unlock()
	v, ok := e.value.(T)
	age := s.now().Sub(e.at)
	switch {
	case ok && age < cacheLife:
		return v, nil
	case ok && age < min(cacheWorth*e.took, cacheStale):
		renew(s, e, f)
		return v, nil
	}
	began := s.now()
	v, err := f(ctx)
	if err == nil {
		e.value, e.at, e.took = v, began, s.now().Sub(began)
	}
	return v, err
}

// renew makes the report of e, which is locked, anew behind the page. Where too many are
// being made already, a later page will ask again.
func renew[T any](s *Server, e *cacheEntry, f func(ctx context.Context) (T, error)) {
	c := s.reports
	if e.renewing || c.renewing.Err() != nil {
		return
	}
	select {
	case c.places <- struct{}{}:
	default:
		return
	}
	e.renewing = true
	c.behind.Go(func() {
		defer func() {
			if r := recover(); r != nil {
				s.log.Error("renew a report", "panic", r)
			}
			e.mu.Lock()
			defer e.mu.Unlock()
			e.renewing = false
			<-c.places
		}()
		began := s.now()
		v, err := f(c.renewing)
		if err != nil {
			s.log.Debug("renew a report", "error", err) // a page will tell who asks
			return
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		e.value, e.at, e.took = v, began, s.now().Sub(began)
	})
}
