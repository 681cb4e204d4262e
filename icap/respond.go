package icap

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
)

// answer asks the handler and sends what it decides.
func (c *conn) answer() error {
	x, srv := c.x, c.srv
	if x.head.method == MethodOptions {
		c.answerOptions()
		return c.finish(false)
	}
	a := c.handle()
	srv.counts.phases[phaseHandler].observe(c.tick())
	err := x.body.broken
	if err == nil {
		err = c.send(&a)
	}
	a.release(srv)
	if err != nil {
		x.body.release()
		return err
	}
	return c.finish(c.overload)
}

// finish ends a request whose answer is on its way, and leaves the connection at the
// first byte behind it.
func (c *conn) finish(closing bool) error {
	x := c.x
	b := &x.body
	defer b.release()
	if len(x.out) > copyLimit { // pipelined answers must not pile up
		if err := c.flush(); err != nil {
			return err
		}
	}
	if closing || x.closing || b.stage == bodyFlowing {
		return errFinished
	}
	rest := b.buf[b.v.r:b.v.w]
	if &b.buf[0] == &x.in.data[x.r] {
		x.r += b.v.r
		return nil
	}
	if len(rest) > len(x.in.data) {
		bigger := c.srv.blocks.get(len(rest))
		if bigger == nil {
			c.srv.counts.hit(limitMemory)
			return errFinished
		}
		c.srv.blocks.put(x.in)
		x.in = bigger
	}
	x.r, x.w = 0, copy(x.in.data, rest)
	return nil
}

func (c *conn) send(a *Answer) error {
	switch a.kind {
	case kindUnmodified:
		return c.sendUnmodified(a)
	case kindModified:
		return c.sendModified(a)
	case kindResponse:
		return c.sendResponse(a)
	case kindError:
		return c.sendError(a)
	case kindCounted:
		return c.sendCounted(a)
	}
	return refuse(500, "unknown kind of answer")
}

// inPreview reports whether the client may still be answered as RFC 3507 §4.5 says for
// previews: 204 is then legal whatever Allow says.
func (x *exchange) inPreview() bool {
	return x.head.preview != noPreview && !x.body.continued
}

// mayKeep reports whether the client can be told to take its original body (206). Once the
// whole body was in the preview, Squid takes 206 for an answer outside it, which needs
// "Allow: 204, 206"; a request of unknown length, which has no 204 there, fails otherwise.
func (x *exchange) mayKeep() bool {
	return x.body.has && x.inPreview() && x.head.allow206 && (x.body.stage == bodyPreviewed || x.head.allow204)
}

// discard receives what the client is still sending, so that it reads the answer. What
// waits behind a preview is not asked for.
func (b *Body) discard() error {
	if b.stage != bodyFlowing {
		return nil
	}
	return b.drop()
}

// drop receives the rest of the body, bounded, asking for it if needed.
func (b *Body) drop() error {
	left := max(b.conn.srv.o.Spill, 1<<30)
	err := b.flow(func(p []byte) error {
		if left -= int64(len(p)); left < 0 {
			return overLimit(limitBody, 413, "rest of the body over the limit")
		}
		return nil
	})
	return wireError(b, err)
}

// wireError returns the error that the connection ends with.
func wireError(b *Body, err error) error {
	if err != nil && b.broken != nil {
		return b.broken
	}
	return err
}

func (c *conn) sendUnmodified(a *Answer) error {
	x := c.x
	if x.head.allow204 || x.inPreview() {
		if err := x.body.discard(); err != nil {
			return err
		}
		c.begin(204, a)
		c.encapsulate(noSection, 0, nullBody)
		return nil
	}
	return c.sendOriginal(a, x.original)
}

// sendOriginal answers 200 with head and the body as it came.
func (c *conn) sendOriginal(a *Answer, head []byte) error {
	b := &c.x.body
	if !b.has {
		c.sendHead(200, a, head, false)
		return nil
	}
	if err := b.hold(); err != nil {
		return err
	}
	c.sendHead(200, a, head, true)
	return c.writeOriginal(0)
}

// hold receives the whole body, or what the budgets have room for: a client may not read
// before it has sent everything.
func (b *Body) hold() error {
	if b.stage == bodyComplete {
		return nil
	}
	if _, err := b.ReadAll(context.Background()); err != nil && b.broken != nil {
		return b.broken
	}
	return nil
}

