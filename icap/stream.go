package icap

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"
)

const (
	// heartbeat is how long a message that passes may be silent before the client gets a sign
	// of life: Squid gives up after icap_io_timeout, and a model may think for longer.
	heartbeat = 15 * time.Second
	// maxSilence is when nothing more can be meant to come: proxies give up on the origin
	// long before.
	maxSilence = time.Hour
)

// sendCounted lets the message pass and counts its body. What is still to come is sent back
// piece by piece, as it arrives: the client gets the head at once, and a stream is not
// delayed. One block of memory is held, however long the body.
func (c *conn) sendCounted(a *Answer) error {
	b := &c.x.body
	var err error
	if !b.has || b.stage == bodyComplete {
		err = c.sendUnmodified(a)
	} else {
		err = c.relay(a)
	}
	if e := c.flush(); err == nil {
		err = e
	}
	c.tell(a.counted, b.dec.total)
	return err
}

// tell reports the number of bytes when nobody waits for it any more.
func (c *conn) tell(counted func(int64), n int64) {
	if counted == nil {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			c.srv.counts.panics.Add(1)
			c.srv.o.Log.Error("icap handler panicked", "service", c.x.req.Service, "panic", panicKind(p), "stack", string(debug.Stack()))
		}
	}()
	counted(n)
}

// relay answers 200 with the message as it came, while it comes.
func (c *conn) relay(a *Answer) error {
	x := c.x
	b := &x.body
	if b.stage == bodyPreviewed { // the request to go on leaves together with the answer's head
		b.stage, b.continued = bodyFlowing, true
		b.dec.again()
		c.srv.counts.continues.Add(1)
		x.out = append(x.out, "ICAP/1.0 100 Continue\r\n\r\n"...)
	}
	c.sendHead(200, a, x.original, true)
	if len(b.preview) > 0 {
		if err := c.writeChunk(b.preview); err != nil {
			return err
		}
	}
	c.relaying = true
	defer func() { c.relaying = false }()
	if b.scratch == nil {
		b.scratch = c.srv.blocks.get(baseBlock)
	}
	b.v.start, b.v.end = b.v.r, b.v.r
	for {
		done, err := b.dec.decode(b.buf, &b.v)
		if err != nil {
			return errors.Join(errClosed, err) // too late for another answer
		}
		if b.v.end > b.v.start {
			if err := c.writeChunk(b.buf[b.v.start:b.v.end]); err != nil {
				return err
			}
		}
		if done {
			break
		}
		if err := c.flush(); err != nil {
			return err
		}
		b.v = window{w: copy(b.scratch.data, b.buf[b.v.r:b.v.w])}
		b.buf = b.scratch.data
		if err := b.await(); err != nil {
			return err
		}
	}
	b.stage = bodyComplete
	x.out = append(x.out, "0\r\n"...)
	if x.head.trailers {
		x.out = append(x.out, b.dec.trailer...)
	}
	x.out = append(x.out, crlf...)
	return nil
}

// await receives the next bytes of a body that is relayed, however long they take. A sign of
// life is the first digit of the next chunk's size, which may have any number of zeros before
// it (RFC 9112 §7.1: chunk-size = 1*HEXDIG).
func (b *Body) await() error {
	c := b.conn
	for began := c.srv.now(); ; {
		c.tick()
		c.armRead(c.srv.beat)
		n, err := c.readInto(b.buf[b.v.w:])
		b.v.w += n
		switch {
		case err == nil:
			c.tick()
			return nil
		case !errors.Is(err, os.ErrDeadlineExceeded), c.srv.now()-began > maxSilence:
			return fmt.Errorf("%w: read: %w", errClosed, err)
		}
		c.x.out = append(c.x.out, '0')
		if err := c.flush(); err != nil {
			return err
		}
	}
}
