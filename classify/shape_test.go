package classify

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"strings"
	"testing"
)

func frame(body string) string {
	return string(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(body)))) + body
}

type shapeCase struct {
	method, url, headers, body string
	want                       string // name of the shape, "" for none
}

// headers are "name: value; name: value" with a JSON content type by default.
func (k shapeCase) request(tb testing.TB) Request {
	h := map[string]string{"Content-Type": "application/json"}
	for pair := range strings.SplitSeq(k.headers, "; ") {
		if name, value, ok := strings.Cut(pair, ": "); ok {
			h[name] = value
		}
	}
	method := k.method
	if method == "" {
		method = "POST"
	}
	return request(tb, method, "https://unknown.example.net"+k.url, h)
}

const chat = `{"model":"llama-3.3-70b","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"hello"}],"temperature":0.2}`

var shapeCases = map[string]shapeCase{
	"a chat completion":                           {url: "/v1/chat/completions", body: chat, want: "openai-chat"},
	"a chat completion under an odd path":         {url: "/gateway/7/x", body: chat, want: "openai-chat"},
	"a chat completion whose end is missing":      {url: "/gateway/7/x", body: chat[:90], want: "openai-chat"},
	"a chat completion with parts":                {url: "/v1/chat/completions", body: `{"messages":[{"role":"user","content":[{"type":"text","text":"hi"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}]}],"model":"x"}`, want: "openai-chat"},
	"a chat completion with a model nobody knows": {url: "/v1/chat/completions", body: `{"model":"acme-internal","messages":[{"role":"user","content":"hi"}]}`, want: "openai-chat"},
	"a chat completion with a tool's output":      {url: "/x", body: `{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":null,"tool_calls":[{"id":"c"}]},{"role":"tool","tool_call_id":"c","content":"secret"}]}`, want: "openai-chat"},
	"a long system prompt that is cut off":        {url: "/llm", body: `{"model":"m","messages":[{"role":"system","content":"` + strings.Repeat("x", 70000), want: "openai-chat"},
	"many tools before the messages":              {url: "/llm", body: `{"tools":[` + strings.TrimSuffix(strings.Repeat(`{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":"string","enum":["x","y"]},"b":{"type":"number"}}}}},`, 300), ",") + `],"messages":[{"role":"system","content":"x"}]}`, want: "openai-chat"},
	"a chat completion with a byte order mark":    {url: "/v1/chat/completions", body: "\xef\xbb\xbf" + chat, want: "openai-chat"},
	"a chat completion sent as text":              {url: "/v1/chat/completions", headers: "Content-Type: text/plain;charset=UTF-8", body: chat, want: "openai-chat"},
	"a chat completion without a content type":    {url: "/v1/chat/completions", headers: "Content-Type: ", body: chat, want: "openai-chat"},
	"one of Azure's deployments":                  {url: "/openai/deployments/d/chat/completions", body: `{"messages":[{"role":"user","content":"hi"}]}`, want: "openai-chat"},
	"Bedrock's converse":                          {url: "/model/m/converse", body: `{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{"maxTokens":9}}`, want: "openai-chat"},
	"a response":                                  {url: "/v1/responses", body: `{"model":"gpt-5","input":"hello"}`, want: "openai-responses"},
	"a response with items":                       {url: "/proxy", body: `{"model":"acme","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"x"}]},{"type":"function_call_output","call_id":"1","output":"y"}]}`, want: "openai-responses"},
	"a response with turns":                       {url: "/proxy", body: `{"model":"acme","input":[{"role":"user","content":"x"}]}`, want: "openai-responses"},
	"a completion":                                {url: "/v1/completions", body: `{"model":"acme","prompt":"once","max_tokens":5}`, want: "openai-completions"},
	"a llama.cpp completion":                      {url: "/completion", body: `{"prompt":"once","n_predict":5}`, want: "openai-completions"},
	"a completion of the AI SDK":                  {url: "/api/completion", body: `{"prompt":"once"}`, want: "openai-completions"},
	"an embedding":                                {url: "/v1/embeddings", body: `{"model":"acme-embed","input":["a","b"]}`, want: "openai-input"},
	"an embedding by its model":                   {url: "/embed-it", body: `{"model":"text-embedding-3-small","input":"a"}`, want: "openai-input"},
	"an image":                                    {url: "/sdapi/v1/txt2img", body: `{"prompt":"owl","negative_prompt":"text","steps":20,"cfg_scale":7}`, want: "openai-image"},
	"a transcription":                             {url: "/v1/audio/transcriptions", headers: "Content-Type: multipart/form-data; boundary=x", body: "--x\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--x--", want: "openai-audio"},
	"a file":                                      {url: "/v1/files", headers: "Content-Type: multipart/form-data; boundary=x", body: "--x\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nassistants\r\n--x--", want: "openai-file"},
	"a message of a thread":                       {url: "/v1/threads/thread_1/messages", body: `{"role":"user","content":"hi"}`, want: "thread-message"},
	"a realtime session":                          {method: "GET", url: "/v1/realtime", headers: "Upgrade: websocket", want: "openai-realtime"},
	"a realtime session by its protocol":          {method: "GET", url: "/ws", headers: "Upgrade: websocket; Sec-WebSocket-Protocol: realtime, openai-beta.realtime-v1", want: "openai-realtime"},
	"an Anthropic message":                        {url: "/v1/messages", body: `{"model":"claude-opus-4-1","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}`, want: "anthropic-messages"},
	"an Anthropic message by its header":          {url: "/x", headers: "anthropic-version: 2023-06-01", body: `{"messages":[{"role":"user","content":"hi"}]}`, want: "anthropic-messages"},
	"an Anthropic message by its system":          {url: "/x", body: `{"max_tokens":9,"system":"s","messages":[{"role":"user","content":"hi"}]}`, want: "anthropic-messages"},
	"an agent's turn":                             {url: "/x", body: `{"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"x"}]}]}`, want: "anthropic-messages"},
	"Gemini":                                      {url: "/v1beta/models/m:generateContent", body: `{"contents":[{"parts":[{"text":"hi"}]}]}`, want: "gemini-generate"},
	"Gemini under another path":                   {url: "/g", body: `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{}}`, want: "gemini-generate"},
	"Gemini's command line":                       {url: "/v1internal:streamGenerateContent", body: `{"model":"m","request":{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}}`, want: "gemini-generate"},
	"Gemini's embedding":                          {url: "/v1beta/models/m:embedContent", body: `{"content":{"parts":[{"text":"hi"}]}}`, want: "gemini-embed"},
	"Ollama's chat":                               {url: "/api/chat", body: `{"model":"llama3.2","messages":[{"role":"user","content":"hi"}],"stream":false}`, want: "ollama-chat"},
	"Ollama's generate":                           {url: "/api/generate", body: `{"model":"acme:7b","prompt":"hi"}`, want: "ollama-generate"},
	"text generation inference":                   {url: "/generate", body: `{"inputs":"hi","parameters":{"max_new_tokens":5}}`, want: "inputs"},
	"a model's inputs":                            {url: "/invocations", body: `{"inputs":"hi","parameters":{"temperature":0.5}}`, want: "inputs"},
	"Cohere's first chat":                         {url: "/v1/chat", body: `{"message":"hi","chat_history":[{"role":"USER","message":"x"}],"model":"command-r"}`, want: "message-history"},
	"a rerank":                                    {url: "/v1/rerank", body: `{"model":"r","query":"q","documents":["a","b"]}`, want: "rerank"},
	"the AI SDK, version 5":                       {url: "/api/chat", body: `{"id":"x","messages":[{"id":"u","role":"user","parts":[{"type":"text","text":"hi"}]}],"trigger":"submit-message"}`, want: "ai-sdk"},
	"the AI SDK, version 4":                       {url: "/api/chat", body: `{"id":"x","messages":[{"role":"user","content":"hi"}]}`, want: "ai-sdk"},
	"the AI SDK, last turn only":                  {url: "/api/x", body: `{"id":"x","message":{"id":"u","role":"user","parts":[{"type":"text","text":"hi"}]}}`, want: "ai-sdk"},
	"a chat page of one's own":                    {url: "/api/ask", headers: "Accept: text/event-stream", body: `{"prompt":"hi","conversation_id":"1"}`, want: "ai-prompt"},
	"a chat page that names the model":            {url: "/api/x", body: `{"message":"hi","model":"gpt-4o-mini"}`, want: "ai-prompt"},
	"Dify":                                        {url: "/v1/chat-messages", body: `{"inputs":{},"query":"hi","response_mode":"streaming","user":"u"}`, want: "ai-prompt"},
	"Coze":                                        {url: "/v3/chat", body: `{"bot_id":"1","user_id":"u","stream":true,"additional_messages":[{"role":"user","content":"hi","content_type":"text"}]}`, want: "ai-messages"},
	"LangServe":                                   {url: "/chain/invoke", body: `{"input":{"question":"hi"},"config":{},"kwargs":{}}`, want: "ai-messages"},
	"LangGraph":                                   {url: "/threads/1/runs/stream", body: `{"assistant_id":"a","input":{"messages":[{"type":"human","content":"hi"}]}}`, want: "ai-messages"},
	"a prediction":                                {url: "/v1/models/a/b/predictions", body: `{"input":{"prompt":"hi"}}`, want: "ai-messages"},
	"an MCP call":                                 {url: "/mcp", body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{"q":"secret"}}}`, want: "mcp-call"},
	"an MCP handshake":                            {url: "/mcp", body: `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"c"}}}`, want: "mcp"},
	"an MCP notification":                         {url: "/", headers: "mcp-session-id: 1", body: `{"jsonrpc":"2.0","method":"notifications/progress"}`, want: "mcp"},
	"a batch of MCP calls":                        {url: "/mcp", body: `[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]`, want: "mcp"},
	"an agent's message to another":               {url: "/a2a", body: `{"jsonrpc":"2.0","id":1,"method":"message/send","params":{"message":{"role":"user","parts":[{"kind":"text","text":"x"}]}}}`, want: "a2a"},
	"a Connect chat in JSON":                      {url: "/apiv2/acme.gateway.chat.v1.ChatService/Chat", headers: "Content-Type: application/connect+json", body: frame(`{"message":{"role":"user","blocks":[{"text":{"content":"x"}}]}}`), want: "connect-chat"},
	"a Connect chat in protobuf":                  {url: "/aiserver.v1.AiService/StreamChat", headers: "Content-Type: application/connect+proto", body: frame("\x0a\x01x"), want: "connect-chat"},
	"a code completion over gRPC":                 {url: "/acme.completion.v1.CompletionService/Complete", headers: "Content-Type: application/grpc-web+proto", body: frame("\x0a\x01x"), want: "connect-chat"},

	"a person's turn without anything else": {url: "/api/messages", body: `{"messages":[{"role":"user","content":"where is my parcel?"}]}`},
	"a GraphQL query":                       {url: "/graphql", headers: "Accept: text/event-stream", body: `{"query":"subscription { x }","session_id":"1"}`},
	"a sign-in":                             {url: "/authorize", body: `{"prompt":"login","client_id":"x"}`},
	"a language server's handshake":         {url: "/lsp", body: `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":1,"clientInfo":{"name":"vim"},"capabilities":{}}}`},
	"members with roles":                    {url: "/api/members", body: `{"input":[{"role":"user","email":"a@example.org"}],"model":"default"}`},
	"a ticket":                              {url: "/api/comments", body: `{"ticket":4182,"author":"x","messages_seen":3,"body":"Printer on floor 3 is out of toner again."}`},
	"a plain WebSocket":                     {method: "GET", url: "/socket", headers: "Upgrade: websocket"},
	"a service of people who chat":          {url: "/im.chat.v1.ChatService/SendMessage", headers: "Content-Type: application/connect+proto", body: frame("x")},
	"nothing at all":                        {url: "/v1/chat/completions"},
}

