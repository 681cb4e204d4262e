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

// Handler lets every response pass, untouched and at once. The proxy brings the event's id
// back in the ICAP header X-Sluice-Id (adaptation_masterx_shared_names). So only a size that
// the head tells is counted, which server-sent events do not have: to count those, all of a
// stream would have to go through Sluice and back. That can be done without delay, by
// echoing each piece as it comes, but then the answer breaks off when a node restarts, or
// when a model is silent for longer than the proxy waits for an ICAP server (a minute in the
// example), as reasoning models are. An answer is worth more than its size. The zero Handler
// counts nothing. It is safe for concurrent use.
type Handler struct {
	Events Receiver     // nil: nothing is counted
	Log    *slog.Logger // nil: discard
}

// ServeICAP implements icap.Handler. Its answer is always that the response may pass.
func (h *Handler) ServeICAP(ctx context.Context, r *icap.Request) icap.Answer {
	if h.Events == nil {
		return icap.Unmodified()
	}
	id := r.Header.Get("X-Sluice-Id")
	received := size(r)
	if len(id) == 0 || received == 0 {
		return icap.Unmodified()
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if _, err := h.Events.Received(ctx, string(id), received); err != nil && h.Log != nil {
		h.Log.Debug("received bytes not counted", "bytes", received, "error", err)
	}
	return icap.Unmodified()
}

// size is the number of bytes that the response brings, as far as its head tells.
func size(r *icap.Request) int64 {
	if r.Body.None() || bytes.Equal(r.HTTP.Method, []byte("HEAD")) { // RFC 9110 §9.3.2: a size, but no body
		return 0
	}
	if r.Body.Complete() && len(r.Body.Preview()) > 0 {
		return int64(len(r.Body.Preview()))
	}
	n, err := strconv.ParseInt(string(r.Response.Header.Get("Content-Length")), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
