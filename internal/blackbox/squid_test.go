package blackbox

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/internal/blackbox/origin"
	"github.com/sluice-dlp/sluice/internal/blackbox/pgtest"
	"github.com/sluice-dlp/sluice/internal/blackbox/proc"
	"github.com/sluice-dlp/sluice/internal/blackbox/squid"
)

// inReview are the apps that the clients speak to, as the security team has set them.
var inReview = []string{"openai-api", "anthropic-api", "gemini-api", "mistral-api", "cohere", "groq", "ollama"}

// seen is what an event must say of one request.
type seen struct {
	User, Groups, IP, App, Activity, Method, Host, Path, Action, Detectors string
}

func summary(e event.Event) seen {
	var detectors []string
	for _, m := range e.Matches {
		detectors = append(detectors, m.Detector)
	}
	slices.Sort(detectors)
	return seen{
		User: e.User, Groups: strings.Join(e.Groups, " "), IP: e.Source.IP, App: e.App.ID, Activity: e.Activity, Method: e.Method, Host: e.Host, Path: e.Path,
		Action: e.Decision.Action, Detectors: strings.Join(slices.Compact(detectors), " "),
	}
}

// call is one kind of call of an SDK and what becomes of it.
type call struct {
	client, op string
	app, path  string
	activity   string
	streams    bool
	twoSteps   bool // an upload that first says what it will send
}

// calls returns what every client does, once with a clean text and once with a card number.
func calls() []call {
	return []call{
		{client: "openai", op: "chat", app: "openai-api", path: "/v1/chat/completions"},
		{client: "openai", op: "stream", app: "openai-api", path: "/v1/chat/completions", streams: true},
		{client: "openai", op: "responses", app: "openai-api", path: "/v1/responses"},
		{client: "openai", op: "upload", app: "openai-api", path: "/v1/files", activity: "upload"},
		{client: "anthropic", op: "chat", app: "anthropic-api", path: "/v1/messages"},
		{client: "anthropic", op: "stream", app: "anthropic-api", path: "/v1/messages", streams: true},
		{client: "anthropic", op: "upload", app: "anthropic-api", path: "/v1/files", activity: "upload"},
		{client: "google", op: "chat", app: "gemini-api", path: "/v1beta/models/gemini-2.5-flash:generateContent"},
		{client: "google", op: "stream", app: "gemini-api", path: "/v1beta/models/gemini-2.5-flash:streamGenerateContent", streams: true},
		{client: "google", op: "upload", app: "gemini-api", path: "/upload/v1beta/files", activity: "upload", twoSteps: true},
		{client: "mistral", op: "chat", app: "mistral-api", path: "/v1/chat/completions"},
		{client: "mistral", op: "stream", app: "mistral-api", path: "/v1/chat/completions", streams: true},
		{client: "mistral", op: "upload", app: "mistral-api", path: "/v1/files", activity: "upload"},
		{client: "cohere", op: "chat", app: "cohere", path: "/v2/chat"},
		{client: "cohere", op: "stream", app: "cohere", path: "/v2/chat", streams: true},
		{client: "groq", op: "chat", app: "groq", path: "/openai/v1/chat/completions"},
		{client: "groq", op: "stream", app: "groq", path: "/openai/v1/chat/completions", streams: true},
		{client: "ollama", op: "chat", app: "ollama", path: "/api/chat"},
		{client: "ollama", op: "stream", app: "ollama", path: "/api/chat", streams: true},
	}
}

// host returns the host that a client speaks to.
func (c call) host() string {
	return map[string]string{
		"openai": "api.openai.com", "anthropic": "api.anthropic.com", "google": "generativelanguage.googleapis.com",
		"mistral": "api.mistral.ai", "cohere": "api.cohere.com", "groq": "api.groq.com", "ollama": "ollama.com",
	}[c.client]
}

// seen returns the events that the call must leave.
func (c call) seen(user, action, detectors string) []seen {
	s := seen{User: user, IP: "127.0.0.1", App: c.app, Activity: "prompt", Method: "POST", Host: c.host(), Path: c.path, Action: action, Detectors: detectors}
	if user == squid.Alice {
		s.Groups = "engineering"
	}
	if c.activity != "" {
		s.Activity = c.activity
	}
	if !c.twoSteps {
		return []seen{s}
	}
	intent := s
	intent.Action, intent.Detectors = "allow", ""
	return []seen{intent, s}
}

