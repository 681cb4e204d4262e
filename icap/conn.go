package icap

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// The states of a connection, as Shutdown sees them.
const (
	connIdle uint32 = iota // between requests
	connBusy               // a request has begun
	connDead
)

// conn is one client connection, served by one goroutine. Between requests it holds no
// buffer: an [exchange] is taken when bytes arrive and given back when they are answered.
type conn struct {
	srv      *Server
	nc       net.Conn
	raw      syscall.RawConn // nil where bytes do not come straight from a socket (TLS)
	overload bool            // over the connection budget: every request gets the overload answer
	relaying bool            // a body passes through, as slowly as its reader likes
	resting  bool            // waiting in a goroutine that has done nothing else
	state    atomic.Uint32
	call     atomic.Pointer[callContext] // of the running handler

	x       *exchange
	target  []byte // where tryRead puts bytes
	n       int    // result of tryRead
	err     error
	tryHead func(fd uintptr) bool // method values, made once
	tryBody func(fd uintptr) bool
	clock   time.Duration // read after each wait; close enough for deadlines and the Date
	readBy  time.Duration // armed deadlines, on the server's clock; 0: none
	writeBy time.Duration
}

// exchange is what a request needs while it is being answered.
type exchange struct {
	in       *block // bytes received: in.data[r:w]; r is the first byte of the current request
	r, w     int
	out      []byte // bytes to send
	head     icapHead
	req      Request
	body     Body
	original []byte // the head that an echo sends back
	edit     []byte // scratch for a spliced head
	closing  bool   // the connection ends with this answer
	starved  bool   // no memory for the preview: answered without asking the handler
	ctx      *callContext
	vec      net.Buffers
	vecs     [3][]byte
}

func newConn(s *Server, nc net.Conn) *conn {
	c := &conn{srv: s, nc: nc, resting: true, clock: s.now()}
	if sc, ok := nc.(syscall.Conn); ok && pollable {
		if raw, err := sc.SyscallConn(); err == nil {
			c.raw = raw
			c.tryHead, c.tryBody = c.tryReadHead, c.tryReadBody
		}
	}
	return c
}

// serve answers requests until the connection ends. A goroutine that has answered one has
// a stack of several pages; when its connection stays idle it leaves the waiting to a new
// one, which needs the smallest stack there is. What waits is kept shallow for that.
func (c *conn) serve() {
	for {
		err := c.idle()
		if errors.Is(err, errResting) {
			go c.serve()
			return
		}
		for err == nil && c.pending() {
			if err = c.next(); err == nil {
				err = c.answer()
			}
		}
		if err != nil {
			c.close(err)
			return
		}
	}
}

// pending reports whether bytes are there that are not answered yet.
func (c *conn) pending() bool { return c.x != nil && c.x.r < c.x.w }

// close ends the connection for the reason err.
func (c *conn) close(err error) {
	c.end(err)
	c.putExchange()
	c.state.Store(connDead)
	c.nc.Close()
	c.srv.gone(c)
}

// start is the connection's first function.
func (c *conn) start() {
	if t, ok := c.nc.(*tls.Conn); ok {
		if err := c.handshake(t); err != nil {
			c.close(err)
			return
		}
	}
	c.serve()
}

// handshake completes TLS within the time of a head.
func (c *conn) handshake(t *tls.Conn) error {
	ctx, cancel := context.WithTimeout(context.Background(), c.srv.o.HeadTime)
	defer cancel()
	if err := t.HandshakeContext(ctx); err != nil {
		c.srv.o.Log.Debug("icaps handshake", "client", c.nc.RemoteAddr(), "error", err)
		return errClosed
	}
	return nil
}

// end says goodbye: an error answer where one is due, and a close that lets it arrive.
func (c *conn) end(err error) {
	var r *refusal
	switch {
	case errors.As(err, &r):
		c.srv.counts.hit(r.limit)
		level := slog.LevelDebug
		if r.status == 404 || r.status == 405 { // a mistake in the client's settings
			level = c.srv.misled.level(c.srv.now())
		}
		c.srv.o.Log.Log(context.Background(), level, "icap request refused", "client", c.nc.RemoteAddr(), "status", r.status, "error", r.why)
		c.refuse(r)
	case errors.Is(err, errFinished):
		if c.flush() == nil {
			c.linger()
		}
	default:
		c.flush() // answers of pipelined requests before the one that broke off
	}
}

// linger closes our side and waits a little for the client's, so that a reset does not
// overtake the last answer.
func (c *conn) linger() {
	half, ok := c.nc.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	c.nc.SetReadDeadline(time.Now().Add(lingerTime))
	b := c.srv.blocks.get(baseBlock)
	defer c.srv.blocks.put(b)
	for left := int64(lingerBytes); left > 0; {
		n, err := c.nc.Read(b.data)
		if err != nil {
			return
		}
		left -= int64(n)
	}
}

const (
	lingerTime  = 500 * time.Millisecond
	lingerBytes = 32 << 20
)

// closeIfIdle is called by Shutdown.
func (c *conn) closeIfIdle() {
	if c.state.CompareAndSwap(connIdle, connDead) {
		c.nc.Close()
	}
}

// abort is called when the drain has run out of time.
func (c *conn) abort() {
	c.state.Store(connDead)
	if call := c.call.Load(); call != nil {
		call.cancel(context.Canceled)
	}
	c.nc.Close()
}

