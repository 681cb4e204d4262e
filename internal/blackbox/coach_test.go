package blackbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/internal/blackbox/browser"
	"github.com/sluice-dlp/sluice/internal/blackbox/pgtest"
	"github.com/sluice-dlp/sluice/internal/blackbox/proc"
	"github.com/sluice-dlp/sluice/internal/blackbox/squid"
)

// coachLink finds the link in what a coached person is told.
var coachLink = regexp.MustCompile(`http://127\.0\.0\.1:\d+/coach\?token=[A-Za-z0-9_%.-]+`)

// answer is what a script in a page sees of a fetch.
type answer struct {
	Status int    `json:"status"`
	Body   string `json:"body"`
	Failed string `json:"failed"` // why the browser showed it nothing
}

// fetch lets the page send a request, as an app's own script does.
func fetch(t *testing.T, p *browser.Page, method, address, contentType, body string) answer {
	t.Helper()
	args, err := json.Marshal([]string{method, address, contentType, body})
	if err != nil {
		t.Fatal(err)
	}
	return browser.Eval[answer](p, fmt.Sprintf(`(async ([method, url, type, body]) => {
		try {
			const r = await fetch(url, {method, body, credentials: 'include', headers: {'content-type': type}});
			return {status: r.status, body: await r.text(), failed: ''};
		} catch (e) { return {status: 0, body: '', failed: String(e)}; }
	})(%s)`, args))
}

