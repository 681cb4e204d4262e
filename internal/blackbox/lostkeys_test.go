package blackbox

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/icap"
)

// TestLostKeysAreTold takes the keys from a node that has recorded events, as a mount that is
// missing does: the start says so. A first start, and one with the keys, does not.
func TestLostKeysAreTold(t *testing.T) {
	node := newSluice(t, settings{extra: "keys: {file: elsewhere/keys}\n"})
	node.must("apps", "status", "openai-api", "approved") // a database, and no events yet
	file := filepath.Join(node.dir, "elsewhere", "keys")
	for _, c := range []struct {
		when string
		lose bool
		want int
	}{{"first start", false, 0}, {"start with the keys", false, 0}, {"start without the keys", true, 1}, {"start with the new keys", false, 1}} {
		if c.lose {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		}
		node.start()
		client := &icap.Client{Addr: node.icap}
		if _, err := client.Do(t.Context(), prompt("alice", openAIChat("Write a haiku about the first snow."))); err != nil {
			t.Fatal(err)
		}
		if err := client.Close(); err != nil {
			t.Error(err)
		}
		node.stop()
		if got := strings.Count(node.stderr.String(), "keys.file was not there"); got != c.want {
			t.Errorf("%s: the log has warned %d times, want %d", c.when, got, c.want)
		}
	}
}
