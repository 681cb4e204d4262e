package classify

import (
	"encoding/base64"
	"testing"
)

func TestActor(t *testing.T) {
	const chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
	cases := map[string]struct{ headers, body, want string }{
		"a browser":                            {"User-Agent: " + chrome, `{}`, "person"},
		"a page without a user agent":          {"Origin: https://chatgpt.com", "", "person"},
		"a fetch":                              {"Sec-Fetch-Mode: cors", "", "person"},
		"a vendor's desktop app":               {"User-Agent: ChatGPT/1.2026.100 (Mac OS X 15.1; arm64)", "", "person"},
		"an editor":                            {"User-Agent: GitHubCopilotChat/0.26.7; editor-version: vscode/1.104.1", "", "agent"},
		"an editor made of a browser":          {"User-Agent: Mozilla/5.0 Cursor/1.7 Chrome/138 Electron/37", "", "agent"},
		"a command-line agent":                 {"User-Agent: claude-cli/2.0 (external, cli)", "", "agent"},
		"a command-line agent of another name": {"User-Agent: codex_cli_rs/0.40 (Mac OS 15)", "", "agent"},
		"a turn that the agent began":          {"User-Agent: x; X-Initiator: agent", "", "agent"},
		"an MCP client":                        {"User-Agent: node; Mcp-Session-Id: 1", "", "agent"},
		"a library that sends a tool's output": {"User-Agent: Anthropic/JS 1.12.0", `{"messages":[{"content":[{"type":"tool_result"}]}]}`, "agent"},
		"a library":                            {"User-Agent: OpenAI/Python 2.8.0", `{"messages":[]}`, "server"},
		"a script":                             {"User-Agent: curl/8.5.0", "", "server"},
		"nothing":                              {"", "", "server"},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			r := shapeCase{url: "/", headers: k.headers}.request(t)
			if got := ActorOf(r, []byte(k.body)); got != k.want {
				t.Errorf("%s, want %s", got, k.want)
			}
		})
	}
}

func TestAccountOf(t *testing.T) {
	token := func(claims string) string {
		return "Authorization: Bearer e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".sig"
	}
	cases := map[string]struct {
		app, url, headers, body string
		want                    Account
	}{
		"a ChatGPT plan in the token":          {"chatgpt", "https://chatgpt.com/backend-api/f/conversation", token(`{"https://api.openai.com/auth":{"chatgpt_plan_type":"plus","chatgpt_account_id":"a1"}}`), "", Account{"a1", "plus", personal}},
		"a ChatGPT workspace":                  {"chatgpt", "https://chatgpt.com/backend-api/f/conversation", "Chatgpt-Account-Id: w1; " + token(`{"https://api.openai.com/auth":{"chatgpt_plan_type":"enterprise"}}`), "", Account{"w1", "enterprise", company}},
		"a ChatGPT token that is none":         {"chatgpt", "https://chatgpt.com/", "Authorization: Bearer x.%%%.y", "", Account{Kind: unknown}},
		"an OpenAI organisation":               {"openai-api", "https://api.openai.com/v1/responses", "OpenAI-Organization: org-1", "", Account{"org-1", "", unknown}},
		"a Claude organisation":                {"claude", "https://claude.ai/api/organizations/o1/chat_conversations/c/completion", "", "", Account{"o1", "", unknown}},
		"Claude Code's account":                {"anthropic-api", "https://api.anthropic.com/v1/messages", "", `{"metadata":{"user_id":"user_00ff_account_a-1_session_s-1"}}`, Account{"a-1", "", unknown}},
		"Claude Code's account, the newer way": {"anthropic-api", "https://api.anthropic.com/v1/messages", "", `{"metadata":{"user_id":"{\"device_id\":\"d\",\"account_uuid\":\"a-2\",\"session_id\":\"s\"}"}}`, Account{"a-2", "", unknown}},
		"a company's tenant":                   {"m365-copilot", "https://substrate.office.com/m365Copilot/Chathub/u1@t1", "", "", Account{"t1", "", company}},
		"the tenant of personal accounts":      {"m365-copilot", "https://substrate.office.com/m365Copilot/Chathub/u1%409188040d-6c67-4c5b-b112-36a304b66dad", "", "", Account{"9188040d-6c67-4c5b-b112-36a304b66dad", "", personal}},
		"an Azure resource":                    {"azure-openai", "https://acme-eu.openai.azure.com/openai/v1/responses", "", "", Account{"acme-eu", "", company}},
		"Copilot for one person":               {"github-copilot", "https://api.individual.githubcopilot.com/chat/completions", "", "", Account{"", "individual", personal}},
		"Copilot for a business":               {"github-copilot", "https://api.business.githubcopilot.com/chat/completions", "", "", Account{"", "business", company}},
		"a Google Cloud project":               {"vertex-ai", "https://us-central1-aiplatform.googleapis.com/v1/projects/p1/locations/l/publishers/google/models/m:generateContent", "", "", Account{"p1", "", company}},
		"a Notion workspace":                   {"notion-ai", "https://www.notion.so/api/v3/runInferenceTranscript", "", `{"spaceId":"s1"}`, Account{"s1", "", unknown}},
		"an app without signals":               {"suno", "https://suno.com/", "", "", Account{Kind: unknown}},
	}
	c := builtin(t)
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			app, ok := c.App(k.app)
			if !ok {
				t.Fatalf("no app %s", k.app)
			}
			r := shapeCase{headers: k.headers}.request(t)
			at := request(t, "POST", k.url, nil)
			r.Host, r.Path = at.Host, at.Path
			if got := AccountOf(app, r, []byte(k.body)); got != k.want {
				t.Errorf("%+v, want %+v", got, k.want)
			}
		})
	}
	if got := AccountOf(nil, Request{}, nil); got.Kind != unknown {
		t.Errorf("no app: %+v", got)
	}
}
