package classify

// shape is a kind of AI traffic that Shape knows without a host.
type shape struct {
	endpoint   *Endpoint
	errorShape string
}

// Candidate reports whether line and header could carry AI traffic to a host that no
// list knows, so that the body is worth asking for. It does not allocate.
func (c *Catalogue) Candidate(r Request) bool { return false }

// Shape recognises AI traffic to an unknown host by the shape of the request; body may
// be only the beginning of it. The App it returns is named by the host.
func (c *Catalogue) Shape(r Request, body []byte) (Match, bool) { return Match{}, false }

// unlisted returns the endpoint of a request to a known app that no endpoint fits.
func (c *Catalogue) unlisted(r Request, body []byte) *Endpoint { return nil }
