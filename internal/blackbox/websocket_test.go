package blackbox

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/internal/blackbox/squid"
)

// TestWebSocketHandshakes lets Squid ask about handshakes: one to an unapproved app is refused
// with the reason, another passes and is recorded as a session that nobody could look into.
func TestWebSocketHandshakes(t *testing.T) {
	node := newSluice(t, settings{})
	node.must("apps", "status", "character-ai", "unapproved")
	node.start()
	w := startWorldWith(t, squid.Options{ICAP: node.icap, Include: "http_upgrade_request_protocols websocket allow all\n"})
	client := httpClient(t, w.squid)
	open := func(url string) (status int, body string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{
			"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
			"Origin": "https://example.com", "User-Agent": "Mozilla/5.0", "Sec-Fetch-Mode": "websocket", "Sec-Fetch-Dest": "websocket",
		} {
			req.Header.Set(name, value)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		if err != nil && resp.StatusCode != http.StatusSwitchingProtocols {
			t.Fatal(err)
		}
		return resp.StatusCode, string(data)
	}
	if status, body := open("https://copilot.microsoft.com/c/api/chat?api-version=2"); status == http.StatusForbidden {
		t.Errorf("a handshake that policy allows is refused: %s", body)
	}
	status, body := open("https://neo.character.ai/ws/")
	if status != http.StatusForbidden || !strings.Contains(body, "may not be used at work") || !incident.MatchString(body) {
		t.Errorf("status %d, want 403 with reason and incident: %s", status, body)
	}
	want := map[string]string{"ms-copilot": "allow", "character-ai": "block"}
	for _, e := range node.waitEvents(2) {
		if e.Activity != "session" || e.Visibility != "handshake" || e.Decision.Action != want[e.App.ID] {
			t.Errorf("recorded as %s %s of %s: %s, want a session known by its handshake: %s", e.Visibility, e.Activity, e.App.ID, e.Decision.Action, want[e.App.ID])
		}
		delete(want, e.App.ID)
	}
	if len(want) > 0 {
		t.Errorf("not recorded: %v", want)
	}
}
