package icap

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Client speaks to an ICAP server over one persistent connection, which it opens on
// first use and again after an error. It is not safe for concurrent use.
type Client struct {
	Addr    string        // host:port
	TLS     *tls.Config   // nil: plain
	Timeout time.Duration // of one exchange; default 30 s

	nc net.Conn
	br *bufio.Reader
}

// Message is a request to send.
type Message struct {
	Method       Method
	Service      string // "/reqmod"
	Header       []Field
	RequestHead  []byte // the raw HTTP request head with its blank line
	ResponseHead []byte // RESPMOD: the raw HTTP response head with its blank line
	Body         []byte
	HasBody      bool
	Preview      int // bytes to offer as a preview; -1 sends the body at once
	Allow204     bool
	Allow206     bool
}

// Reply is an ICAP response, read whole.
type Reply struct {
	Status       int
	Header       Header
	RequestHead  []byte // encapsulated request head, when the message came back modified or echoed
	ResponseHead []byte // encapsulated response head, when the server answered itself
	Body         []byte
	OriginalFrom int64 // 206: the offset of use-original-body; else -1
	Continued    bool  // the server asked for more than the preview
}

// Options asks what service (a path) offers.
func (c *Client) Options(ctx context.Context, service string) (*Reply, error) {
	return c.Do(ctx, Message{Method: MethodOptions, Service: service, Preview: noPreview})
}

// Do sends m and reads the answer. Its error names the step that failed. A kept
// connection that the server closed meanwhile is replaced without an error.
func (c *Client) Do(ctx context.Context, m Message) (*Reply, error) {
	first, rest := c.encode(&m)
	for {
		kept := c.nc != nil
		if err := c.dial(ctx); err != nil {
			return nil, err
		}
		r, err := c.exchange(ctx, first, rest)
		if err == nil {
			if closes(r.Header) {
				c.Close()
			}
			return r, nil
		}
		c.Close()
		if ctx.Err() != nil {
			return nil, fmt.Errorf("icap exchange: %w", ctx.Err())
		}
		if !kept || !errors.Is(err, errStale) {
			return nil, err
		}
	}
}

// errStale says that a connection ended before the answer began.
var errStale = errors.New("connection closed by the server")

// Close closes the connection.
func (c *Client) Close() error {
	if c.nc == nil {
		return nil
	}
	err := c.nc.Close()
	c.nc, c.br = nil, nil
	return err
}

func (c *Client) dial(ctx context.Context) (err error) {
	if c.nc != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	if c.TLS != nil {
		c.nc, err = (&tls.Dialer{Config: c.TLS}).DialContext(ctx, "tcp", c.Addr)
	} else {
		c.nc, err = (&net.Dialer{}).DialContext(ctx, "tcp", c.Addr)
	}
	if err != nil {
		c.nc = nil
		return fmt.Errorf("dial icap server: %w", err)
	}
	c.br = bufio.NewReaderSize(c.nc, 32<<10)
	return nil
}

func (c *Client) timeout() time.Duration {
	if c.Timeout > 0 {
		return c.Timeout
	}
	return 30 * time.Second
}

