package blackbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/internal/blackbox/pgtest"
	"github.com/sluice-dlp/sluice/internal/blackbox/proc"
	"github.com/sluice-dlp/sluice/internal/blackbox/squid"
)

const (
	openAIURL  = "https://api.openai.com/v1/chat/completions"
	rounds     = 3   // how often the node is killed
	perRound   = 100 // answers with an incident that are awaited before each kill
	icapPeers  = 6
	squidPeers = 3
)

// openAIChat returns the body of a chat with one message.
func openAIChat(text string) string {
	return fmt.Sprintf(`{"model":"gpt-5","messages":[{"role":"user","content":%q}]}`, text)
}

// prompt returns the REQMOD of a chat with OpenAI, as Squid would send it.
func prompt(user, body string) icap.Message {
	return icap.Message{
		Method: icap.MethodReqmod, Service: "/reqmod",
		Header:      []icap.Field{{Name: "X-Client-IP", Value: "10.1.2.3"}, {Name: "X-Authenticated-User", Value: user}},
		RequestHead: fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: api.openai.com\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", openAIURL, len(body)),
		Body:        []byte(body), HasBody: true, Preview: 65535, Allow204: true,
	}
}

// ids collects the incidents that answers have named.
type ids struct {
	mu  sync.Mutex
	set map[string]bool
}

func (i *ids) add(id string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.set[id] = true
}

func (i *ids) len() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.set)
}

var incident = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)

// TestKilledInTheMiddleOfTraffic kills the node (SIGKILL) again and again while clients get
// answers, through Squid and on the ICAP port. Every answer that named an incident, or that let
// a match pass, must be in Postgres afterwards, once.
func TestKilledInTheMiddleOfTraffic(t *testing.T) {
	pg := pgtest.Start(t)
	var secrets planted
	node := newSluice(t, settings{database: pg.Database(t), policy: `
defaults:
  approved:   {profiles: [default], on_match: log}
  in_review:  {profiles: [default], on_match: block}
  unreviewed: {profiles: [default], on_match: block}
  unapproved: {action: block}
`})
	node.must("apps", "status", "anthropic-api", "approved")
	node.start()
	w := startWorld(t, node.icap, "")
	got := ids{set: map[string]bool{}}
	ctx, stop := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for i := range icapPeers {
		body := openAIChat("Refund the card " + secrets.card())
		message := prompt("peer", body)
		if i%2 == 1 { // approved: the answer is "unmodified", and the match is on record all the same
			message.RequestHead = []byte(strings.NewReplacer("api.openai.com/v1/chat/completions", "api.anthropic.com/v1/messages", "api.openai.com", "api.anthropic.com").Replace(string(message.RequestHead)))
		}
		clients.Go(func() { peer(ctx, node.icap, message, &got) })
	}
	for range squidPeers {
		body := openAIChat("Refund the card " + secrets.card())
		clients.Go(func() { browse(ctx, t, w.squid, body, &got) })
	}
	for range rounds {
		before := got.len()
		proc.Eventually(t, 60*time.Second, "clients have their answers", func() error {
			if n := got.len() - before; n < perRound {
				return fmt.Errorf("%d answers since the last kill", n)
			}
			return nil
		})
		node.serving.Kill()
		secrets.absentFrom(t, map[string]string{"what sluice printed": node.serving.Output()}, node.dir)
		node.start()
	}
	stop()
	clients.Wait()
	want := got.len()
	missing := func() (n int, first string, seen map[string]int) {
		seen = map[string]int{}
		for _, e := range node.events() {
			seen[e.ID]++
		}
		for id := range got.set {
			if seen[id] == 0 {
				n, first = n+1, id
			}
		}
		return n, first, seen
	}
	proc.Eventually(t, 30*time.Second, "every answer's event is in Postgres", func() error {
		if n, first, _ := missing(); n > 0 {
			return fmt.Errorf("%d of %d are missing, among them %s", n, want, first)
		}
		return nil
	})
	_, _, seen := missing()
	for id, n := range seen {
		if n > 1 {
			t.Errorf("event %s is there %d times", id, n)
		}
	}
	t.Logf("%d answers in %d lives of the node, %d events", want, rounds+1, len(seen))
	secrets.absentFrom(t, map[string]string{"what sluice printed": node.stderr.String()}, node.dir, pg.Dir())
}

// peer sends message over and over on the ICAP port, through crashes, and notes the ids that
// the answers carry.
func peer(ctx context.Context, addr string, message icap.Message, got *ids) {
	c := &icap.Client{Addr: addr, Timeout: 5 * time.Second}
	defer c.Close()
	for ctx.Err() == nil {
		r, err := c.Do(ctx, message)
		if err != nil { // the node is down, or died on us: no answer, no promise
			pause(ctx)
			continue
		}
		got.add(string(r.Header.Get("X-Sluice-Id")))
	}
}

// browse sends body over and over through Squid, and notes the ids that people can read.
func browse(ctx context.Context, t *testing.T, proxy *squid.Squid, body string, got *ids) {
	client := httpClient(t, proxy)
	for ctx.Err() == nil {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, openAIURL, strings.NewReader(body))
		if err != nil {
			t.Error(err)
			return
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(req)
		if err != nil {
			pause(ctx)
			continue
		}
		answer, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		switch {
		case err != nil:
		case resp.StatusCode == http.StatusForbidden:
			got.add(incident.FindString(string(answer)))
		case resp.StatusCode == http.StatusOK:
			t.Error("a card number passed")
			return
		default: // Squid's own page: the node is down
			pause(ctx)
		}
	}
}

// pause waits a little before a client tries again.
func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(10 * time.Millisecond):
	}
}

// httpClient returns a client that speaks through the proxy as Bob.
func httpClient(t *testing.T, proxy *squid.Squid) *http.Client {
	t.Helper()
	through, err := url.Parse(proxy.Proxy(squid.Bob))
	if err != nil {
		t.Fatal(err)
	}
	pem, err := os.ReadFile(proxy.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	transport := &http.Transport{Proxy: http.ProxyURL(through), TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}
}
