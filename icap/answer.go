package icap

type answerKind uint8

const (
	kindUnmodified answerKind = iota // the zero Answer lets the message pass
	kindModified
	kindResponse
	kindError
	kindCounted
)

// Answer is what a handler decides about a message. The engine turns it into 204,
// 206, 200 with an echo, 200 with an HTTP response or an ICAP error, as the client's
// Allow and Preview permit. The zero Answer is [Unmodified].
type Answer struct {
	kind   answerKind
	status int     // kindError: the ICAP status
	fields []Field // extra ICAP header fields
	istag  string  // instead of the service's
	mod    Modification
	resp   Response

	counted func(bytes int64) // kindCounted
}

// Modification says how a message leaves changed. The head is spliced: fields that
// are not named keep their bytes, order and case.
type Modification struct {
	Set []Field // replaces the first field of that name, removes further ones, or appends
	Del []string
	// Body replaces the body when ReplaceBody is set; Content-Length follows it.
	// Otherwise the original body is echoed byte for byte.
	Body        []byte
	ReplaceBody bool

	// What only the go-icap adapter needs.
	head     []byte   // spliced instead of the original head; empty and not nil: none
	written  *Content // instead of Body
	original int64    // with keep: the original body from here on follows what was written
	keep     bool
}

// body returns the new body.
func (m *Modification) body() Content {
	if m.written != nil {
		return *m.written
	}
	return Content{mem: m.Body, size: int64(len(m.Body))}
}

// Response is an HTTP response that answers a REQMOD in the origin's place.
// Content-Length is added by the engine.
type Response struct {
	Status int
	Header []Field
	Body   []byte

	written *Content // by a go-icap handler, instead of Body
}

func (r *Response) body() Content {
	if r.written != nil {
		return *r.written
	}
	return Content{mem: r.Body, size: int64(len(r.Body))}
}

// release gives back what an answer holds beyond memory.
func (a *Answer) release(s *Server) {
	for _, c := range []*Content{a.mod.written, a.resp.written} {
		if c != nil {
			c.release(s)
		}
	}
}

// Unmodified lets the message pass as it is.
func Unmodified() Answer { return Answer{} }

// Modified sends the message on with m applied.
func Modified(m Modification) Answer { return Answer{kind: kindModified, mod: m} }

// Respond answers the encapsulated HTTP request with resp; the request goes no
// further. The engine first reads, bounded, what is left of the request's body.
func Respond(resp Response) Answer { return Answer{kind: kindResponse, resp: resp} }

// Counted lets the message pass as it is, without delay, and calls counted once with the
// number of its body's bytes when they have passed, or when the client broke off. Of a body
// that is not there yet every piece goes through the server and back; so ask for it only
// where no header tells the size. counted runs after ServeICAP has returned, with the
// connection waiting for it: it must not use the request, and be quick.
func Counted(counted func(bytes int64)) Answer { return Answer{kind: kindCounted, counted: counted} }

// Fail answers with an ICAP error status, for instance 503.
func Fail(status int) Answer { return Answer{kind: kindError, status: status} }

// With returns a copy of a that carries further ICAP header fields (X-Sluice-Id,
// X-Infection-Found). a's own fields are left alone.
func (a Answer) With(fields ...Field) Answer {
	a.fields = append(a.fields[:len(a.fields):len(a.fields)], fields...)
	return a
}
