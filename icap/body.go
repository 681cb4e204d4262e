package icap

import "context"

// Body is the body of an encapsulated message. It is used by one goroutine.
type Body struct{}

// NewBody returns a complete body that holds data (nil: no body), for tests and for
// tools that replay requests.
func NewBody(data []byte) *Body { return &Body{} }

// None reports whether the message has no body at all (null-body).
func (b *Body) None() bool { return true }

// Preview returns the bytes that came with the preview (RFC 3507 §4.5). When
// [Body.Complete] is true they are the whole body.
func (b *Body) Preview() []byte { return nil }

// Complete reports whether the whole body has been received.
func (b *Body) Complete() bool { return true }

// ReadAll receives the rest of the body, asking the client to continue when needed,
// and returns all of it from the first byte on. Bodies over the memory threshold are
// spilled to a temporary file that the engine removes. Errors wrap [ErrTooLarge],
// [ErrBusy], [ErrClient] or the context's error; the bytes received until then are in
// the returned Content, so that they can be scanned. Further calls return the same.
func (b *Body) ReadAll(ctx context.Context) (*Content, error) { return &Content{}, nil }

// Content is a received body, in memory or in a temporary file.
type Content struct{}

// Size returns the number of bytes.
func (c *Content) Size() int64 { return 0 }

// Bytes returns the body when it is in memory; ok is false for a spilled one.
func (c *Content) Bytes() (data []byte, ok bool) { return nil, true }

// ReadAt implements io.ReaderAt for both kinds.
func (c *Content) ReadAt(p []byte, off int64) (int, error) { return 0, nil }
