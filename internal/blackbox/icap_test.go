package blackbox

import (
	"context"
	"strings"
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

// TestASlashBehindTheServiceIsPassedOver speaks to the services as people write them in
// squid.conf: with a slash behind the path.
func TestASlashBehindTheServiceIsPassedOver(t *testing.T) {
	node := newSluice(t, settings{})
	node.start()
	defer node.stop()
	for path, want := range map[string]string{"reqmod/": "Methods: REQMOD", "respmod/": "Methods: RESPMOD", "reqmod/?mode=a": "Methods: REQMOD"} {
		if out := node.must("icap", "options", "icap://"+node.icap+"/"+path); !strings.Contains(out, want) {
			t.Errorf("OPTIONS of /%s says %q, want %q", path, out, want)
		}
	}
	c := &icap.Client{Addr: node.icap}
	defer c.Close()
	m := prompt("alice", openAIChat("Write a haiku about the first snow."))
	m.Service = "/reqmod/"
	if r, err := c.Do(t.Context(), m); err != nil || r.Status != 204 {
		t.Errorf("REQMOD of /reqmod/: %v, %v; want 204", r, err)
	}
}
