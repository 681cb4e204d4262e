package reqmod

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sluice-dlp/sluice/classify"
	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/policy"
	"github.com/sluice-dlp/sluice/profiles"
)

// card is a made-up number that passes Luhn.
var card = "4111 1111 " + "1111 1111"

// kept is a Recorder that keeps events in memory.
type kept struct {
	events  []event.Event
	durable []bool
	err     error
}

func (k *kept) Record(_ context.Context, e *event.Event, durable bool) error {
	if k.err != nil {
		return k.err
	}
	k.events, k.durable = append(k.events, *e), append(k.durable, durable)
	return nil
}

// world is a Handler with the built-in catalogue and profiles.
type world struct {
	*Handler
	kept *kept
}

// loaded compiles the built-in catalogue and profiles once: both are immutable.
var loaded = func() func() (*classify.Catalogue, *dlp.Engine, error) {
	type rules struct {
		catalogue *classify.Catalogue
		engine    *dlp.Engine
	}
	once := sync.OnceValues(func() (r rules, err error) {
		if r.catalogue, err = classify.Load(classify.Builtin()); err != nil {
			return r, err
		}
		loaded, err := dlp.Load(profiles.FS)
		if err != nil {
			return r, err
		}
		r.engine, err = dlp.New(loaded, dlp.Options{Key: bytes.Repeat([]byte{7}, 32)})
		return r, err
	})
	return func() (*classify.Catalogue, *dlp.Engine, error) {
		r, err := once()
		return r.catalogue, r.engine, err
	}
}()

func newWorld(t *testing.T, policyText string, statuses map[string]policy.Status, o Options) *world {
	t.Helper()
	catalogue, engine, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	p := policy.Default()
	if policyText != "" {
		if p, err = policy.Parse("policy.yaml", []byte(policyText), policy.Options{HasProfile: engine.HasProfile}); err != nil {
			t.Fatal(err)
		}
	}
	w := &world{kept: &kept{}}
	if o.Recorder == nil {
		o.Recorder = w.kept
	}
	if w.Handler, err = New(o); err != nil {
		t.Fatal(err)
	}
	rules, err := NewRules(Sources{Catalogue: catalogue, Engine: engine, Policy: p, Statuses: statuses})
	if err != nil {
		t.Fatal(err)
	}
	w.Swap(rules)
	return w
}

// request builds a REQMOD.
func request(method, url, body string, header ...string) *icap.Request {
	host, _, _ := strings.Cut(strings.TrimPrefix(url, "https://"), "/")
	head := "Host: " + host + "\r\n"
	for _, h := range header {
		head += h + "\r\n"
	}
	b := icap.NewBody(nil)
	if body != "" {
		b = icap.NewBody([]byte(body))
	}
	return &icap.Request{
		Method: icap.MethodReqmod, Service: "/reqmod",
		Header: icap.ParseHeader([]byte("X-Client-IP: 10.1.2.3\r\nX-Authenticated-User: alice\r\nX-Authenticated-Groups: finance\r\n")),
		HTTP: icap.RequestHead{
			Method: []byte(method), Target: []byte(url), Proto: []byte("HTTP/1.1"), Header: icap.ParseHeader([]byte(head)),
		},
		Body: b,
	}
}

const (
	gptURL = "https://chatgpt.com/backend-api/f/conversation"
	apiURL = "https://api.openai.com/v1/chat/completions"
)

func gpt(text string) string {
	return fmt.Sprintf(`{"action":"next","messages":[{"author":{"role":"user"},"content":{"content_type":"text","parts":[%q]}}]}`, text)
}

func api(text string) string {
	return fmt.Sprintf(`{"model":"m","messages":[{"role":"user","content":%q}]}`, text)
}

func TestTheDecisionFollowsStatusAndFindings(t *testing.T) {
	w := newWorld(t, "", map[string]policy.Status{
		"chatgpt": policy.InReview, "openai-api": policy.Approved, "deepseek": policy.Unapproved,
	}, Options{})
	deepseek := "https://chat.deepseek.com/api/v0/chat/completion"
	cases := map[string]struct {
		r            *icap.Request
		action, rule string
		durable      bool
	}{
		"a clean prompt to an app in review passes":                {request("POST", gptURL, gpt("hello")), "allow", "default:in_review", false},
		"a card to an app in review is blocked":                    {request("POST", gptURL, gpt("card "+card)), "block", "default:in_review", true},
		"a card to an approved app is logged, and that is durable": {request("POST", apiURL, api("card "+card)), "log", "default:approved", true},
		"a card to an unreviewed app is coached":                   {request("POST", "https://api.groq.com/openai/v1/chat/completions", api("card "+card)), "coach", "default:unreviewed", true},
		"anything to an unapproved app is blocked":                 {request("POST", deepseek, `{"prompt":"hi"}`), "block", "default:unapproved", true},
		"what is no JSON though it should be is still scanned":     {request("POST", gptURL, "{broken "+card), "block", "default:in_review", true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w.kept.events, w.kept.durable = nil, nil
			w.ServeICAP(t.Context(), c.r)
			if len(w.kept.events) != 1 {
				t.Fatalf("%d events, want 1", len(w.kept.events))
			}
			d := w.kept.events[0].Decision
			if d.Action != c.action || d.Rule != c.rule || w.kept.durable[0] != c.durable {
				t.Errorf("got %s by %s, durable %v (%s)", d.Action, d.Rule, w.kept.durable[0], d.Reason)
			}
		})
	}
}

