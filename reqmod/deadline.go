package reqmod

import (
	"context"
	"sync"
	"time"
)

// limited is a context that ends early. It costs nothing until somebody waits for it: most
// requests only ask now and then whether there is time left. It is safe for concurrent use.
type limited struct {
	context.Context //nolint:containedctx // its parent
	end             time.Time

	mu     sync.Mutex
	real   context.Context //nolint:containedctx // made on demand
	cancel context.CancelFunc
}

// limit returns ctx, ended at end. The caller calls stop when nobody uses it any more.
func limit(ctx context.Context, end time.Time) *limited { return &limited{Context: ctx, end: end} }

// stop ends the context and gives back what it holds.
func (l *limited) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cancel != nil {
		l.cancel()
	}
	l.end = time.Time{}
}

// Deadline implements [context.Context].
func (l *limited) Deadline() (time.Time, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if d, ok := l.Context.Deadline(); ok && d.Before(l.end) {
		return d, true
	}
	return l.end, true
}

// Done implements [context.Context].
func (l *limited) Done() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.real == nil {
		l.real, l.cancel = context.WithDeadline(l.Context, l.end)
	}
	return l.real.Done()
}

// Err implements [context.Context].
func (l *limited) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.real != nil {
		return l.real.Err()
	}
	if err := l.Context.Err(); err != nil {
		return err
	}
	if !time.Now().Before(l.end) {
		return context.DeadlineExceeded
	}
	return nil
}
