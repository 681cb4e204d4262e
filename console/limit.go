package console

import (
	"hash/maphash"
	"sync"
	"time"
)

// Limits of sign-ins with a password: so many attempts at once, then one per so long. An
// attempt that succeeds is given back.
const (
	attemptsPerAccount, accountEvery = 10, 90 * time.Second
	attemptsPerAddress, addressEvery = 20, 30 * time.Second
)

// limiter bounds how often something is tried, by key. Keys share a fixed number of
// buckets by a hash nobody outside knows, so that no flood of keys takes memory or pushes
// out another's count; two keys of one bucket share its limit. It is safe for concurrent
// use.
type limiter struct {
	burst float64
	every time.Duration
	seed  maphash.Seed

	mu      sync.Mutex
	buckets [4096]bucket
}

type bucket struct {
	spent float64
	at    time.Time
}

func newLimiter(burst int, every time.Duration) *limiter {
	return &limiter{burst: float64(burst), every: every, seed: maphash.MakeSeed()}
}

// take reports whether key may try now, and if not, when it may.
func (l *limiter) take(key string, now time.Time) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.at(key, now)
	if b.spent+1 > l.burst {
		return time.Duration((b.spent + 1 - l.burst) * float64(l.every)), false
	}
	b.spent++
	return 0, true
}

// give takes an attempt back.
func (l *limiter) give(key string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.at(key, now)
	b.spent = max(0, b.spent-1)
}

// at returns the bucket of key as it is now.
func (l *limiter) at(key string, now time.Time) *bucket {
	b := &l.buckets[maphash.String(l.seed, key)%uint64(len(l.buckets))]
	if passed := now.Sub(b.at); passed > 0 {
		b.spent = max(0, b.spent-float64(passed)/float64(l.every))
		b.at = now
	}
	return b
}
