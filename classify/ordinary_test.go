package classify

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// ordinary makes one request of everyday software; s fills its gaps.
type ordinary func(s *salt) (path, headers, body string)

// salt is the source of the values in ordinary requests.
type salt struct{ *rand.Rand }

func (s *salt) pick(of ...string) string { return of[s.IntN(len(of))] }

func (s *salt) id() string {
	return fmt.Sprintf("%08x-%04x-4c1e-9b7d-%012x", s.Uint32(), s.IntN(1<<16), s.Int64N(1<<47))
}

func (s *salt) num(n int) string { return fmt.Sprint(s.IntN(n)) }

func (s *salt) words() string {
	var out []string
	for range 1 + s.IntN(30) {
		out = append(out, s.pick("the", "printer", "on", "floor", "three", "is", "out of", "toner", "again", "please", "order", "more", "Jörg",
			"meeting", "moved to", "Friday", "price", "customer", "contract", "chat", "model", "assistant", "message", "prompt", "user", "GPT"))
	}
	return strings.Join(out, " ")
}

// members joins members of an object in any order.
func (s *salt) members(m ...string) string {
	s.Shuffle(len(m), func(i, j int) { m[i], m[j] = m[j], m[i] })
	return "{" + strings.Join(m, ",") + "}"
}

func str(key, value string) string { return fmt.Sprintf("%q:%q", key, value) }

func raw(key, value string) string { return fmt.Sprintf("%q:%s", key, value) }