// chatGPTPrompt is a prompt as the ChatGPT web app sends it.
func chatGPTPrompt(t *testing.T, text string) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"action": "next", "model": "auto", "messages": []any{map[string]any{
		"id": "b2a3", "author": map[string]string{"role": "user"},
		"content": map[string]any{"content_type": "text", "parts": []string{text}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// chromium starts a browser that goes through the proxy as a person.
func chromium(t *testing.T, w *world, person, language string) *browser.Page {
	t.Helper()
	return browser.Start(t, browser.Options{Proxy: w.squid.Addr, User: person, Password: squid.Password, CAFile: w.squid.CAFile, Language: language, Height: 720})
}

// TestCoachLoopInChromium goes all the way: a prompt is held back with a link, the person gives
// a reason on the page behind it, the same prompt passes, and when the exception has run out it
// is held back again.
func TestCoachLoopInChromium(t *testing.T) {
	const lifetime = 15 * time.Second
	var secrets planted
	card := secrets.card()
	node := newSluice(t, settings{console: proc.FreeAddr(t), extra: "exceptions: {lifetime: 15s}\n"})
	node.start()
	w := startWorld(t, node.icap, "")
	page := chromium(t, w, squid.Alice, "en")
	page.Expect("status of 403")
	prompt := chatGPTPrompt(t, "Refund the card "+card+" please.")
	send := func() answer {
		t.Helper()
		page.Open("https://chatgpt.com/")
		return fetch(t, page, "POST", "https://chatgpt.com/backend-api/f/conversation", "application/json", prompt)
	}

	held := send()
	link := coachLink.FindString(held.Body)
	if held.Status != http.StatusForbidden || link == "" || strings.Contains(held.Body, card) {
		t.Fatalf("status %d %s, link found: %v", held.Status, held.Failed, link != "")
	}
	page.Open(link)
	text := page.Text()
	for _, want := range []string{"Your request to ChatGPT was held back", "Payment card number (credit_card)", "default:unreviewed", "messages[0].content.parts[0]"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q:\n%s", want, text)
		}
	}
	for _, dark := range []bool{false, true} {
		page.Dark(dark)
		page.Shot(fmt.Sprintf("coach-form-dark-%v", dark))
	}
	page.Zone("Asia/Kolkata") // UTC+5:30, all the year
	page.Type("#reason", "A refund that the customer asked for, card "+card)
	page.Click("button[type=submit]")
	page.WaitFor("main.good")
	given := time.Now()
	page.Shot("coach-granted-dark")
	page.Dark(false)
	page.Shot("coach-granted-light")
	until := given.Add(lifetime).In(time.FixedZone("", 5*3600+1800)).Format("January 2, 2006")
	if text := page.Text(); !strings.Contains(text, "You can go on") || !strings.Contains(text, until) || !strings.Contains(text, "GMT+5:30") {
		t.Errorf("the page says, without the end in the person's own time:\n%s", text)
	}

	proc.Eventually(t, time.Second, "the same prompt passes", func() error {
		if passed := send(); passed.Status != http.StatusOK || !strings.Contains(passed.Body, "append") {
			return fmt.Errorf("status %d %s", passed.Status, passed.Failed)
		}
		return nil
	})
	var x struct{ User, App, Subject, Justification, State string }
	list := node.must("exceptions", "list", "--all", "--json")
	if err := json.Unmarshal([]byte(list), &x); err != nil {
		t.Fatalf("read the exception: %v", err)
	}
	if x.User != squid.Alice || x.App != "chatgpt" || x.Subject != "default" || x.State != "active" || !strings.HasPrefix(x.Justification, "A refund") {
		t.Errorf("the exception is for %s, %s and %s, %s", x.User, x.App, x.Subject, x.State)
	}
	secrets.absentFrom(t, map[string]string{"exceptions list": list, "what sluice printed": node.serving.Output()}, node.dir)

	page.Open(link)
	if text := page.Text(); !strings.Contains(text, "A reason was given with this link already") {
		t.Errorf("a used link shows:\n%s", text)
	}
	page.Expect("status of 410")
	proc.Eventually(t, 2*lifetime, "the exception has run out", func() error {
		if again := send(); again.Status != http.StatusForbidden || !coachLink.MatchString(again.Body) {
			return fmt.Errorf("status %d %s", again.Status, again.Failed)
		}
		return nil
	})
	if after := time.Since(given); after < lifetime {
		t.Errorf("held back again after %s, want not before %s", after, lifetime)
	}
}

// TestAnExceptionIsFollowedByEveryNode redeems a link of one node at the other, and revokes on
// the command line: both must follow within a second.
func TestAnExceptionIsFollowedByEveryNode(t *testing.T) {
	pg := pgtest.Start(t)
	database := pg.Database(t)
	nodes := []*sluice{newSluice(t, settings{database: database, console: proc.FreeAddr(t)})}
	keys := fmt.Sprintf("keys: {file: %q}\n", filepath.Join(nodes[0].dir, "data", "keys"))
	nodes = append(nodes, newSluice(t, settings{database: database, console: proc.FreeAddr(t), extra: keys}))
	for _, n := range nodes {
		n.start()
	}
	card := prompt("alice", openAIChat("Refund the card "+(&planted{}).card()))
	told := func(n *sluice) string { // what the app is told in the service's place; "": the prompt passes
		t.Helper()
		c := &icap.Client{Addr: n.icap}
		defer c.Close()
		reply, err := c.Do(t.Context(), card)
		if err != nil {
			t.Fatal(err)
		}
		return string(reply.Body)
	}
	link := coachLink.FindString(told(nodes[0]))
	if link == "" {
		t.Fatal("no link for a coached prompt")
	}
	at, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	other, err := url.Parse(coachLink.FindString(told(nodes[1])))
	if err != nil {
		t.Fatal(err)
	}
	at.Host = other.Host // the other node's console
	client := &http.Client{Timeout: 20 * time.Second}
	resp, err := client.PostForm(at.String(), url.Values{"token": {at.Query().Get("token")}, "reason": {"a refund"}})
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK || !strings.Contains(resp.Request.URL.Path, "/coach/requests/") {
		t.Fatalf("the reason was answered with status %d", resp.StatusCode)
	}
	follow := func(what string, want bool) {
		t.Helper()
		for i, n := range nodes {
			proc.Eventually(t, time.Second, fmt.Sprintf("node %d follows: %s", i, what), func() error {
				if passes := told(n) == ""; passes != want {
					return fmt.Errorf("passes: %v", passes)
				}
				return nil
			})
		}
	}
	follow("the exception", true)
	var x struct{ ID string }
	if err := json.Unmarshal([]byte(nodes[0].must("exceptions", "list", "--json")), &x); err != nil {
		t.Fatal(err)
	}
	nodes[0].must("exceptions", "revoke", x.ID, "--note", "test")
	follow("its end", false)
}
