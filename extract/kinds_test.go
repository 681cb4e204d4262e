package extract_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/sluice-dlp/sluice/extract"
)

// pb is a protobuf message of fields in pairs: number, value.
func pb(fields ...any) string {
	var b []byte
	for i := 0; i+1 < len(fields); i += 2 {
		n, _ := fields[i].(int)
		switch v := fields[i+1].(type) {
		case string:
			b = protowire.AppendTag(b, protowire.Number(n), protowire.BytesType)
			b = protowire.AppendString(b, v)
		case int:
			b = protowire.AppendTag(b, protowire.Number(n), protowire.VarintType)
			b = protowire.AppendVarint(b, uint64(v))
		}
	}
	return string(b)
}

// framed is a message in a Connect envelope.
func framed(flags byte, message string) string {
	return string(binary.BigEndian.AppendUint32([]byte{flags}, uint32(len(message)))) + message
}

func mp(parts ...string) string {
	var b strings.Builder
	for i := 0; i+1 < len(parts); i += 2 {
		b.WriteString("--XX\r\nContent-Disposition: form-data; " + parts[i] + "\r\n\r\n" + parts[i+1] + "\r\n")
	}
	return b.String() + "--XX--\r\n"
}

// TestKinds reads requests of the kinds that apps send, by the rules of the catalogue.
func TestKinds(t *testing.T) {
	const mpType = "multipart/form-data; boundary=XX"
	csv := "name;iban\nJörg;DE89 3704 0044 0532 0130 00\n"
	b64 := base64.StdEncoding.EncodeToString([]byte(csv))
	cases := map[string]struct {
		method, url, ctype, body string
		header                   []string
		user, system, context    []string
		files                    []string
	}{
		"ChatGPT: the intent of an upload": {
			url: "https://chatgpt.com/backend-api/files", body: `{"file_name":"salaries Q3.pdf","file_size":587,"use_case":"my_files"}`,
			files: []string{"salaries Q3.pdf 587"},
		},
		"ChatGPT: a picture beside the prompt": {
			url:  "https://chatgpt.com/backend-api/f/conversation",
			body: `{"messages":[{"author":{"role":"user"},"content":{"content_type":"multimodal_text","parts":[{"content_type":"image_asset_pointer","asset_pointer":"file-service://file-x","size_bytes":70},"what is it?"]}}]}`,
			user: []string{"what is it?"},
		},
		"OpenAI: a picture and a file inline": {
			url:   "https://api.openai.com/v1/chat/completions",
			body:  `{"messages":[{"role":"user","content":[{"type":"text","text":"Compare."},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}},{"type":"file","file":{"filename":"contract.csv","file_data":"data:text/csv;base64,` + b64 + `"}}]}]}`,
			user:  []string{"Compare."},
			files: []string{" 8", "contract.csv 44"},
		},
		"OpenAI: what a tool gave back": {
			url:     "https://api.openai.com/v1/chat/completions",
			body:    `{"messages":[{"role":"user","content":"read it"},{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"read","arguments":"{\"path\":\"/etc/secret file\"}"}}]},{"role":"tool","tool_call_id":"call_1","content":"secret words"}]}`,
			user:    []string{"secret words"},
			context: []string{"read it", `{"path":"/etc/secret file"}`},
		},
		"OpenAI responses: a plain string": {
			url: "https://api.openai.com/v1/responses", body: `{"model":"gpt-5","input":"hello world","instructions":"be kind"}`,
			user: []string{"hello world"}, system: []string{"be kind"},
		},
		"Claude: a paste": {
			url:  "https://claude.ai/api/organizations/x/chat_conversations/y/completion",
			body: `{"prompt":"Fasse zusammen","personalized_styles":[{"prompt":"Normal style words\n","summary":"Default responses"}],"attachments":[{"file_name":"paste.txt","file_type":"text/plain","file_size":44,"extracted_content":"the pasted text"}],"files":[]}`,
			user: []string{"Fasse zusammen", "the pasted text"}, files: []string{"paste.txt 44"},
		},
		"Anthropic: a document in base64": {
			url:  "https://api.anthropic.com/v1/messages",
			body: `{"system":[{"type":"text","text":"Be brief."}],"messages":[{"role":"user","content":[{"type":"document","title":"people.csv","source":{"type":"base64","media_type":"text/csv","data":"` + b64 + `"}},{"type":"text","text":"who is it?"}]},{"role":"assistant","content":"{"}]}`,
			user: []string{"who is it?"}, system: []string{"Be brief."}, files: []string{"people.csv 44"},
		},
		"Gemini: a prompt": {
			url:   "https://gemini.google.com/_/BardChatUi/data/assistant.lamda.BardFrontendService/StreamGenerate?rt=c",
			ctype: "application/x-www-form-urlencoded;charset=UTF-8",
			body:  "f.req=" + url.QueryEscape(`[null,"[[\"Pr\\u00fcfe \\\"das\\\" & mehr\",0,null,[[[\"/contrib/x\",1],\"ledger.go\"]],null,null,0],[\"de\"],[\"c_01\",\"r_01\"]]"]`) + "&at=AK%3A1&",
			user:  []string{`Prüfe "das" & mehr`}, files: []string{"ledger.go 0"},
		},
		"Gemini: the bytes of an upload under the type of a form": {
			url: "https://content-push.googleapis.com/upload/?upload_id=x", ctype: "application/x-www-form-urlencoded;charset=utf-8",
			header: []string{"X-Goog-Upload-Command", "upload, finalize"}, body: csv, files: []string{" 44"},
		},
		"AI Studio": {
			url:   "https://alkalimakersuite-pa.clients6.google.com/$rpc/google.internal.alkali.applications.makersuite.v1.MakerSuiteService/GenerateContent",
			ctype: "application/json+protobuf",
			body:  `["models/gemini-2.5-pro",[[[[null,"Translate: it is late"]],"user"]],[[null,null,7,5]],[1,null,null,65536],"!aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789",null,[[null,null,null,[]]]]`,
			user:  []string{"Translate: it is late"},
		},
		"NotebookLM: a pasted source": {
			url:   "https://notebooklm.google.com/_/LabsTailwindUi/data/batchexecute?rpcids=izAoDd",
			ctype: "application/x-www-form-urlencoded;charset=UTF-8",
			body:  "f.req=" + url.QueryEscape(`[[["izAoDd","[[[null,[\"My title\",\"the pasted words\"],null,2]],\"00000000-4f3a-4c1e-9b7d-000000075ef3\"]",null,"generic"]]]`) + "&at=x",
		},
		"Designer": {
			url: "https://designerapp.officeapps.live.com/designerapp/DallE.ashx?action=GetDallEImagesCogSci", ctype: mpType,
			body: mp(`name="dalle-caption"`, "poster for the owl", `name="dalle-scenario-name"`, "TextToImage"), user: []string{"poster for the owl"},
		},
		"Grok on X replays the thread": {
			url:  "https://grok.x.com/2/grok/add_response.json",
			body: `{"responses":[{"message":"hi","sender":1,"promptSource":""},{"message":"Hello!","sender":2},{"message":"and the plan?","sender":1,"fileAttachments":[]}],"conversationId":"2081834429522084131"}`,
			user: []string{"and the plan?"}, context: []string{"hi", "Hello!"},
		},
		"Grok": {
			url: "https://grok.com/rest/app-chat/conversations/new", body: `{"temporary":false,"modelName":"grok-4","message":"what now?","fileAttachments":[],"toolOverrides":{}}`,
			user: []string{"what now?"},
		},
		"Meta AI": {
			url: "https://www.meta.ai/api/graphql/", ctype: "application/x-www-form-urlencoded",
			body: "lsd=x&fb_api_req_friendly_name=useAbraSendMessageMutation&variables=" + url.QueryEscape(`{"message": {"sensitive_string_value": "Plan f\u00fcr J\u00f6rg"}, "offlineThreadingId": "7364012345678901234"}`) + "&doc_id=7783822248314888",
			user: []string{"Plan für Jörg"},
		},
		"Le Chat": {
			url:  "https://chat.mistral.ai/api/trpc/message.newChat?batch=1",
			body: `{"0":{"json":{"content":[{"type":"text","text":"Traduis: le dossier"}],"voiceInput":null,"files":[],"model":null,"features":["beta-websearch"]},"meta":{"values":{"voiceInput":["undefined"]}}}}`,
			user: []string{"Traduis: le dossier"},
		},
		"Kimi": {
			url: "https://www.kimi.com/apiv2/kimi.gateway.chat.v1.ChatService/Chat", ctype: "application/connect+json",
			body: framed(0, `{"scenario":"SCENARIO_K2D5","message":{"role":"user","blocks":[{"message_id":"","text":{"content":"请总结 Project"}}]},"options":{"thinking":false}}`),
			user: []string{"请总结 Project"},
		},
		"Qwen": {
			url: "https://chat.qwen.ai/api/v2/chat/completions?chat_id=x", body: `{"model":"qwen3.7-plus","messages":[{"fid":"x","role":"user","content":"Explain it","files":[],"timestamp":1755680001,"models":["qwen3.7-plus"]}]}`,
			user: []string{"Explain it"},
		},
		"Poe with a file": {
			url: "https://poe.com/api/gql_upload_POST", ctype: mpType,
			body: mp(`name="queryInfo"`, `{"queryName":"SendMessageMutation","variables":{"bot":"claude_3_haiku","query":"Who owns it?","clientNonce":"aZ3bY9cX1dW7eV5f","attachments":["file0"]}}`, `name="file0"; filename="people.csv"`, csv),
			user: []string{"Who owns it?"}, files: []string{"people.csv 44"},
		},
		"Hugging Face Spaces": {
			url: "https://black-forest-labs-flux-1-dev.hf.space/gradio_api/queue/join", body: `{"data":["an owl at night",0,true,1024],"fn_index":2,"session_hash":"abc"}`,
			user: []string{"an owl at night"},
		},
		"Duck.ai with history": {
			url: "https://duck.ai/duckchat/v1/chat", body: `{"model":"m","messages":[{"role":"user","content":"old"},{"role":"assistant","parts":[{"type":"text","text":"older answer"}]},{"role":"user","content":"new"}]}`,
			user: []string{"new"}, context: []string{"old", "older answer"},
		},
		"Quillbot": {
			url: "https://quillbot.com/api/ai-chat/chat/conversation/x", body: `{"stream":true,"message":{"role":"user","content":"shorten it"},"context":{"editorContext":"the words in the editor"},"origin":{"name":"ai-chat.chat"}}`,
			user: []string{"shorten it"}, context: []string{"the words in the editor"},
		},
		"Arena": {
			url: "https://arena.ai/nextjs-api/stream/create-evaluation", ctype: "text/plain;charset=UTF-8",
			body: `{"id":"x","mode":"direct","userMessage":{"content":"which is best?","experimental_attachments":[]},"modality":"chat"}`,
			user: []string{"which is best?"},
		},
		"Cursor": {
			url: "https://api2.cursor.sh/aiserver.v1.AiService/StreamChat", ctype: "application/connect+proto",
			body: framed(0, pb(1, pb(1, "internal/ledger.go", 2, "func settle() {}\n// secret"), 2, pb(1, "Why is it slow?", 2, 1, 3, pb(1, "internal/db.go", 3, "const dsn = \"x y\"")), 4, pb(1, "Use British English."), 7, pb(1, "claude-4-sonnet"), 15, "0000007a-4f3a-4c1e-9b7d-0000000e9ef7")),
			user: []string{"Why is it slow?"}, system: []string{"Use British English."}, context: []string{"func settle() {}\n// secret", `const dsn = "x y"`},
		},
		"Cursor: a key pasted alone, and the id of the message": {
			url: "https://api2.cursor.sh/aiserver.v1.AiService/StreamChat", ctype: "application/connect+proto",
			body: framed(0, pb(2, pb(1, "0a1b2c3d4e5f60718293a4b5c6d7e8f9", 2, 1, 13, "0000007a-4f3a-4c1e-9b7d-0000000e9ef7"))),
			user: []string{"0a1b2c3d4e5f60718293a4b5c6d7e8f9"},
		},
		"Windsurf": {
			url: "https://server.codeium.com/exa.api_server_pb.ApiServerService/GetChatMessage", ctype: "application/connect+proto",
			body: framed(1, string(gzipOf(t, []byte(pb(1, pb(1, "devin", 2, "1.40.0"), 3, pb(2, 1, 3, "Where is the plan kept?")))))),
			user: []string{"Where is the plan kept?"},
		},
		"Notion AI": {
			url:  "https://www.notion.so/api/v3/runInferenceTranscript",
			body: `{"traceId":"0000006f-4f3a-4c1e-9b7d-0000000d69a1","transcript":[{"id":"x","type":"config","value":{"type":"workflow","model":"ambrosia"}},{"id":"y","type":"context","value":{"timezone":"Europe/Berlin","userName":"Jane"}},{"id":"z","type":"user","value":[["Summarise the plan"]],"userId":"u"}]}`,
			user: []string{"Summarise the plan"},
		},
		"Suno": {
			url: "https://studio-api.prod.suno.com/api/generate/v2/", body: `{"prompt":"[Verse] words of a song","tags":"folk, slow","title":"Owl","mv":"chirp-v4","token":"x.y"}`,
			user: []string{"[Verse] words of a song", "folk, slow", "Owl"},
		},
		"Hailuo": {
			url: "https://www.hailuo.ai/v4/api/chat/msg", ctype: mpType, header: []string{"yy", "0cc175b9c0f1b6a831c399e269772661"},
			body: mp(`name="msgContent"`, "what is the plan?", `name="chatID"`, "0"), user: []string{"what is the plan?"},
		},
		"Bedrock": {
			url: "https://bedrock-runtime.eu-central-1.amazonaws.com/model/x/converse", header: []string{"Authorization", "AWS4-HMAC-SHA256 Credential=x"},
			body: `{"system":[{"text":"Be brief."}],"messages":[{"role":"user","content":[{"text":"hello there"}]}]}`, user: []string{"hello there"}, system: []string{"Be brief."},
		},
		"Bedrock: a small file": {
			url:  "https://bedrock-runtime.eu-central-1.amazonaws.com/model/x/converse",
			body: `{"messages":[{"role":"user","content":[{"text":"who?"},{"document":{"format":"csv","name":"k","source":{"bytes":"` + b64 + `"}}}]}]}`,
			user: []string{"who?"}, files: []string{"k 44"},
		},
		"Brave Ask": {
			method: "GET", url: "https://search.brave.com/api/tap/v1/stream?q=the+secret+plan&id=x", user: []string{"the secret plan"},
		},
		"Ollama": {
			url: "http://ollama.com/api/generate", body: `{"model":"llama3","prompt":"hello you","system":"be kind","images":["iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="]}`,
			user: []string{"hello you"}, system: []string{"be kind"}, files: []string{" 70"},
		},
	}
	x, cat := extract.New(extract.Options{}), catalogue(t)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			l := labelled{Method: c.method, URL: c.url, Body: []byte(c.body), Headers: map[string]string{"Content-Type": c.ctype}}
			if l.Method == "" {
				l.Method = "POST"
			}
			if c.ctype == "" && c.body != "" {
				l.Headers["Content-Type"] = "application/json"
			}
			for i := 0; i+1 < len(c.header); i += 2 {
				l.Headers[c.header[i]] = c.header[i+1]
			}
			in := l.input(t, cat)
			if in.Rule == nil {
				t.Log("the catalogue has no rule")
			}
			d := x.Extract(t.Context(), in)
			wantTexts(t, d, extract.User, c.user)
			wantTexts(t, d, extract.System, c.system)
			wantTexts(t, d, extract.Context, c.context)
			var files []string
			for _, f := range d.Files {
				files = append(files, strings.TrimSpace(f.Name)+" "+strconv.FormatInt(f.Size, 10))
			}
			if strings.Join(files, "|") != strings.Join(c.files, "|") {
				t.Errorf("files %q, want %q", files, c.files)
			}
			for _, text := range d.Texts {
				if text.Role == extract.User && len(c.user) > 0 && !has(c.user, string(text.Data)) {
					t.Errorf("user text at %s is not the person's: %.80q", text.Path, text.Data)
				}
			}
			if t.Failed() {
				for _, text := range d.Texts {
					t.Logf("%s %s: %.100q", text.Role, text.Path, bytes.TrimSpace(text.Data))
				}
			}
		})
	}
}