func TestWhatIsNoAIPassesWithoutAnEvent(t *testing.T) {
	w := newWorld(t, "", nil, Options{})
	for name, r := range map[string]*icap.Request{
		"an ordinary page":        request("GET", "https://news.example.org/", ""),
		"an ordinary form":        request("POST", "https://intranet.example.com/x", "a=1&card="+card, "Content-Type: application/x-www-form-urlencoded"),
		"a CONNECT":               request("CONNECT", "chatgpt.com:443", ""),
		"a CORS preflight":        request("OPTIONS", gptURL, "", "Access-Control-Request-Method: POST", "Origin: https://chatgpt.com"),
		"a target that is no URL": request("POST", "%%%", "x"),
	} {
		t.Run(name, func(t *testing.T) {
			w.ServeICAP(t.Context(), r)
			if len(w.kept.events) != 0 {
				t.Errorf("recorded as of app %q", w.kept.events[0].App.ID)
			}
		})
	}
}

// TestNamesAreMaskedAsPeopleReadThem has a number between underscores, in the name of a file
// and in the path.
func TestNamesAreMaskedAsPeopleReadThem(t *testing.T) {
	w := newWorld(t, "", map[string]policy.Status{"claude": policy.Approved}, Options{FileKey: []byte("k")})
	ssn := "515-06-" + "9705"
	body := "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"SSN_" + ssn + "_a.txt\"\r\nContent-Type: text/plain\r\n\r\nof SSN " + ssn + "\r\n--b--\r\n"
	w.ServeICAP(t.Context(), request("POST", "https://claude.ai/api/SSN_"+ssn+"_b/upload", body, "Content-Type: multipart/form-data; boundary=b"))
	data, err := json.Marshal(w.kept.events)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), ssn) {
		t.Error("the event holds the number in the clear")
	}
	if e := w.kept.events[0]; len(e.Matches) != 2 || e.Files[0].Name != "SSN_████_a.txt" {
		t.Errorf("%d matches and files %+v", len(e.Matches), e.Files)
	}
}

func TestAnEventTellsEverythingAndNothingInTheClear(t *testing.T) {
	w := newWorld(t, "", map[string]policy.Status{"claude": policy.InReview}, Options{FileKey: []byte("k")})
	body := "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"card " + card + ".txt\"\r\nContent-Type: text/plain\r\n\r\nJane's card is " + card + ", expires soon\r\n--b--\r\n"
	w.ServeICAP(t.Context(), request("POST", "https://claude.ai/api/org/upload?token=secret", body, "Content-Type: multipart/form-data; boundary=b"))
	e := w.kept.events[0]
	if e.User != "alice" || !slices.Equal(e.Groups, []string{"finance"}) || e.Source.IP != "10.1.2.3" || e.App.ID != "claude" || e.App.Status != "in_review" ||
		e.Activity != "upload" || e.Method != "POST" || e.Path != "/api/org/upload" || e.BytesOut != int64(len(body)) || e.Snapshot != w.Version() {
		t.Errorf("got %+v", e)
	}
	if len(e.Files) != 1 || !strings.HasPrefix(e.Files[0].Hash, "hmac:") || !strings.Contains(e.Files[0].Name, "████") {
		t.Errorf("files %+v", e.Files)
	}
	if len(e.Matches) == 0 || e.Matches[0].Detector != "credit_card" || e.Matches[0].Masked[0] != "411111••••••1111" || !strings.Contains(e.Matches[0].Excerpt, "card is ████, expires") {
		t.Errorf("matches %+v", e.Matches)
	}
	data, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{card, strings.ReplaceAll(card, " ", ""), "secret"} {
		if bytes.Contains(data, []byte(secret)) {
			t.Error("a planted value is in the event in the clear")
		}
	}
}

func TestAPanicIsAGapThatPolicyDecidesOn(t *testing.T) {
	w := newWorld(t, "", map[string]policy.Status{"chatgpt": policy.InReview}, Options{Geo: panicking{}})
	w.ServeICAP(t.Context(), request("POST", gptURL, gpt("hello")))
	e := w.kept.events[0]
	if !slices.Equal(e.Gaps, []string{"internal"}) || e.Decision.Action != "block" {
		t.Errorf("gaps %v, action %s; want internal and block", e.Gaps, e.Decision.Action)
	}
}

