package notify

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dlp/sluice/event"
)

var (
	_ event.Sink = (*Sink)(nil)
	_ Cursors    = (*event.Cursors)(nil)
)

// places are cursors in memory.
type places map[string]int64

func (p places) Position(_ context.Context, outbox, sink string) (int64, bool, error) {
	seq, known := p[outbox+sink]
	return seq, known, nil
}

func (p places) Move(_ context.Context, outbox, sink string, seq int64) error {
	p[outbox+sink] = seq
	return nil
}

// hook is a receiver that remembers, and answers with the next of its statuses.
type hook struct {
	*httptest.Server
	mu       sync.Mutex
	statuses []int
	bodies   []string
	tokens   []string
}

func newHook(t *testing.T, statuses ...int) *hook {
	t.Helper()
	h := &hook{statuses: statuses}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		status := 200
		if len(h.statuses) > 0 {
			status, h.statuses = h.statuses[0], h.statuses[1:]
		}
		if status == 200 {
			h.bodies, h.tokens = append(h.bodies, string(body)), append(h.tokens, r.Header.Get("Authorization"))
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(h.Close)
	return h
}

// notices returns what has arrived.
func (h *hook) notices(t *testing.T) []Notice {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []Notice
	for _, b := range h.bodies {
		var n Notice
		if err := json.Unmarshal([]byte(b), &n); err != nil {
			t.Fatal(err)
		}
		list = append(list, n)
	}
	return list
}

// channel is a Sink with its clock and its place.
type channel struct {
	*Sink
	t      *testing.T
	now    time.Time
	places places
	log    strings.Builder
	seq    int64
}

func newChannel(t *testing.T, o Options, claims Claims) *channel {
	t.Helper()
	c := &channel{t: t, now: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), places: places{}}
	o.Now = func() time.Time { return c.now }
	o.Log = slog.New(slog.NewTextHandler(&c.log, nil))
	var err error
	if c.Sink, err = New(t.Context(), o, c.places, claims, "box", 0); err != nil {
		t.Fatal(err)
	}
	return c
}

// event makes the next event of the outbox.
func (c *channel) event(user, action string, detectors ...string) event.Numbered {
	c.seq++
	n := event.Numbered{Seq: c.seq, Event: event.Event{
		ID: event.NewID(c.now), Time: c.now, User: user, Activity: "prompt", Source: event.Source{IP: "10.1.2.3"},
		App:      event.App{ID: "chatgpt", Name: "ChatGPT"},
		Decision: event.Decision{Action: action, Rule: "tell-me", Reason: "rule tell-me"},
	}}
	for _, d := range detectors {
		n.Event.Matches = append(n.Event.Matches, event.Match{Detector: d, Severity: "high", Count: 2, Masked: []string{"411111••••••1111"}, Excerpt: "the card ████"})
	}
	return n
}

// write feeds a batch, as the outbox does.
func (c *channel) write(batch ...event.Numbered) error {
	c.t.Helper()
	at, err := c.Position(c.t.Context(), "box")
	if err != nil {
		c.t.Fatal(err)
	}
	for len(batch) > 0 && batch[0].Seq <= at {
		batch = batch[1:]
	}
	if len(batch) == 0 {
		return nil
	}
	return c.Write(c.t.Context(), "box", at, batch)
}

func (c *channel) must(batch ...event.Numbered) {
	c.t.Helper()
	if err := c.write(batch...); err != nil {
		c.t.Fatal(err)
	}
}

func TestAWebhookGetsOneMessagePerPersonAppAndDetector(t *testing.T) {
	h := newHook(t)
	c := newChannel(t, Options{
		Name: "hook", Type: Webhook, URL: h.URL, Token: "t0ken",
		Link: func(id string) string { return "https://sluice.example.com/events/" + id }, DetectorName: func(id string) string { return "the " + id },
	}, nil)
	first := c.event("alice", "notify", "card")
	c.must(first, c.event("alice", "notify", "card"), c.event("alice", "block", "iban"), c.event("bob", "allow"))
	want := []Notice{{
		ID: first.Event.ID, Time: c.now, Action: "notify", User: "alice", IP: "10.1.2.3", App: "chatgpt", AppName: "ChatGPT", Activity: "prompt",
		Rule: "tell-me", Reason: "rule tell-me", Severity: "high", Found: []Found{{"card", "the card", "high", 2}},
		Text: "alice sent to ChatGPT: the card ×2. Let through by tell-me.", Link: "https://sluice.example.com/events/" + first.Event.ID,
	}}
	if diff := cmp.Diff(want, h.notices(t)); diff != "" {
		t.Fatalf("told (-want +got):\n%s", diff)
	}
	if h.tokens[0] != "Bearer t0ken" || strings.Contains(h.bodies[0], "•") || strings.Contains(h.bodies[0], "█") {
		t.Error("the token is missing, or a value was told")
	}
	c.must(c.event("alice", "notify", "card", "iban"), c.event("bob", "notify", "card"), c.event("", "notify"))
	c.now = c.now.Add(time.Hour)
	c.must(c.event("alice", "notify", "card"))
	var texts []string
	for _, n := range h.notices(t)[1:] {
		texts = append(texts, n.Text)
	}
	if diff := cmp.Diff([]string{
		"alice sent to ChatGPT: the iban ×2. Let through by tell-me. 1 more events since the last message.",
		"bob sent to ChatGPT: the card ×2. Let through by tell-me.",
		"Somebody at 10.1.2.3 sent to ChatGPT. Let through by tell-me.",
		"alice sent to ChatGPT: the card ×2. Let through by tell-me.",
	}, texts); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	if got, _ := c.Position(t.Context(), "box"); got != c.seq {
		t.Errorf("the cursor is at %d, want %d", got, c.seq)
	}
}

