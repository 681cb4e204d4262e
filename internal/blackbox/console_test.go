package blackbox

import (
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/internal/blackbox/browser"
	"github.com/sluice-dlp/sluice/internal/blackbox/pgtest"
	"github.com/sluice-dlp/sluice/internal/blackbox/proc"
)

// consoleEvents is how much the console's tests have to show; `make console-large` sends more.
var consoleEvents = flag.Int("console-events", 5000, "events that are sent through the ICAP port for the console's tests")

const consolePassword = "correct horse battery staple"

// desk is a console with traffic, and a browser of somebody who is signed in.
type desk struct {
	*browser.Page
	t    *testing.T
	node *sluice
	url  string
}

// account makes a console account as an administrator does.
func (n *sluice) account(name, role string, rights ...string) {
	n.t.Helper()
	args := []string{"account", "add", name, "--role", role}
	for _, r := range rights {
		args = append(args, "--right", r)
	}
	cmd := n.command(args...)
	cmd.Stdin = strings.NewReader(consolePassword + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		n.t.Fatalf("account add %s: %v: %s", name, err, out)
	}
}

// signIn opens a browser and signs somebody in by password.
func signIn(t *testing.T, n *sluice, address, name string) *desk {
	t.Helper()
	d := &desk{Page: browser.Start(t, browser.Options{Width: 1440, Height: 900}), t: t, node: n, url: "http://" + address}
	d.Open(d.url + "/signin")
	d.Type("input[name=name]", name)
	d.Type("input[name=password]", consolePassword)
	d.Click("main button")
	d.WaitFor("#side")
	return d
}

// go to a page and check what every page must be: without axe violations.
func (d *desk) visit(path string) {
	d.t.Helper()
	d.Open(d.url + path)
	d.WaitFor("main h1")
	d.sound(path)
}

func (d *desk) sound(what string) {
	d.t.Helper()
	for _, v := range d.Axe() {
		d.t.Errorf("%s: %s", what, v)
	}
}

// until waits for a JavaScript expression to be true.
func (d *desk) until(what, expression string) {
	d.t.Helper()
	proc.Eventually(d.t, 20*time.Second, what, func() error {
		if !browser.Eval[bool](d.Page, "Boolean("+expression+")") {
			return fmt.Errorf("not yet; the page is at %s", d.Path())
		}
		return nil
	})
}

// says waits until the page's content holds text.
func (d *desk) says(text string) {
	d.t.Helper()
	d.until("the page says "+text, fmt.Sprintf("document.querySelector('main')?.innerText.includes(%q)", text))
}

// sites are where the invented company sends its prompts.
var sites = []struct{ host, path string }{
	{"api.openai.com", "/v1/chat/completions"}, {"api.groq.com", "/openai/v1/chat/completions"}, {"api.mistral.ai", "/v1/chat/completions"}, {"api.deepseek.com", "/chat/completions"},
}

func chatTo(site int, user, group, text string) icap.Message {
	body := openAIChat(text)
	at := sites[site%len(sites)]
	return icap.Message{
		Method: icap.MethodReqmod, Service: "/reqmod",
		Header: []icap.Field{{Name: "X-Client-IP", Value: "10.1.2.3"}, {Name: "X-Authenticated-User", Value: user}, {Name: "X-Authenticated-Groups", Value: group}},
		RequestHead: fmt.Appendf(nil, "POST https://%s%s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n",
			at.host, at.path, at.host, len(body)),
		Body: []byte(body), HasBody: true, Preview: 65535, Allow204: true,
	}
}

// traffic sends n prompts of 40 people through the ICAP port; one in twenty holds a card.
func traffic(t *testing.T, node *sluice, n int, card string) {
	t.Helper()
	var next, failed atomic.Int64
	var workers sync.WaitGroup
	for range 6 {
		workers.Go(func() {
			c := &icap.Client{Addr: node.icap}
			defer c.Close()
			for i := int(next.Add(1)); i <= n; i = int(next.Add(1)) {
				text := fmt.Sprintf("Write line %d of a poem about the sea.", i)
				if i%20 == 0 {
					text = fmt.Sprintf("Please refund the payment card %s of customer %d.", card, i)
				}
				if _, err := c.Do(t.Context(), chatTo(i/3, fmt.Sprintf("person.%02d", i%40), []string{"finance", "sales", "platform"}[i%3], text)); err != nil {
					failed.Add(1)
				}
			}
		})
	}
	workers.Wait()
	if failed.Load() > 0 {
		t.Fatalf("%d of %d prompts had no answer", failed.Load(), n)
	}
}