type panicking struct{}

func (panicking) Locate(netip.Addr) (country, site string) { panic("geography") }

func TestWhatCannotBeRecordedDoesNotPassUnlessTheNodeFailsOpen(t *testing.T) {
	for name, open := range map[string]bool{"closed": false, "open": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "", nil, Options{FailOpen: open, Recorder: &kept{err: errors.New("disk full")}})
			answer := answered(t, w.Handler, request("POST", gptURL, gpt("hello")))
			if got := answer.ResponseHead != nil; got == open {
				t.Errorf("blocked %v with FailOpen %v", got, open)
			}
			if !open && !strings.Contains(string(answer.Body), "could not be recorded") {
				t.Errorf("the person is not told why: %s", answer.Body)
			}
			stopped := answered(t, w.Handler, request("POST", gptURL, gpt("card "+card)))
			if stopped.ResponseHead == nil || !strings.Contains(string(stopped.Body), "ncident none") {
				t.Errorf("what policy stops names an incident that nobody will find: %s", stopped.Body)
			}
		})
	}
}

func TestRedactSendsTheBodyOnWithoutTheValue(t *testing.T) {
	const text = `
defaults:
  approved:   {profiles: [default], on_match: log}
  in_review:  {profiles: [default], on_match: redact}
  unreviewed: {profiles: [default], on_match: coach}
  unapproved: {action: block}
`
	w := newWorld(t, text, map[string]policy.Status{"openai-api": policy.InReview}, Options{})
	r := answered(t, w.Handler, request("POST", apiURL, api("pay with "+card+" now"), "Content-Type: application/json"))
	if r.ResponseHead != nil || !strings.Contains(string(r.Body), "pay with [credit_card] now") || strings.Contains(string(r.Body), card) || !json.Valid(r.Body) {
		t.Errorf("status %d, body %s", r.Status, r.Body)
	}
	if got := w.kept.events[0].Decision; got.Action != "redact" || !strings.HasSuffix(got.Reason, "; values redacted: 1") {
		t.Errorf("recorded as %s because %q, want redact with a note of what was cut", got.Action, got.Reason)
	}
	signed := answered(t, w.Handler, request("POST", apiURL, api("pay with "+card), "Content-Type: application/json", "Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ=="))
	if signed.ResponseHead == nil {
		t.Error("a signed body is not blocked instead")
	}
	if got := w.kept.events[1].Decision; got.Action != "block" || !strings.Contains(got.Reason, "cannot be edited") {
		t.Errorf("got %+v", got)
	}
}

func TestIsolateRedirectsNavigationsAndBlocksTheRest(t *testing.T) {
	const text = `
rules:
  - {id: iso, when: 'app.id == "chatgpt"', action: isolate}
`
	w := newWorld(t, text, nil, Options{IsolateTemplate: "https://rbi.example.com/?u={url}"})
	page := answered(t, w.Handler, request("GET", "https://chatgpt.com/", "", "Sec-Fetch-Dest: document"))
	if head := string(page.ResponseHead); !strings.Contains(head, " 302 ") || !strings.Contains(head, "Location: https://rbi.example.com/?u=https%3A%2F%2Fchatgpt.com%2F") {
		t.Errorf("navigation: %s", head)
	}
	if call := answered(t, w.Handler, request("POST", gptURL, gpt("hi"))); !strings.Contains(string(call.ResponseHead), " 403 ") {
		t.Errorf("call: %s", call.ResponseHead)
	}
}

func TestExplainTakesTheSameWayAndTellsAll(t *testing.T) {
	w := newWorld(t, "", map[string]policy.Status{"deepseek": policy.Unapproved}, Options{})
	x := w.Explain(t.Context(), request("POST", "https://chat.deepseek.com/api/v0/chat/completion", `{"prompt":"hello there"}`))
	if x.App == nil || x.App.ID != "deepseek" || x.App.Status != "unapproved" || x.Decision.Action != policy.Block {
		t.Errorf("got %+v", x)
	}
	if len(x.Texts) != 1 || x.Texts[0].Text != "hello there" || x.Texts[0].Role != "user" {
		t.Errorf("a settled decision hides the texts: %+v", x.Texts)
	}
	if len(w.kept.events) != 0 {
		t.Error("explaining recorded an event")
	}
	data, err := json.Marshal(w.Explain(t.Context(), request("GET", "https://news.example.org/", "")))
	if err != nil || !bytes.Contains(data, []byte(`"app":null`)) || !bytes.Contains(data, []byte(`"texts":[]`)) {
		t.Errorf("no AI app: %s %v", data, err)
	}
}
