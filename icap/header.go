package icap

// Header is a raw header block: the lines as received, in order and case, without
// the start line and without the blank line. It shares the connection's buffer.
type Header struct{ raw []byte }

// Get returns the first value of name without surrounding white space, or nil. name
// is compared without regard to ASCII case. Get does not allocate.
func (h Header) Get(name string) []byte { return nil }

// Each calls f for every field in order until f returns false. It does not allocate.
func (h Header) Each(f func(name, value []byte) bool) {}

// Raw returns the block as received, each line with its CRLF.
func (h Header) Raw() []byte { return h.raw }

// ParseHeader returns raw as a Header, for tests and for tools that read captures.
// Lines may end in CRLF or LF.
func ParseHeader(raw []byte) Header { return Header{raw: raw} }
