package blackbox

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestRedactionThroughSquid lets a prompt through with its card number covered: short, so that
// the answer is 206 or 200 inside the preview, and long, so that Squid had to send on.
func TestRedactionThroughSquid(t *testing.T) {
	node := newSluice(t, settings{policy: "defaults:\n  unreviewed: {profiles: [default], on_match: redact}\n"})
	node.start()
	w := startWorld(t, node.icap, "")
	card := (&planted{}).card()
	const filler = "The weather of the north is cold. "
	cases := map[string]string{
		"inside the preview":             "Refund the card " + card + " please. Thank you!",
		"at the end of a long prompt":    strings.Repeat(filler, 5000) + "Refund the card " + card + " please.",
		"at the start of a long prompt":  "Refund the card " + card + " please." + strings.Repeat(filler, 5000),
		"on both sides of the preview":   "Card " + card + ". " + strings.Repeat(filler, 5000) + " card " + card,
		"across the end of the preview":  strings.Repeat("x", 65535-65) + " card " + card + " and " + strings.Repeat(filler, 100),
		"twice, with a quote in between": `Card ` + card + ` is not "` + card + `".`,
	}
	client := httpClient(t, w.squid)
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			body := openAIChat(text)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, openAIURL, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			testCase := "redact-" + strings.ReplaceAll(name, " ", "-")
			req.Header.Set("X-Blackbox-Case", testCase)
			req.Header.Set("Content-Type", "application/json")
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Fatalf("status %d (%v): %.300s", resp.StatusCode, err, answer)
			}
			checkRedacted(t, w, testCase, text, card)
		})
	}
}

// checkRedacted asserts that the origin got the prompt, whole but for the card.
func checkRedacted(t *testing.T, w *world, testCase, text, card string) {
	t.Helper()
	reached := w.origin.Requests(testCase)
	if len(reached) != 1 {
		t.Fatalf("%d requests reached the origin, want 1", len(reached))
	}
	got := reached[0].Prompt
	if got == "" {
		t.Fatal("what reached the origin is no chat in JSON")
	}
	if strings.Contains(got, card) {
		t.Fatal("the card reached the origin")
	}
	for i, part := range strings.Split(text, card) {
		at := strings.Index(got, part)
		if at < 0 {
			t.Fatalf("part %d of the prompt around the card did not reach the origin as it was", i)
		}
		got = got[at+len(part):]
	}
}