func TestShape(t *testing.T) {
	c := builtin(t)
	for name, k := range shapeCases {
		t.Run(name, func(t *testing.T) {
			r := k.request(t)
			m, ok := c.Shape(r, []byte(k.body))
			if k.want == "" {
				if ok {
					t.Fatalf("taken for %q", nameOf(r, []byte(k.body)))
				}
				return
			}
			if !c.Candidate(r) {
				t.Fatal("is no candidate")
			}
			if got := nameOf(r, []byte(k.body)); got != k.want {
				t.Fatalf("recognised as %q, want %q", got, k.want)
			}
			want := c.shapes[k.want]
			if d := c.dialect(r, content(r, []byte(k.body))); d != nil {
				want = d // which knows more of it
			}
			if !ok || m.App.ID != "unknown.example.net" || m.Source != "shape" || m.Endpoint != want.endpoint {
				t.Fatalf("match %+v %v", m, ok)
			}
		})
	}
}

// Every name that recognise answers with has an endpoint.
func TestShapesAreDefined(t *testing.T) {
	c := builtin(t)
	for name, k := range shapeCases {
		if k.want != "" && c.shapes[k.want] == nil {
			t.Errorf("%s: no protocol has the shape %q", name, k.want)
		}
	}
	if c.shapes["ai-prompt"] == nil || c.shapes["openai-chat"].errorShape != "openai" || c.shapes["mcp-call"].category != "agent" {
		t.Errorf("shapes do not take what their protocol says")
	}
}

