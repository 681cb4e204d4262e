// Package budget counts what reading one body costs and says which limit stops it.
package budget

import (
	"context"
	"errors"
	"io"
	"time"
)

// Limit is the name of a limit that was hit, or "".
type Limit string

// The limits, named as the settings are.
const (
	None     Limit = ""
	Expanded Limit = "expanded" // bytes after decompression, in all
	Member   Limit = "member"   // bytes of one archive member
	Text     Limit = "text"     // bytes of text out of documents
	Depth    Limit = "depth"    // nesting
	Members  Limit = "members"  // number of archive members and parts
	Time     Limit = "time"
	Pages    Limit = "pages"
	Window   Limit = "window" // the memory that a decompressor asks for
	Pixels   Limit = "pixels" // of a picture, for OCR
	Values   Limit = "values" // values of one JSON document, parts of one form
)

// ErrTime is what a reader returns once the time is up.
var ErrTime = errors.New("time is up")

// Limits are the limits of one body; all fields must be set.
type Limits struct {
	Expanded, Member, Text int64
	Depth, Members         int
	Time                   time.Duration
}

// Slots bounds how many bodies may take much memory at a time; its capacity is their
// number. Nil bounds nothing. It is safe for concurrent use.
type Slots chan struct{}

// Free is what a body may take in memory without a slot, in bytes.
const Free = 512 << 10

// Budget is what is left for one body. It is used by one goroutine.
type Budget struct {
	Limits
	slots    Slots
	admitted bool
	ctx      context.Context
	deadline time.Time
	expanded int64
	text     int64
	members  int
}

// New returns a budget that ends with ctx or after l.Time, whichever is first. What takes
// more than [Free] waits for one of slots, and gives it back with [Budget.Release].
func New(ctx context.Context, l Limits, slots Slots) Budget {
	b := Budget{Limits: l, slots: slots, ctx: ctx, deadline: time.Now().Add(l.Time)}
	if d, ok := ctx.Deadline(); ok && d.Before(b.deadline) {
		b.deadline = d
	}
	return b
}

// Admit waits for a slot and reports whether there was one before the time was up.
func (b *Budget) Admit() bool {
	if b.slots == nil || b.admitted {
		return true
	}
	late := time.NewTimer(time.Until(b.deadline))
	defer late.Stop()
	select {
	case b.slots <- struct{}{}:
		b.admitted = true
	case <-late.C:
	case <-b.ctx.Done():
	}
	return b.admitted
}

// Release gives the slot back, once, when nothing is held any more of what was read.
func (b *Budget) Release() {
	if b.admitted {
		b.admitted = false
		<-b.slots
	}
}

// Late reports whether the time is up.
func (b *Budget) Late() bool { return b.ctx.Err() != nil || !time.Now().Before(b.deadline) }

// Deadline returns when the time is up.
func (b *Budget) Deadline() time.Time { return b.deadline }

// Context returns the context of the request.
func (b *Budget) Context() context.Context { return b.ctx }

// Read reads r to its end within what is left of Expanded and Member. It returns what it
// has read also when a limit or a mistake of the input stops it.
func (b *Budget) Read(r io.Reader) ([]byte, Limit, error) {
	room, limit := b.Limits.Expanded-b.expanded, Expanded
	if b.Member < room {
		room, limit = b.Member, Member
	}
	if room <= 0 {
		return nil, limit, nil
	}
	data, err := io.ReadAll(&reader{b: b, r: io.LimitReader(r, room+1)})
	b.expanded += int64(len(data))
	switch {
	case int64(len(data)) > room:
		return data[:room], limit, nil
	case errors.Is(err, ErrTime):
		return data, Time, nil
	}
	return data, None, err
}

// Room returns how many bytes of Expanded are left.
func (b *Budget) Room() int64 { return max(0, b.Limits.Expanded-b.expanded) }

// Expand takes n bytes from Expanded and reports whether there was room.
func (b *Budget) Expand(n int) bool {
	b.expanded += int64(n)
	return b.expanded <= b.Limits.Expanded && (b.expanded <= Free || b.Admit())
}

// Write takes n bytes from Text and returns how many of them there was room for.
func (b *Budget) Write(n int) int {
	room := int(max(0, b.Limits.Text-b.text))
	b.text += int64(n)
	return min(n, room)
}

// Enter counts one more member at this depth, and returns the limit that forbids it.
func (b *Budget) Enter(depth int) Limit {
	b.members++
	switch {
	case depth > b.Limits.Depth:
		return Depth
	case b.members > b.Limits.Members:
		return Members
	case b.Late():
		return Time
	}
	return None
}

// reader ends a long read when the time is up, also that of waiting for a slot.
type reader struct {
	b *Budget
	r io.Reader
	n int64
}

func (r *reader) Read(p []byte) (int, error) {
	if r.b.Late() || r.b.expanded+r.n > Free && !r.b.Admit() {
		return 0, ErrTime
	}
	n, err := r.r.Read(p)
	r.n += int64(n)
	return n, err
}
