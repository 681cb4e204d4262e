package icap

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/netip"
	"time"
)

// Service is what one ICAP URI path offers (RFC 3507 §4.10.2).
type Service struct {
	Path    string // "/reqmod"
	Method  Method // MethodReqmod or MethodRespmod
	Handler Handler
	Preview int           // bytes announced by OPTIONS; -1 announces none
	Name    string        // the text of the Service header; default "Sluice"
	ISTag   func() string // unquoted, at most 30 bytes; asked once a request
	TTL     time.Duration // Options-TTL; default 5 minutes
	Include []string      // X-Include: ICAP header fields the client should send
}

// Options configure a [Server]. A zero field means the default in its comment.
type Options struct {
	Services []Service
	Log      *slog.Logger   // default: discard
	Allow    []netip.Prefix // client networks; empty allows all
	TLS      *tls.Config    // used by ServeTLS

	MaxConns    int           // open connections; default 10,000
	Memory      int64         // bytes of bodies held in memory by all requests; default 256 MiB
	Spill       int64         // bytes of bodies in temporary files by all requests; default 1 GiB
	SpillDir    string        // default os.TempDir()
	MaxInMemory int64         // a body over it spills; default 1 MiB
	FailOpen    bool          // what a request gets when a budget is spent: unmodified when true, else 503
	HeaderLimit int           // bytes of ICAP header; default 64 KiB
	HTTPLimit   int           // bytes of encapsulated headers; default 512 KiB
	Idle        time.Duration // between requests; default 10 minutes
	HeadTime    time.Duration // for a head to arrive; default 10 s
	BodyTime    time.Duration // without any progress inside a body; default 30 s
	Deadline    time.Duration // for the handler; default 5 s
	WriteTime   time.Duration // without any progress in writing; default 30 s
}

// Server is an ICAP server. Its methods may be called from any goroutine.
type Server struct{}

// New checks o, every mistake in one error, and returns a Server.
func New(o Options) (*Server, error) { return &Server{}, nil }

// Serve accepts connections on l until [Server.Shutdown], and always returns a non-nil
// error. It may be called for several listeners.
func (s *Server) Serve(l net.Listener) error { return ErrServerClosed }

// Shutdown drains: no new connections, answers in flight are completed, idle
// connections are closed; it returns nil then, or ctx's error after closing the rest.
func (s *Server) Shutdown(ctx context.Context) error { return nil }
