package blackbox

import (
	"bufio"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/internal/blackbox/squid"
)

// lateAtMost is how much later the first event of a stream may come through RESPMOD.
const lateAtMost = 50 * time.Millisecond

// TestRESPMODDelaysNoStream compares the first server-sent event through a Squid that shows
// Sluice every response with one that does not, in turns, so that a busy machine slows both.
func TestRESPMODDelaysNoStream(t *testing.T) {
	node := newSluice(t, settings{})
	node.start()
	clients := map[bool]*http.Client{}
	for _, respmod := range []bool{true, false} {
		w := startWorldWith(t, squid.Options{ICAP: node.icap, NoRespmod: !respmod})
		clients[respmod] = httpClient(t, w.squid)
		firstEvent(t, clients[respmod]) // connections and certificates are made
	}
	const rounds = 15
	times := map[bool][]time.Duration{}
	for range rounds {
		for respmod, client := range clients {
			times[respmod] = append(times[respmod], firstEvent(t, client))
		}
	}
	with, without := median(times[true]), median(times[false])
	t.Logf("first event after %s with RESPMOD, %s without (median of %d)", with, without, rounds)
	if with-without > lateAtMost {
		t.Errorf("RESPMOD delays the first event by %s, want at most %s", with-without, lateAtMost)
	}
}

// firstEvent returns how long the first event of a streamed answer takes.
func firstEvent(t *testing.T, client *http.Client) time.Duration {
	t.Helper()
	body := strings.Replace(openAIChat("Write a haiku."), `{"model"`, `{"stream":true,"model"`, 1)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, openAIURL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	began := time.Now()
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	line, err := bufio.NewReader(resp.Body).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "data:") {
		t.Fatalf("status %d, first line %q: %v", resp.StatusCode, line, err)
	}
	return time.Since(began)
}

func median(list []time.Duration) time.Duration {
	slices.Sort(list)
	return list[len(list)/2]
}