// TestConsole is a day at the console, in real Chromium on real databases.
func TestConsole(t *testing.T) {
	for name, database := range map[string]func(t *testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return pgtest.Start(t).Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			var secrets planted
			card := secrets.card()
			address := proc.FreeAddr(t)
			node := newSluice(t, settings{console: address, database: database(t), extra: "exceptions: {approval: reviewer}\n"})
			node.start()
			node.account("rita", "reviewer", "names")
			node.account("vera", "viewer")
			traffic(t, node, *consoleEvents, card)
			d := signIn(t, node, address, "rita")
			d.until("the roll-ups have the traffic", `fetch("/apps").then(r => r.text()).then(x => x.includes("OpenAI"))`)
			for _, step := range []struct {
				what string
				do   func(*desk, string)
			}{
				{"overview", overviewWorks},
				{"applications", applicationsWork},
				{"events", eventsWork},
				{"live tail", liveTailWorks},
				{"one event", eventWorks},
				{"people", peopleWork},
				{"exceptions", exceptionsWork},
				{"rules", rulesWork},
				{"keyboard", keyboardWorks},
				{"a viewer", viewerWorks},
			} {
				t.Log(step.what)
				step.do(d, card)
			}
			secrets.absentFrom(t, map[string]string{"what sluice printed": node.serving.Output()})
		})
	}
}

func overviewWorks(d *desk, _ string) {
	d.visit("/")
	d.says("Shadow AI overview")
	d.until("the tiles count the traffic", `!document.querySelector(".tile b").textContent.startsWith("0")`)
	d.until("an app waits for a decision", `document.querySelector("form[action='/apps/openai-api/status'] button")`)
	d.Click("form[action='/apps/openai-api/status'] button")
	d.says("OpenAI API: now in review. It takes effect at once.")
	if got := d.node.must("apps", "list", "--status", "in_review"); !strings.Contains(got, "openai-api") {
		d.t.Errorf("after one click the app is not in review:\n%s", got)
	}
	d.visit("/report")
	d.says("Shadow AI report")
	d.reportPrints()
	d.visit("/?since=24h")
	d.says("UTC")
	everybody := browser.Eval[string](d.Page, `document.querySelector(".tile b").textContent`)
	d.Click(".head details summary")
	d.Click(`.choices a[href*="group=finance"]`)
	d.until("the group is in the address, beside the period", `location.search.includes("group=finance") && location.search.includes("since=24h") && document.querySelector(".chip")`)
	d.until("only its requests count", fmt.Sprintf(`document.querySelector(".tile b").textContent !== %q && !document.querySelector(".tile b").textContent.startsWith("0")`, everybody))
	d.sound("the overview of a group")
	d.Click(".head a[href^='/report']")
	d.says("Group finance")
	d.visit("/?group=finance&since=24h")
	d.Click("a.tile")
	d.until("its events are listed", `location.pathname === "/events" && [...document.querySelectorAll("tbody tr")].length > 5 && [...document.querySelectorAll("tbody td:nth-child(5) small")].every(x => x.textContent === "finance")`)
	d.visit("/?group=nobody")
	d.says("Nobody of this group used AI")
}

// reportPrints saves the report as PDF, and reads it: what it says, without what is there to click.
func (d *desk) reportPrints() {
	d.t.Helper()
	d.node.write("report.pdf", string(d.PDF()))
	text := d.node.must("extract", "report.pdf")
	for _, want := range []string{"Shadow AI report", "Requests by approval status", "OpenAI API"} {
		if !strings.Contains(text, want) {
			d.t.Errorf("the printed report lacks %q:\n%s", want, text)
		}
	}
	for _, button := range []string{"Search or jump to", "Log explorer", "Print or save as PDF"} {
		if strings.Contains(text, button) {
			d.t.Errorf("the printed report has %q", button)
		}
	}
}

