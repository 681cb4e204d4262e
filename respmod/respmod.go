// Package respmod adds the bytes an app sent back to their request's event; it never
// delays a stream and never blocks.
package respmod

import (
	"bytes"
	"context"
	"log/slog"
	"strconv"
	"time"

	"github.com/sluice-dlp/sluice/icap"
)

// patience bounds how long a response may wait for its bytes to be counted.
const patience = 5 * time.Millisecond

// Receiver adds bytes that came back to the event with that id; it reports false for an
// event that it does not know. event.Recorder is one. It must be safe for concurrent use.
type Receiver interface {
	Received(ctx context.Context, id string, bytes int64) (bool, error)
}

// Handler lets every response pass, unchanged and at once. The proxy brings the event's id
// back in the ICAP header X-Sluice-Id (adaptation_masterx_shared_names); a response without
// it is of no interest. Where the head tells the size, that is counted and the proxy keeps
// the body (204). A stream tells no size: it passes through, piece by piece as it comes
// ([icap.Counted]), and is counted when it has ended. The zero Handler counts nothing. It is
// safe for concurrent use.
type Handler struct {
	Events Receiver     // nil: nothing is counted
	Log    *slog.Logger // nil: discard
}

// ServeICAP implements icap.Handler. Its answer is always that the response may pass.
func (h *Handler) ServeICAP(ctx context.Context, r *icap.Request) icap.Answer {
	if h.Events == nil {
		return icap.Unmodified()
	}
	id := string(r.Header.Get("X-Sluice-Id"))
	if id == "" || r.Body.None() || bytes.Equal(r.HTTP.Method, []byte("HEAD")) { // RFC 9110 §9.3.2: a size, but no body
		return icap.Unmodified()
	}
	received, known := size(r)
	if !known {
		return icap.Counted(func(n int64) { h.add(context.Background(), id, n) })
	}
	h.add(ctx, id, received)
	return icap.Unmodified()
}

// add counts, and waits for it no longer than nobody notices.
func (h *Handler) add(ctx context.Context, id string, received int64) {
	if received <= 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if _, err := h.Events.Received(ctx, id, received); err != nil && h.Log != nil {
		h.Log.Debug("received bytes not counted", "bytes", received, "error", err)
	}
}

// size is the number of bytes that the response brings, if that is known yet.
func size(r *icap.Request) (n int64, known bool) {
	if r.Body.Complete() {
		return int64(len(r.Body.Preview())), true
	}
	n, err := strconv.ParseInt(string(r.Response.Header.Get("Content-Length")), 10, 64)
	return n, err == nil && n >= 0
}
