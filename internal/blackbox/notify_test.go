package blackbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/internal/blackbox/proc"
)

// TestSomebodyIsTold lets prompts with a card pass by the action notify: a webhook that is down
// at first hears of it once, also after a restart.
func TestSomebodyIsTold(t *testing.T) {
	var secrets planted
	var mu sync.Mutex
	var bodies []string
	down := true
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if down || err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		bodies = append(bodies, string(body))
	}))
	defer hook.Close()
	heard := func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string{}, bodies...)
	}
	node := newSluice(t, settings{
		policy: "defaults:\n  unreviewed: {profiles: [default], on_match: notify}\n",
		extra:  fmt.Sprintf("notify:\n  - {type: webhook, url: %q}\n", hook.URL),
	})
	node.start()
	send := func(user string) string {
		t.Helper()
		c := &icap.Client{Addr: node.icap}
		defer c.Close()
		reply, err := c.Do(t.Context(), prompt(user, openAIChat("Refund the card "+secrets.card())))
		if err != nil {
			t.Fatal(err)
		}
		if reply.ResponseHead != nil {
			t.Fatal("notify did not let the prompt through")
		}
		return string(reply.Header.Get("X-Sluice-Id"))
	}
	first := send("alice")
	send("alice")
	node.waitEvents(2)
	mu.Lock()
	down = false
	mu.Unlock()
	wait := func(want int) {
		t.Helper()
		proc.Eventually(t, 30*time.Second, fmt.Sprintf("the webhook has heard %d times", want), func() error {
			if n := len(heard()); n < want {
				return fmt.Errorf("%d times", n)
			}
			return nil
		})
	}
	wait(1)
	node.stop()
	node.start()
	send("alice")
	send("bob")
	wait(2)
	var who []string
	for _, body := range heard() {
		var n struct{ ID, User, App string }
		if err := json.Unmarshal([]byte(body), &n); err != nil {
			t.Fatal(err)
		}
		if n.User == "alice" && n.ID != first || n.App != "openai-api" {
			t.Errorf("told of event %s of %s and app %s", n.ID, n.User, n.App)
		}
		who = append(who, n.User)
		secrets.absentFrom(t, map[string]string{"what people were told": body})
	}
	if len(who) != 2 || who[0] != "alice" || who[1] != "bob" {
		t.Errorf("told of %q, want once of alice and once of bob", who)
	}
}