// TestThroughSquid is the main job, end to end: real clients, a real Squid with the documented
// configuration, the real binary, a real Postgres.
func TestThroughSquid(t *testing.T) {
	pg := pgtest.Start(t)
	var secrets planted
	node := newSluice(t, settings{database: pg.Database(t)})
	for _, app := range inReview {
		node.must("apps", "status", app, "in_review")
	}
	node.start()
	w := startWorld(t, node.icap, "")
	var want []seen
	var shown strings.Builder // what people were told

	t.Run("a clean text passes, and the answer is the same as without Sluice", func(t *testing.T) {
		var tasks []task
		for _, c := range calls() {
			tasks = append(tasks, task{Case: "clean-" + c.client + "-" + c.op, Client: c.client, Op: c.op, Text: "Write a haiku about the first snow."})
		}
		results := runSDKs(t, w.squid, squid.Alice, tasks)
		for i, c := range calls() {
			checkPassed(t, w, c, results[tasks[i].Case])
			want = append(want, c.seen(squid.Alice, "allow", "")...)
		}
	})
	t.Run("a card number is blocked, and the exception says why", func(t *testing.T) {
		var tasks []task
		for _, c := range calls() {
			tasks = append(tasks, task{Case: "card-" + c.client + "-" + c.op, Client: c.client, Op: c.op, Text: "Refund the card " + secrets.card() + " please."})
		}
		results := runSDKs(t, w.squid, squid.Bob, tasks)
		for _, c := range calls() {
			want = append(want, c.seen(squid.Bob, "block", "credit_card")...)
		}
		incidents := blockedBy(node.waitEvents(len(want)), squid.Bob)
		for i, c := range calls() {
			r := results[tasks[i].Case]
			checkBlocked(t, w, c, r, incidents)
			if r.Error != nil {
				shown.WriteString(r.Error.Message)
			}
		}
	})
	t.Run("curl uploads 5 MB", func(t *testing.T) {
		for name, card := range map[string]string{"clean": "", "card at the end": secrets.card()} {
			t.Run(name, func(t *testing.T) { want = append(want, curlUpload(t, node, w, card)) })
		}
	})
	t.Run("the events in Postgres are exactly those, with user and address as Squid sent them", func(t *testing.T) {
		list := node.waitEvents(len(want))
		var got []seen
		for _, e := range list {
			got = append(got, summary(e))
		}
		order := func(l []seen) []seen {
			sort.Slice(l, func(i, j int) bool { return fmt.Sprint(l[i]) < fmt.Sprint(l[j]) })
			return l
		}
		if diff := cmp.Diff(order(want), order(got)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
	t.Run("the bytes that an app sent back are in the event of the request", func(t *testing.T) {
		// They are added up in the outbox and go to Postgres when their minute is over.
		proc.Eventually(t, 90*time.Second, "the bytes of OpenAI's answers to Alice are there, of streams, too", func() error {
			answered, counted := 0, 0
			for _, e := range node.events() {
				if e.User != squid.Alice || e.App.ID != "openai-api" || e.Decision.Action == "block" {
					continue
				}
				if answered++; e.BytesIn > 0 {
					counted++
				}
			}
			if answered < 4 || counted != answered {
				return fmt.Errorf("%d of %d answered events have bytes received", counted, answered)
			}
			return nil
		})
	})
	t.Run("nothing sensitive lies in the clear", func(t *testing.T) {
		secrets.add(squid.Password)
		texts := map[string]string{"what people were told": shown.String(), "what sluice printed": node.serving.Output(), "what its commands printed": node.stderr.String(), "events list": node.must("events", "list", "--limit", "0"), "events export": node.must("events", "export")}
		secrets.absentFrom(t, texts, node.dir, pg.Dir())
		node.stop()
		secrets.absentFrom(t, nil, node.dir, pg.Dir()) // what is written at the end
	})
}

// heldMS is less than the origin pauses between two pieces of a stream, of which there are
// several.
const heldMS = 60

// checkPassed asserts that the client got the service's answer, once.
func checkPassed(t *testing.T, w *world, c call, r result) {
	t.Helper()
	if r.Error != nil {
		t.Errorf("%s: %s %d: %s", r.Case, r.Error.Name, r.Error.Status, r.Error.Message)
		return
	}
	answers := []string{origin.Reply, "file-1", "file_1", "files/abc"}
	if !slices.Contains(answers, r.Text) {
		t.Errorf("%s: the answer is %q, want one of %q", r.Case, r.Text, answers)
	}
	if c.streams && r.MS-r.FirstMS < heldMS { // pieces that were held come all at once
		t.Errorf("%s: the first piece of the stream came after %.0f of %.0f ms: something held it", r.Case, r.FirstMS, r.MS)
	}
	want := 1
	if c.twoSteps {
		want = 2
	}
	if got := len(w.origin.Requests(r.Case)); got != want {
		t.Errorf("%s: %d requests reached the origin, want %d", r.Case, got, want)
	}
}

// checkBlocked asserts that the exception shows reason and incident, that the client did not
// try again, and that nothing reached the service.
func checkBlocked(t *testing.T, w *world, c call, r result, incidents map[string]event.Event) {
	t.Helper()
	if r.Error == nil {
		t.Errorf("%s: not blocked; the answer is %q", r.Case, r.Text)
		return
	}
	if r.Error.Status != 403 && r.Error.Status != 0 { // some SDKs keep the status inside the message
		t.Errorf("%s: status %d, want 403", r.Case, r.Error.Status)
	}
	if !strings.Contains(strings.ToLower(r.Error.Message), "blocked") {
		t.Errorf("%s: the exception does not say that the request was blocked: %q", r.Case, r.Error.Message)
	}
	found := 0
	for id := range incidents {
		if strings.Contains(r.Error.Message, id) {
			found++
		}
	}
	if found != 1 {
		t.Errorf("%s: the exception names %d of the recorded incidents, want 1: %q", r.Case, found, r.Error.Message)
	}
	sent, reached := 1, 0
	if c.twoSteps {
		sent, reached = 2, 1
	}
	if got := len(w.squid.Accesses(t, r.Case)); got != sent || r.Requests != sent {
		t.Errorf("%s: the client made %d requests, the proxy saw %d; want %d", r.Case, r.Requests, got, sent)
	}
	if got := len(w.origin.Requests(r.Case)); got != reached {
		t.Errorf("%s: %d requests reached the origin, want %d", r.Case, got, reached)
	}
}

// blockedBy returns the blocked events of a person by id.
func blockedBy(list []event.Event, user string) map[string]event.Event {
	out := map[string]event.Event{}
	for _, e := range list {
		if e.User == user && e.Decision.Action == "block" {
			out[e.ID] = e
		}
	}
	return out
}

// curlUpload sends 5 MB as Bob from another address, with card at its end unless that is empty.
func curlUpload(t *testing.T, node *sluice, w *world, card string) seen {
	t.Helper()
	const size = 5 << 20
	from := netip.MustParseAddr("127.0.0.77").String()
	name := "curl-clean"
	want := seen{User: squid.Bob, IP: from, App: "openai-api", Activity: "upload", Method: "POST", Host: "api.openai.com", Path: "/v1/files", Action: "allow"}
	data := strings.Repeat("A line of a long report about the weather of the north.\n", size/56+1)[:size]
	if card != "" {
		name, want.Action, want.Detectors = "curl-card", "block", "credit_card"
		data = data[:size-40] + "\nRefund the card " + card
	}
	file := filepath.Join(t.TempDir(), "report.txt")
	if err := os.WriteFile(file, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), proc.Look(t, "curl"), "--silent", "--show-error", "--max-time", "60",
		"--proxy", w.squid.Proxy(squid.Bob), "--cacert", w.squid.CAFile, "--interface", from,
		"--header", origin.CaseHeader+": "+name, "--form", "purpose=assistants", "--form", "file=@"+file,
		"--write-out", "\n%{http_code}", "https://api.openai.com/v1/files").CombinedOutput()
	if err != nil {
		t.Fatalf("curl: %v\n%s", err, out)
	}
	body, code, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	status, err := strconv.Atoi(code[strings.LastIndexByte(code, '\n')+1:])
	if err != nil {
		t.Fatalf("curl's status: %v\n%s", err, out)
	}
	reached := w.origin.Requests(name)
	if card == "" {
		if status != 200 || len(reached) != 1 || !slices.Equal(reached[0].Files, []string{origin.Sum([]byte(data))}) {
			t.Errorf("status %d, %d requests at the origin: the file did not arrive as it was sent", status, len(reached))
		}
		return want
	}
	if status != 403 || len(reached) != 0 {
		t.Errorf("status %d with %d requests at the origin, want 403 and none", status, len(reached))
	}
	for id, e := range blockedBy(node.events(), squid.Bob) {
		if e.Source.IP == from && !strings.Contains(body, id) {
			t.Errorf("the answer does not name its incident %s", id)
		}
	}
	return want
}
