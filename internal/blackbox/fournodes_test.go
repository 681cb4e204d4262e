package blackbox

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/internal/blackbox/pgtest"
)

// TestFourNodes boots four nodes at once over an empty Postgres, which one of them migrates,
// and changes an app's status: all follow, by notification, by polling when the notifications
// are cut, and when one of them has been killed.
func TestFourNodes(t *testing.T) {
	pg := pgtest.Start(t)
	database := pg.Database(t)
	const policy = "defaults:\n  unreviewed: {profiles: [default], on_match: block}\n  unapproved: {action: block}\n"
	nodes := make([]*sluice, 4)
	for i := range nodes {
		nodes[i] = newSluice(t, settings{database: database, policy: policy})
	}
	for _, n := range nodes {
		n.launch()
	}
	for _, n := range nodes {
		n.awaitReady()
	}
	// Waits are those of a busy machine; the log has what was measured.
	follow := func(when, status string, bound time.Duration, living ...*sluice) {
		t.Helper()
		nodes[0].must("apps", "status", "openai-api", status)
		committed := time.Now()
		took := make([]time.Duration, len(living))
		var wg sync.WaitGroup
		for i, n := range living {
			wg.Go(func() {
				took[i] = n.becomes(status == "unapproved", committed, bound)
			})
		}
		wg.Wait()
		if longest := slices.Max(took); longest > bound {
			t.Errorf("%s: the last of %d nodes followed after %s, want %s", when, len(living), longest, bound)
		}
		t.Logf("%s: %d nodes enforced %q, seen from outside, within %s of the command's end", when, len(living), status, slices.Max(took).Round(time.Millisecond))
	}
	follow("by notification", "unapproved", time.Second, nodes...)
	follow("by notification", "unreviewed", time.Second, nodes...)
	cut := func() {
		pg.Exec(t, "postgres", `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN %'`)
	}
	cut()
	follow("without notifications", "unapproved", 2*time.Second, nodes...)
	nodes[3].serving.Kill()
	follow("with one node killed", "unreviewed", 2*time.Second, nodes[:3]...)
	follow("with one node killed", "unapproved", 2*time.Second, nodes[:3]...)
	nodes[3].start()
	if !nodes[3].blocks() {
		t.Error("the restarted node does not enforce the status")
	}
	pg.Stop(t, true)
	nodes[2].serving.Kill()
	nodes[2].start()
	if !nodes[2].blocks() {
		t.Error("a node that starts without Postgres does not enforce the last status")
	}
	pg.Start(t)
	follow("after an outage", "unreviewed", 10*time.Second, nodes...)
}

// blocks sends a clean prompt and reports whether it is stopped.
func (n *sluice) blocks() bool {
	n.t.Helper()
	c := &icap.Client{Addr: n.icap}
	defer c.Close()
	r, err := c.Do(n.t.Context(), prompt("alice", openAIChat("Write a haiku about the first snow.")))
	if err != nil {
		n.t.Errorf("send a prompt: %v", err)
		return false
	}
	return r.ResponseHead != nil
}

// becomes waits until the node blocks, or passes, clean prompts, and returns how long after
// since that was.
func (n *sluice) becomes(blocking bool, since time.Time, bound time.Duration) time.Duration {
	n.t.Helper()
	for time.Since(since) <= bound {
		if n.blocks() == blocking {
			return time.Since(since)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return time.Since(since)
}

// TestMigrationsOfManyNodes starts migrate on four nodes at once and then reads its status.
func TestMigrationsOfManyNodes(t *testing.T) {
	database := pgtest.Start(t).Database(t)
	nodes := make([]*sluice, 4)
	var wg sync.WaitGroup
	codes := make([]int, len(nodes))
	for i := range nodes {
		nodes[i] = newSluice(t, settings{database: database})
		wg.Go(func() { _, _, codes[i] = nodes[i].run("migrate", "up") })
	}
	wg.Wait()
	if slices.Max(codes) != 0 {
		t.Fatalf("exit codes %v", codes)
	}
	if out := nodes[0].must("migrate", "status"); strings.Contains(out, "pending") || strings.Count(out, "store") < 4 {
		t.Errorf("status:\n%s", out)
	}
}