// tabWalks goes through the page by the Tab key: each stop can be seen and shows that it is the
// one, none holds the focus, and the page's own controls are reached.
func (d *desk) tabWalks(path string) {
	d.t.Helper()
	d.visit(path)
	browser.Eval[any](d.Page, `document.body.tabIndex = -1, document.body.focus(), document.body.removeAttribute("tabindex")`)
	seen := map[string]int{}
	inMain := 0
	for range 60 {
		d.Press(kb.Tab)
		at := browser.Eval[struct {
			What, Trouble string
			Main          bool
		}](d.Page, `(() => {
			const e = document.activeElement
			if (!e || e === document.body) return {What: ""}
			const r = e.getBoundingClientRect(), s = getComputedStyle(e)
			const what = e.tagName + " " + (e.getAttribute("aria-label") || e.innerText || e.name || e.href || "").trim().slice(0, 40)
			const ring = s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0 || s.boxShadow !== "none"
			let trouble = ""
			if (r.width < 1 || r.height < 1 || s.visibility === "hidden") trouble = "cannot be seen"
			else if (r.bottom < 0 || r.top > innerHeight) trouble = "is off the screen"
			else if (!ring) trouble = "does not show that it has the focus"
			return {What: what + " @" + [...document.querySelectorAll("*")].indexOf(e), Trouble: trouble, Main: !!e.closest("main")}
		})()`)
		if at.What == "" {
			break // past the end
		}
		if at.Trouble != "" {
			d.t.Errorf("%s: by Tab: %s %s", path, at.What, at.Trouble)
		}
		if at.Main {
			inMain++
		}
		if seen[at.What]++; seen[at.What] > 1 {
			break
		}
	}
	if len(seen) < 15 || inMain < 3 {
		d.t.Errorf("%s: Tab reaches %d places, %d of the page's own", path, len(seen), inMain)
	}
}

func applicationsWork(d *desk, card string) {
	d.visit("/apps")
	browser.Eval[bool](d.Page, "window.mark = true")
	d.Click(`form[action="/apps/groq/status"] [value=approved]`)
	d.until("the toggle shows the new status", `document.querySelector('form[action="/apps/groq/status"] [value=approved]')?.getAttribute("aria-pressed") === "true"`)
	d.until("the focus stays on the toggle", `document.activeElement.value === "approved"`)
	d.Click(`input[name=id][value=deepseek-api]`)
	d.Click(`.bulk [value=unapproved]`)
	d.says("now unapproved")
	d.Type("#q", "groq")
	d.until("the filter is in the address and the list", `location.search.includes("q=groq") && document.querySelectorAll("tbody tr").length === 1`)
	if !browser.Eval[bool](d.Page, "window.mark === true && document.activeElement.name === 'q'") {
		d.t.Error("a status or a filter loaded the whole page, or lost the focus")
	}
	csv := browser.Eval[string](d.Page, `fetch(document.querySelector("a[download]").href).then(r => r.text())`)
	if lines := strings.Split(strings.TrimSpace(csv), "\n"); len(lines) != 2 || !strings.HasPrefix(lines[1], "groq,Groq") {
		d.t.Errorf("the filtered CSV is %q", csv)
	}
	d.visit("/apps/openai-api")
	d.says("Somebody pastes a card number?")
	d.says("person.")
	d.until("a card would be blocked now", `[...document.querySelectorAll(".whatif li")].find(li => li.innerText.includes("card number"))?.innerText.includes("block")`)
	proc.Eventually(d.t, 10*time.Second, "the next card is blocked", func() error {
		if got := answerTo(d.t, d.node, openAIChat("the payment card "+card)); got != "blocked" {
			return fmt.Errorf("it %s", got)
		}
		return nil
	})
}

func eventsWork(d *desk, _ string) {
	d.visit("/events?view=triage")
	d.until("events wait", `document.querySelectorAll("tbody tr").length > 20`)
	d.Click(`.facets a[href*="app=groq"]`)
	d.until("the facet is in the address", `location.search.includes("app=groq") && document.querySelector(".chip")`)
	d.until("only that app is listed", `[...document.querySelectorAll("tbody td:nth-child(6) a")].every(a => a.textContent === "Groq")`)
	d.Click("details.menu summary")
	d.Type("details.menu input[name=name]", "Groq to triage")
	d.Click("details.menu .primary")
	d.until("the view is a tab", `[...document.querySelectorAll(".strip a")].some(a => a.textContent === "Groq to triage" && a.ariaCurrent)`)
	d.Press("j", "j", "x")
	id := browser.Eval[string](d.Page, `document.querySelector("tr.cur input:checked").value`)
	d.Press("c")
	d.says("1 event marked as confirmed.")
	d.until("the event has left the view", fmt.Sprintf(`!document.getElementById("e-%s")`, id))
	d.visit("/events?view=all&state=confirmed")
	d.until("it is among the confirmed", fmt.Sprintf(`document.getElementById("e-%s")`, id))
	d.visit("/events?view=all")
	d.Click("a[rel=next]")
	d.until("the next page has other events", `location.search.includes("cursor=") && document.querySelectorAll("tbody tr").length > 20`)
	browser.Eval[any](d.Page, "history.back()")
	d.until("Back shows the first page", `!location.search.includes("cursor=") && document.querySelector("a[rel=next]")`)
	for kind, least := range map[string]int{"csv": 201, "ndjson": 200} {
		n := browser.Eval[int](d.Page, fmt.Sprintf(`fetch("/events.%s?view=matched").then(r => r.text()).then(x => x.trim().split("\n").length)`, kind))
		if want := min(least, *consoleEvents/25); n < want {
			d.t.Errorf("the %s has %d lines, want at least %d", kind, n, want)
		}
	}
	d.visit("/events?view=all&q=nobody-knows-this")
	d.says("No event of the last 7 days matches")
	d.Click(".empty a")
	d.until("older events are searched", `location.search.includes("since=400d")`)
	d.says("No event matches")
}

