package console_test

import (
	"context"
	"flag"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/sluice-dlp/sluice/classify"
	"github.com/sluice-dlp/sluice/console"
	"github.com/sluice-dlp/sluice/console/internal/sample"
	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/internal/blackbox/browser"
	"github.com/sluice-dlp/sluice/policy"
	"github.com/sluice-dlp/sluice/profiles"
	"github.com/sluice-dlp/sluice/store"
)

// shots is where TestScreens leaves its pictures: `make screens` gives docs/screens.
var (
	shots = flag.String("screens", "", "folder for the pictures of TestScreens; empty: none are taken")
	only  = flag.String("only", "", "screens of TestScreens whose name holds this")
)

// company is a console with the events of an invented company.
type company struct {
	store  *store.Store
	server *console.Server
	http   *httptest.Server
}

func openCompany(t testing.TB, dir string, events int) *company {
	t.Helper()
	ctx := t.Context()
	st, err := store.Open(ctx, store.Options{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	n, err := st.CountEvents(ctx, store.Filter{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if n == 0 {
		record(t, st, events)
	}
	accounts, err := st.Accounts(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(accounts) == 0 {
		decide(t, st)
	}
	c := &company{store: st}
	catalogue, err := classify.Load(classify.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	rules, err := dlp.Load(profiles.FS)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := dlp.New(rules, dlp.Options{Key: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	c.server, err = console.New(console.Options{Store: st, Prober: &proxy{}, Node: sampleNode, Settings: sampleSettings, Profiles: func() ([]fs.FS, error) { return []fs.FS{profiles.FS}, nil }, Rules: func() console.Rules {
		return console.Rules{Catalogue: catalogue, Engine: engine, Policy: policy.Default(), Version: "sample"}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.server.Close)
	c.http = httptest.NewServer(c.server.Handler())
	t.Cleanup(c.http.Close)
	return c
}

// record records two months of traffic.
func record(t testing.TB, st *store.Store, events int) {
	t.Helper()
	ctx := t.Context()
	rec, err := event.Open(ctx, st.OutboxDB(), event.Options{IsStore: true})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- rec.Run(ctx, st.Sink()) }()
	queue, failed := make(chan *event.Event, 64), make(chan error, 32)
	var writers sync.WaitGroup
	for range cap(failed) { // together they share one commit
		writers.Go(func() {
			for e := range queue {
				if err := rec.Record(ctx, e, false); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	err = sample.Each(sample.Options{Events: events, Days: 60, People: 350 + events/200, Now: time.Now(), Seed: 1}, func(e *event.Event) error {
		select {
		case queue <- e:
			return nil
		case err := <-failed:
			return err
		}
	})
	close(queue)
	writers.Wait()
	if err != nil {
		t.Fatal(err)
	}
	closing, cancel := context.WithTimeout(ctx, 30*time.Minute)
	defer cancel()
	if err := rec.Close(closing); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// decide sets statuses as a company would, makes accounts, and reviews a little.
func decide(t testing.TB, st *store.Store) {
	t.Helper()
	ctx := t.Context()
	notable, err := st.Events(ctx, store.Filter{Matched: true, Limit: 300})
	if err != nil {
		t.Fatal(err)
	}
	for id, status := range map[string]policy.Status{
		"chatgpt": policy.InReview, "gemini": policy.InReview, "cursor": policy.InReview, "perplexity": policy.InReview,
		"claude": policy.Approved, "m365-copilot": policy.Approved, "github-copilot": policy.Approved, "grammarly": policy.Approved, "openai-api": policy.Approved,
		"deepseek": policy.Unapproved, "poe": policy.Unapproved, "otter": policy.Unapproved,
	} {
		if err := st.SetStatus(ctx, store.AppStatus{App: id, Status: status, By: "k.ito", Note: "AI board", At: time.Now().AddDate(0, 0, -20)}); err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range []store.Account{
		{Name: "j.weber", Role: "admin", Rights: []string{"evidence", "sql", "names"}}, {Name: "k.ito", Role: "reviewer"}, {Name: "v.roth", Role: "viewer"},
	} {
		if err := st.PutAccount(ctx, a, "test"); err != nil {
			t.Fatal(err)
		}
	}
	states := []store.ReviewState{store.ReviewConfirmed, store.ReviewFalsePositive, store.ReviewInProgress, store.ReviewAccepted}
	for i := range notable {
		if i%7 > 2 || i < 4 {
			continue
		}
		r := store.Review{Event: notable[i].ID, State: states[i%len(states)], Assignee: "k.ito", Reason: "test_data", Note: "Looked at with the team.", By: "k.ito"}
		for _, m := range notable[i].Matches {
			if strings.HasPrefix(m.Excerpt, sample.FalseAlarm) {
				r.State, r.Reason, r.Note = store.ReviewFalsePositive, "wrong_match", "A parcel, no card."
			} else if m.Detector == "credit_card" {
				r.State, r.Reason = store.ReviewConfirmed, "real_leak"
			}
		}
		if err := st.SetReview(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	for i, x := range []store.Exception{
		{User: sample.Person(3), App: "chatgpt", Subject: "pci", Justification: "Refund for order 8812, the card is expired", State: store.ExceptionPending},
		{User: sample.Person(9), App: "mistral-api", Subject: "gap:encrypted", Justification: "Password-protected price list of a supplier", State: store.ExceptionPending},
		{User: sample.Person(1), App: "gemini", Subject: "pii", Justification: "Testing the new onboarding letter", State: store.ExceptionActive},
	} {
		x.Created, x.Expires = time.Now().Add(-time.Duration(i*3+1)*time.Hour), time.Now().Add(20*time.Hour)
		if _, err := st.AddException(ctx, x); err != nil {
			t.Fatal(err)
		}
	}
}

// signIn opens the console as somebody.
func (c *company) signIn(t testing.TB, p *browser.Page, who string) {
	t.Helper()
	link, err := c.server.SignInLink(who)
	if err != nil {
		t.Fatal(err)
	}
	p.Open(c.http.URL + link)
	p.Click("main button")
	p.WaitFor("#side")
}

// screen is one page to be looked at.
type screen struct{ name, path string }

func (c *company) screens(t testing.TB) []screen {
	t.Helper()
	list, err := c.store.Events(t.Context(), store.Filter{Detector: "credit_card", Review: store.ReviewNew, Limit: 1})
	if err != nil || len(list) == 0 {
		t.Fatalf("no event with a card: %v", err)
	}
	return []screen{
		{"overview", "/"},
		{"apps", "/apps"},
		{"app", "/apps/chatgpt"},
		{"events", "/events?view=triage"},
		{"event", "/events/" + list[0].ID + "?view=triage"},
		{"people", "/people"},
		{"person", "/people/" + sample.Person(0)},
		{"exceptions", "/exceptions"},
		{"coverage", "/coverage"},
		{"precision", "/precision"},
		{"policy", "/policy"},
		{"playground", "/playground"},
		{"explorer", "/explorer?sql=" + url.QueryEscape(explorerQuestion)},
		{"investigation", "/explorer?ask=user-trace&since=90d&user=" + sample.Person(0)},
		{"audit", "/audit"},
		{"settings", "/settings"},
		{"start", "/start"},
		{"report", "/report"},
		{"find", "/find?q=gpt"},
		{"nothing", "/events?view=all&q=nobody-knows-this"},
	}
}

// TestScreens opens every screen on a desktop and a phone, in light and dark, and fails on
// what axe, the browser's log or its layout-shift observer complains about. Pages come in
// pieces: on a slow line or a busy machine a half would be painted, and shift.
func TestScreens(t *testing.T) {
	c := openCompany(t, sampleDir(t), 20_000)
	c.http = httptest.NewServer(inPieces(c.server.Handler()))
	t.Cleanup(c.http.Close)
	p := browser.Start(t, browser.Options{Width: 1440, Height: 900})
	c.signIn(t, p, "j.weber")
	seen := 0
	for _, s := range c.screens(t) {
		if !strings.Contains(s.name, *only) {
			continue
		}
		for _, v := range []struct {
			name          string
			width, height int64
			phone, dark   bool
		}{{"light", 1440, 900, false, false}, {"dark", 1440, 900, false, true}, {"phone-light", 390, 844, true, false}, {"phone-dark", 390, 844, true, true}} {
			name := s.name + "-" + v.name
			view(p, v.width, v.height, v.phone)
			p.Dark(v.dark)
			p.Open(c.http.URL + s.path)
			p.WaitFor("main")
			if shift := browser.Eval[float64](p, layoutShift); shift > 0 {
				t.Errorf("%s: the layout shifts by %.4f", name, shift)
			}
			if early := browser.Eval[float64](p, tooEarly); early > 20 {
				t.Errorf("%s: painted %.0f ms before all of it was there", name, early)
			}
			// A phone makes its window as wide as the page, and moves what is fixed out of sight.
			if wide := browser.Eval[int](p, "Math.max(document.documentElement.scrollWidth, innerWidth)") - int(v.width); wide > 0 {
				t.Errorf("%s: scrolls sideways by %d pixels: %s", name, wide, browser.Eval[string](p, `[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > `+strconv.Itoa(int(v.width))+` + 1).map(e => e.outerHTML.slice(0, 60)).slice(0, 5).join("\n")`))
			}
			for _, violation := range p.Axe() {
				t.Errorf("%s: %s", name, violation)
			}
			keepShot(t, p, name)
			seen++
		}
	}
	if *only == "" && seen < 76 {
		t.Errorf("saw %d screens", seen)
	}
}

const pause = 200 * time.Millisecond

// inPieces sends a page of h in two pieces, with a pause in between in which a browser could
// paint the first one.
func inPieces(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Accept-Encoding")
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, r)
		body := answer.Body.Bytes()
		maps.Copy(w.Header(), answer.Header())
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(answer.Code)
		if strings.HasPrefix(answer.Header().Get("Content-Type"), "text/html") {
			half := len(body) / 2
			_, _ = w.Write(body[:half]) // the browser may have gone
			_ = http.NewResponseController(w).Flush()
			time.Sleep(pause)
			body = body[half:]
		}
		_, _ = w.Write(body)
	})
}

// tooEarly is for how many milliseconds a part of the page was shown before all of it had come.
const tooEarly = `performance.getEntriesByType("navigation")[0].responseEnd - (performance.getEntriesByType("paint")[0]?.paintTime ?? 1e9)`

// layoutShift adds up what moved since the page began.
const layoutShift = `new Promise(done => { let sum = 0; new PerformanceObserver(l => { for (const e of l.getEntries()) if (!e.hadRecentInput) sum += e.value; })
.observe({type: "layout-shift", buffered: true}); setTimeout(() => done(sum), 120); })`

func view(p *browser.Page, width, height int64, phone bool) {
	scale := 1.0
	if phone {
		scale = 1.5
	}
	p.Do("set the window", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: scale, Mobile: phone})
		return err
	}))
}

// keepShot takes a picture of the window and keeps it where -screens says.
func keepShot(t *testing.T, p *browser.Page, name string) {
	t.Helper()
	if *shots == "" {
		return
	}
	data := p.Picture()
	if len(data) > 60_000 {
		t.Errorf("%s: a picture of %d bytes, want at most 60,000", name, len(data))
	}
	if err := os.WriteFile(filepath.Join(*shots, name+".webp"), data, 0o600); err != nil {
		t.Fatal(err)
	}
}