// encode returns what is sent at once and what follows 100 Continue (nil: nothing does).
func (c *Client) encode(m *Message) (first, rest []byte) {
	scheme := "icap"
	if c.TLS != nil {
		scheme = "icaps"
	}
	b := fmt.Appendf(nil, "%s %s://%s/%s ICAP/1.0\r\nHost: %s\r\n", m.Method, scheme, c.Addr, strings.TrimPrefix(m.Service, "/"), c.Addr)
	switch {
	case m.Allow204 && m.Allow206:
		b = append(b, "Allow: 204, 206\r\n"...)
	case m.Allow204:
		b = append(b, "Allow: 204\r\n"...)
	case m.Allow206:
		b = append(b, "Allow: 206\r\n"...)
	}
	if m.Preview >= 0 && m.Method != MethodOptions {
		b = fmt.Appendf(b, "Preview: %d\r\n", m.Preview)
	}
	b = appendFields(b, m.Header, isICAPFraming)
	if m.Method != MethodOptions {
		b = m.appendEncapsulated(b)
	}
	b = append(append(append(b, crlf...), m.RequestHead...), m.ResponseHead...)
	switch {
	case !m.HasBody || m.Method == MethodOptions:
		return b, nil
	case m.Preview < 0:
		return append(appendChunk(b, m.Body), "0\r\n\r\n"...), nil
	case len(m.Body) <= m.Preview:
		return append(appendChunk(b, m.Body), "0; ieof\r\n\r\n"...), nil
	}
	b = append(appendChunk(b, m.Body[:m.Preview]), "0\r\n\r\n"...)
	return b, append(appendChunk(nil, m.Body[m.Preview:]), "0\r\n\r\n"...)
}

func (m *Message) appendEncapsulated(b []byte) []byte {
	b = append(b, "Encapsulated: "...)
	if len(m.RequestHead) > 0 {
		b = append(b, "req-hdr=0, "...)
	}
	if len(m.ResponseHead) > 0 {
		b = fmt.Appendf(b, "res-hdr=%d, ", len(m.RequestHead))
	}
	kind := nullBody
	switch {
	case m.HasBody && m.Method == MethodRespmod:
		kind = resBody
	case m.HasBody:
		kind = reqBody
	}
	return fmt.Appendf(b, "%s=%d\r\n", sectionNames[kind], len(m.RequestHead)+len(m.ResponseHead))
}

func appendChunk(b, p []byte) []byte {
	if len(p) == 0 {
		return b
	}
	b = append(strconv.AppendInt(b, int64(len(p)), 16), crlf...)
	return append(append(b, p...), crlf...)
}

// exchange sends a request and reads its answer. It writes while it reads: a server may
// answer before it has everything.
func (c *Client) exchange(ctx context.Context, first, rest []byte) (r *Reply, err error) {
	end := time.Now().Add(c.timeout())
	if d, ok := ctx.Deadline(); ok && d.Before(end) {
		end = d
	}
	nc := c.nc
	if err := nc.SetDeadline(end); err != nil {
		return nil, fmt.Errorf("icap deadline: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { nc.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if r, err = c.roundTrip(first); err != nil || r.Status != 100 {
		return r, err
	}
	if rest == nil {
		return nil, errors.New("read icap answer: 100 Continue without a preview to continue")
	}
	if r, err = c.roundTrip(rest); err != nil {
		return nil, err
	}
	if r.Status == 100 {
		return nil, errors.New("read icap answer: a second 100 Continue")
	}
	r.Continued = true
	return r, nil
}

func (c *Client) roundTrip(p []byte) (*Reply, error) {
	nc := c.nc
	sent := make(chan error, 1)
	go func() {
		_, err := nc.Write(p)
		sent <- err
	}()
	r, err := c.readReply()
	if err != nil {
		nc.Close() // ends the writer
		if werr := <-sent; werr != nil && !errors.Is(werr, net.ErrClosed) && !gone(werr) {
			return nil, fmt.Errorf("send icap request: %w", werr)
		}
		return nil, err
	}
	if r.Status >= 400 && closes(r.Header) { // answered early; the rest is of no interest
		nc.SetWriteDeadline(time.Unix(1, 0))
		if err := <-sent; err != nil && !errors.Is(err, os.ErrDeadlineExceeded) && !gone(err) {
			return nil, fmt.Errorf("send icap request: %w", err)
		}
		return r, nil
	}
	if err := <-sent; err != nil && !closes(r.Header) {
		return nil, fmt.Errorf("send icap request: %w", err)
	}
	return r, nil
}

// gone reports whether err says that the other side has closed the connection.
func gone(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, os.ErrClosed)
}
