package icap

import (
	"context"
	"crypto/tls"
	"time"
)

// Client speaks to an ICAP server over one persistent connection, which it opens on
// first use and again after an error. It is not safe for concurrent use.
type Client struct {
	Addr    string        // host:port
	TLS     *tls.Config   // nil: plain
	Timeout time.Duration // of one exchange; default 30 s
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
func (c *Client) Options(ctx context.Context, service string) (*Reply, error) { return nil, nil }

// Do sends m and reads the answer. Its error names the step that failed.
func (c *Client) Do(ctx context.Context, m Message) (*Reply, error) { return nil, nil }

// Close closes the connection.
func (c *Client) Close() error { return nil }
