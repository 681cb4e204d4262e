package classify

import (
	"slices"
	"strings"
)

// signals is what a JSON request shows of being AI traffic.
type signals struct {
	r      Request
	root   value
	path   string // lower case
	model  string // lower case, "" when there is none
	params int    // parameters that only models take
	stream bool   // the client waits for server-sent events
	client bool   // a header that only AI clients send
}

func read(r Request, root value) *signals {
	s := &signals{r: r, root: root, path: strings.ToLower(r.Path)}
	s.model = strings.ToLower(root.get("model").text())
	for c := range root.each {
		if isParameter(string(c.key())) {
			s.params++
		}
	}
	s.stream = containsFold(r.header("Accept"), "text/event-stream")
	s.client = aiClient(r)
	return s
}

// isParameter reports whether a name is a parameter of a language model and of little
// else.
func isParameter(name string) bool {
	switch name {
	case "temperature", "top_p", "topP", "top_k", "topK", "max_tokens", "maxTokens", "max_completion_tokens", "max_output_tokens",
		"maxOutputTokens", "max_new_tokens", "num_predict", "n_predict", "num_ctx", "presence_penalty", "frequency_penalty",
		"repetition_penalty", "repeat_penalty", "stop_sequences", "stopSequences", "logit_bias", "logprobs", "top_logprobs",
		"tool_choice", "toolChoice", "stream_options", "reasoning_effort", "response_format", "thinking", "anthropic_version",
		"negative_prompt", "num_inference_steps", "guidance_scale", "cfg_scale", "keep_alive", "inferenceConfig":
		return true
	}
	return false
}

// aiClient reports a header that only clients of models send.
func aiClient(r Request) bool {
	for _, name := range [...]string{
		"Anthropic-Version", "Anthropic-Beta", "Openai-Organization", "Openai-Beta", "Openai-Project", "X-Goog-Api-Client",
		"Copilot-Integration-Id", "Mcp-Session-Id", "Mcp-Protocol-Version", "X-Stainless-Lang",
	} {
		if v := r.header(name); len(v) > 0 && (name != "X-Goog-Api-Client" || containsFold(v, "genai")) {
			return true
		}
	}
	agent := r.header("User-Agent")
	for _, name := range [...]string{
		"openai/", "anthropic/", "ollama", "google-genai", "mistral-client", "cohere", "groq/", "litellm", "langchain",
		"ai-sdk", "llama", "claude-cli", "codex", "vllm",
	} {
		if containsFold(agent, name) {
			return true
		}
	}
	return false
}

// families are beginnings of names of models. A name counts when one of them stands at
// its start or after a separator, as in "openai/gpt-5" and "hf.co/Qwen3".
var families = [...]string{
	"gpt-3", "gpt-4", "gpt-5", "gpt-6", "gpt-oss", "chatgpt-", "o1-mini", "o1-pr", "o1-20", "o3-mini", "o3-pro", "o3-deep", "o3-20",
	"o4-mini", "claude-", "gemini-1", "gemini-2", "gemini-3", "gemini-pro", "gemini-flash", "gemini-embedding", "gemma-", "gemma:", "gemma2",
	"gemma3", "llama-", "llama2", "llama3", "llama4", "codellama", "mistral-", "mistral:", "mixtral", "ministral", "magistral",
	"codestral", "devstral", "pixtral", "qwen", "qwq", "deepseek-", "grok-", "command-r", "command-a", "phi-", "phi3", "phi4",
	"text-embedding-", "text-davinci", "whisper-", "dall-e", "tts-1", "kimi-", "moonshot-v", "glm-", "chatglm", "doubao-",
	"ernie-", "hunyuan-", "yi-34b", "yi-large", "yi-lightning", "nova-lite", "nova-pro", "nova-micro", "nova-premier", "jamba-",
	"sonar-", "falcon-7b", "falcon-40b", "falcon-180b", "falcon3", "bge-", "nomic-embed", "voyage-3", "voyage-code", "sdxl", "stable-diffusion",
	"flux-1", "flux.1", "flux-pro", "flux-dev", "flux-schnell", "flux-kontext", "minimax-", "abab6", "abab7", "starcoder",
	"dolphin-mi", "dolphin-2", "dolphin3", "hermes-2", "hermes-3", "hermes-4", "nemotron", "granite-3", "granite-4", "granite3", "granite4",
	"olmo-", "smollm", "vicuna-", "wizardlm", "solar-pro", "solar-mini", "step-1", "step-2", "step-3",
}

