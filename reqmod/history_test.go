package reqmod

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/policy"
)

// chat is a conversation as API clients replay it: user, assistant, user, …
func chat(turns ...string) string {
	type message struct {
		Role    string `json:"role"`
		Content string `json:"content"`
	}
	var messages []message
	for i, text := range turns {
		messages = append(messages, message{[]string{"user", "assistant"}[i%2], text})
	}
	data, err := json.Marshal(map[string]any{"model": "m", "messages": messages})
	if err != nil {
		panic(err)
	}
	return string(data)
}

func as(user string, r *icap.Request) *icap.Request {
	r.Header = icap.ParseHeader(fmt.Appendf(nil, "X-Client-IP: 10.1.2.3\r\nX-Authenticated-User: %s\r\n", user))
	return r
}

func TestHistory(t *testing.T) {
	leak := "my card is " + card
	send := func(turns ...string) *icap.Request {
		return request("POST", apiURL, chat(turns...), "Content-Type: application/json")
	}
	const block = "defaults: {approved: {profiles: [default], on_match: block}}"
	cases := map[string]struct {
		policy string
		before []*icap.Request
		then   *icap.Request
		action string
		found  int
	}{
		"what was allowed is not reported again": {"", []*icap.Request{send(leak)}, send(leak, "noted", "go on"), "allow", 0},
		"what is said again is read again":       {"", []*icap.Request{send(leak)}, send(leak, "noted", leak), "log", 1},
		"what was never seen is reported":        {"", nil, send(leak, "noted", "go on"), "log", 1},
		"another person's history is not mine":   {"", []*icap.Request{as("bob", send(leak))}, send(leak, "noted", "go on"), "log", 1},
		"another app's history is not this one's": {
			"",
			[]*icap.Request{request("POST", "https://api.mistral.ai/v1/chat/completions", chat(leak))},
			send(leak, "noted", "go on"), "log", 1,
		},
		"what was blocked stays blocked":                   {block, []*icap.Request{send(leak)}, send(leak, "noted", "go on"), "block", 1},
		"what was blocked is blocked when it is resent":    {block, []*icap.Request{send(leak)}, send(leak), "block", 1},
		"what was sent with a gap is not remembered":       {"", []*icap.Request{request("POST", apiURL, "\x1f\x8b\x08\x00broken"+leak, "Content-Encoding: gzip")}, send(leak, "noted", "go on"), "log", 1},
		"a changed turn is another turn":                   {"", []*icap.Request{send(leak)}, send(leak+"!", "noted", "go on"), "log", 1},
		"a new finding beside remembered ones is reported": {"", []*icap.Request{send(leak)}, send(leak, "noted", "and "+card), "log", 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.policy, map[string]policy.Status{"openai-api": policy.Approved, "mistral-api": policy.Approved}, Options{})
			for _, r := range c.before {
				w.ServeICAP(t.Context(), r)
			}
			w.kept.events = nil
			w.ServeICAP(t.Context(), c.then)
			e := w.kept.events[0]
			found := 0
			for _, m := range e.Matches {
				if m.Detector == "credit_card" {
					found += m.Count
				}
			}
			if e.Decision.Action != c.action || found != c.found {
				t.Errorf("%s with %d cards found, want %s with %d (%s)", e.Decision.Action, found, c.action, c.found, e.Decision.Reason)
			}
		})
	}
}

func TestAReloadForgetsHistory(t *testing.T) {
	status := map[string]policy.Status{"openai-api": policy.Approved}
	w := newWorld(t, "", status, Options{})
	leak := "my card is " + card
	w.ServeICAP(t.Context(), request("POST", apiURL, chat(leak)))
	next := newWorld(t, "", map[string]policy.Status{"openai-api": policy.InReview}, Options{})
	w.Swap(next.rules.Load())
	w.kept.events = nil
	w.ServeICAP(t.Context(), request("POST", apiURL, chat(leak, "noted", "go on")))
	if got := w.kept.events[0].Decision.Action; got != "block" {
		t.Errorf("%s under a new snapshot, want block: what the old one allowed counts for nothing", got)
	}
}

func TestWhatTriggersOnlyTogetherIsNotForgotten(t *testing.T) {
	w := newWorld(t, "", map[string]policy.Status{"openai-api": policy.Approved}, Options{})
	x := &call{h: w.Handler, rules: w.rules.Load(), req: request("POST", apiURL, chat("my card is "+card)), began: w.o.Now()}
	x.recognise(t.Context())
	x.inspect(t.Context())
	x.decide()
	x.evidence.Triggered = make([]bool, len(x.evidence.Triggered)) // as if one card alone were too few
	x.remember()
	if w.history.knows(x.reading.turns[0]) {
		t.Error("a turn whose finding did not trigger is forgotten, so that it never counts with later ones")
	}
}

