package console_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/console"
	"github.com/sluice-dlp/sluice/console/internal/sample"
	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/internal/blackbox/browser"
	"github.com/sluice-dlp/sluice/store"
)

// explorerQuestion has a column of times, so that its answer has a chart.
const explorerQuestion = "SELECT hour, SUM(events) AS requests, SUM(stopped) AS stopped\nFROM hours -- every app\nWHERE status = 'in_review'\nGROUP BY hour ORDER BY hour"

var (
	sampleNode     = console.Node{Name: "gw1", Build: "1.4.0", ICAP: "0.0.0.0:1344"}
	sampleSettings = []console.Setting{{Name: "Database", Value: "SQLite in ./data"}, {Name: "Events are kept for", Value: "90 days"}, {Name: "Exceptions", Value: "24h, approval: reviewer"}}
)

// proxy answers test prompts as a node would that stops them.
type proxy struct{ sent atomic.Int64 }

func (p *proxy) Contact() console.Contact {
	return console.Contact{Last: time.Now().Add(-time.Minute), Address: "10.0.0.5", Options: 2, Requests: 18_211}
}

func (p *proxy) Probe(context.Context, string, string) (console.Probe, error) {
	p.sent.Add(1)
	return console.Probe{Event: event.NewID(time.Now()), Status: http.StatusForbidden, Took: 3 * time.Millisecond}, nil
}

// TestToolWorkflows does with the tools what they are for, as a person with a browser.
func TestToolWorkflows(t *testing.T) {
	c := openCompany(t, t.TempDir(), 2_000)
	err := c.store.SeeNode(t.Context(), store.Node{
		Outbox: "u1", Name: "gw2", Build: "1.5.0", Snapshot: "9c1f", Started: time.Now().Add(-time.Hour), Seen: time.Now(),
		Sinks: []store.SinkLag{{Name: "splunk", Behind: 1200, Complaint: "connection refused"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	p := browser.Start(t, browser.Options{Width: 1280, Height: 900})
	c.signIn(t, p, "j.weber")
	text := func(selector string) string {
		return browser.Eval[string](p, `document.querySelector('`+selector+`')?.textContent ?? ""`)
	}
	t.Run("a question in SQL is coloured, answered, drawn and shared", func(t *testing.T) {
		p.Open(c.http.URL + "/explorer")
		p.WaitFor(".editor.lit .t-key")
		browser.Eval[bool](p, `(() => { const a = document.querySelector('.editor textarea'); a.value = `+"`"+explorerQuestion+"`"+`; a.dispatchEvent(new Event('input', {bubbles: true})); return true })()`)
		p.Click("#ask .primary")
		p.WaitFor("table.data tbody tr")
		if n := browser.Eval[int](p, `document.querySelectorAll('table.data tbody tr').length`); n < 100 {
			t.Errorf("%d rows", n)
		}
		p.WaitFor("#answer, .chart")
		if address := browser.Eval[string](p, `location.href`); !strings.Contains(address, "sql=SELECT") {
			t.Errorf("the address does not hold the question: %s", address)
		}
		if comment := text(".editor .t-rem"); comment != "-- every app" {
			t.Errorf("the comment is coloured as %q", comment)
		}
	})
	t.Run("what is no question is refused with its reason", func(t *testing.T) {
		p.Open(c.http.URL + "/explorer?sql=DELETE+FROM+events")
		p.WaitFor(".complaint")
	})
	t.Run("an investigation asks for what it needs", func(t *testing.T) {
		p.Open(c.http.URL + "/explorer?ask=user-trace&since=90d")
		p.WaitFor(`input[name="user"]`)
		browser.Eval[bool](p, `(() => { document.querySelector('input[name="user"]').value = '`+sample.Person(0)+`'; return true })()`)
		p.Click("#ask .primary")
		p.WaitFor("table.data")
	})
	t.Run("the audit trail is checked", func(t *testing.T) {
		p.Open(c.http.URL + "/audit?check=1")
		p.WaitFor(".flash")
		if said := text(".flash"); !strings.Contains(said, "is whole") {
			t.Errorf("it says %q", said)
		}
	})
	t.Run("an administrator gives a right, makes a token and sees a sink behind", func(t *testing.T) {
		p.Open(c.http.URL + "/settings")
		p.WaitFor("#nodes table")
		if said := text("#nodes table"); !strings.Contains(said, "connection refused") || !strings.Contains(said, "behind") {
			t.Errorf("nodes: %s", said)
		}
		p.Click(`form[action="/settings/accounts/k.ito"] input[value="names"]`)
		p.Click(`form[action="/settings/accounts/k.ito"] button`)
		p.WaitFor(".flash")
		a, err := c.store.Account(t.Context(), "k.ito")
		if err != nil || len(a.Rights) != 1 || a.Rights[0] != "names" {
			t.Errorf("k.ito has %v, %v", a.Rights, err)
		}
		browser.Eval[bool](p, `(() => { document.querySelector('#tokens input[name="name"]').value = 'nightly report'; return true })()`)
		p.Click(`#tokens form[action="/settings/tokens"] button`)
		p.WaitFor("section.k-good code")
		if token := text("section.k-good code"); !strings.HasPrefix(token, "sluice_") {
			t.Error("no token is shown")
		}
	})
	t.Run("a test prompt is sent", func(t *testing.T) {
		p.Open(c.http.URL + "/start")
		p.Click(`form[action="/start/probe"] button`)
		p.WaitFor("#test .flash")
		if said := text("#test .flash"); !strings.Contains(said, "stopped with status 403") {
			t.Errorf("it says %q", said)
		}
	})
	t.Run("the report fits on paper, with tables", func(t *testing.T) {
		p.Print()
		view(p, 680, 960, false) // A4 within its margins
		p.Open(c.http.URL + "/report")
		p.WaitFor("main h1")
		if how := browser.Eval[string](p, `getComputedStyle(document.querySelector("table.list tbody td")).display`); how != "table-cell" {
			t.Errorf("cells of the table are shown as %s", how)
		}
		if wide := browser.Eval[int](p, "document.documentElement.scrollWidth - innerWidth"); wide > 0 {
			t.Errorf("%d pixels are cut off: %s", wide, browser.Eval[string](p, `[...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > innerWidth).map(e => e.outerHTML.slice(0, 60)).slice(0, 5).join()`))
		}
		if shown := browser.Eval[int](p, `[...document.querySelectorAll("#side, .top, .head .btn, #tabbar")].filter(e => e.checkVisibility()).length`); shown > 0 {
			t.Errorf("%d parts of the frame are printed", shown)
		}
	})
}
