package blackbox

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/internal/blackbox/proc"
)

// TestStartOnAFullDisk kills, or ends, a node whose disk has no byte free, and starts it again: it
// runs and stops what must not pass, says that it cannot record, and goes on recording when there
// is room.
func TestStartOnAFullDisk(t *testing.T) {
	disk := newVolume(t, 24)
	t.Setenv("SLUICE_DATA_DIR", disk.dir)
	node := newSluice(t, settings{policy: "defaults:\n  unreviewed: {profiles: [default], on_match: block}\n"})
	var secrets planted
	card := prompt("alice", openAIChat("Refund the card "+secrets.card()))
	id := func() string {
		t.Helper()
		c := &icap.Client{Addr: node.icap, Timeout: 10 * time.Second}
		defer c.Close()
		r, err := c.Do(t.Context(), card)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(r.ResponseHead), "403 Forbidden") {
			t.Fatalf("a card number passed: %d %s", r.Status, r.ResponseHead)
		}
		return string(r.Header.Get("X-Sluice-Id"))
	}
	node.start()
	want := []string{id()}
	for name, end := range map[string]func(){"killed": func() { node.serving.Kill() }, "ended": node.stop} {
		disk.fill()
		end()
		disk.fill() // what the end has made free
		node.start()
		if got := id(); got != "none" {
			t.Errorf("%s: a disk without a free byte took incident %s", name, got)
		}
		if err := answers("http://"+node.ops+"/readyz", 200, "degraded: events cannot be recorded: outbox is full"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		disk.free()
		proc.Eventually(t, 20*time.Second, "there is room", func() error {
			return answers("http://"+node.ops+"/readyz", 200, "ok")
		})
		want = append(want, id())
	}
	seen := map[string]int{}
	for _, e := range node.events() {
		seen[e.ID]++
	}
	for _, id := range want {
		if seen[id] != 1 {
			t.Errorf("incident %s is there %d times", id, seen[id])
		}
	}
	secrets.absentFrom(t, map[string]string{"what sluice printed": node.stderr.String()}, disk.dir)
}