func TestOnlyWhatWasReadWholeAndLetThroughIsRemembered(t *testing.T) {
	cases := map[string]struct {
		change func(*call)
		want   bool
	}{
		"scanned whole and logged": {func(*call) {}, true},
		"with a gap":               {func(x *call) { x.evidence.Gaps = []policy.Gap{policy.Deadline} }, false},
		"coached":                  {func(x *call) { x.decision.Action = policy.Coach }, false},
		"redacted":                 {func(x *call) { x.decision.Action = policy.Redact }, false},
		"let through by overload":  {func(x *call) { x.decision.Rule = "overload" }, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "", map[string]policy.Status{"openai-api": policy.Approved}, Options{})
			x := &call{h: w.Handler, rules: w.rules.Load(), req: request("POST", apiURL, chat("my card is "+card)), began: w.o.Now()}
			x.recognise(t.Context())
			x.inspect(t.Context())
			x.decide()
			c.change(x)
			x.remember()
			if got := w.history.knows(x.reading.turns[0]); got != c.want {
				t.Errorf("remembered %v, want %v", got, c.want)
			}
		})
	}
}

func TestTheSameTextTwiceIsOneFindingAndBothAreRedacted(t *testing.T) {
	const redact = "defaults: {in_review: {profiles: [default], on_match: redact}}"
	w := newWorld(t, redact, map[string]policy.Status{"perplexity": policy.InReview}, Options{})
	text := "pay with " + card
	body := fmt.Sprintf(`{"params":{"dsl_query":%q},"query_str":%q}`, text, text)
	r := answered(t, w.Handler, request("POST", "https://www.perplexity.ai/rest/sse/perplexity_ask", body, "Content-Type: application/json"))
	if got := strings.Count(string(r.Body), "[credit_card]"); got != 2 || strings.Contains(string(r.Body), card) {
		t.Errorf("%d copies redacted, want both", got)
	}
	count := 0
	for _, m := range w.kept.events[0].Matches {
		count += m.Count
	}
	if count != 1 {
		t.Errorf("%d findings of one text that is carried twice, want 1", count)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	h := newHistory()
	for i := range 3 * turnsKept {
		h.remember([]turn{{uint64(i)}})
	}
	if got := len(h.young) + len(h.old); got > 2*turnsKept {
		t.Errorf("%d turns kept, want at most %d", got, 2*turnsKept)
	}
	last := 3*turnsKept - 1
	if !h.knows(turn{uint64(last)}) {
		t.Error("the newest turn is forgotten")
	}
}

// excused is [Exceptions] that a test grants and takes back.
type excused map[string]string

func (e excused) Excepted(_, _, _ string, _ time.Time) map[string]string { return e }

// TestOneAllowedMatchDoesNotLockAChat follows a conversation in which a coached prompt was
// justified: when the exception has ended, its history still passes, and saying it again
// does not.
func TestOneAllowedMatchDoesNotLockAChat(t *testing.T) {
	granted := excused{}
	w := newWorld(t, "", map[string]policy.Status{"openai-api": policy.Unreviewed}, Options{Exceptions: granted})
	leak := "my card is " + card
	send := func(turns ...string) string {
		w.ServeICAP(t.Context(), request("POST", apiURL, chat(turns...), "Content-Type: application/json"))
		return w.kept.events[len(w.kept.events)-1].Decision.Action
	}
	steps := []struct {
		what, want string
		before     func()
		turns      []string
	}{
		{"the first time", "coach", nil, []string{leak}},
		{"again, without a justification", "coach", nil, []string{leak}},
		{"with an exception", "log", func() { granted["default"] = "exception-1" }, []string{leak}},
		{"the next turn, when the exception has ended", "allow", func() { delete(granted, "default") }, []string{leak, "noted", "go on"}},
		{"and the one after it", "allow", nil, []string{leak, "noted", "go on", "done", "thanks"}},
		{"the same said again in the chat", "coach", nil, []string{leak, "noted", leak}},
		{"the same in a new chat", "coach", nil, []string{leak}},
	}
	for _, s := range steps {
		if s.before != nil {
			s.before()
		}
		if got := send(s.turns...); got != s.want {
			t.Errorf("%s: %s, want %s", s.what, got, s.want)
		}
	}
}
