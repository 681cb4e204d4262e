package reqmod

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/policy"
)

func TestBytesGetTheNameOfTheirIntent(t *testing.T) {
	const bytes = "only text, and nothing in it"
	announce := func() *icap.Request {
		return request("POST", "https://chatgpt.com/backend-api/files", `{"file_name":"salaries.txt","file_size":28,"use_case":"my_files"}`, "Content-Type: application/json")
	}
	put := func(body string) *icap.Request {
		return request("PUT", "https://files.oaiusercontent.com/file-1", body, "Content-Type: text/plain")
	}
	cases := map[string]struct {
		policy string
		first  *icap.Request
		wait   time.Duration
		second *icap.Request
		want   string
	}{
		"the same person, app and size":      {"", announce(), time.Minute, put(bytes), "salaries.txt"},
		"another size":                       {"", announce(), time.Minute, put(bytes + "!"), ""},
		"another person":                     {"", as("bob", announce()), time.Minute, put(bytes), ""},
		"too late":                           {"", announce(), 11 * time.Minute, put(bytes), ""},
		"an intent that was refused is none": {`rules: [{id: a, when: 'files.exists(f, f.name == "salaries.txt")', action: block}]`, announce(), 0, put(bytes), ""},
		"bytes whose intent nobody has seen": {"", put("other"), 0, put(bytes), ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
			w := newWorld(t, c.policy, map[string]policy.Status{"chatgpt": policy.Approved}, Options{Now: func() time.Time { return now }})
			w.ServeICAP(t.Context(), c.first)
			now = now.Add(c.wait)
			w.ServeICAP(t.Context(), c.second)
			e := w.kept.events[len(w.kept.events)-1]
			if len(e.Files) != 1 || e.Files[0].Name != c.want || e.App.ID != "chatgpt" {
				t.Errorf("files %+v of %s, want one named %q of chatgpt", e.Files, e.App.ID, c.want)
			}
		})
	}
}

func TestPolicyRefusesAtTheIntentAndByTheNameOfTheIntent(t *testing.T) {
	const text = `rules: [{id: no-salaries, when: 'files.exists(f, f.name.startsWith("salaries") && f.type.startsWith("text/"))', action: block}]`
	w := newWorld(t, text, map[string]policy.Status{"chatgpt": policy.Approved}, Options{})
	w.ServeICAP(t.Context(), request("POST", "https://chatgpt.com/backend-api/files", `{"file_name":"salaries.txt","file_size":5,"use_case":"my_files"}`))
	refused := answered(t, w.Handler, request("PUT", "https://files.oaiusercontent.com/file-1", "hello", "Content-Type: text/plain"))
	if !strings.Contains(string(refused.ResponseHead), " 403 ") {
		t.Error("the bytes passed although the rule names their file")
	}
}

func TestAnIntentIsUsedOnceAndTheirNumberIsBounded(t *testing.T) {
	var u uploads
	now := time.Unix(0, 0)
	u.expect(intent{"a", "x", -1}, "n", now)
	if u.arrived(intent{"a", "x", 7}, now) != "n" || u.arrived(intent{"a", "x", 7}, now) != "" {
		t.Error("an intent without a size names the next bytes, and only those")
	}
	for i := range 3 * intentsKept {
		u.expect(intent{"a", "x", int64(i)}, "n", now)
	}
	if got := len(u.young.names) + len(u.old.names); got > 2*intentsKept {
		t.Errorf("%d intents kept, want at most %d", got, 2*intentsKept)
	}
}

func TestBytesInAStoreBelongToTheAppThatWasToldOfThem(t *testing.T) {
	announce := func() *icap.Request {
		return request("POST", "https://chat.mistral.ai/api/trpc/file.uploadFile?batch=1", `{"0":{"json":{"fileName":"plan.txt","fileSize":24,"mimeType":"text/plain"}}}`, "Content-Type: application/json")
	}
	put := func(url, body string) *icap.Request {
		return request("PUT", url, body, "Content-Type: text/plain", fmt.Sprint("Content-Length: ", len(body)))
	}
	const store, bytes = "https://x.blob.core.windows.net/c/f?sig=x", "card 4111 1111 1111 1111"
	cases := map[string]struct {
		first, second *icap.Request
		want          int // events of the second
	}{
		"the same person and size":        {announce(), put(store, bytes), 1},
		"another size":                    {announce(), put(store, bytes+"."), 0},
		"another person":                  {as("bob", announce()), put(store, bytes), 0},
		"a host that is no store":         {announce(), put("https://files.example.org/c/f", bytes), 0},
		"bytes that nobody has announced": {put(store, "other"), put(store, bytes), 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "", map[string]policy.Status{"le-chat": policy.Approved}, Options{})
			w.ServeICAP(t.Context(), c.first)
			w.kept.events = nil
			w.ServeICAP(t.Context(), c.second)
			if len(w.kept.events) != c.want {
				t.Fatalf("%d events, want %d", len(w.kept.events), c.want)
			}
			if c.want == 0 {
				return
			}
			if e := w.kept.events[0]; e.App.ID != "le-chat" || e.Activity != "upload" || len(e.Files) != 1 || e.Files[0].Name != "plan.txt" || len(e.Matches) != 1 {
				t.Errorf("%s of %s, files %+v, %d matches", e.Activity, e.App.ID, e.Files, len(e.Matches))
			}
		})
	}
}
