package console

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/store"
)

// coached is a Coach over a real database, in a company whose links are just words.
type coached struct {
	*httptest.Server
	store *store.Store
	terms CoachTerms
	now   time.Time
	asked CoachTicket

	policy string // Content-Security-Policy of the last page
}

func newCoached(t *testing.T, change ...func(*CoachOptions)) *coached {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	w := &coached{store: s, now: time.Now().UTC().Truncate(time.Second), terms: CoachTerms{Lifetime: 24 * time.Hour}}
	w.asked = CoachTicket{Event: event.NewID(w.now), User: "alice", IP: "10.1.2.3", App: "chatgpt", Subjects: []string{"pci", "gap:too_large"}, Nonce: "n1", Expires: w.now.Add(time.Minute)}
	o := CoachOptions{
		Store: s,
		Open: func(token string) (CoachTicket, error) {
			if token != "good" {
				return CoachTicket{}, errors.New("bad token")
			}
			return w.asked, nil
		},
		Terms: func([]string) CoachTerms { return w.terms },
		Mask: func(_ context.Context, text string) (string, bool) {
			return strings.ReplaceAll(text, "secret", "••••"), true
		},
		AppName: func(string) string { return "ChatGPT" },
		Now:     func() time.Time { return w.now },
	}
	for _, f := range change {
		f(&o)
	}
	c, err := NewCoach(o)
	if err != nil {
		t.Fatal(err)
	}
	w.Server = httptest.NewServer(c)
	t.Cleanup(func() {
		w.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// visit returns the status and the page.
func (w *coached) visit(t *testing.T, method, path, language string, form url.Values) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, w.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Language", language)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := w.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got := resp.Header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'none'; style-src 'sha256-") {
		t.Errorf("%s %s: Content-Security-Policy %q", method, path, got)
	}
	w.policy = resp.Header.Get("Content-Security-Policy")
	if resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("%s %s: the page may be kept, or its address told", method, path)
	}
	return resp.StatusCode, string(page)
}

func (w *coached) give(t *testing.T, reason string) (int, string) {
	t.Helper()
	return w.visit(t, "POST", "/coach?token=good", "", url.Values{"token": {"good"}, "reason": {reason}})
}

func (w *coached) active(t *testing.T) map[string]string {
	t.Helper()
	list, err := w.store.ActiveExceptions(t.Context(), w.now)
	if err != nil {
		t.Fatal(err)
	}
	return store.NewExceptionSet(list).Excepted("alice", "10.1.2.3", "chatgpt", w.now)
}

func contains(t *testing.T, page string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in the page:\n%s", want, page)
		}
	}
}

func TestAReasonBringsAnExceptionAtOnce(t *testing.T) {
	w := newCoached(t)
	status, page := w.visit(t, "GET", "/coach?token=good", "", nil)
	if status != 200 {
		t.Fatalf("status %d", status)
	}
	contains(t, page, `<html lang="en">`, "Your request to ChatGPT was held back", "could not be inspected (too large)", "for 24 hours", w.asked.Event, `<label for="reason">`)
	if status, page = w.give(t, "  "); status != 422 {
		t.Errorf("an empty reason: status %d", status)
	}
	contains(t, page, `role="alert"`, "Write your reason first", `aria-invalid="true"`)
	if status, page = w.give(t, strings.Repeat("ä", 1001)); status != 422 || !strings.Contains(page, "too long") {
		t.Errorf("a reason of 1001 characters: status %d", status)
	}
	if len(w.active(t)) != 0 {
		t.Fatal("an exception without a reason")
	}
	status, page = w.give(t, `refund <b>secret</b>`)
	if status != 200 {
		t.Fatalf("status %d: %s", status, page)
	}
	contains(t, page, "You can go on", "Send your request to ChatGPT again", `<main class="good">`,
		`<time datetime="`+w.now.Add(24*time.Hour).Format(time.RFC3339)+`">`+w.now.Add(24*time.Hour).Format("2006-01-02 15:04 UTC")+`</time>`)
	_, script, _ := strings.Cut(page, "<script>")
	script, _, _ = strings.Cut(script, "</script>")
	if sum := sha256.Sum256([]byte(script)); script == "" || !strings.Contains(w.policy, "script-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"';") {
		t.Errorf("the script of the page may not run: %q under %q", script, w.policy)
	}
	got := w.active(t)
	if len(got) != 2 || got["pci"] == "" || got["gap:too_large"] == "" {
		t.Fatalf("exceptions for %v, want for pci and gap:too_large", got)
	}
	x, err := w.store.Exception(t.Context(), got["pci"])
	if err != nil {
		t.Fatal(err)
	}
	want := store.Exception{
		ID: x.ID, User: "alice", App: "chatgpt", Subject: "pci", Justification: "refund <b>••••</b>", Event: w.asked.Event,
		State: store.ExceptionActive, Created: w.now, Expires: w.now.Add(24 * time.Hour),
	}
	if diff := cmp.Diff(want, x); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	for _, method := range []string{"GET", "POST"} {
		status, page = w.visit(t, method, "/coach?token=good", "", url.Values{"token": {"good"}, "reason": {"once more"}})
		if status != 410 {
			t.Errorf("%s with a used link: status %d, want 410", method, status)
		}
		contains(t, page, "A reason was given with this link already")
	}
	if n := len(w.active(t)); n != 2 {
		t.Errorf("%d exceptions after the link was used again", n)
	}
}

