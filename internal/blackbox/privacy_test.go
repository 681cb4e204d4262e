package blackbox

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/internal/blackbox/pgtest"
	"github.com/sluice-dlp/sluice/internal/blackbox/proc"
)

// TestAPromptIsSealedRevealedAndErased sends one prompt, which is kept only encrypted, reads
// it with the private key, and then forgets the person who sent it, on both databases.
func TestAPromptIsSealedRevealedAndErased(t *testing.T) {
	for name, database := range map[string]func() string{
		"sqlite":   func() string { return "" },
		"postgres": func() string { return pgtest.Start(t).Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			key, err := age.GenerateX25519Identity()
			if err != nil {
				t.Fatal(err)
			}
			other, err := age.GenerateX25519Identity()
			if err != nil {
				t.Fatal(err)
			}
			node := newSluice(t, settings{
				database: database(), policy: "defaults:\n  unreviewed: {profiles: [default], on_match: block}\n",
				extra: fmt.Sprintf("payload: {age_recipient: %s}\n", key.Recipient()),
				files: map[string]string{"data/.keep": "", "key.txt": key.String(), "other.txt": other.String()},
			})
			node.start()
			var secrets planted
			text := "Bill Violet Abernathy's card " + secrets.card() + " for the Heron project"
			c := &icap.Client{Addr: node.icap}
			defer c.Close()
			if _, err := c.Do(t.Context(), prompt("violet", openAIChat(text))); err != nil {
				t.Fatal(err)
			}
			e := node.waitEvents(1)[0]

			out := node.must("events", "reveal", e.ID, "--identity", "key.txt")
			if !strings.Contains(out, text) || !strings.Contains(out, `"role": "user"`) {
				t.Error("the prompt is not revealed whole")
			}
			if out, _, code := node.run("events", "reveal", e.ID, "--identity", "other.txt"); code != 1 || out != "" {
				t.Errorf("another key: exit code %d, %d bytes", code, len(out))
			}
			secrets.absentFrom(t, map[string]string{"what sluice printed": node.stderr.String()}, node.dir)

			node.must("people", "erase", "violet")
			if out, errOut, code := node.run("people", "erase", "violet"); code != 0 || !strings.Contains(out, `"known":false`) || !strings.Contains(errOut, "nothing is kept") {
				t.Errorf("erased twice: exit code %d: %s%s", code, out, errOut)
			}
			if _, _, code := node.run("events", "reveal", e.ID, "--identity", "key.txt"); code != 1 {
				t.Error("the prompt is still there")
			}
			proc.Eventually(t, 10*time.Second, "the person is gone from the event", func() error {
				left := node.events()[0]
				if left.ID != e.ID || !strings.HasPrefix(left.User, "erased-") || left.Source.IP != "" || left.Matches[0].Excerpt != "" {
					return fmt.Errorf("user %s, address %q, excerpt of %d bytes", left.User, left.Source.IP, len(left.Matches[0].Excerpt))
				}
				return nil
			})
			if n := len(node.events()); n != 1 {
				t.Errorf("%d events, want the one of before", n)
			}
		})
	}
}
