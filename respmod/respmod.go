// Package respmod adds the bytes an app sent back to their request's event; it never
// delays a stream and never blocks.
package respmod

import (
	"context"

	"github.com/sluice-dlp/sluice/icap"
)

// Handler lets every response pass.
type Handler struct{}

// ServeICAP implements icap.Handler.
func (h *Handler) ServeICAP(ctx context.Context, r *icap.Request) icap.Answer {
	return icap.Unmodified()
}
