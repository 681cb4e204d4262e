package classify

import "bytes"

// Actor tells who sent the request: person, agent or server. Tools and editors that act
// by themselves are agents; programs without a person in front of them are servers.
func Actor(r Request) string { return ActorOf(r, nil) }

// ActorOf is [Actor] with the beginning of the decoded body: whoever sends the output of
// tools is an agent.
func ActorOf(r Request, body []byte) string {
	for _, name := range [...]string{"Copilot-Integration-Id", "Mcp-Session-Id", "Mcp-Protocol-Version", "Editor-Version", "X-Cursor-Client-Version"} {
		if len(r.header(name)) > 0 {
			return "agent"
		}
	}
	if containsFold(r.header("X-Initiator"), "agent") || containsFold(r.header("X-App"), "cli") {
		return "agent"
	}
	agent := r.header("User-Agent")
	var short [256]byte
	folded := append(short[:0], agent...)
	for i, c := range folded {
		folded[i] = lower(c)
	}
	for i, c := range folded {
		for _, name := range agents[c] {
			if bytes.HasPrefix(folded[i:], name) {
				return "agent"
			}
		}
	}
	if toolOutput(body) {
		return "agent"
	}
	if browser(r, agent) {
		return "person"
	}
	return "server"
}

// agents are parts of the User-Agent of tools, in lower case, by their first byte.
var agents = byFirst(
	"claude-cli", "claude-code", "codex", "githubcopilotchat", "github-copilot", "copilot-cli", "vscode", "visual studio", "code/", "cursor/",
	"windsurf", "geminicli", "gemini-cli", "antigravity", "aider", "cline", "roo-code", "roocode", "kilo-code", "continue/", "zed/",
	"jetbrains", "intellij", "opencode", "goose/", "ampcode", "warp/", "kiro", "amazonq", "qwencode", "connect-es", "droid/", "factory-cli",
	"modelcontextprotocol", "mcp-", "python-mcp", "crush/", "trae/", "junie",
)

func byFirst(names ...string) (table [256][][]byte) {
	for _, name := range names {
		table[name[0]] = append(table[name[0]], []byte(name))
	}
	return table
}

// browser reports what only browsers, and apps made of one, send.
func browser(r Request, agent []byte) bool {
	if len(r.header("Sec-Fetch-Mode")) > 0 || len(r.header("Sec-Ch-Ua")) > 0 || bytes.HasPrefix(agent, []byte("Mozilla/")) {
		return true
	}
	// Vendors' own apps for desktop and phone are in somebody's hand.
	for _, name := range [...]string{"ChatGPT/", "Claude/", "Perplexity/", "Grok/", "DeepSeek/", "Copilot/"} {
		if bytes.HasPrefix(agent, []byte(name)) {
			return true
		}
	}
	// Without a User-Agent, an Origin is a page's.
	return len(agent) == 0 && len(r.header("Origin")) > 0
}

// toolOutput reports whether a model's tools answer in the body.
func toolOutput(body []byte) bool {
	for _, mark := range [...]string{
		`"tool_result"`, `"function_call_output"`, `"local_shell_call_output"`, `"tool_call_id"`, `"functionResponse"`, `"toolResult"`,
	} {
		if bytes.Contains(body, []byte(mark)) {
			return true
		}
	}
	return false
}
