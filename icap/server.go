package icap

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Server is an ICAP server. Its methods may be called from any goroutine.
type Server struct {
	o                 Options
	services          []*service
	memory            budget
	spill             budget
	blocks            blocks
	free              sync.Pool // of *exchange
	epoch             time.Time
	rest              time.Duration // restAfter, but in tests
	beat              time.Duration // heartbeat, but in tests
	date              atomic.Pointer[dateText]
	counts            counters
	strangers, misled seldom      // what the log warns of
	starved           seldom      // of descriptors
	leaving           atomic.Bool // Shutdown has been called; OPTIONS says so
	draining          atomic.Bool

	mu        sync.Mutex
	listeners map[net.Listener]struct{}
	conns     map[*conn]struct{}
	stop      chan struct{} // closed when the drain begins
	empty     chan struct{} // closed when the drain has begun and the last connection is gone
}

// New checks o, every mistake in one error, and returns a Server.
func New(o Options) (*Server, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	o.setDefaults()
	s := &Server{
		o: o, epoch: time.Now(), rest: restAfter, beat: heartbeat,
		listeners: map[net.Listener]struct{}{}, conns: map[*conn]struct{}{},
		stop: make(chan struct{}), empty: make(chan struct{}),
	}
	s.memory.limit, s.spill.limit = o.Memory, o.Spill
	s.blocks.memory = &s.memory
	for _, svc := range o.Services {
		s.services = append(s.services, compile(svc, o.MaxConns))
	}
	return s, nil
}

// Serve accepts connections on l until [Server.Shutdown], and always returns a non-nil
// error. It may be called for several listeners. l is closed in the end.
func (s *Server) Serve(l net.Listener) error {
	defer l.Close()
	if !s.track(l) {
		return ErrServerClosed
	}
	defer s.untrack(l)
	for pause := time.Duration(0); ; {
		nc, err := l.Accept()
		switch {
		case err == nil:
			pause = 0
			s.admit(nc)
		case s.draining.Load():
			return ErrServerClosed
		case temporary(err): // out of descriptors: wait until connections close
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			if s.starved.ok(s.now()) {
				s.o.Log.Error("icap connections have to wait: give the process more open files (LimitNOFILE of systemd), or lower icap.max_connections", "error", err)
			}
			select {
			case <-time.After(pause):
			case <-s.stop:
			}
		default:
			return fmt.Errorf("accept icap connection: %w", err)
		}
	}
}

// ServeTLS is Serve for icaps: each connection begins with a TLS handshake as
// [Options.TLS] says.
func (s *Server) ServeTLS(l net.Listener) error {
	if s.o.TLS == nil {
		l.Close()
		return errors.New("icap: ServeTLS without Options.TLS")
	}
	return s.Serve(tls.NewListener(l, s.o.TLS))
}

// seldom lets one of many lines of the log through in a minute. It is safe for concurrent use.
type seldom struct{ next atomic.Int64 }

func (s *seldom) ok(now time.Duration) bool {
	next := s.next.Load()
	return int64(now) >= next && s.next.CompareAndSwap(next, int64(now+time.Minute))
}

// level is that of a line which warns once a minute, and is for debugging otherwise.
func (s *seldom) level(now time.Duration) slog.Level {
	if s.ok(now) {
		return slog.LevelWarn
	}
	return slog.LevelDebug
}

func temporary(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOBUFS) ||
		errors.Is(err, syscall.ENOMEM) || errors.Is(err, syscall.ECONNABORTED)
}

func (s *Server) track(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining.Load() {
		return false
	}
	s.listeners[l] = struct{}{}
	return true
}

func (s *Server) untrack(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
}

// admit starts a connection, or closes it: when its network is not allowed, and when
// there are too many already. A few over the limit are still told so, and the rest not.
func (s *Server) admit(nc net.Conn) {
	if !s.allowed(nc.RemoteAddr()) {
		s.counts.refused.Add(1)
		s.o.Log.Log(context.Background(), s.strangers.level(s.now()), "icap client refused: it is in none of the networks of icap.allow", "client", nc.RemoteAddr())
		nc.Close()
		return
	}
	c := newConn(s, nc)
	s.mu.Lock()
	open := len(s.conns)
	c.overload = open >= s.o.MaxConns
	ok := open < s.o.MaxConns+s.o.MaxConns/8+16 && !s.draining.Load()
	if ok {
		s.conns[c] = struct{}{}
	}
	s.mu.Unlock()
	if c.overload {
		s.counts.hit(limitConns)
	}
	if !ok {
		nc.Close()
		return
	}
	s.counts.accepted.Add(1)
	go c.start()
}

func (s *Server) allowed(addr net.Addr) bool {
	if len(s.o.Allow) == 0 {
		return true
	}
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return addr.Network() == "unix" // the file's mode guards a local socket
	}
	ip := tcp.AddrPort().Addr().Unmap().WithZone("")
	return slices.ContainsFunc(s.o.Allow, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// Shutdown drains: no new connections, answers in flight are completed, idle
// connections are closed; it returns nil then, or ctx's error after closing the rest.
// Before that, [Options.DrainDelay] gives clients time to see in OPTIONS that the server
// is leaving, and to turn to another one.
func (s *Server) Shutdown(ctx context.Context) error {
	if !s.leaving.Swap(true) && s.o.DrainDelay > 0 {
		select {
		case <-time.After(s.o.DrainDelay):
		case <-ctx.Done():
		}
	}
	s.mu.Lock()
	if !s.draining.Swap(true) {
		close(s.stop)
		if len(s.conns) == 0 {
			close(s.empty)
		}
	}
	for l := range s.listeners {
		l.Close()
	}
	for c := range s.conns {
		c.closeIfIdle()
	}
	s.mu.Unlock()
	select {
	case <-s.empty:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.abort()
	}
	return fmt.Errorf("drain icap connections: %w", ctx.Err())
}

// gone forgets a connection that has ended.
func (s *Server) gone(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	if len(s.conns) == 0 && s.draining.Load() {
		close(s.empty)
	}
}

// now is the time since the server was made; it costs less than time.Now.
func (s *Server) now() time.Duration { return time.Since(s.epoch) }

// dateText is a Date header field that is right for one second.
type dateText struct {
	second int64
	text   []byte
}

// appendDate appends a Date header field.
func (s *Server) appendDate(b []byte, now time.Duration) []byte {
	second := int64(now / time.Second)
	d := s.date.Load()
	if d == nil || d.second != second {
		d = &dateText{second: second, text: s.epoch.Add(now).UTC().AppendFormat([]byte("Date: "), "Mon, 02 Jan 2006 15:04:05 GMT\r\n")}
		s.date.Store(d)
	}
	return append(b, d.text...)
}
