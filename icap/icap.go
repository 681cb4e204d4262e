// Package icap is an ICAP/1.0 server engine and client (RFC 3507) that knows no apps.
package icap

import (
	"context"
	"errors"
	"net"
)

// Method is an ICAP request method (RFC 3507 §4.3.2).
type Method uint8

// The ICAP methods.
const (
	MethodOptions Method = iota + 1
	MethodReqmod
	MethodRespmod
)

// String returns the method as it stands on the wire.
func (m Method) String() string {
	switch m {
	case MethodOptions:
		return "OPTIONS"
	case MethodReqmod:
		return "REQMOD"
	case MethodRespmod:
		return "RESPMOD"
	}
	return "UNKNOWN"
}

// Handler answers REQMOD and RESPMOD requests. ServeICAP is called from many
// goroutines at once, one request a call. ctx ends at the handler deadline, when
// the client hangs up, or when the server's drain runs out of time.
type Handler interface {
	ServeICAP(ctx context.Context, r *Request) Answer
}

// HandlerFunc is a function that is a [Handler].
type HandlerFunc func(ctx context.Context, r *Request) Answer

// ServeICAP calls f.
func (f HandlerFunc) ServeICAP(ctx context.Context, r *Request) Answer { return f(ctx, r) }

// Request is one REQMOD or RESPMOD request. It, and every slice got from it, is
// valid only until ServeICAP returns; a handler that keeps a byte copies it.
type Request struct {
	Method   Method
	Service  string       // the path of the ICAP URI, "/reqmod"
	URI      []byte       // the ICAP URI as received
	Header   Header       // the ICAP header
	HTTP     RequestHead  // the encapsulated HTTP request line and header; zero when there is none
	Response ResponseHead // the encapsulated HTTP status line and header; zero for REQMOD
	Body     *Body        // the encapsulated body; never nil

	RemoteAddr net.Addr // of the ICAP client
}

// RequestHead is the head of an encapsulated HTTP request, byte for byte as received.
type RequestHead struct {
	Method, Target, Proto []byte
	Header                Header
}

// ResponseHead is the head of an encapsulated HTTP response, byte for byte as received.
type ResponseHead struct {
	Proto  []byte
	Status int
	Reason []byte
	Header Header
}

// Field is one header field that an answer adds or sets. Values must hold no CR or
// LF: the engine drops a field that does.
type Field struct{ Name, Value string }

// Errors that [Body.ReadAll] returns, to be asked for with errors.Is.
var (
	// ErrTooLarge says that a body is over the spill budget.
	ErrTooLarge = errors.New("icap: body over the size limit")
	// ErrBusy says that the memory and spill budgets are spent by other requests.
	ErrBusy = errors.New("icap: body budget spent")
	// ErrClient says that the client hung up, stalled or broke the protocol inside a body.
	ErrClient = errors.New("icap: client failed inside the body")
)

// ErrServerClosed is returned by [Server.Serve] after [Server.Shutdown].
var ErrServerClosed = errors.New("icap: server closed")
