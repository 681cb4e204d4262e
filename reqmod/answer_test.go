package reqmod

import (
	"encoding/json"
	"net"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/policy"
)

// answered sends r through a real engine with h, and returns what the client sees.
func answered(t *testing.T, h *Handler, r *icap.Request) *icap.Reply {
	t.Helper()
	server, err := icap.New(icap.Options{Services: []icap.Service{{
		Path: "/reqmod", Method: icap.MethodReqmod, Handler: h, Preview: 65535, ISTag: h.Version,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(l) }()
	defer func() { _ = server.Shutdown(t.Context()) }()
	client := &icap.Client{Addr: l.Addr().String()}
	defer client.Close()
	var fields []icap.Field
	r.Header.Each(func(name, value []byte) bool {
		fields = append(fields, icap.Field{Name: string(name), Value: string(value)})
		return true
	})
	head := string(r.HTTP.Method) + " " + string(r.HTTP.Target) + " HTTP/1.1\r\n" + string(r.HTTP.Header.Raw()) + "\r\n"
	reply, err := client.Do(t.Context(), icap.Message{
		Method: icap.MethodReqmod, Service: "/reqmod", Header: fields, RequestHead: []byte(head),
		Body: r.Body.Preview(), HasBody: !r.Body.None(), Preview: 65535, Allow204: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

func TestTheRefusalIsInTheShapeThatTheAppsClientsRead(t *testing.T) {
	w := newWorld(t, "", map[string]policy.Status{
		"openai-api": policy.InReview, "anthropic-api": policy.InReview, "gemini-api": policy.InReview, "chatgpt": policy.InReview,
		"mistral-api": policy.InReview, "ollama": policy.InReview, "ollama-cloud": policy.InReview, "cohere": policy.InReview,
	}, Options{})
	claude := `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"card ` + card + `"}]}`
	gemini := `{"contents":[{"role":"user","parts":[{"text":"card ` + card + `"}]}]}`
	cases := map[string]struct {
		r    *icap.Request
		path []string // of the message in the JSON
	}{
		"OpenAI":    {request("POST", apiURL, api("card "+card)), []string{"error", "message"}},
		"Anthropic": {request("POST", "https://api.anthropic.com/v1/messages", claude), []string{"error", "message"}},
		"Gemini": {
			request("POST", "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent", gemini),
			[]string{"error", "message"},
		},
		"a web app": {request("POST", gptURL, gpt("card "+card), "User-Agent: Mozilla/5.0"), []string{"message"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w.kept.events = nil
			reply := answered(t, w.Handler, c.r)
			head := string(reply.ResponseHead)
			if !strings.HasPrefix(head, "HTTP/1.1 403 ") || !strings.Contains(head, "X-Should-Retry: false") || !strings.Contains(head, "application/json") {
				t.Fatalf("head:\n%s", head)
			}
			var object map[string]any
			if err := json.Unmarshal(reply.Body, &object); err != nil {
				t.Fatal(err)
			}
			var at any = object
			for _, key := range c.path {
				at, _ = at.(map[string]any)
				at = at.(map[string]any)[key]
			}
			text, _ := at.(string)
			id := w.kept.events[0].ID
			for what, want := range map[string]string{"reason": "credit_card", "profile": "default", "remedy": "Remove it", "incident": id} {
				if !strings.Contains(text, want) {
					t.Errorf("the message lacks the %s %q: %s", what, want, text)
				}
			}
			if object["message"] != text {
				t.Errorf("no top-level message: %s", reply.Body)
			}
			if strings.Contains(string(reply.Body), card) {
				t.Error("the answer repeats the value")
			}
			if got := string(reply.Header.Get("X-Sluice-Id")); got != id {
				t.Errorf("X-Sluice-Id %q, event %q", got, id)
			}
			if got := string(reply.Header.Get("X-Infection-Found")); got != "Type=2; Resolution=2; Threat=dlp:default;" {
				t.Errorf("X-Infection-Found %q", got)
			}
		})
	}
}

func TestANavigationGetsAPageAndAForeignOriginMayReadTheReason(t *testing.T) {
	w := newWorld(t, "", map[string]policy.Status{"chatgpt": policy.Unapproved}, Options{})
	page := answered(t, w.Handler, request("GET", "https://chatgpt.com/", "", "Sec-Fetch-Dest: document", "Accept-Language: de-DE,de;q=0.9"))
	head, body := string(page.ResponseHead), string(page.Body)
	for _, want := range []string{"HTTP/1.1 403 ", "text/html", "Content-Security-Policy: default-src 'none'"} {
		if !strings.Contains(head, want) {
			t.Errorf("head lacks %q:\n%s", want, head)
		}
	}
	for _, want := range []string{`<html lang="de">`, "ChatGPT darf bei der Arbeit nicht benutzt werden", w.kept.events[0].ID, string(w.theme.Style())} {
		if !strings.Contains(body, want) {
			t.Errorf("page lacks %q", want)
		}
	}
	fetch := answered(t, w.Handler, request("PUT", "https://files.oaiusercontent.com/file-1", "x", "Origin: https://chatgpt.com", "Sec-Fetch-Dest: empty", "User-Agent: Mozilla/5.0"))
	head = string(fetch.ResponseHead)
	for _, want := range []string{"Access-Control-Allow-Origin: https://chatgpt.com", "Access-Control-Allow-Credentials: true", "application/json"} {
		if !strings.Contains(head, want) {
			t.Errorf("cross-origin answer lacks %q:\n%s", want, head)
		}
	}
}

func TestEveryShapeHoldsTheSentence(t *testing.T) {
	e := &event.Event{ID: "0193"}
	for _, shape := range []string{"openai", "anthropic", "gemini", "mistral", "cohere", "ollama", "connect", "graphql", "trpc", ""} {
		data, err := json.Marshal(errorObject(shape, "the reason", e))
		if err != nil || !strings.Contains(string(data), `"the reason"`) {
			t.Errorf("%q: %s %v", shape, data, err)
		}
	}
	if s, ok := errorObject("ollama", "the reason", e).(object)["error"].(string); !ok || s != "the reason" {
		t.Error("Ollama's clients want error to be a string")
	}
}
