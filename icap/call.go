package icap

import (
	"fmt"
	"runtime/debug"
)

// handle calls the handler, or answers in its place when budgets are spent.
func (c *conn) handle() (a Answer) {
	x := c.x
	if c.overload || x.starved {
		return c.overloaded()
	}
	if x.ctx == nil {
		x.ctx = &callContext{}
	}
	x.ctx.conn = c
	x.ctx.start(c.srv.o.Deadline)
	c.call.Store(x.ctx)
	defer func() {
		c.call.Store(nil)
		if !x.ctx.finish() {
			x.ctx = nil
		}
		if p := recover(); p != nil {
			c.srv.counts.panics.Add(1)
			c.srv.o.Log.Error("icap handler panicked", "service", x.req.Service, "panic", panicKind(p), "stack", string(debug.Stack()))
			a = Fail(500)
		}
	}()
	return x.head.service.Handler.ServeICAP(x.ctx, &x.req)
}

// panicKind describes a panic without its value, which may quote a request.
func panicKind(p any) string {
	if err, ok := p.(interface{ RuntimeError() }); ok {
		return fmt.Sprintf("%T", err)
	}
	return fmt.Sprintf("%T", p)
}

// overloaded is the answer to a request beyond the budgets.
func (c *conn) overloaded() Answer {
	if c.srv.o.FailOpen {
		c.srv.counts.passedOpen.Add(1)
		return Unmodified()
	}
	return Fail(503)
}