func TestShapeOfACompressedBody(t *testing.T) {
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	if _, err := z.Write([]byte(strings.Replace(chat, "hello", strings.Repeat("hello ", 40000), 1))); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	r := shapeCase{url: "/x"}.request(t)
	for name, body := range map[string][]byte{"whole": buf.Bytes(), "beginning": buf.Bytes()[:buf.Len()/2]} {
		if got := nameOf(r, body); got != "openai-chat" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// A page that moved its API still sends prompts.
func TestPromptToAnUnlistedPathOfAKnownApp(t *testing.T) {
	c := builtin(t)
	cases := map[string]struct {
		k        shapeCase
		activity string
	}{
		"messages":  {shapeCase{url: "/backend-api/v9/talk", body: `{"messages":[{"role":"user","content":"x"}],"model":"auto"}`}, "prompt"},
		"a prompt":  {shapeCase{url: "/backend-api/v9/talk", body: `{"prompt":"x"}`}, "prompt"},
		"a file":    {shapeCase{url: "/backend-api/v9/put", headers: "Content-Type: multipart/form-data; boundary=x", body: "--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\nx"}, "upload"},
		"telemetry": {shapeCase{url: "/backend-api/v9/log", body: `{"level":"error","message":"it broke"}`}, "other"},
		"a page":    {shapeCase{method: "GET", url: "/c/1"}, "other"},
		"a socket":  {shapeCase{method: "GET", url: "/new-socket", headers: "Upgrade: websocket"}, "session"},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			r := k.k.request(t)
			r.Host = "chatgpt.com"
			m, ok := c.Lookup(r)
			if !ok {
				t.Fatal("no app")
			}
			if m = c.Refine(m, r, []byte(k.k.body)); m.App.ID != "chatgpt" || m.Activity() != k.activity {
				t.Errorf("%s %s, want chatgpt %s", m.App.ID, m.Activity(), k.activity)
			}
		})
	}
}

// nameOf is the name of a request's shape.
func nameOf(r Request, body []byte) string { return recognise(r, body, content(r, body)) }
