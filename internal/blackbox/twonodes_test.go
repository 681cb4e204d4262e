package blackbox

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/internal/blackbox/pgtest"
	"github.com/sluice-dlp/sluice/internal/blackbox/proc"
)

// TestTwoNodesRestartUnderLoad restarts each of two nodes (SIGTERM, and then SIGKILL) while
// clients send prompts through the Squid of two-nodes.conf: no request may fail, none may pass
// that should be blocked, and every incident is in the database that both nodes share.
func TestTwoNodesRestartUnderLoad(t *testing.T) {
	pg := pgtest.Start(t)
	database := pg.Database(t)
	const policy = "defaults:\n  unreviewed: {profiles: [default], on_match: block}\n"
	nodes := []*sluice{newSluice(t, settings{database: database, policy: policy}), newSluice(t, settings{database: database, policy: policy})}
	for _, n := range nodes {
		n.start()
	}
	w := startWorld(t, nodes[0].icap, nodes[1].icap)
	l := load{url: openAIURL, clean: openAIChat("Write a haiku about the first snow."), card: openAIChat("Refund the card " + (&planted{}).card()), ids: ids{set: map[string]bool{}}}
	ctx, stop := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for i := range 4 {
		client, blocked := httpClient(t, w.squid), i%2 == 0
		// Squid closes a connection after a blocked request, though it said it would not; a client
		// that had sent the next one by then sees an error that no restart has caused.
		client.Transport.(*http.Transport).DisableKeepAlives = blocked
		clients.Go(func() { l.run(ctx, t, client, blocked) })
	}
	restarts := map[string]func(*sluice){"SIGTERM": (*sluice).stop, "SIGKILL": func(n *sluice) { n.serving.Kill() }}
	for _, how := range []string{"SIGTERM", "SIGKILL"} {
		for i, n := range nodes {
			l.wait(t, 40)
			restarts[how](n)
			l.wait(t, 40) // on one node
			n.start()
			t.Logf("node %d restarted with %s; %d answers, %d failures", i+1, how, l.answers.Load(), l.failures.Load())
		}
	}
	l.wait(t, 40)
	stop()
	clients.Wait()
	if n := l.failures.Load(); n > 0 {
		t.Errorf("%d of %d requests failed", n, l.answers.Load())
	}
	proc.Eventually(t, 20*time.Second, "every incident is in the database", func() error {
		seen := map[string]bool{}
		for _, e := range nodes[0].events() {
			seen[e.ID] = true
		}
		for id := range l.ids.set {
			if !seen[id] {
				return fmt.Errorf("incident %s is missing", id)
			}
		}
		return nil
	})
}

// load is what clients send, and what came back.
type load struct {
	url, clean, card  string
	ids               ids
	answers, failures atomic.Int64
}

// run sends one request after the other until ctx ends.
func (l *load) run(ctx context.Context, t *testing.T, client *http.Client, blocked bool) {
	body, want := l.clean, http.StatusOK
	if blocked {
		body, want = l.card, http.StatusForbidden
	}
	for ctx.Err() == nil {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url, strings.NewReader(body))
		if err != nil {
			t.Error(err)
			return
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(req)
		if ctx.Err() != nil {
			return
		}
		l.answers.Add(1)
		if err != nil {
			l.fail(t, "%v", err)
			continue
		}
		answer, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		switch {
		case ctx.Err() != nil:
			return
		case err != nil || resp.StatusCode != want:
			l.fail(t, "status %d, want %d (%s, %v)", resp.StatusCode, want, resp.Header.Get("X-Squid-Error"), err)
		case blocked:
			l.ids.add(incident.FindString(string(answer)))
		}
	}
}

func (l *load) fail(t *testing.T, format string, args ...any) {
	if l.failures.Add(1) <= 5 {
		t.Logf(format, args...)
	}
}

// wait returns after n more answers.
func (l *load) wait(t *testing.T, n int64) {
	t.Helper()
	goal := l.answers.Load() + n
	proc.Eventually(t, 60*time.Second, fmt.Sprintf("%d more answers", n), func() error {
		if got := l.answers.Load(); got < goal {
			return fmt.Errorf("%d of %d", got, goal)
		}
		return nil
	})
}