func TestAReviewerMayHaveToAgree(t *testing.T) {
	for name, c := range map[string]struct {
		decide func(ctx context.Context, s *store.Store, id string) error
		want   string
	}{
		"who agrees": {func(ctx context.Context, s *store.Store, id string) error {
			return s.DecideException(ctx, id, true, "rev", "")
		}, "You can go on"},
		"who does not": {func(ctx context.Context, s *store.Store, id string) error {
			return s.DecideException(ctx, id, false, "rev", "")
		}, "A reviewer did not agree"},
		"who changes their mind": {func(ctx context.Context, s *store.Store, id string) error {
			return errors.Join(s.DecideException(ctx, id, true, "rev", ""), s.RevokeException(ctx, id, "rev", ""))
		}, "This permission has ended"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newCoached(t)
			w.terms.Approval = true
			w.asked.Subjects = []string{"pci"}
			_, page := w.visit(t, "GET", "/coach?token=good", "", nil)
			contains(t, page, "A reviewer reads it")
			_, page = w.give(t, "refund")
			contains(t, page, "Waiting for a reviewer", "Check again")
			if len(w.active(t)) != 0 {
				t.Fatal("an exception before anybody agreed")
			}
			list, err := w.store.Exceptions(t.Context(), store.ExceptionFilter{State: store.ExceptionPending})
			if err != nil || len(list) != 1 {
				t.Fatalf("%d pending: %v", len(list), err)
			}
			if err := c.decide(t.Context(), w.store, list[0].ID); err != nil {
				t.Fatal(err)
			}
			_, page = w.visit(t, "GET", "/coach/requests/"+list[0].ID, "", nil)
			contains(t, page, c.want)
		})
	}
}

func TestAnExceptionIsForThePersonOfTheLink(t *testing.T) {
	w := newCoached(t)
	w.asked.User = ""
	if status, _ := w.give(t, "refund"); status != 200 {
		t.Fatalf("status %d", status)
	}
	list, err := w.store.ActiveExceptions(t.Context(), w.now)
	if err != nil || len(list) != 2 || list[0].User != "" || list[0].IP != "10.1.2.3" {
		t.Errorf("kept %+v, want two for the address: %v", list, err)
	}
}

func TestALinkThatIsGoodForNothing(t *testing.T) {
	w := newCoached(t)
	for path, want := range map[string]int{
		"/coach?token=forged": 410, "/coach": 410, "/coach?token=": 410,
		"/coach/requests/x": 404, "/coach/requests/" + event.NewID(w.now): 404, "/coach/other": 404,
	} {
		if status, _ := w.visit(t, "GET", path, "", nil); status != want {
			t.Errorf("%s: status %d, want %d", path, status, want)
		}
	}
	status, page := w.visit(t, "POST", "/coach", "de", url.Values{"token": {"forged"}, "reason": {"x"}})
	if status != 410 || !strings.Contains(page, `<html lang="de">`) || !strings.Contains(page, "Dieser Link gilt nicht mehr") {
		t.Errorf("status %d: %s", status, page)
	}
	if status, _ := w.visit(t, "POST", "/coach", "", url.Values{"token": {"good"}, "reason": {strings.Repeat("x", coachBody)}}); status != 400 {
		t.Errorf("a body over the limit: status %d, want 400", status)
	}
	if n := len(w.active(t)); n != 0 {
		t.Errorf("%d exceptions", n)
	}
}

func TestThePageEscapesWhatItIsGiven(t *testing.T) {
	w := newCoached(t, func(o *CoachOptions) { o.AppName = func(string) string { return `<script>alert(1)</script>` } })
	_, page := w.visit(t, "GET", "/coach?token=good", "", nil)
	_, again := w.give(t, "")
	if strings.Contains(page+again, "<script") {
		t.Error("a name became markup")
	}
}

func TestCoachOptionsAreChecked(t *testing.T) {
	if _, err := NewCoach(CoachOptions{}); err == nil {
		t.Error("a Coach without a store")
	}
	good := CoachOptions{Store: &store.Store{}, Open: func(string) (CoachTicket, error) { return CoachTicket{}, nil }, Terms: func([]string) CoachTerms { return CoachTerms{} }}
	for file, text := range map[string]string{"fr.yaml": "title: x\n", "page.html": "{{.Secret}}", "page.css": "</style>"} {
		o := good
		o.Pages = fstest.MapFS{file: {Data: []byte(text)}}
		if _, err := NewCoach(o); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: error %v, want one that names the file", file, err)
		}
	}
}

func TestHowLongAnExceptionIsGood(t *testing.T) {
	w := newCoached(t)
	for d, want := range map[time.Duration]string{
		time.Hour: "60 min", 90 * time.Minute: "90 min", 24 * time.Hour: "24 hours", 72 * time.Hour: "3 days", 0: "1 min",
	} {
		w.terms.Lifetime = d
		_, page := w.visit(t, "GET", "/coach?token=good", "", nil)
		if !strings.Contains(page, "for "+want) {
			t.Errorf("%s is not told as %q", d, want)
		}
	}
}
