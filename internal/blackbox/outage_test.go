package blackbox

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/internal/blackbox/pgtest"
	"github.com/sluice-dlp/sluice/internal/blackbox/proc"
)

// TestDatabaseOutage stops Postgres as a crash would while prompts come in, kills the node, and
// starts it again without its database. People get their answers all the time, and every event
// is in Postgres in the end, once.
func TestDatabaseOutage(t *testing.T) {
	pg := pgtest.Start(t)
	node := newSluice(t, settings{database: pg.Database(t), policy: "defaults:\n  unreviewed: {profiles: [default], on_match: block}\n"})
	node.start()
	var secrets planted
	message := prompt("alice", openAIChat("Refund the card "+secrets.card()))
	want := map[string]bool{}
	ask := func(n int, when string) {
		t.Helper()
		c := &icap.Client{Addr: node.icap}
		defer c.Close()
		for range n {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			start := time.Now()
			r, err := c.Do(ctx, message)
			cancel()
			if err != nil {
				t.Fatalf("%s: %v", when, err)
			}
			if r.ResponseHead == nil {
				t.Fatalf("%s: a card number passed", when)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("%s: an answer took %s", when, took)
			}
			want[string(r.Header.Get("X-Sluice-Id"))] = true
		}
	}
	ask(20, "with Postgres")
	pg.Stop(t, true)
	ask(20, "without Postgres")
	secrets.absentFrom(t, map[string]string{"the log": node.serving.Output()}, node.dir)
	pg.Start(t)
	ask(20, "with Postgres again")
	pg.Stop(t, true)
	ask(20, "without Postgres, before the node is killed")
	node.serving.Kill()
	node.start()
	ask(20, "started without Postgres")
	pg.Start(t)
	proc.Eventually(t, 60*time.Second, "every event is in Postgres", func() error {
		seen := map[string]int{}
		for _, e := range node.events() {
			seen[e.ID]++
		}
		for id := range want {
			if seen[id] != 1 {
				return fmt.Errorf("event %s is there %d times; %d of %d are there", id, seen[id], len(seen), len(want))
			}
		}
		return nil
	})
	if len(want) != 100 {
		t.Errorf("%d different incidents for 100 answers", len(want))
	}
}
