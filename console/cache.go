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
	making sync.Mutex // held while it is made

	mu    sync.Mutex
	value any
	at    time.Time // when its making began
	took  time.Duration
}

// How old a report may be, and how many are kept. One that took long to make is shown as it was
// while it is made anew for the next page: 100 ms are worth being two and a half minutes old, and
// nothing is worth more than cacheStale. One that is quick is never older than cacheLife.
const (
	cacheLife  = 15 * time.Second
	cacheWorth = 1500 // times as long as it took
	cacheSlow  = 20 * time.Millisecond
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
	v, age, ok := last[T](s, e)
	if ok && age < cacheLife {
		return v, nil
	}
	if ok && age < cacheStale && ctx.Value(keeping{}) == nil {
		renew(s, e, f)
		return v, nil
	}
	e.making.Lock()
	defer e.making.Unlock()
	if v, age, ok := last[T](s, e); ok && age < cacheLife { // made while this one waited
		return v, nil
	}
	return remake(ctx, s, e, f)
}

// last returns the report of e and how old it is; false when there is none, or when it is made
// so quickly that it need not be old.
func last[T any](s *Server, e *cacheEntry) (T, time.Duration, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	v, ok := e.value.(T)
	age := s.now().Sub(e.at)
	return v, age, ok && (age < cacheLife || e.took >= cacheSlow && age < cacheWorth*e.took)
}

// remake makes the report of e, which the caller has locked for making, and notes it.
func remake[T any](ctx context.Context, s *Server, e *cacheEntry, f func(ctx context.Context) (T, error)) (T, error) {
	began := s.now()
	v, err := f(ctx)
	took := s.now().Sub(began)
	if err == nil && (took >= cacheSlow || ctx.Value(keeping{}) == nil) { // a quick one is made when it is asked for
		e.mu.Lock()
		defer e.mu.Unlock()
		e.value, e.at, e.took = v, began, took
	}
	return v, err
}

// renew makes the report of e anew behind the page, unless it is being made. Where too many
// are, a later page will ask again.
func renew[T any](s *Server, e *cacheEntry, f func(ctx context.Context) (T, error)) {
	c := s.reports
	if c.renewing.Err() != nil || !e.making.TryLock() {
		return
	}
	select {
	case c.places <- struct{}{}:
	default:
		e.making.Unlock()
		return
	}
	c.behind.Go(func() {
		defer func() {
			if r := recover(); r != nil {
				s.log.Error("renew a report", "panic", r)
			}
			<-c.places
			e.making.Unlock()
		}()
		if _, err := remake(c.renewing, s, e, f); err != nil {
			s.log.Debug("renew a report", "error", err) // a page will tell who asks
		}
	})
}