// knownModel reports whether a lower-case name is that of a model.
func knownModel(name string) bool {
	if len(name) > 200 || strings.IndexByte(name, ' ') >= 0 { // with blanks it is another product's
		return false
	}
	switch name {
	case "o1", "o3", "sonar", "mistral", "grok":
		return true
	}
	for _, f := range families {
		for at := 0; ; {
			i := strings.Index(name[at:], f)
			if i < 0 {
				break
			}
			at += i
			if at == 0 || strings.IndexByte("/:._@-", name[at-1]) >= 0 {
				return true
			}
			at++
		}
	}
	return false
}

// ends reports whether the path ends with one of the suffixes.
func (s *signals) ends(suffixes ...string) bool {
	path := strings.TrimSuffix(s.path, "/")
	return slices.ContainsFunc(suffixes, func(x string) bool { return strings.HasSuffix(path, x) })
}

// spoken reports whether the path names what only assistants and models do.
func (s *signals) spoken() bool {
	for _, word := range [...]string{"chat", "complet", "generat", "llm", "gpt", "copilot", "assistant", "/ai/", "/ai-", "inference", "prompt", "/ask", "agent"} {
		if strings.Contains(s.path, word) {
			return true
		}
	}
	return s.ends("/ai")
}

// rpc recognises MCP and A2A, which are JSON-RPC 2.0.
func (s *signals) rpc() string { return rpcShape(s.r, s.root) }

func rpcShape(r Request, call value) string {
	if call.get("jsonrpc").text() != "2.0" {
		return ""
	}
	session := len(r.header("Mcp-Session-Id")) > 0 || len(r.header("Mcp-Protocol-Version")) > 0
	params := call.get("params")
	switch method := call.get("method").text(); method {
	case "tools/call", "prompts/get", "sampling/createMessage", "completion/complete", "elicitation/create":
		return "mcp-call"
	case "tools/list", "resources/list", "resources/read", "resources/templates/list", "resources/subscribe", "prompts/list",
		"logging/setLevel", "roots/list", "notifications/initialized", "notifications/cancelled":
		return "mcp"
	case "initialize": // editors' language servers have this one too, without a protocolVersion
		if params.get("protocolVersion").is(stringValue) && params.has("clientInfo", "capabilities") {
			return "mcp"
		}
	case "message/send", "message/stream", "tasks/send", "tasks/sendSubscribe", "SendMessage", "SendStreamingMessage":
		if params.get("message").has("parts") {
			return "a2a"
		}
	case "":
		result := call.get("result")
		if session && call.has("result", "error") || typedTexts(result.get("content")) || result.has("role") && result.has("model") {
			return "mcp-call" // the answer to what a server asked, or a server's own
		}
	}
	if session {
		return "mcp"
	}
	return ""
}

// typedTexts reports whether content is a list of MCP's: each says its type.
func typedTexts(content value) bool {
	for first := range content.each {
		switch first.get("type").text() {
		case "text", "image", "audio", "resource", "resource_link":
			return content.is(array)
		}
		return false
	}
	return false
}

// contents recognises Gemini: a list of contents, each with parts.
func (s *signals) contents() string {
	at := s.root
	if inner := s.root.get("request"); inner.has("contents") {
		at = inner
	}
	sure := s.client || strings.Contains(s.path, "generatecontent") || strings.Contains(s.path, "counttokens") ||
		at.has("generationConfig", "generation_config", "systemInstruction", "system_instruction", "safetySettings", "safety_settings", "toolConfig")
	seen, good := 0, 0
	for turn := range at.get("contents").each {
		seen++
		role := turn.get("role").text()
		if geminiParts(turn) && (sure && role == "" || role == "user" || role == "model" || role == "function") {
			good++
		}
	}
	switch {
	case seen > 0 && seen == good, sure && geminiParts(at.get("contents")): // one turn may stand without its list
		return "gemini-generate"
	case strings.Contains(s.path, "embedcontent") && (geminiParts(s.root.get("content")) || s.root.get("requests").is(array)):
		return "gemini-embed"
	}
	return ""
}

func geminiParts(turn value) bool {
	for part := range turn.get("parts").each {
		if part.has("text", "inlineData", "inline_data", "functionCall", "function_call", "functionResponse", "function_response", "fileData", "file_data") {
			return true
		}
	}
	return false
}

// responses recognises the Responses API and what else has a model and an input.
func (s *signals) responses() string {
	input := s.root.get("input")
	words := input.is(stringValue)
	if input.is(array) {
		for first := range input.each {
			words = first.is(stringValue)
			switch first.get("type").text() {
			case "message", "function_call", "function_call_output", "reasoning", "item_reference", "local_shell_call", "custom_tool_call":
				if s.model != "" {
					return "openai-responses"
				}
			}
			break
		}
	}
	if !words || s.model == "" {
		return s.object(input)
	}
	switch {
	case s.ends("/embeddings", "/embed", "/moderations", "/audio/speech"):
		return "openai-input"
	case s.path == "/responses" || s.ends("/v1/responses", "/openai/responses", "/codex/responses"):
		return "openai-responses"
	case s.ends("/responses") || s.root.has("instructions", "previous_response_id", "reasoning", "max_output_tokens"):
		if s.stream || s.client || s.params > 0 || knownModel(s.model) {
			return "openai-responses"
		}
	case knownModel(s.model):
		return "openai-input"
	}
	return ""
}

