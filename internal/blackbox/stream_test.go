package blackbox

import (
	"bufio"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dlp/sluice/internal/blackbox/origin"
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

// TestStreamsAreCounted compares the bytes of a streamed answer that a client received with
// those in the event: also of a model that thinks for longer than Squid waits for a service.
func TestStreamsAreCounted(t *testing.T) {
	node := newSluice(t, settings{})
	node.start()
	w := startWorldWith(t, squid.Options{ICAP: node.icap, IOTimeout: "20 seconds"})
	client := httpClient(t, w.squid)
	client.Timeout = time.Minute
	received := map[int64]int{}
	for _, pause := range []string{"10ms", "10ms", "30s"} {
		resp := streamed(t, client, pause)
		n, err := io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatalf("after a pause of %s the stream broke off: %v", pause, err)
		}
		received[n]++
	}
	node.stop() // which writes what is in the outbox
	counted := map[int64]int{}
	for _, e := range node.events() {
		counted[e.BytesIn]++
	}
	if diff := cmp.Diff(received, counted); diff != "" || len(received) == 0 {
		t.Errorf("bytes received (-client +event):\n%s", diff)
	}
}

// firstEvent returns how long the first event of a streamed answer takes.
func firstEvent(t *testing.T, client *http.Client) time.Duration {
	t.Helper()
	began := time.Now()
	resp := streamed(t, client, "")
	defer resp.Body.Close()
	line, err := bufio.NewReader(resp.Body).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "data:") {
		t.Fatalf("status %d, first line %q: %v", resp.StatusCode, line, err)
	}
	return time.Since(began)
}

// streamed asks for a streamed answer, which pauses after its first piece.
func streamed(t *testing.T, client *http.Client, pause string) *http.Response {
	t.Helper()
	body := strings.Replace(openAIChat("Write a haiku."), `{"model"`, `{"stream":true,"model"`, 1)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, openAIURL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(origin.PauseHeader, pause)
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func median(list []time.Duration) time.Duration {
	slices.Sort(list)
	return list[len(list)/2]
}