func liveTailWorks(d *desk, _ string) {
	d.visit("/events?view=all")
	d.Press("l")
	d.until("the tail is open", `document.querySelector("[data-live]").getAttribute("aria-pressed") === "true" && live.source.readyState === 1`)
	c := &icap.Client{Addr: d.node.icap}
	defer c.Close()
	if _, err := c.Do(d.t.Context(), chatTo(1, "late.person", "sales", "One more line about the sea.")); err != nil {
		d.t.Fatal(err)
	}
	d.until("the new event comes by itself", `document.querySelector("tbody tr").innerText.includes("late.person")`)
	d.Press("l")
	d.until("the tail is closed", `document.querySelector("[data-live]").getAttribute("aria-pressed") === "false"`)
}

func eventWorks(d *desk, card string) {
	d.visit("/events?view=triage&detector=credit_card")
	d.Press("j")
	d.Press("\r")
	d.until("Enter opens the event", `location.pathname.startsWith("/events/0")`)
	d.sound("an event")
	d.says("Why it was handled this way")
	d.says("The same value elsewhere")
	if strings.Contains(d.Text(), card) {
		d.t.Error("the page shows the card")
	}
	first := d.Path()
	d.Press("f")
	d.until("the verdict is chosen", `document.querySelector("input[value=false_positive]").checked`)
	d.Select("select[name=reason]", "test_data")
	d.Select("select[name=mute]", "7")
	d.Select("select[name=mute_for]", "person")
	d.Type("textarea[name=note]", "A test card of the shop.")
	d.Type("button[value=next]", "\r")
	d.until("the next event is open", fmt.Sprintf("location.pathname.startsWith('/events/0') && !%q.startsWith(location.pathname)", first))
	d.says("Marked as false positive.")
	d.visit(first)
	d.says("marked it false positive")
	d.says("A test card of the shop.")
	d.Press("j")
	d.until("j opens the older event", fmt.Sprintf("!%q.startsWith(location.pathname)", first))
	d.visit("/events?view=triage")
	d.says("Muted")
	d.Click(`form[action^="/mutes/"] button`)
	d.says("The mute has ended.")
	d.visit("/precision")
	d.says("Payment card number")
}

func peopleWork(d *desk, _ string) {
	d.visit("/people")
	d.says("person.0")
	d.Click("tbody a[data-open]")
	d.until("a person's page", `location.pathname.startsWith("/people/person.")`)
	d.sound("a person")
	d.says("Apps they use")
	d.visit("/coverage")
	d.says("Inspected")
}

func exceptionsWork(d *desk, card string) {
	c := &icap.Client{Addr: d.node.icap}
	defer c.Close()
	ask := func() string {
		d.t.Helper()
		reply, err := c.Do(d.t.Context(), chatTo(2, "olga", "legal", "the payment card "+card))
		if err != nil {
			d.t.Fatal(err)
		}
		return string(reply.Body)
	}
	link, err := url.Parse(coachLink.FindString(ask()))
	if err != nil || link.Host == "" {
		d.t.Fatalf("no link for a coached prompt: %v", err)
	}
	resp, err := (&http.Client{Timeout: 20 * time.Second}).PostForm(link.String(), url.Values{"token": {link.Query().Get("token")}, "reason": {"a refund for order 8812"}})
	if err != nil {
		d.t.Fatal(err)
	}
	_ = resp.Body.Close()
	d.visit("/exceptions")
	d.says("a refund for order 8812")
	d.Type("input[name=note]", "fine this once")
	d.Click("button[value=approve]")
	d.says("Approved. It holds at once, on every node.")
	proc.Eventually(d.t, 10*time.Second, "the same prompt passes", func() error {
		if ask() != "" {
			return fmt.Errorf("it is held back")
		}
		return nil
	})
	d.visit("/exceptions?state=active")
	d.Click("button[value=revoke]")
	d.says("Revoked. It ends at once, on every node.")
}

