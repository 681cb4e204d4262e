package icap

import (
	"context"
	"fmt"
	"runtime/debug"
)

// handle calls the handler, or answers in its place when budgets are spent.
func (c *conn) handle() (a Answer) {
	x := c.x
	if c.overload || x.starved {
		return c.overloaded()
	}
	ctx := c.enter()
	defer func() {
		if c.leave(recover()) {
			a = Fail(500)
		}
	}()
	return x.head.service.Handler.ServeICAP(ctx, &x.req)
}

// optioner is a handler that has something to say to OPTIONS.
type optioner interface {
	options(ctx context.Context, r *Request) Answer
}

// askOptions calls such a handler.
func (c *conn) askOptions(h optioner) (a Answer) {
	ctx := c.enter()
	defer func() {
		if c.leave(recover()) {
			a = Answer{}
		}
	}()
	return h.options(ctx, &c.x.req)
}

// enter prepares the context of a call.
func (c *conn) enter() *callContext {
	x := c.x
	if x.ctx == nil {
		x.ctx = &callContext{}
	}
	x.ctx.conn = c
	x.ctx.start(c.srv.o.Deadline)
	c.call.Store(x.ctx)
	return x.ctx
}

// leave ends a call. p is what was recovered; it reports whether the handler panicked.
func (c *conn) leave(p any) (panicked bool) {
	x := c.x
	c.call.Store(nil)
	if !x.ctx.finish() {
		x.ctx = nil
	}
	if p == nil {
		return false
	}
	c.srv.counts.panics.Add(1)
	c.srv.o.Log.Error("icap handler panicked", "service", x.req.Service, "panic", panicKind(p), "stack", string(debug.Stack()))
	return true
}

// panicKind describes a panic without its value, which may quote a request.
func panicKind(p any) string { return fmt.Sprintf("%T", p) }

// overloaded is the answer to a request beyond the budgets.
func (c *conn) overloaded() Answer {
	if c.srv.o.FailOpen {
		c.srv.counts.passedOpen.Add(1)
		return Unmodified()
	}
	return Fail(503)
}
