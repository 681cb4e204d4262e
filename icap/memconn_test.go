package icap

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// memConn is a connection whose client has sent everything already: in segments of a
// given size, then EOF.
type memConn struct {
	in      []byte
	segment int // 0: all at once
	out     bytes.Buffer
}

func (m *memConn) Read(p []byte) (int, error) {
	if len(m.in) == 0 {
		return 0, io.EOF
	}
	n := len(m.in)
	if m.segment > 0 {
		n = min(n, m.segment)
	}
	n = copy(p, m.in[:n])
	m.in = m.in[n:]
	return n, nil
}

func (m *memConn) Write(p []byte) (int, error)      { return m.out.Write(p) }
func (m *memConn) Close() error                     { return nil }
func (m *memConn) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (m *memConn) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
func (m *memConn) SetDeadline(time.Time) error      { return nil }
func (m *memConn) SetReadDeadline(time.Time) error  { return nil }
func (m *memConn) SetWriteDeadline(time.Time) error { return nil }

// exchangeBytes serves in on a connection of its own and returns what was answered.
func exchangeBytes(s *Server, in []byte, segment int) []byte {
	m := &memConn{in: in, segment: segment}
	newConn(s, m).serve()
	return m.out.Bytes()
}

// newServer returns a server with /reqmod and /respmod that is not listening.
func newServer(t testing.TB, o Options, h HandlerFunc) *Server {
	t.Helper()
	o.Services = []Service{
		{Path: "/reqmod", Method: MethodReqmod, Handler: h, Preview: 65535},
		{Path: "/respmod", Method: MethodRespmod, Handler: h, Preview: 0},
	}
	o.SpillDir = t.TempDir()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if m, f := s.memory.used.Load(), s.spill.used.Load(); m != 0 || f != 0 {
			t.Errorf("budgets not given back: memory %d, spill %d", m, f)
		}
	})
	return s
}

// replies reads all answers in b.
func replies(b []byte) (all []*Reply, err error) {
	c := &Client{br: bufio.NewReader(bytes.NewReader(b))}
	for {
		r, err := c.readReply()
		if errors.Is(err, errStale) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, r)
	}
}

// pipeListener hands out one end of each pipe that dial makes.
type pipeListener struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

func (l *pipeListener) dial() net.Conn {
	a, b := net.Pipe()
	l.conns <- b
	return a
}

// splitConn cuts every write in two.
type splitConn struct {
	net.Conn
	at int
}

func (s splitConn) Write(p []byte) (int, error) {
	if s.at <= 0 || s.at >= len(p) {
		return s.Conn.Write(p)
	}
	n, err := s.Conn.Write(p[:s.at])
	if err != nil {
		return n, err
	}
	m, err := s.Conn.Write(p[s.at:])
	return n + m, err
}

// clientOn returns a client that speaks over nc.
func clientOn(nc net.Conn) *Client {
	return &Client{Addr: "pipe", nc: nc, br: bufio.NewReader(nc)}
}

// startPipe serves s on pipes until the test ends.
func startPipe(t testing.TB, s *Server) *pipeListener {
	l := newPipeListener()
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		<-ended
	})
	return l
}
