package blackbox

import (
	"context"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/icap"
)

// answerTo sends a chat with OpenAI to the node's ICAP port, and says what became of it.
func answerTo(t *testing.T, node *sluice, body string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c := &icap.Client{Addr: node.icap}
	defer c.Close()
	r, err := c.Do(ctx, prompt("alice", body))
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case r.Status == 204:
		return "passed"
	case r.ResponseHead != nil:
		return "blocked"
	default:
		return "changed"
	}
}
