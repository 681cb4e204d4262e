package blackbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/internal/blackbox/browser"
	"github.com/sluice-dlp/sluice/internal/blackbox/squid"
)

// TestRefusalsInChromium shows what a person and a page's script get to see of a block.
func TestRefusalsInChromium(t *testing.T) {
	node := newSluice(t, settings{})
	node.must("apps", "status", "claude", "unapproved")
	node.must("apps", "status", "chatgpt", "in_review")
	node.start()
	w := startWorld(t, node.icap, "")

	t.Run("a navigation shows the page", func(t *testing.T) {
		for language, want := range map[string][]string{
			"en": {"Blocked by your company's data protection", "Claude may not be used at work", "default:unapproved"},
			"de": {"Vom Datenschutz Ihres Unternehmens gestoppt", "Claude darf bei der Arbeit nicht benutzt werden"},
		} {
			page := chromium(t, w, squid.Alice, language)
			page.Expect("status of 403")
			page.Open("https://claude.ai/chats")
			text := page.Text()
			for _, phrase := range want {
				if !strings.Contains(text, phrase) {
					t.Errorf("%s: the page does not say %q:\n%s", language, phrase, text)
				}
			}
			if lang := browser.Eval[string](page, "document.documentElement.lang"); lang != language {
				t.Errorf("the page is in %q, want %q", lang, language)
			}
			for _, dark := range []bool{false, true} {
				page.Dark(dark)
				page.Shot(fmt.Sprintf("blocked-%s-dark-%v", language, dark))
			}
			light, dark := background(page, false), background(page, true)
			if light == dark {
				t.Errorf("the page looks the same in the light and in the dark: %s", light)
			}
		}
	})
	t.Run("a script reads the reason of a cross-origin upload", func(t *testing.T) {
		page := chromium(t, w, squid.Alice, "en")
		page.Expect("status of 403")
		page.Open("https://chatgpt.com/")
		card := (&planted{}).card()
		got := fetch(t, page, "PUT", "https://files.oaiusercontent.com/file-abc", "text/csv", "name;card\nJane Roe;"+card+"\n")
		if got.Status != http.StatusForbidden || got.Failed != "" {
			t.Fatalf("the script sees status %d %s, want 403", got.Status, got.Failed)
		}
		var body struct{ Message string }
		if err := json.Unmarshal([]byte(got.Body), &body); err != nil {
			t.Fatalf("the script cannot read the answer: %v", err)
		}
		id := incident.FindString(body.Message)
		if id == "" || !strings.Contains(body.Message, "Payment card number") || strings.Contains(got.Body, card) {
			t.Errorf("the script reads %q", body.Message)
		}
		found := false
		for _, e := range node.waitEvents(1) {
			found = found || e.ID == id && e.App.ID == "chatgpt" && e.Activity == "upload" && e.Decision.Action == "block"
		}
		if !found {
			t.Errorf("incident %s is no recorded upload", id)
		}
		clean := fetch(t, page, "PUT", "https://files.oaiusercontent.com/file-abc", "text/csv", "name;city\nJane Roe;Bonn\n")
		if clean.Status != http.StatusCreated {
			t.Errorf("a clean upload: status %d %s, want 201", clean.Status, clean.Failed)
		}
	})
}

// background is the colour of the page.
func background(page *browser.Page, dark bool) string {
	page.Dark(dark)
	return browser.Eval[string](page, "getComputedStyle(document.body).backgroundColor")
}
