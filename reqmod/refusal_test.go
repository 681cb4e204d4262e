package reqmod

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/policy"
)

// at walks down a decoded JSON value by names and returns the text there.
func at(v any, path string) string {
	for name := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[name]
		case []any:
			if len(x) == 0 {
				return ""
			}
			v = x[0]
			if m, ok := v.(map[string]any); ok && name != "0" {
				v = m[name]
			}
		default:
			return ""
		}
	}
	text, _ := v.(string)
	return text
}

// Every client reads the reason where its own errors have it, whatever it asked for.
func TestEveryClientFindsTheReason(t *testing.T) {
	statuses := map[string]policy.Status{}
	for _, app := range []string{
		"openai-api", "anthropic-api", "gemini-api", "mistral-api", "ollama", "cohere", "groq", "chatgpt", "claude", "kimi", "cursor", "windsurf", "meta-ai", "poe",
		"le-chat", "unknown.example.net",
	} {
		statuses[app] = policy.Unapproved
	}
	w := newWorld(t, "", statuses, Options{})
	const chat = `{"model":"m","stream":true,"messages":[{"role":"system","content":"s"},{"role":"user","content":"hi"}]}`
	frame := "\x00\x00\x00\x00\x02{}"
	cases := map[string]struct {
		url, body string
		header    []string
		kind      string   // Content-Type
		texts     []string // where the reason is; "": in the text as it is
	}{
		"OpenAI's SDK":                        {"https://api.openai.com/v1/chat/completions", chat, nil, jsonType, []string{"error.message", "message"}},
		"OpenAI's SDK, a stream":              {"https://api.openai.com/v1/responses", `{"model":"m","input":"hi","stream":true}`, []string{"Accept: text/event-stream", "User-Agent: OpenAI/JS 6.49.0"}, jsonType, []string{"error.message", "message"}},
		"OpenAI's SDK at Groq":                {"https://api.groq.com/openai/v1/chat/completions", chat, nil, jsonType, []string{"error.message", "message"}},
		"OpenAI's SDK at Mistral":             {"https://api.mistral.ai/v1/chat/completions", chat, nil, jsonType, []string{"error.message", "message"}},
		"OpenAI's SDK at Cohere":              {"https://api.cohere.com/compatibility/v1/chat/completions", chat, nil, jsonType, []string{"error.message", "message"}},
		"OpenAI's SDK at Google":              {"https://generativelanguage.googleapis.com/v1beta/openai/chat/completions", chat, nil, jsonType, []string{"error.message", "message"}},
		"Anthropic's SDK":                     {"https://api.anthropic.com/v1/messages", chat, []string{"Anthropic-Version: 2023-06-01"}, jsonType, []string{"error.message", "message"}},
		"Google's SDK":                        {"https://generativelanguage.googleapis.com/v1beta/models/m:streamGenerateContent?alt=sse", `{"contents":[{"parts":[{"text":"hi"}]}]}`, nil, jsonType, []string{"error.message", "message"}},
		"Ollama":                              {"https://ollama.com/api/chat", chat, nil, jsonType, []string{"error"}},
		"Kimi, a stream of Connect":           {"https://www.kimi.com/apiv2/kimi.gateway.chat.v1.ChatService/Chat", frame, []string{"Content-Type: application/connect+json", "User-Agent: Mozilla/5.0"}, jsonType, []string{"message"}},
		"Cursor":                              {"https://api2.cursor.sh/aiserver.v1.ChatService/StreamUnifiedChatWithTools", frame, []string{"Content-Type: application/connect+proto"}, jsonType, []string{"message"}},
		"Connect to a host that nobody knows": {"https://unknown.example.net/acme.llm.v1.LlmService/Generate", frame, []string{"Content-Type: application/connect+proto"}, jsonType, []string{"message"}},
		"Meta AI, in GraphQL":                 {"https://www.meta.ai/api/graphql/", "fb_api_req_friendly_name=useAbraSendMessageMutation&variables=%7B%22message%22%3A%7B%22sensitive_string_value%22%3A%22hi%22%7D%7D", []string{"User-Agent: Mozilla/5.0", "Content-Type: application/x-www-form-urlencoded"}, jsonType, []string{"errors.message", "message"}},
		"Le Chat, in tRPC":                    {"https://chat.mistral.ai/api/trpc/message.newChat?batch=1", `{"0":{"json":{"content":[{"type":"text","text":"hi"}]}}}`, []string{"User-Agent: Mozilla/5.0"}, jsonType, []string{"error.json.message"}},
		"the page of ChatGPT":                 {"https://chatgpt.com/backend-api/f/conversation", gpt("hi"), []string{"User-Agent: Mozilla/5.0", "Accept: text/event-stream", "Sec-Fetch-Dest: empty", "Sec-Fetch-Mode: cors"}, jsonType, []string{"error.message", "message"}},
		"the page of Claude":                  {"https://claude.ai/api/organizations/o/chat_conversations/c/completion", `{"prompt":"hi"}`, []string{"User-Agent: Mozilla/5.0", "Accept: text/event-stream"}, jsonType, []string{"error.message", "message"}},
		"a client that nobody knows":          {"https://unknown.example.net/v1/tools", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{"q":"hi"}}}`, []string{"User-Agent: x/1"}, textType, []string{""}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w.kept.events = nil
			reply := answered(t, w.Handler, request("POST", c.url, c.body, c.header...))
			head := string(reply.ResponseHead)
			if len(w.kept.events) != 1 || !strings.HasPrefix(head, "HTTP/1.1 403 ") {
				t.Fatalf("%d events; head:\n%s", len(w.kept.events), head)
			}
			if !strings.Contains(head, "Content-Type: "+c.kind+"\r\n") || !strings.Contains(head, "X-Should-Retry: false\r\n") {
				t.Errorf("head:\n%s", head)
			}
			id := w.kept.events[0].ID
			for _, path := range c.texts {
				text := string(reply.Body)
				if path != "" {
					var v any
					if err := json.Unmarshal(reply.Body, &v); err != nil {
						t.Fatal(err)
					}
					text = at(v, path)
				}
				if !strings.Contains(text, id) || !strings.Contains(text, "may not be used at work") {
					t.Errorf("%q holds %q, want reason and incident; the body is %s", path, text, reply.Body)
				}
			}
		})
	}
}

func TestGRPCFindsTheReasonInTheHeader(t *testing.T) {
	w := newWorld(t, "", map[string]policy.Status{"cursor": policy.Unapproved}, Options{})
	reply := answered(t, w.Handler, request("POST", "https://api2.cursor.sh/aiserver.v1.ChatService/StreamChat", "\x00\x00\x00\x00\x00",
		"Content-Type: application/grpc-web+proto", "Accept-Language: de", "Origin: https://cursor.com", "User-Agent: Mozilla/5.0"))
	h := icap.ParseHeader([]byte(strings.SplitN(string(reply.ResponseHead), "\r\n", 2)[1]))
	text, err := url.PathUnescape(string(h.Get("Grpc-Message")))
	if err != nil || string(h.Get("Grpc-Status")) != "7" || !strings.Contains(text, w.kept.events[0].ID) || !strings.Contains(text, "darf bei der Arbeit nicht") {
		t.Errorf("status %q, message %q: %v", h.Get("Grpc-Status"), text, err)
	}
	if exposed := string(h.Get("Access-Control-Expose-Headers")); exposed != "X-Sluice-Id, Grpc-Status, Grpc-Message" {
		t.Errorf("exposed are %q", exposed)
	}
	if got := grpcMessage("ü 100%\r\n"); got != "%C3%BC 100%25%0D%0A" {
		t.Errorf("encoded as %q", got)
	}
}

func TestWhoSeesAPage(t *testing.T) {
	cases := map[string]struct {
		header []string
		page   bool
	}{
		"a navigation":                         {[]string{"Sec-Fetch-Dest: document", "Sec-Fetch-Mode: navigate"}, true},
		"a frame":                              {[]string{"Sec-Fetch-Dest: iframe"}, true},
		"a fetch that takes pages, too":        {[]string{"Sec-Fetch-Dest: empty", "Accept: text/html"}, false},
		"an older browser":                     {[]string{"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, true},
		"a script that would rather have JSON": {[]string{"Accept: text/html;q=0.5, application/json"}, false},
		"a script that takes JSON first":       {[]string{"Accept: application/json, text/plain, */*"}, false},
		"a stream":                             {[]string{"Accept: text/event-stream"}, false},
		"pages with a bad weight":              {[]string{"Accept: text/html;q=x"}, false},
		"pages refused":                        {[]string{"Accept: text/html;q=0, */*"}, false},
		"nothing said":                         {nil, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := request("GET", "https://chatgpt.com/", "", c.header...)
			if got := isNavigation(fields(nil).of(r.HTTP.Header)); got != c.page {
				t.Errorf("page %v, want %v", got, c.page)
			}
		})
	}
}