func (c *conn) sendModified(a *Answer) error {
	x, m := c.x, &a.mod
	base := x.original
	if m.head != nil {
		base = m.head
	}
	if !m.ReplaceBody {
		x.edit = splice(x.edit[:0], base, m, unsized, x.head.service.Via)
		if x.mayKeep() {
			return c.sendPartial(a, x.edit, Content{}, 0)
		}
		return c.sendOriginal(a, x.edit)
	}
	if m.keep && x.body.has {
		return c.sendKept(a, base)
	}
	body := m.body()
	if err := x.body.discard(); err != nil {
		return err
	}
	x.edit = splice(x.edit[:0], base, m, body.size, x.head.service.Via)
	if x.mayKeep() && x.body.Complete() {
		if n := sameTail(x.body.preview, body.mem); n >= minKept && body.file == nil {
			body.mem = body.mem[:len(body.mem)-n]
			return c.sendPartial(a, x.edit, body, int64(len(x.body.preview)-n))
		}
	}
	has := x.body.has || body.size > 0
	c.sendHead(200, a, x.edit, has)
	if !has {
		return nil
	}
	return c.writeContent(&body, 0, chunkEnds)
}

// sendKept answers with what was written, followed by a part of the original body.
func (c *conn) sendKept(a *Answer, base []byte) error {
	x, m := c.x, &a.mod
	b, body := &x.body, m.body()
	if x.mayKeep() {
		length := int64(unsized)
		if n, ok := number(Header{raw: base}.Get("Content-Length")); ok && n >= m.original {
			length = body.size + n - m.original
		}
		x.edit = splice(x.edit[:0], base, m, length, x.head.service.Via)
		return c.sendPartial(a, x.edit, body, m.original)
	}
	content, err := b.ReadAll(context.Background())
	switch {
	case b.broken != nil:
		return b.broken
	case err != nil:
		return refuse(503, "no room to keep the original body")
	case m.original > content.size:
		return refuse(500, "use-original-body behind the end of the body")
	}
	x.edit = splice(x.edit[:0], base, m, body.size+content.size-m.original, x.head.service.Via)
	c.sendHead(200, a, x.edit, true)
	if err := c.writeContent(&body, 0, crlf); err != nil {
		return err
	}
	return c.writeOriginal(m.original)
}

// minKept is what a 206 must save to be worth it where the body was replaced.
const minKept = 1 << 10

// sameTail returns how many bytes a and b have in common at their ends.
func sameTail(a, b []byte) (n int) {
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return n
}

// sendPartial answers 206: head, the new start of the body, and the offset from which
// the client takes the original.
func (c *conn) sendPartial(a *Answer, head []byte, body Content, from int64) error {
	c.sendHead(206, a, head, true)
	if err := c.writeContent(&body, 0, crlf); err != nil {
		return err
	}
	x := c.x
	x.out = append(x.out, "0; use-original-body="...)
	x.out = strconv.AppendInt(x.out, from, 10)
	x.out = append(x.out, crlfcrlf...)
	return nil
}

// sendHead appends the ICAP head of an answer that carries a message, and its HTTP head.
func (c *conn) sendHead(status int, a *Answer, head []byte, hasBody bool) {
	hdr, kind := reqHdr, reqBody
	if c.x.head.method == MethodRespmod {
		hdr, kind = resHdr, resBody
	}
	if len(head) == 0 {
		hdr = noSection
	}
	if !hasBody {
		kind = nullBody
	}
	c.begin(status, a)
	c.encapsulate(hdr, len(head), kind)
	c.x.out = append(c.x.out, head...)
}

// writeOriginal echoes the body from an offset on: what is held, what is still to come,
// and the trailer.
func (c *conn) writeOriginal(from int64) error {
	x := c.x
	b := &x.body
	held := Content{mem: b.preview, size: int64(len(b.preview))}
	if b.read {
		held = b.content
	}
	if b.stage == bodyComplete && len(b.dec.trailer) == 0 {
		return c.writeContent(&held, from, chunkEnds)
	}
	if err := c.writeContent(&held, from, crlf); err != nil {
		return err
	}
	if b.stage != bodyComplete {
		if err := wireError(b, b.flow(c.writeChunk)); err != nil {
			return errors.Join(errClosed, err) // too late for another answer
		}
	}
	x.out = append(x.out, "0\r\n"...)
	if x.head.trailers {
		x.out = append(x.out, b.dec.trailer...)
	}
	x.out = append(x.out, crlf...)
	return nil
}

