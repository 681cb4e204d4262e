package console

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/classify"
	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/policy"
	"github.com/sluice-dlp/sluice/profiles"
	"github.com/sluice-dlp/sluice/store"
)

// site is a console under test, over a real SQLite store with a recorder.
type site struct {
	t        *testing.T
	server   *Server
	store    *store.Store
	recorder *event.Recorder
	http     *httptest.Server
	log      *strings.Builder

	mu  sync.Mutex
	now time.Time
}

// builtin is the catalogue and the engine that are built in.
var builtin = sync.OnceValues(func() (Rules, error) {
	rules, err := dlp.Load(profiles.FS)
	if err != nil {
		return Rules{}, err
	}
	engine, err := dlp.New(rules, dlp.Options{Key: make([]byte, 32)})
	if err != nil {
		return Rules{}, err
	}
	catalogue, err := classify.Load(classify.Builtin())
	return Rules{Catalogue: catalogue, Engine: engine, Policy: policy.Default(), Version: "test"}, err
})

type lockedWriter struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func newSite(t *testing.T, change func(*Options)) *site {
	t.Helper()
	x := &site{t: t, log: &strings.Builder{}, now: time.Now().Truncate(time.Second)}
	var err error
	if x.store, err = store.Open(t.Context(), store.Options{DataDir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.store.Close() })
	if x.recorder, err = event.Open(t.Context(), x.store.OutboxDB(), event.Options{IsStore: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.recorder.Close(context.Background()) })
	rules, err := builtin()
	if err != nil {
		t.Fatal(err)
	}
	// The server's address is known before the console, which may need it as its URL.
	var handler http.Handler
	x.http = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(x.http.Close)
	o := Options{
		Store: x.store, Rules: func() Rules { return rules }, URL: x.http.URL, Now: x.clock,
		Log:  slog.New(slog.NewTextHandler(lockedWriter{new(sync.Mutex), x.log}, nil)),
		Node: Node{Name: "gw1", Build: "test", ICAP: "127.0.0.1:1344"},
	}
	if change != nil {
		change(&o)
	}
	if x.server, err = New(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.server.Close)
	handler = x.server.Handler()
	return x
}

func (x *site) clock() time.Time {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.now
}

func (x *site) pass(d time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.now = x.now.Add(d)
}

// account makes an account without a password.
func (x *site) account(name string, role Role, rights ...string) {
	x.t.Helper()
	if err := x.store.PutAccount(x.t.Context(), store.Account{Name: name, Role: string(role), Rights: rights}, "test"); err != nil {
		x.t.Fatal(err)
	}
}

const testPassword = "correct horse battery"

// person makes an account with testPassword.
func (x *site) person(name string, role Role) {
	x.t.Helper()
	secret, err := HashPassword(testPassword)
	if err != nil {
		x.t.Fatal(err)
	}
	if err := x.store.PutAccount(x.t.Context(), store.Account{Name: name, Role: string(role), Secret: secret}, "test"); err != nil {
		x.t.Fatal(err)
	}
}

// browser keeps cookies, and shows redirects instead of following them.
type browser struct {
	x      *site
	client *http.Client
	token  string // an API token instead
}