// ordinaries are the requests that must not be taken for AI traffic, by what sends them.
var ordinaries = map[string]ordinary{
	// GraphQL
	"graphql query": func(s *salt) (string, string, string) {
		return s.pick("/graphql", "/api/graphql", "/gql"), s.pick("", "Accept: text/event-stream"), s.members(str("operationName", "Get"+s.pick("User", "Chat", "Messages")), str("query", "query Get($id: ID!) { node(id: $id) { id "+s.pick("role", "model", "content")+" } }"), raw("variables", s.members(str("id", s.id()), str("message", s.words()), str("role", "user"))))
	},
	"graphql mutation": func(s *salt) (string, string, string) {
		return "/graphql", "", s.members(str("query", "mutation { send(text: \"x\") { id } }"), raw("variables", `{"input":{"prompt":"`+s.words()+`","messages":["a"]}}`))
	},
	"graphql batch": func(s *salt) (string, string, string) {
		return "/graphql", "", "[" + s.members(str("query", "{ viewer { login } }")) + "," + s.members(str("id", s.id()), str("query", "subscription { typing }")) + "]"
	},
	"persisted query": func(s *salt) (string, string, string) {
		return "/graphql", "", s.members(str("operationName", "Chat"), raw("variables", `{}`), raw("extensions", `{"persistedQuery":{"version":1}}`))
	},
	// analytics and telemetry
	"segment": func(s *salt) (string, string, string) {
		return "/v1/track", "", s.members(str("userId", s.id()), str("event", s.words()), raw("properties", s.members(str("model", s.pick("iPhone15,2", "Pixel 8", "Golf")), str("text", s.words()))), raw("context", `{"library":{"name":"analytics.js"}}`))
	},
	"amplitude": func(s *salt) (string, string, string) {
		return "/2/httpapi", "", s.members(str("api_key", s.id()), raw("events", "["+s.members(str("user_id", s.id()), str("event_type", "message_sent"), str("device_model", "Mac"))+"]"))
	},
	"mixpanel": func(s *salt) (string, string, string) {
		return "/track", "", "[" + s.members(str("event", "prompt shown"), raw("properties", s.members(str("token", s.id()), str("prompt", s.words()), str("$model", "iPad")))) + "]"
	},
	"posthog": func(s *salt) (string, string, string) {
		return "/batch", "", s.members(str("api_key", s.id()), raw("batch", "["+s.members(str("event", "$pageview"), str("role", "user"), str("content", s.words()))+"]"))
	},
	"statsig": func(s *salt) (string, string, string) {
		return "/v1/rgstr", "", s.members(raw("events", "["+s.members(str("eventName", "page_load"), raw("time", s.num(1e9)))+"]"), raw("statsigMetadata", `{"sdkType":"js","model":"web"}`))
	},
	"sentry": func(s *salt) (string, string, string) {
		return "/api/42/store/", "", s.members(str("event_id", s.id()), str("message", s.words()), str("level", "error"), raw("contexts", `{"device":{"model":"Pixel"}}`), raw("exception", `{"values":[{"type":"E","value":"x"}]}`))
	},
	"otlp logs": func(s *salt) (string, string, string) {
		return "/v1/logs", "", s.members(raw("resourceLogs", `[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"`+s.words()+`"},"attributes":[{"key":"gen_ai.request.model","value":{"stringValue":"gpt-4o"}}]}]}]}]`))
	},
	"otlp traces": func(s *salt) (string, string, string) {
		return "/v1/traces", "", s.members(raw("resourceSpans", `[{"scopeSpans":[{"spans":[{"name":"chat gpt-4o","attributes":[{"key":"gen_ai.prompt","value":{"stringValue":"x"}}]}]}]}]`))
	},
	"datadog": func(s *salt) (string, string, string) {
		return "/api/v2/logs", "", "[" + s.members(str("message", s.words()), str("service", "chat"), str("ddsource", "node")) + "]"
	},
	"loki": func(s *salt) (string, string, string) {
		return "/loki/api/v1/push", "", `{"streams":[{"stream":{"app":"chat"},"values":[["1","` + s.words() + `"]]}]}`
	},
	"elastic bulk": func(s *salt) (string, string, string) {
		return "/_bulk", "Content-Type: application/x-ndjson", "{\"index\":{\"_index\":\"messages\"}}\n" + s.members(str("message", s.words()), str("role", "user")) + "\n"
	},
	"application log": func(s *salt) (string, string, string) {
		return "/api/log", "", s.members(str("level", s.pick("info", "error")), str("message", s.words()), str("session_id", s.id()), raw("temperature", s.num(90)))
	},
	"sensor": func(s *salt) (string, string, string) {
		return "/telemetry", "", s.members(str("model", s.pick("nova-5t", "DHT22", "falcon-9", "solar-x", "phi", "gemini", "claude")), raw("temperature", s.num(40)), raw("humidity", s.num(99)), str("message", s.words()))
	},
	"vehicle": func(s *salt) (string, string, string) {
		return "/api/vehicles", "", s.members(str("make", "VW"), str("model", s.pick("Golf", "ID.3", "T-Roc")), str("input", s.words()), raw("options", `["tow bar"]`))
	},
	// people who chat
	"slack": func(s *salt) (string, string, string) {
		return "/api/chat.postMessage", "", s.members(str("channel", "C"+s.num(1e6)), str("text", s.words()), raw("blocks", `[{"type":"section","text":{"type":"mrkdwn","text":"x"}}]`), str("thread_ts", "1.2"))
	},
	"slack webhook": func(s *salt) (string, string, string) {
		return "/services/T0/B0/x", "", s.members(str("text", s.words()), str("username", "bot"))
	},
	"discord": func(s *salt) (string, string, string) {
		return "/api/v9/channels/" + s.num(1e9) + "/messages", "", s.members(str("content", s.words()), str("nonce", s.num(1e9)), raw("tts", "false"))
	},
	"teams": func(s *salt) (string, string, string) {
		return "/v1/users/ME/conversations/19:x/messages", "", s.members(str("content", "<p>"+s.words()+"</p>"), str("messagetype", "RichText/Html"), str("contenttype", "text"), str("clientmessageid", s.num(1e9)))
	},
	"bot framework": func(s *salt) (string, string, string) {
		return "/api/messages", "", s.members(str("type", "message"), str("text", s.words()), raw("from", s.members(str("id", s.id()), str("role", "user"))), raw("conversation", `{"id":"1"}`))
	},
	"matrix": func(s *salt) (string, string, string) {
		return "/_matrix/client/v3/rooms/x/send/m.room.message/1", "", s.members(str("msgtype", "m.text"), str("body", s.words()))
	},
	"mattermost": func(s *salt) (string, string, string) {
		return "/api/v4/posts", "", s.members(str("channel_id", s.id()), str("message", s.words()), str("root_id", ""))
	},
	"rocket chat": func(s *salt) (string, string, string) {
		return "/api/v1/chat.sendMessage", "", s.members(raw("message", s.members(str("rid", s.id()), str("msg", s.words()))))
	},
	"telegram": func(s *salt) (string, string, string) {
		return "/bot1:x/sendMessage", "", s.members(raw("chat_id", s.num(1e9)), str("text", s.words()), str("parse_mode", "HTML"))
	},
	"whatsapp": func(s *salt) (string, string, string) {
		return "/v19.0/1/messages", "", s.members(str("messaging_product", "whatsapp"), str("to", s.num(1e9)), str("type", "text"), raw("text", s.members(str("body", s.words()))))
	},
	"intercom": func(s *salt) (string, string, string) {
		return "/conversations/1/reply", "", s.members(str("message_type", "comment"), str("type", "user"), str("body", s.words()), str("user_id", s.id()))
	},
	"zendesk": func(s *salt) (string, string, string) {
		return "/api/v2/tickets.json", "", s.members(raw("ticket", s.members(str("subject", s.words()), raw("comment", s.members(str("body", s.words()))), str("role", "end-user"))))
	},
	"live chat": func(s *salt) (string, string, string) {
		return s.pick("/api/messages", "/send", "/visitors/1/messages"), "", s.members(str("conversation_id", s.id()), str("message", s.words()), str("sender", s.pick("visitor", "agent", "user")), raw("timestamp", s.num(1e9)))
	},
	"chat sync": func(s *salt) (string, string, string) {
		one := func() string {
			return s.members(str("id", s.id()), str("from", s.pick("alice", "bob")), str("text", s.words()), raw("ts", s.num(1e9)))
		}
		return "/api/chat/sync", "", s.members(raw("messages", "["+one()+","+one()+"]"), str("room", s.id()))
	},
	"chat with roles of people": func(s *salt) (string, string, string) {
		one := func() string {
			return s.members(str("role", s.pick("agent", "customer", "moderator", "admin", "guest")), str("content", s.words()))
		}
		return "/api/chat/history", "", s.members(raw("messages", "["+one()+","+one()+"]"), str("channel", "c"))
	},
	"text messages": func(s *salt) (string, string, string) {
		return "/sms/2/text/advanced", "", s.members(raw("messages", "["+s.members(str("from", "ACME"), raw("destinations", `[{"to":"49"}]`), str("text", s.words()))+"]"))
	},
	"chat presence over json-rpc": func(s *salt) (string, string, string) {
		return "/rpc", "", s.members(str("jsonrpc", "2.0"), raw("id", "1"), str("method", s.pick("sendMessage", "message", "chat.send")), raw("params", s.members(str("message", s.words()))))
	},
	// mail and push
	"sendgrid": func(s *salt) (string, string, string) {
		return "/v3/mail/send", "", s.members(raw("personalizations", `[{"to":[{"email":"a@example.org"}]}]`), raw("content", `[{"type":"text/plain","value":"`+s.words()+`"}]`), str("subject", s.words()))
	},
	"mailjet": func(s *salt) (string, string, string) {
		return "/v3.1/send", "", s.members(raw("Messages", "["+s.members(str("Subject", s.words()), str("TextPart", s.words()))+"]"))
	},
	"push": func(s *salt) (string, string, string) {
		return "/v1/projects/p/messages:send", "", s.members(raw("message", s.members(str("token", s.id()), raw("notification", s.members(str("title", s.words()), str("body", s.words()))))))
	},
	"pub/sub": func(s *salt) (string, string, string) {
		return "/v1/projects/p/topics/chat:publish", "", s.members(raw("messages", `[{"data":"eA==","attributes":{"role":"user","model":"x"}}]`))
	},
	"kafka": func(s *salt) (string, string, string) {
		return "/topics/prompts", "Content-Type: application/vnd.kafka.json.v2+json", s.members(raw("records", `[{"key":"k","value":{"role":"user","content":"`+s.words()+`"}}]`))
	},
	"queue": func(s *salt) (string, string, string) {
		return "/", "Content-Type: application/x-amz-json-1.0", s.members(str("QueueUrl", "q"), str("MessageBody", `{"prompt":"x"}`))
	},
	// documents and content
	"document blocks": func(s *salt) (string, string, string) {
		return "/api/v3/saveTransactions", "", s.members(str("requestId", s.id()), raw("transactions", `[{"operations":[{"command":"set","path":["properties","title"],"args":[["`+s.words()+`"]]}]}]`))
	},
	"rich text": func(s *salt) (string, string, string) {
		return "/rest/api/3/issue/X-1/comment", "", s.members(raw("body", `{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"`+s.words()+`"}]}]}`))
	},
	"rich text at the top": func(s *salt) (string, string, string) {
		return "/api/docs", "", s.members(str("type", "doc"), raw("content", `[{"type":"text","text":"`+s.words()+`"}]`), str("model", "default"))
	},
	"page contents": func(s *salt) (string, string, string) {
		return "/api/pages", "", s.members(str("title", s.words()), raw("contents", `[{"kind":"hero","parts":["a","b"]},{"kind":"text","text":"x"}]`))
	},
	"book contents": func(s *salt) (string, string, string) {
		return "/api/books", "", s.members(raw("contents", "["+s.members(str("chapter", "1"), raw("parts", `[{"title":"x","text":"`+s.words()+`"}]`))+"]"))
	},
	"comment": func(s *salt) (string, string, string) {
		return s.pick("/api/comments", "/wp-json/wp/v2/comments", "/api/chat/comments"), "", s.members(str("content", s.words()), str("author", s.id()), raw("post", s.num(9999)))
	},
	"question and answer": func(s *salt) (string, string, string) {
		return "/questions/ask", "", s.members(str("title", s.words()), str("question", s.words()), raw("tags", `["go"]`))
	},
	"survey": func(s *salt) (string, string, string) {
		return "/api/surveys", "", s.members(str("prompt", "How was your "+s.pick("day", "stay")+"?"), raw("options", `["good","bad"]`), str("type", "choice"))
	},
	"survey answers": func(s *salt) (string, string, string) {
		return "/api/responses", "", s.members(raw("answers", `[{"question":"`+s.words()+`","input":"`+s.words()+`"}]`), str("session_id", s.id()))
	},
	"translation file": func(s *salt) (string, string, string) {
		return "/api/i18n", "", s.members(raw("messages", s.members(str("greeting", s.words()), str("bye", s.words()))), str("locale", "de"))
	},
	"machine translation": func(s *salt) (string, string, string) {
		return "/language/translate/v2", "", s.members(raw("q", `["`+s.words()+`"]`), str("target", "de"), str("model", "nmt"))
	},
	"spell check": func(s *salt) (string, string, string) {
		return "/v2/check", "", s.members(str("text", s.words()), str("language", "de-DE"))
	},
	// accounts and forms
	"sign-in": func(s *salt) (string, string, string) {
		return "/oauth2/v2.0/authorize", "", s.members(str("client_id", s.id()), str("prompt", s.pick("login", "consent", "none", "select_account")), str("response_mode", s.pick("query", "form_post")), str("scope", "openid"))
	},
	"contact form": func(s *salt) (string, string, string) {
		return "/contact", "", s.members(str("name", "Jane"), str("email", "jane@example.org"), str("message", s.words()), str("role", s.pick("user", "manager")))
	},
	"members": func(s *salt) (string, string, string) {
		return "/api/users", "", s.members(raw("users", "["+s.members(str("role", s.pick("user", "assistant", "system")), str("email", "a@example.org"))+"]"))
	},
	"invitation": func(s *salt) (string, string, string) {
		return "/api/invite", "", s.members(raw("input", "["+s.members(str("role", "user"), str("email", "a@example.org"))+"]"), str("message", s.words()))
	},
	"form": func(s *salt) (string, string, string) {
		return "/submit", "Content-Type: application/x-www-form-urlencoded", "prompt=x&message=" + strings.ReplaceAll(s.words(), " ", "+") + "&model=gpt-4o"
	},
	"profile": func(s *salt) (string, string, string) {
		return "/api/profile", "", s.members(str("name", "Jane"), str("role", s.pick("user", "assistant", "developer")), str("content", s.words()), raw("instructions", `"`+s.words()+`"`))
	},
	// packages and code
	"npm": func(s *salt) (string, string, string) {
		return "/@acme%2fchat", "", s.members(str("_id", "@acme/chat"), str("name", "@acme/chat"), str("description", s.words()), raw("versions", `{"1.0.0":{"name":"x","keywords":["ai","prompt"]}}`), raw("_attachments", `{"x.tgz":{"data":"AA=="}}`))
	},
	"npm audit": func(s *salt) (string, string, string) {
		return "/-/npm/v1/security/advisories/bulk", "", s.members(raw("openai", `["4.0.0"]`), raw("ollama", `["0.5.0"]`))
	},
	"container manifest": func(s *salt) (string, string, string) {
		return "/v2/acme/llm/blobs/uploads/", "Content-Type: application/vnd.oci.image.manifest.v1+json", s.members(raw("schemaVersion", "2"), raw("config", `{"size":1}`), raw("layers", `[]`))
	},
	"package upload": func(s *salt) (string, string, string) {
		return "/legacy/", "Content-Type: multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"content\"; filename=\"openai-1.0.tar.gz\"\r\n\r\n" + s.words() + "\r\n--x--"
	},
	"file upload": func(s *salt) (string, string, string) {
		return s.pick("/v1/files", "/upload", "/api/files"), "Content-Type: multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n" + s.words() + "\r\n--x--"
	},
	"issue": func(s *salt) (string, string, string) {
		return "/repos/acme/gpt/issues", "", s.members(str("title", s.words()), str("body", s.words()), raw("labels", `["model"]`))
	},
	"webhook": func(s *salt) (string, string, string) {
		return "/hooks/github", "", s.members(str("action", "created"), raw("comment", s.members(str("body", s.words()), raw("user", `{"role":"user"}`))), raw("sender", `{"type":"User"}`))
	},
	"language server": func(s *salt) (string, string, string) {
		return "/lsp", "", s.members(str("jsonrpc", "2.0"), raw("id", s.num(99)), str("method", s.pick("initialize", "textDocument/completion", "textDocument/didOpen")), raw("params", `{"processId":1,"clientInfo":{"name":"vim"},"capabilities":{},"textDocument":{"text":"x"}}`))
	},
	"json-rpc": func(s *salt) (string, string, string) {
		return "/", "", s.members(str("jsonrpc", "2.0"), raw("id", s.num(99)), str("method", s.pick("eth_call", "host.get", "aria2.addUri", "call", "getblock")), raw("params", `[{"to":"0x0","data":"x"}]`))
	},
	// data
	"search": func(s *salt) (string, string, string) {
		return s.pick("/_search", "/indexes/products/search", "/api/search"), "", s.members(raw("query", s.pick(`{"match":{"message":"x"}}`, `"`+s.words()+`"`)), raw("size", s.num(50)), raw("from", "0"))
	},
	"sql": func(s *salt) (string, string, string) {
		return "/v1/statement", "", s.members(str("query", "SELECT * FROM messages"), str("session_id", s.id()), str("catalog", "hive"))
	},
	"spreadsheet": func(s *salt) (string, string, string) {
		return "/v4/spreadsheets/x/values:append", "", s.members(str("range", "A1"), raw("values", `[["`+s.words()+`",1]]`))
	},
	"records": func(s *salt) (string, string, string) {
		return "/v0/app/Prompts", "", s.members(raw("records", "["+raw2(s)+"]"), raw("typecast", "true"))
	},
	"payment": func(s *salt) (string, string, string) {
		return "/v1/charges", "", s.members(raw("amount", s.num(1e5)), str("currency", "eur"), str("description", s.words()), raw("metadata", `{"model":"gpt-4o"}`))
	},
	"patient": func(s *salt) (string, string, string) {
		return "/fhir/Observation", "Content-Type: application/fhir+json", s.members(str("resourceType", "Observation"), raw("content", `[{"attachment":{"data":"AA=="}}]`), str("status", "final"))
	},
	"machine learning metrics": func(s *salt) (string, string, string) {
		return "/api/2.0/mlflow/runs/log-metric", "", s.members(str("run_id", s.id()), str("key", "temperature"), raw("value", "0.2"), str("model", s.pick("xgboost", "prophet")))
	},
	"tabular prediction": func(s *salt) (string, string, string) {
		return "/v1/models/churn:predict", "", s.members(raw("instances", `[[1.0,2.0]]`), str("signature_name", "serving_default"))
	},
	"feature store": func(s *salt) (string, string, string) {
		return "/api/features", "", s.members(raw("inputs", s.members(raw("age", s.num(99)))), raw("parameters", `{"threshold":0.5}`))
	},
	"video call": func(s *salt) (string, string, string) {
		return "/twirp/livekit.RoomService/SendData", "Content-Type: application/protobuf", "\x0a\x05hello"
	},
	"connect service": func(s *salt) (string, string, string) {
		return s.pick("/acme.user.v1.UserService/Update", "/acme.im.v1.ChatService/SendMessage", "/acme.mail.v1.MailService/Complete", "/acme.agent.v1.AgentService/StreamMetrics"), s.pick("Content-Type: application/connect+json", "Content-Type: application/grpc-web+proto", "Content-Type: application/proto"), frame(s.members(str("text", s.words()), str("room", s.id())))
	},
	"server-sent progress": func(s *salt) (string, string, string) {
		return "/jobs/run", "Accept: text/event-stream", s.members(str("job", s.id()), raw("input", s.members(str("file", "a.csv"))), raw("stream", "true"))
	},
	"plain text": func(s *salt) (string, string, string) {
		return "/paste", "Content-Type: text/plain", s.words()
	},
	"beacon": func(s *salt) (string, string, string) {
		return "/cdn-cgi/rum", "Content-Type: text/plain", s.members(str("siteToken", s.id()), raw("memory", `{}`), str("message", s.words()))
	},
	"list of texts": func(s *salt) (string, string, string) {
		return "/api/x", "", `["` + s.words() + `","` + s.words() + `"]`
	},
}

func raw2(s *salt) string {
	return s.members(raw("fields", s.members(str("prompt", s.words()), str("Model", "gpt-4o"), str("role", "user"), str("content", s.words()))))
}

// Of many thousand ordinary requests at most one may be taken for AI traffic.
func TestOrdinaryRequestsAreNotClaimed(t *testing.T) {
	c := builtin(t)
	s := &salt{rand.New(rand.NewPCG(1, 2))}
	ran, claimed := 0, 0
	for range 200 {
		for name, make := range ordinaries {
			path, headers, body := make(s)
			r := shapeCase{url: path, headers: headers}.request(t)
			if s.IntN(4) == 0 {
				body = body[:s.IntN(len(body)+1)]
			}
			ran++
			if _, ok := c.Shape(r, []byte(body)); ok {
				claimed++
				t.Logf("%s: %s %s is taken for %q", name, path, body, nameOf(r, []byte(body)))
			}
		}
	}
	if ran < 10_000 {
		t.Fatalf("ran %d requests, want >= 10000", ran)
	}
	if claimed > 1 {
		t.Errorf("%d of %d ordinary requests are taken for AI traffic", claimed, ran)
	}
}