// sendResponse answers with an HTTP response. A request's body is received to its end
// first: a client that is still sending would lose the message (and Squid with it).
func (c *conn) sendResponse(a *Answer) error {
	x, r := c.x, &a.resp
	drain := x.body.discard
	if x.head.method == MethodReqmod && x.body.stage != bodyComplete {
		drain = x.body.drop
	}
	if err := drain(); err != nil {
		return err
	}
	x.edit = append(x.edit[:0], "HTTP/1.1 "...)
	x.edit = strconv.AppendInt(x.edit, int64(r.Status), 10)
	x.edit = append(append(append(x.edit, ' '), http.StatusText(r.Status)...), crlf...)
	x.edit = appendFields(x.edit, r.Header, isMessageFraming)
	body := r.body()
	x.edit = append(appendLength(x.edit, body.size), crlf...)
	kind := resBody
	if body.size == 0 || string(x.req.HTTP.Method) == http.MethodHead {
		kind = nullBody
	}
	c.begin(200, a)
	c.encapsulate(resHdr, len(x.edit), kind)
	x.out = append(x.out, x.edit...)
	if kind == nullBody {
		return nil
	}
	return c.writeContent(&body, 0, chunkEnds)
}

// sendError answers with an ICAP error. A body that is still coming is not waited for:
// the connection is closed instead.
func (c *conn) sendError(a *Answer) error {
	status := a.status
	if status < 400 || status > 599 {
		status = 500
	}
	if c.x.body.stage == bodyFlowing {
		c.x.closing = true
	}
	c.begin(status, a)
	c.encapsulate(noSection, 0, nullBody)
	return nil
}

// begin appends the status line and the fields that every answer has.
func (c *conn) begin(status int, a *Answer) {
	x := c.x
	c.srv.counts.answered(x.head.method, status)
	x.closing = x.closing || x.head.close || c.overload || c.srv.draining.Load()
	istag := ""
	if a != nil {
		istag = a.istag
	}
	c.statusLine(status, x.head.service, istag)
	if x.closing {
		x.out = append(x.out, "Connection: close\r\n"...)
	}
	if a != nil {
		x.out = appendFields(x.out, a.fields, isICAPFraming)
	}
}

// statusLine appends "ICAP/1.0 204 No Modifications", ISTag and Date.
func (c *conn) statusLine(status int, svc *service, istag string) {
	x := c.x
	x.out = append(x.out, "ICAP/1.0 "...)
	x.out = strconv.AppendInt(x.out, int64(status), 10)
	x.out = append(append(append(x.out, ' '), reason(status)...), crlf...)
	if istag == "" {
		istag = svc.ISTag()
	}
	x.out = appendISTag(x.out, istag)
	x.out = c.srv.appendDate(x.out, c.clock)
}

// encapsulate appends the Encapsulated field (RFC 3507 §4.4.1) and the blank line. n is
// the length of the head section, if there is one.
func (c *conn) encapsulate(head section, n int, body section) {
	out := append(c.x.out, "Encapsulated: "...)
	if head != noSection {
		out = append(append(out, sectionNames[head]...), "=0, "...)
	} else {
		n = 0
	}
	out = append(append(out, sectionNames[body]...), '=')
	out = strconv.AppendInt(out, int64(n), 10)
	c.x.out = append(out, crlfcrlf...)
}

// answerOptions answers OPTIONS (RFC 3507 §4.10.2). While the server drains, it says so.
func (c *conn) answerOptions() {
	x := c.x
	if c.srv.leaving.Load() || c.overload {
		c.begin(503, nil)
	} else if ask, ok := x.head.service.Handler.(optioner); ok {
		a := c.askOptions(ask)
		c.begin(200, &Answer{istag: a.istag})
		x.out = x.head.service.appendOptions(x.out, a.fields)
	} else {
		c.begin(200, nil)
		x.out = append(x.out, x.head.service.options...)
	}
	c.encapsulate(noSection, 0, nullBody)
	if x.body.stage != bodyComplete {
		x.closing = true
	}
}

// refuse answers a request that cannot be served, and hangs up.
func (c *conn) refuse(r *refusal) {
	x := c.getExchange(baseBlock)
	svc := x.head.service
	if svc == nil {
		svc = c.srv.services[0]
	}
	c.srv.counts.answered(x.head.method, r.status)
	c.statusLine(r.status, svc, "")
	x.out = append(x.out, "Connection: close\r\n"...)
	c.encapsulate(noSection, 0, nullBody)
	if c.flush() == nil {
		c.linger()
	}
}

// isICAPFraming reports fields that only the engine sets.
func isICAPFraming(name string) bool {
	return slices.ContainsFunc([]string{"Encapsulated", "ISTag", "Date", "Connection", "Transfer-Encoding", "Content-Length"}, func(s string) bool {
		return equalFoldString([]byte(name), s)
	})
}

// isMessageFraming reports fields of an HTTP response that only the engine sets.
func isMessageFraming(name string) bool {
	return equalFoldString([]byte(name), "Content-Length") || equalFoldString([]byte(name), "Transfer-Encoding")
}