func (x *site) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		x.t.Fatal(err)
	}
	return &browser{x: x, client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// signedIn is a browser with a session of an account.
func (x *site) signedIn(name string) *browser {
	x.t.Helper()
	b, secret, now := x.browser(), newSecret(), x.clock()
	err := x.store.AddSession(x.t.Context(), store.Session{ID: digest(secret), Account: name, Created: now, Proved: now, Seen: now, Expires: now.Add(12 * time.Hour)}, "", "test")
	if err != nil {
		x.t.Fatal(err)
	}
	b.setCookie(x.server.cookieName(), secret)
	return b
}

func (b *browser) setCookie(name, value string) {
	u, err := url.Parse(b.x.http.URL)
	if err != nil {
		b.x.t.Fatal(err)
	}
	b.client.Jar.SetCookies(u, []*http.Cookie{{Name: name, Value: value, Path: "/"}})
}

// cookie returns the secret of the browser's session, or "".
func (b *browser) cookie() string {
	u, err := url.Parse(b.x.http.URL)
	if err != nil {
		b.x.t.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == b.x.server.cookieName() {
			return c.Value
		}
	}
	return ""
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) location() string { return a.header.Get("Location") }

func (b *browser) do(method, path, kind, body string, headers ...string) answer {
	b.x.t.Helper()
	address := path
	if strings.HasPrefix(path, "/") {
		address = b.x.http.URL + path
	}
	r, err := http.NewRequestWithContext(b.x.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		b.x.t.Fatal(err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if b.token != "" {
		r.Header.Set("Authorization", "Bearer "+b.token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := b.client.Do(r)
	if err != nil {
		b.x.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.x.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(text)}
}

func (b *browser) get(path string, headers ...string) answer {
	b.x.t.Helper()
	return b.do("GET", path, "", "", headers...)
}

func (b *browser) post(path string, form url.Values, headers ...string) answer {
	b.x.t.Helper()
	return b.do("POST", path, "application/x-www-form-urlencoded", form.Encode(), headers...)
}

// audited returns how many lines of an action the audit trail has.
func (x *site) audited(action string) int {
	x.t.Helper()
	lines, err := x.store.AuditTrail(x.t.Context(), store.AuditFilter{Action: action})
	if err != nil {
		x.t.Fatal(err)
	}
	return len(lines)
}

// markup is what a hostile employee or app puts into every field it can.
const markup = `"><script>alert(1)</script><img src=x onerror=alert(2)>'`

// request makes an event as the request path records it.
func request(user, app, action string) *event.Event {
	e := &event.Event{
		Node: "gw1", Snapshot: "test", User: user, Groups: []string{"staff"}, Actor: "person",
		Account: event.Account{ID: "acct-" + user, Kind: "personal"}, Source: event.Source{IP: "10.1.2.3", Country: "DE", Site: "Berlin"},
		Device:   event.Device{ID: "L-" + user, Posture: "managed"},
		App:      event.App{ID: app, Name: app, Category: "chat", Status: "in_review", Source: "catalogue"},
		Activity: "prompt", Visibility: "full", Method: "POST", Host: app + ".example", Path: "/conversation", BytesOut: 2210,
		Decision: event.Decision{Action: action, Would: action, Rule: "default:in_review", Reason: "it is under review", Mode: "enforce"}, LatencyUS: 180,
	}
	if action == "block" {
		e.Matches = []event.Match{{
			Detector: "credit_card", Profiles: []string{"pci"}, Severity: "high", Confidence: "high", Count: 1, Masked: []string{"411111••••••1111"},
			Fingerprints: []string{"hmac:9f1c"}, Part: "messages[0].content", Role: "user", Excerpt: "charge the card ████",
		}}
	}
	return e
}

// record writes events, and returns when they can be read.
func (x *site) record(events ...*event.Event) {
	x.t.Helper()
	for _, e := range events {
		if err := x.recorder.Record(x.t.Context(), e, true); err != nil {
			x.t.Fatal(err)
		}
	}
}

// rollUp brings what was recorded into the reports; nothing can be recorded after.
func (x *site) rollUp() {
	x.t.Helper()
	ran := make(chan error, 1)
	go func() { ran <- x.recorder.Run(context.Background(), x.store.Sink()) }()
	for began := time.Now(); ; time.Sleep(time.Millisecond) { // a recorder that is closed first has no sink
		if s := x.recorder.Stats(); s.Delivered >= s.Recorded {
			break
		}
		if time.Since(began) > time.Minute {
			x.t.Fatal("the events do not reach the store")
		}
	}
	if err := x.recorder.Close(x.t.Context()); err != nil {
		x.t.Fatal(err)
	}
	if err := <-ran; err != nil && !errors.Is(err, event.ErrClosed) {
		x.t.Fatal(err)
	}
}