// getExchange returns the connection's exchange; a fresh one, with room for size bytes,
// if it has none.
func (c *conn) getExchange(size int) *exchange {
	if c.x == nil {
		x, ok := c.srv.free.Get().(*exchange)
		if !ok {
			x = &exchange{}
		}
		x.in = c.srv.blocks.get(size)
		c.x = x
	}
	return c.x
}

// putExchange gives the exchange back. Nothing in it is waiting.
func (c *conn) putExchange() {
	x := c.x
	if x == nil {
		return
	}
	c.x = nil
	c.srv.blocks.put(x.in)
	x.in, x.r, x.w, x.out = nil, 0, 0, x.out[:0]
	if cap(x.out) > 2*baseBlock {
		x.out = nil
	}
	x.edit, x.original = nil, nil
	x.head = icapHead{} // one by one: a temporary of them all would grow the stack
	x.req = Request{}
	x.body = Body{}
	c.srv.free.Put(x)
}

// restAfter is how long a connection must be idle to be left to a goroutine of its own.
const restAfter = time.Second

// patience is how long to wait for a request.
func (c *conn) patience() time.Duration {
	if c.raw == nil || c.resting || c.srv.o.Idle <= c.srv.rest {
		c.resting = true
		return c.srv.o.Idle
	}
	return c.srv.rest
}

// idle waits for the first byte of a request.
func (c *conn) idle() error {
	if err := c.flush(); err != nil {
		return err
	}
	if x := c.x; x != nil {
		x.r, x.w = 0, 0
		if c.raw == nil || len(x.in.data) != baseBlock {
			c.putExchange()
		}
	}
	c.armRead(c.patience())
	if !c.state.CompareAndSwap(connBusy, connIdle) && c.state.Load() != connIdle || c.srv.draining.Load() {
		return errFinished
	}
	if err := c.receive(); err != nil {
		if c.raw != nil && !c.resting && errors.Is(err, os.ErrDeadlineExceeded) {
			c.resting = true
			c.tick()
			return errResting
		}
		return errClosed
	}
	c.resting = false
	c.tick()
	if !c.state.CompareAndSwap(connIdle, connBusy) {
		return errClosed
	}
	return nil
}

// tick reads the clock and returns the time since it was last read.
func (c *conn) tick() (since time.Duration) {
	now := c.srv.now()
	since, c.clock = now-c.clock, now
	return since
}

// receive appends at least one byte to the exchange's input. If it has to wait, it sends
// what is to be sent first, and parks without a large buffer. Positions in the input are
// relative to x.r, which it may move.
func (c *conn) receive() error {
	if c.raw == nil {
		if err := c.flush(); err != nil {
			return err
		}
		x := c.x
		if x == nil {
			x = c.getExchange(4 * smallBlock)
		} else {
			x = c.unpark()
		}
		n, err := c.nc.Read(x.in.data[x.w:])
		return c.received(n, err)
	}
	if err := c.raw.Read(c.tryHead); err != nil {
		return err
	}
	return c.received(c.n, c.err)
}

func (c *conn) received(n int, err error) error {
	if n > 0 {
		c.x.w += n
		c.srv.counts.bytesIn.Add(int64(n))
		return nil
	}
	if err == nil {
		err = io.EOF
	}
	return err
}

// park gives back what a connection that has to wait does not need.
func (c *conn) park() {
	x := c.x
	have := x.w - x.r
	switch {
	case have == 0:
		c.putExchange()
	case len(x.in.data) == baseBlock && have <= 4*smallBlock:
		b := c.srv.blocks.get(have + 1)
		copy(b.data, x.in.data[x.r:x.w])
		c.srv.blocks.put(x.in)
		x.in, x.r, x.w = b, 0, have
	}
}

// unpark makes sure of room to read into.
func (c *conn) unpark() *exchange {
	x := c.getExchange(baseBlock)
	if len(x.in.data) < baseBlock {
		b := c.srv.blocks.get(baseBlock)
		copy(b.data, x.in.data[:x.w])
		c.srv.blocks.put(x.in)
		x.in = b
	}
	return x
}

// readInto receives into p, which does not belong to the exchange's input.
func (c *conn) readInto(p []byte) (n int, err error) {
	if c.raw == nil {
		n, err = c.nc.Read(p)
	} else {
		c.target = p
		if err = c.raw.Read(c.tryBody); err == nil {
			n, err = c.n, c.err
		}
		c.target = nil
	}
	if n > 0 {
		c.srv.counts.bytesIn.Add(int64(n))
		return n, nil
	}
	if err == nil {
		err = io.EOF
	}
	return 0, err
}

// Deadlines are armed lazily: a timer is touched only when the armed one is off by more
// than a quarter, so that a busy connection sets none.

func (c *conn) armRead(d time.Duration) {
	now := c.clock
	if left := c.readBy - now; c.readBy != 0 && left >= d && left <= d+d/4 {
		return
	}
	c.readBy = now + d + d/4
	c.nc.SetReadDeadline(c.srv.epoch.Add(c.readBy))
}

func (c *conn) armWrite(d time.Duration) {
	now := c.clock
	if left := c.writeBy - now; c.writeBy != 0 && left >= d && left <= d+d/4 {
		return
	}
	c.writeBy = now + d + d/4
	c.nc.SetWriteDeadline(c.srv.epoch.Add(c.writeBy))
}

// readUntil arms the read deadline at a point in time.
func (c *conn) readUntil(at time.Duration) {
	if c.readBy != at {
		c.readBy = at
		c.nc.SetReadDeadline(c.srv.epoch.Add(at))
	}
}