// object recognises an input that is an object with a prompt in it, or a chain's.
func (s *signals) object(input value) string {
	if !input.is(object) {
		return ""
	}
	inner := read(s.r, input)
	switch {
	case input.get("prompt").is(stringValue) && (inner.params > 0 || s.ends("/predictions") || input.has("system_prompt")):
		return "ai-messages"
	case s.root.has("config") && s.root.has("kwargs"), s.root.has("assistant_id"):
		return "ai-messages"
	}
	return ""
}

// prompt recognises completions, Ollama's generate and image generation.
func (s *signals) prompt() string {
	prompt := s.root.get("prompt")
	text := prompt.is(stringValue)
	for first := range prompt.each {
		text = text || prompt.is(array) && first.is(stringValue)
		break
	}
	if !text {
		return ""
	}
	known := knownModel(s.model)
	switch {
	case s.ends("/api/generate") && s.model != "":
		return "ollama-generate"
	case s.root.has("negative_prompt", "num_inference_steps", "guidance_scale", "cfg_scale", "sampler_name"), s.ends("/images/generations"):
		return "openai-image"
	case s.ends("/completions", "/completion", "/complete"), known && s.params > 0, s.params > 1, s.params > 0 && (s.model != "" || s.spoken()):
		return "openai-completions"
	case known, s.stream && s.spoken(), s.client:
		return "ai-prompt"
	}
	return ""
}

// inputs recognises text-generation servers: inputs with parameters.
func (s *signals) inputs() string {
	inputs := s.root.get("inputs")
	parameters := s.root.get("parameters")
	n := 0
	for c := range parameters.each {
		if isParameter(string(c.key())) {
			n++
		}
	}
	if (inputs.is(stringValue) || inputs.is(array)) && (n > 0 || s.ends("/generate", "/generate_stream", "/embed", "/predict")) {
		return "inputs"
	}
	return ""
}

// web recognises the private APIs of chat pages: one text, and what makes it a turn of a
// conversation with a model.
func (s *signals) web() string {
	if s.root.get("message").is(stringValue) && s.root.get("chat_history").is(array) {
		return "message-history"
	}
	if s.root.get("query").is(stringValue) {
		switch mode := s.root.get("response_mode").text(); mode {
		case "streaming", "blocking":
			return "ai-prompt"
		}
		if s.root.get("documents").is(array) && (s.ends("/rerank") || s.model != "" && s.root.has("top_n", "top_k")) {
			return "rerank"
		}
	}
	if s.root.get("role").text() == "user" && s.root.has("content") && strings.Contains(s.path, "/threads/") && s.ends("/messages") {
		return "thread-message"
	}
	asked, surely := s.asked()
	if !asked {
		return ""
	}
	talk := s.root.has("conversation_id", "conversationId", "chat_id", "chatId", "session_id", "sessionId", "thread_id", "threadId",
		"parent_message_id", "parentMessageId", "history", "chat_history", "chatHistory", "model")
	switch {
	case knownModel(s.model) && (surely || s.stream || s.params > 0 || s.spoken()), s.stream && talk:
		return "ai-prompt"
	}
	return ""
}

// asked reports whether a member holds what somebody may have typed; surely, when its name
// says that it is to be answered. GraphQL and SQL have queries, too.
func (s *signals) asked() (asked, surely bool) {
	if s.root.has("operationName", "variables", "extensions") {
		return false, false
	}
	for i, key := range [...]string{"prompt", "message", "query", "question", "user_input", "userInput", "userMessage", "input", "text", "content", "instruction"} {
		if text := strings.TrimLeft(s.root.get(key).text(), " \t\\n"); text != "" && !isQuery(text) {
			return true, i < 7
		}
	}
	return false, false
}

// isQuery reports whether a text is one of GraphQL, SQL or JSON rather than somebody's words.
func isQuery(text string) bool {
	if text[0] == '{' {
		return true
	}
	text = text[:min(len(text), 500)]
	word, rest, _ := strings.Cut(text, " ")
	switch strings.ToLower(word) {
	case "query", "mutation", "subscription", "fragment":
		return strings.Contains(rest, "{")
	case "select", "with":
		return strings.Contains(rest, " from ") || strings.Contains(rest, " FROM ") || word == "SELECT"
	}
	return false
}
