package icap

import (
	"context"
	"sync"
	"time"
)

// hangUpCheck is how often a request that is waited for looks whether its client is
// still there.
const hangUpCheck = 250 * time.Millisecond

// callContext is the context of one handler call. Its clock stands still while a body
// is being received: the deadline is for the handler's own work, however slow the
// client. A call that never looks at its context costs nothing: the channel and the
// timer are made on demand, and an untouched context serves the next request.
type callContext struct {
	conn *conn

	mu      sync.Mutex
	end     time.Time
	paused  time.Time // zero: the clock runs
	err     error
	done    chan struct{}
	timer   *time.Timer
	touched bool
}

func (c *callContext) start(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end = time.Now().Add(d)
}

// Deadline implements [context.Context].
func (c *callContext) Deadline() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.touched = true
	return c.end, true
}

// Done implements [context.Context].
func (c *callContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.touched = true
	if c.done == nil {
		c.done = make(chan struct{})
		if c.err != nil {
			close(c.done)
		} else {
			c.timer = time.AfterFunc(min(time.Until(c.end), hangUpCheck), c.tick)
		}
	}
	return c.done
}

// Err implements [context.Context].
func (c *callContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.touched = true
	c.expire()
	return c.err
}

// Value implements [context.Context].
func (c *callContext) Value(any) any {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.touched = true
	return nil
}

// expire ends the context when its time is up. The caller holds the lock.
func (c *callContext) expire() {
	if c.paused.IsZero() && !time.Now().Before(c.end) {
		c.cancelLocked(context.DeadlineExceeded)
	}
}

func (c *callContext) cancelLocked(err error) {
	if c.err != nil {
		return
	}
	c.err = err
	if c.done != nil {
		close(c.done)
	}
	if c.timer != nil {
		c.timer.Stop()
	}
}

func (c *callContext) cancel(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cancelLocked(err)
}

// tick is run by the timer.
func (c *callContext) tick() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.expire(); c.err != nil {
		return
	}
	wait := hangUpCheck
	if c.paused.IsZero() {
		if c.conn.hungUp() {
			c.cancelLocked(context.Canceled)
			return
		}
		wait = min(time.Until(c.end), hangUpCheck)
	}
	c.timer.Reset(max(wait, time.Millisecond))
}

// pause stops the clock, resume starts it again.
func (c *callContext) pause() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expire()
	c.paused = time.Now()
}

func (c *callContext) resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end = c.end.Add(time.Since(c.paused))
	c.paused = time.Time{}
}

// finish ends the call. It reports whether the context may serve another one: not when
// somebody may still hold it.
func (c *callContext) finish() (reusable bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.touched && c.err == nil {
		return true
	}
	c.cancelLocked(context.Canceled)
	return false
}
