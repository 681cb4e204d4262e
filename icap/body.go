package icap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"
)

type bodyStage uint8

const (
	bodyComplete  bodyStage = iota // all of it has been received
	bodyPreviewed                  // the client waits to be told whether to continue
	bodyFlowing                    // more is coming
)

// Body is the body of an encapsulated message. It is used by one goroutine.
type Body struct {
	conn    *conn // nil: made by NewBody
	has     bool
	stage   bodyStage
	preview []byte
	dec     dechunker
	buf     []byte // what v is about: the connection's input from the message on, the store, or the scratch
	v       window
	store   *block
	scratch *block
	content Content
	toFile  bool  // the body is known to be large
	read    bool  // ReadAll has run
	err     error // its error
	broken  error // the connection cannot go on after this

	continued bool // 100 Continue was sent
	armed     bool
	marked    int64
}

// NewBody returns a complete body that holds data (nil: no body), for tests and for
// tools that replay requests.
func NewBody(data []byte) *Body {
	return &Body{has: data != nil, preview: data}
}

// None reports whether the message has no body at all (null-body).
func (b *Body) None() bool { return !b.has }

// Preview returns the bytes that came with the preview (RFC 3507 §4.5), or up to 64 KiB
// or a little more of a body that came without one. When [Body.Complete] is true they
// are the whole body.
func (b *Body) Preview() []byte { return b.preview }

// Complete reports whether the whole body has been received.
func (b *Body) Complete() bool { return b.stage == bodyComplete }

// ReadAll receives the rest of the body, asking the client to continue when needed,
// and returns all of it from the first byte on. Bodies over the memory threshold are
// spilled to a temporary file that the engine removes. Errors wrap [ErrTooLarge],
// [ErrBusy], [ErrClient] or the context's error; the bytes received until then are in
// the returned Content, so that they can be scanned. Further calls return the same.
//
// The time that receiving takes does not count against the handler's deadline. A context
// derived with a timeout of its own, though, runs on: derive it afterwards.
func (b *Body) ReadAll(ctx context.Context) (*Content, error) {
	if b.read {
		return &b.content, b.err
	}
	b.read = true
	if b.stage == bodyComplete {
		b.content = Content{mem: b.preview, size: int64(len(b.preview))}
		return &b.content, nil
	}
	if call := b.conn.x.ctx; call != nil && b.conn.call.Load() == call {
		call.pause()
		defer call.resume()
	}
	stop := b.interruptible(ctx)
	b.err = b.receiveRest(ctx)
	stop()
	b.seal()
	return &b.content, b.err
}

// interruptible lets the end of ctx break off a read. The connection's own context needs
// no help: its clock stands still, and a drain closes the connection.
func (b *Body) interruptible(ctx context.Context) (stop func()) {
	if _, own := ctx.(*callContext); own || ctx.Done() == nil {
		return func() {}
	}
	c, fired := b.conn, make(chan struct{})
	off := context.AfterFunc(ctx, func() {
		c.nc.SetReadDeadline(time.Unix(1, 0))
		close(fired)
	})
	return func() {
		if !off() {
			<-fired
			c.readBy = 0
		}
	}
}

// receiveRest receives until the end of the body or until a budget is spent.
func (b *Body) receiveRest(ctx context.Context) error {
	started := b.conn.clock
	defer func() { b.conn.srv.counts.phases[phaseBody].observe(b.conn.clock - started) }()
	if err := b.proceed(); err != nil {
		return err
	}
	if err := b.useStore(); err != nil {
		return err
	}
	if done, err := b.leaveInput(); done || err != nil {
		if done {
			b.stage = bodyComplete
		}
		return err
	}
	for {
		done, err := b.dec.decode(b.buf, &b.v)
		if err != nil {
			return b.broke(err)
		}
		if done {
			b.stage = bodyComplete
			return nil
		}
		if err := b.storeRoom(); err != nil {
			return err
		}
		if err := b.receiveStore(ctx); err != nil {
			return err
		}
	}
}

// proceed asks the client for what follows the preview.
func (b *Body) proceed() error {
	c := b.conn
	if b.stage == bodyPreviewed {
		b.stage, b.continued = bodyFlowing, true
		b.dec.again()
		c.srv.counts.continues.Add(1)
		c.x.out = append(c.x.out, "ICAP/1.0 100 Continue\r\n\r\n"...)
	}
	if err := c.flush(); err != nil {
		return b.broke(err)
	}
	return nil
}

// broke remembers why the connection has to end, and returns it as the handler sees it.
func (b *Body) broke(err error) error {
	b.broken = err
	return fmt.Errorf("%w: %w", ErrClient, err)
}

// receiveStore reads once into the store.
func (b *Body) receiveStore(ctx context.Context) error {
	b.arm()
	n, err := b.conn.readInto(b.buf[b.v.w:])
	b.v.w += n
	if err == nil {
		b.conn.tick()
		return nil
	}
	if ctx != nil && ctx.Err() != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		b.armed = false
		return fmt.Errorf("icap: receive body: %w", ctx.Err())
	}
	err = readError(err, limitBodyTime)
	return b.broke(err)
}

// Content is a received body, in memory or in a temporary file.
type Content struct {
	file     *os.File
	fileSize int64
	mem      []byte // all of it, or what follows the file's bytes
	size     int64
}

// release closes the file and gives its bytes back to the spill budget.
func (c *Content) release(s *Server) {
	if c.file == nil {
		return
	}
	c.file.Close()
	if runtime.GOOS == "windows" { // elsewhere it lost its name when it was made
		os.Remove(c.file.Name())
	}
	s.spill.give(c.fileSize)
	*c = Content{}
}

// Size returns the number of bytes.
func (c *Content) Size() int64 { return c.size }

// Bytes returns the body when it is in memory; ok is false for a spilled one.
func (c *Content) Bytes() (data []byte, ok bool) {
	if c.file != nil {
		return nil, false
	}
	return c.mem, true
}

// ReadAt implements io.ReaderAt for both kinds. It may be called from several goroutines.
func (c *Content) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("icap: negative offset")
	}
	n := 0
	if off < c.fileSize && len(p) > 0 {
		m, err := c.file.ReadAt(p[:min(int64(len(p)), c.fileSize-off)], off)
		if err != nil && !errors.Is(err, io.EOF) {
			return m, fmt.Errorf("read spilled body: %w", err)
		}
		n, off = m, off+int64(m)
	}
	if n < len(p) && off >= c.fileSize && off < c.size {
		n += copy(p[n:], c.mem[off-c.fileSize:])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