func rulesWork(d *desk, _ string) {
	d.visit("/playground")
	d.says("2 matches") // the number of the staff, and not that of the order
	browser.Eval[any](d.Page, `(() => { const a = document.querySelector("textarea[name=text]"); a.value = "employee EMP-204981, employee EMP-300417 and employee EMP-118204"; a.dispatchEvent(new Event("input", {bubbles: true})); })()`)
	d.says("3 matches")
	browser.Eval[any](d.Page, `(() => { const a = document.querySelector("textarea[name=yaml]"); a.value = a.value.replace("severity", "severty"); a.dispatchEvent(new Event("input", {bubbles: true})); })()`)
	d.says(`unknown field "severty"`)
	diff := browser.Eval[string](d.Page, `fetch("/playground/diff", {method: "POST", body: new FormData(document.querySelector("form[data-preview]"))}).then(r => r.text())`)
	if !strings.Contains(diff, "-    severity: medium") || !strings.Contains(diff, "+    severty: medium") {
		d.t.Errorf("the change is\n%s", diff)
	}
	d.visit("/playground?file=cards.yaml")
	d.says("cards.yaml")
	d.visit("/policy")
	d.Type("input[name=user]", "alice")
	d.Click("button.primary")
	d.says("OpenAI API")
	d.says("credit card")
	d.until("the trace ends with the action", `document.querySelector(".trace li:last-child .act")?.textContent === "block"`)
	d.sound("the simulator")
}

func keyboardWorks(d *desk, _ string) {
	for _, path := range []string{"/", "/apps", "/events", "/policy"} {
		d.tabWalks(path)
	}
	d.visit("/")
	d.Press("g", "a")
	d.until("g a opens applications", `location.pathname === "/apps"`)
	browser.Eval[any](d.Page, `document.dispatchEvent(new KeyboardEvent("keydown", {key: "k", ctrlKey: true, bubbles: true}))`)
	d.WaitFor("#palette input")
	d.Type("#palette input", "claude")
	d.until("the palette finds the app", `document.querySelector("#palette a")?.textContent.startsWith("Claude")`)
	d.Press("\r")
	d.until("Enter opens it", `location.pathname.startsWith("/apps/claude")`)
	d.visit("/")
	d.Press("t")
	dark := browser.Eval[string](d.Page, "document.documentElement.dataset.theme")
	d.visit("/apps")
	if got := browser.Eval[string](d.Page, "document.documentElement.dataset.theme"); got != dark {
		d.t.Errorf("the theme is %q on the next page, want %q", got, dark)
	}
	d.visit("/")
	browser.Eval[any](d.Page, `document.querySelector("[data-chart]").focus()`)
	d.Press(kb.ArrowLeft)
	d.until("the arrow key chooses a step", `document.querySelector(".hit.on") && !document.querySelector("#tip").hidden`)
	d.visit("/find?q=groq")
	d.says("Groq")
}

func viewerWorks(d *desk, _ string) {
	v := signIn(d.t, d.node, strings.TrimPrefix(d.url, "http://"), "vera")
	for _, path := range []string{"/", "/apps", "/events?view=all", "/people", "/exceptions", "/report", "/apps/openai-api"} {
		v.visit(path)
		if text := v.Text(); strings.Contains(text, "person.0") || strings.Contains(text, "person.1") {
			v.t.Errorf("%s shows names to somebody without the right", path)
		}
		if browser.Eval[int](v.Page, `document.querySelectorAll("main form[method=post]:not([action='/events/views']):not([action^='/events/triage'])").length`) > 0 {
			v.t.Errorf("%s offers a viewer what a viewer may not do", path)
		}
	}
	v.visit("/people")
	v.Click("tbody a[data-open]")
	v.until("the page of a number", `/^\/people\/~\d+$/.test(decodeURIComponent(location.pathname))`)
	v.says("the name is hidden")
	v.Expect("status of 403")
	v.Open(v.url + "/events?user=person.01")
	v.says("Names are hidden")
}
