package icap

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"time"
)

// eager is how much of a body that comes without a preview is received before the
// handler is asked, so that it sees as much as a preview would have shown.
const eager = 64 << 10

// next receives a request: its heads, and its body up to the end of the preview.
func (c *conn) next() error {
	started := c.clock
	c.x.closing, c.x.starved = false, false
	c.x.head = icapHead{}
	n, err := c.readHead(started)
	if err != nil {
		return err
	}
	x := c.x
	if err := x.head.parse(x.in.data[x.r:x.r+n], c.srv.services); err != nil {
		return err
	}
	if x.head.encap.length() > int64(c.srv.o.HTTPLimit) {
		return overLimit(limitHTTP, 413, "encapsulated header over the limit")
	}
	end := n + int(x.head.encap.length())
	for c.x.w-c.x.r < end {
		if err := c.more(started); err != nil {
			return err
		}
	}
	complete := c.clock
	c.srv.counts.phases[phaseHead].observe(complete - started)
	x = c.x
	x.body = Body{}
	x.body.conn = c
	x.body.v = window{start: end, end: end, r: end, w: x.w - x.r}
	if k := x.head.encap.body; k != nullBody && k != noSection {
		x.body.has = true
		if err := x.body.receiveFirst(); err != nil {
			return err
		}
		c.srv.counts.phases[phaseBody].observe(c.clock - complete)
	}
	return c.assemble(n)
}

// readHead receives a whole ICAP head and returns its length.
func (c *conn) readHead(started time.Duration) (n int, err error) {
	for from := 0; ; {
		x := c.x
		b := x.in.data[x.r:x.w]
		for bytes.HasPrefix(b, crlf) { // RFC 9112 §2.2: a server ignores empty lines
			b, from = b[2:], 0
			x.r += 2
		}
		i := bytes.Index(b[from:], crlfcrlf)
		n = from + i + 4
		switch {
		case i >= 0 && n <= c.srv.o.HeaderLimit:
			return n, nil
		case i >= 0 || len(b) > c.srv.o.HeaderLimit:
			return 0, overLimit(limitHeader, 413, "ICAP header over the limit")
		case hopeless(b):
			return 0, refuse(400, "not an ICAP request")
		}
		from = max(0, len(b)-3)
		if err := c.more(started); err != nil {
			return 0, err
		}
	}
}

// more receives more of a head, within the time that a head has.
func (c *conn) more(started time.Duration) error {
	if !c.room(nil, 0) {
		return overLimit(limitMemory, 503, "memory budget spent")
	}
	c.readUntil(started + c.srv.o.HeadTime)
	if err := c.receive(); err != nil {
		return readError(err, limitHeadTime)
	}
	c.tick()
	return nil
}

// readError turns a network error into what the connection ends with.
func readError(err error, l limit) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return overLimit(l, 408, "client too slow: "+limitNames[l])
	}
	return fmt.Errorf("%w: read: %w", errClosed, err)
}

// room makes sure that more bytes can be received. Where v is given, bytes that decoding
// has freed are used first. more is how many are expected, if that is known. It fails when
// the memory budget is spent.
func (c *conn) room(v *window, more int) bool {
	x := c.x
	free := len(x.in.data) - x.w
	if v != nil && v.r > v.end && free < len(x.in.data)/4 {
		buf := x.in.data[x.r:]
		gap := v.r - v.end
		copy(buf[v.end:], buf[v.r:v.w])
		v.r, v.w, x.w = v.r-gap, v.w-gap, x.w-gap
		free += gap
	}
	if free > 0 && (v == nil || free >= len(x.in.data)/8) {
		return true
	}
	if x.r > 0 {
		x.w = copy(x.in.data, x.in.data[x.r:x.w])
		x.r = 0
		return true
	}
	b := c.srv.blocks.get(max(2*len(x.in.data), x.w+more))
	if b == nil {
		return false
	}
	copy(b.data, x.in.data[:x.w])
	c.srv.blocks.put(x.in)
	x.in = b
	return true
}

// assemble points the request that the handler sees at the received bytes, which from
// here on stay where they are. n is the length of the ICAP head.
func (c *conn) assemble(n int) (err error) {
	x := c.x
	h, b := &x.head, x.in.data[x.r:]
	r := &x.req
	*r = Request{}
	r.Method, r.Service, r.URI, r.RemoteAddr = h.method, h.service.Path, h.uri.of(b), c.nc.RemoteAddr()
	r.Header.raw, r.Body = h.fields.of(b), &x.body
	x.body.buf, x.body.preview = b, b[x.body.v.start:x.body.v.end]
	mid, end := n+int(h.encap.reqLen), n+int(h.encap.length())
	if mid > n {
		if r.HTTP, err = parseRequestHead(b[n:mid]); err != nil {
			return err
		}
	}
	if end > mid {
		if r.Response, err = parseResponseHead(b[mid:end]); err != nil {
			return err
		}
	}
	x.original = b[n:end]
	if h.method == MethodRespmod {
		x.original = b[mid:end]
	}
	return nil
}

// receiveFirst receives the preview, or the first part of a body that has none.
func (b *Body) receiveFirst() error {
	c := b.conn
	h := &c.x.head
	for {
		done, err := b.dec.decode(c.x.in.data[c.x.r:], &b.v)
		switch {
		case err != nil:
			return err
		case h.preview != noPreview && b.dec.total > h.preview:
			return refuse(400, "preview longer than announced")
		case b.dec.total > maxPreview:
			return overLimit(limitPreview, 413, "preview over the limit")
		case done && h.preview != noPreview && !b.dec.ieof:
			b.stage = bodyPreviewed
			return nil
		case done:
			b.stage = bodyComplete
			return nil
		case h.preview == noPreview && b.dec.total >= eager:
			b.stage = bodyFlowing
			return nil
		}
		if !c.room(&b.v, int(min(b.dec.left, eager))+maxChunkLine) {
			c.srv.counts.hit(limitMemory)
			c.x.starved, b.stage = true, bodyFlowing
			return nil
		}
		b.arm()
		if err := c.receive(); err != nil {
			return readError(err, limitBodyTime)
		}
		c.tick()
		b.v.w = c.x.w - c.x.r
	}
}

// minProgress is what a body must grow by, within BodyTime, to count as progress: a
// client that sends single bytes to hold a connection does not get far.
const minProgress = 1 << 10

// arm sets the deadline for the next bytes of the body.
func (b *Body) arm() {
	if !b.armed || b.dec.total-b.marked >= minProgress {
		b.armed, b.marked = true, b.dec.total
		b.conn.armRead(b.conn.srv.o.BodyTime)
	}
}