func TestAMessageIsTriedAgainAndToldOnce(t *testing.T) {
	h := newHook(t, 200, 503, 404, 200)
	c := newChannel(t, Options{Name: "hook", Type: Webhook, URL: h.URL}, nil)
	batch := []event.Numbered{c.event("alice", "notify", "card"), c.event("bob", "notify", "card"), c.event("carol", "notify", "card")}
	for range 2 {
		if err := c.write(batch...); err == nil || strings.Contains(err.Error(), h.URL) {
			t.Fatalf("error %v, want one that does not show the URL", err)
		}
		if at, _ := c.Position(t.Context(), "box"); at != 1 {
			t.Fatalf("the cursor is at %d, want 1", at)
		}
	}
	c.must(batch...)
	var who []string
	for _, n := range h.notices(t) {
		who = append(who, n.User)
	}
	if diff := cmp.Diff([]string{"alice", "bob", "carol"}, who); diff != "" {
		t.Errorf("told of (-want +got):\n%s", diff)
	}
}

func TestWhatCannotBeDeliveredIsDropped(t *testing.T) {
	h := newHook(t, 400, 500)
	c := newChannel(t, Options{Name: "hook", Type: Webhook, URL: h.URL}, nil)
	c.must(c.event("alice", "notify", "card"))
	late := c.event("bob", "notify", "card")
	if err := c.write(late); err == nil {
		t.Fatal("a failing receiver was no error")
	}
	c.now = c.now.Add(giveUp + time.Second)
	c.must(late, c.event("carol", "notify", "card"))
	if n := h.notices(t); len(n) != 1 || n[0].User != "carol" {
		t.Errorf("told %+v, want of carol", n)
	}
	if log := c.log.String(); !strings.Contains(log, "refused and dropped") || !strings.Contains(log, "not delivered in time") {
		t.Errorf("the log does not say what was dropped: %s", log)
	}
}

func TestMessagesAreRateLimited(t *testing.T) {
	h := newHook(t)
	c := newChannel(t, Options{Name: "hook", Type: Webhook, URL: h.URL, Rate: 3}, nil)
	for _, user := range strings.Fields("a b c d e f") {
		c.must(c.event(user, "notify", "card"))
	}
	if n := len(h.notices(t)); n != 3 {
		t.Fatalf("%d messages in a minute, want 3", n)
	}
	c.now = c.now.Add(time.Minute)
	c.must(c.event("d", "notify", "card"))
	if n := h.notices(t); len(n) != 4 || n[3].User != "d" || n[3].HeldBack != 3 {
		t.Errorf("after a minute: %+v, want one of d that tells of 3 held back", n[3:])
	}
}

// shared are claims of several nodes.
type shared struct {
	held map[string]bool
	err  error
}

func (s *shared) Claim(_ context.Context, id string, _ time.Time) (bool, error) {
	if s.err != nil {
		return false, s.err
	}
	first := !s.held[id]
	s.held[id] = true
	return first, nil
}

func TestOneNodeOfManyTells(t *testing.T) {
	h := newHook(t)
	claims := &shared{held: map[string]bool{}}
	for range 2 {
		c := newChannel(t, Options{Name: "hook", Type: Webhook, URL: h.URL}, claims)
		c.must(c.event("alice", "notify", "card"))
	}
	if n := len(h.notices(t)); n != 1 {
		t.Errorf("%d messages, want 1", n)
	}
	claims.err = errors.New("the database is away")
	c := newChannel(t, Options{Name: "hook", Type: Webhook, URL: h.URL}, claims)
	c.must(c.event("alice", "notify", "card"), c.event("alice", "notify", "card"))
	if n := len(h.notices(t)); n != 2 {
		t.Errorf("%d messages, want one more while other nodes cannot be asked", n)
	}
}

func TestSlackShowsNamesAsTheyAre(t *testing.T) {
	h := newHook(t)
	c := newChannel(t, Options{Name: "chat", Type: Slack, URL: h.URL, Link: func(string) string { return "https://s.example.com/e?a=1&b" }}, nil)
	c.must(c.event("<!channel> & co", "block", "card"))
	if len(h.bodies) != 0 {
		t.Fatal("told of an action that nobody asked for")
	}
	c.must(c.event("<!channel> & co", "notify", "card"))
	var message struct{ Text string }
	if err := json.Unmarshal([]byte(h.bodies[0]), &message); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(message.Text, ":rotating_light: &lt;!channel&gt; &amp; co sent to ChatGPT: card ×2.") || !strings.Contains(message.Text, "<https://s.example.com/e?a=1&amp;b|Incident ") {
		t.Errorf("text %q", message.Text)
	}
}

func TestANewChannelBeginsWithTheNextEvent(t *testing.T) {
	p := places{}
	s, err := New(t.Context(), Options{Name: "n", Type: Webhook, URL: "http://127.0.0.1:1"}, p, nil, "box", 42)
	if err != nil {
		t.Fatal(err)
	}
	if at, _ := s.Position(t.Context(), "box"); at != 42 {
		t.Errorf("begins after %d, want 42", at)
	}
	for name, o := range map[string]Options{
		"no type":          {},
		"a mail to nobody": {Type: SMTP, URL: "smtp://localhost", From: "a@example.com"},
		"no mail server":   {Type: SMTP, URL: "http://localhost", From: "a@example.com", To: []string{"b@example.com"}},
		"no authorities":   {Type: Webhook, URL: "https://localhost", CA: "testdata/missing.pem"},
	} {
		if _, err := New(t.Context(), o, p, nil, "box", 0); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
