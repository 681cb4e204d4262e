package classify

import (
	"slices"
	"strconv"
	"strings"
)

// signals is what a JSON request shows of being AI traffic.
type signals struct {
	r      Request
	root   value
	path   string // lower case
	model  string // lower case, "" when there is none
	known  bool   // a model that is known is named
	params int    // parameters that only models take
	events bool   // the client waits for server-sent events
	stream bool   // it asks for a stream in the body
	client bool   // a header that only AI clients send
}

func read(r Request, root value) *signals {
	s := &signals{r: r, root: root, path: strings.ToLower(r.Path)}
	s.model, s.known = modelOf(root)
	s.params = parameters(root)
	s.events = containsFold(r.header("Accept"), "text/event-stream")
	s.stream = root.get("stream").literal("true") || root.get("streaming").literal("true")
	s.client = aiClient(r)
	return s
}

// parameters counts the members of v that are parameters of a model.
func parameters(v value) int {
	n := 0
	for c := range v.each {
		switch key := string(c.key()); {
		case key == "temperature":
			if degrees(c) {
				continue // of an oven
			}
			n++
		case isParameter(key):
			n++
		}
	}
	return n
}

// degrees reports whether a temperature is none of a model's, which goes from 0 to 2.
func degrees(v value) bool {
	t := v.node().text
	number, err := strconv.ParseFloat(strings.Trim(string(v.s.data[t.from:t.to]), `"`), 64)
	return err != nil || number < 0 || number > 2
}

// isParameter reports whether a name is a parameter of a language model and of little
// else.
func isParameter(name string) bool {
	switch name {
	case "top_p", "topP", "top_k", "topK", "max_tokens", "maxTokens", "max_completion_tokens", "max_output_tokens",
		"maxOutputTokens", "max_new_tokens", "num_predict", "n_predict", "num_ctx", "presence_penalty", "frequency_penalty",
		"repetition_penalty", "repeat_penalty", "stop_sequences", "stopSequences", "logit_bias", "logprobs", "top_logprobs",
		"tool_choice", "toolChoice", "stream_options", "reasoning_effort", "response_format", "thinking", "anthropic_version",
		"negative_prompt", "num_inference_steps", "guidance_scale", "cfg_scale", "keep_alive", "inferenceConfig",
		"maximum_tokens", "maxTokensToSample", "max_tokens_to_sample", "max_context_length", "max_gen_len", "completion_args", "completionOptions":
		return true
	}
	return false
}

// protocolHeaders are headers that only requests to models have.
var protocolHeaders = [...]string{
	"Anthropic-Version", "Anthropic-Beta", "Openai-Organization", "Openai-Beta", "Openai-Project", "Copilot-Integration-Id", "Ai-Language-Model-Id",
	"Mcp-Session-Id", "Mcp-Protocol-Version", "A2a-Version", "X-Amzn-Bedrock-Agentcore-Runtime-Session-Id",
}

// aiProtocol reports a header that a request to a model or an agent has for its protocol's sake.
func aiProtocol(r Request) bool {
	for _, name := range protocolHeaders {
		if len(r.header(name)) > 0 {
			return true
		}
	}
	if containsFold(r.header("X-Goog-Api-Client"), "genai") {
		return true
	}
	// AWS names its service in the target, and in the scope that the signature is for.
	if target := r.header("X-Amz-Target"); containsFold(target, "CodeWhisperer") || containsFold(target, "QDeveloper") {
		return true
	}
	signed := r.header("Authorization")
	return containsFold(signed, "/bedrock/aws4_request") || containsFold(signed, "/bedrock-agentcore/aws4_request")
}

// aiClient reports a header that only clients of models send.
func aiClient(r Request) bool {
	if aiProtocol(r) || len(r.header("X-Stainless-Lang")) > 0 {
		return true
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

// addressed recognises what no other rule knows, but says of itself that it is for a model.
func (s *signals) addressed() string {
	if s.root.node().children > 0 && (aiProtocol(s.r) || bedrockPath(s.path)) {
		return "ai-messages"
	}
	return ""
}

// bedrockPath reports "/model/vendor.name/invoke": models of Bedrock are named by their vendor,
// and before it perhaps by the region.
func bedrockPath(path string) bool {
	_, rest, ok := strings.Cut(path, "/model/")
	if !ok {
		return false
	}
	model, verb, _ := strings.Cut(rest, "/")
	switch verb {
	case "invoke", "invoke-with-response-stream", "converse", "converse-stream", "count-tokens":
	default:
		return false
	}
	for part := range strings.SplitSeq(model, ".") {
		switch part {
		case "amazon", "anthropic", "meta", "mistral", "cohere", "ai21", "stability", "deepseek", "qwen", "openai", "writer", "luma", "twelvelabs":
			return true
		}
	}
	return strings.HasPrefix(model, "arn")
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
		if !turn.is(object) {
			break
		}
		seen++
		role := strings.ToLower(turn.get("role").text())
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
	parts := turn.get("parts")
	if parts.is(object) { // one part may stand without its list
		return geminiPart(parts)
	}
	for part := range parts.each {
		if geminiPart(part) {
			return true
		}
	}
	return false
}

func geminiPart(part value) bool {
	return part.has("text", "inlineData", "inline_data", "functionCall", "function_call", "functionResponse", "function_response", "fileData", "file_data")
}

// responses recognises the Responses API and what else has a model and an input.
func (s *signals) responses() string {
	input := s.root.get("input")
	words := input.is(stringValue)
	if input.is(array) {
		for first := range input.each {
			words = first.is(stringValue)
			if s.model != "" && responseItem(first.get("type").text()) {
				return "openai-responses"
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
		if s.events || s.client || s.params > 0 || s.known {
			return "openai-responses"
		}
	case s.known:
		return "openai-input"
	}
	return ""
}

// responseItem reports a type of item that the Responses API takes.
func responseItem(kind string) bool {
	switch kind {
	case "message", "reasoning", "item_reference", "compaction", "mcp_approval_response":
		return true
	}
	return strings.HasSuffix(kind, "_call") || strings.HasSuffix(kind, "_call_output")
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
		text = text || prompt.is(array) && (first.is(stringValue) || first.get("type").text() == "text" && s.model != "")
		break
	}
	if !text {
		return ""
	}
	known := s.known || knownModel(s.path)
	switch {
	case s.ends("/api/generate") && s.model != "":
		return "ollama-generate"
	case s.root.has("negative_prompt", "num_inference_steps", "guidance_scale", "cfg_scale", "sampler_name"), s.ends("/images/generations", "/images/edits"), s.draws():
		return "openai-image"
	case s.ends("/completions", "/completion", "/complete"), known && s.params > 0, s.params > 1, s.params > 0 && (s.model != "" || s.spoken()):
		return "openai-completions"
	case known, s.events && s.spoken(), s.client, strings.Contains(s.path, "/ai/run/"):
		return "ai-prompt"
	}
	return ""
}

// draws reports whether a prompt comes with what a picture, a film or a piece of music is
// to be like.
func (s *signals) draws() bool {
	if !s.root.has("aspect_ratio", "aspectRatio", "num_images", "numImages", "image_size", "duration", "seed", "output_format", "style_preset",
		"rendering_speed", "input_reference") && !(s.root.has("width") && s.root.has("height")) && !(s.root.has("size") && s.root.has("n", "quality")) {
		return false
	}
	return s.model != "" || strings.Contains(s.path, "generat") || strings.Contains(s.path, "image") || strings.Contains(s.path, "video") || strings.Contains(s.path, "/model/")
}

// inputs recognises text-generation servers: inputs with parameters.
func (s *signals) inputs() string {
	if parameters(s.root.get("parameters")) > 0 {
		if inputs := s.root.get("inputs"); inputs.is(stringValue) || inputs.is(array) {
			return "inputs"
		}
		if s.some("input") {
			return "ai-messages"
		}
	}
	if s.some("inputs") && s.ends("/generate", "/generate_stream", "/embed", "/embed_all", "/embed_sparse", "/predict") {
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
	if !asked || s.reports() {
		return ""
	}
	talk := s.root.has("conversation_id", "conversationId", "chat_id", "chatId", "session_id", "sessionId", "thread_id", "threadId",
		"parent_message_id", "parentMessageId", "history", "chat_history", "chatHistory", "bot_id", "botId", "agent_id", "agentId")
	switch {
	case s.known && (surely || s.events || s.stream || s.params > 0 || s.spoken() || talk), s.events && (talk || s.model != ""),
		s.stream && s.spoken(), s.params > 1 && surely, s.params > 0 && surely && s.spoken(), (surely || s.text("input")) && s.oracle(), s.instructed():
		return "ai-prompt"
	}
	return ""
}

// instructed reports whether a model is told in one text how to be, and in another what to do.
func (s *signals) instructed() bool {
	if !s.text("system_prompt") && !s.text("systemPrompt") {
		return false
	}
	for _, key := range [...]string{"prompt", "user_prompt", "userPrompt", "message", "user_message", "userMessage", "query", "question", "input", "user_input"} {
		if s.root.get(key).text() != "" {
			return true
		}
	}
	return false
}

// oracle reports whether a path ends in the name of what only answers prompts: "/api/gpt",
// "/llm/generate".
func (s *signals) oracle() bool {
	path := strings.TrimSuffix(s.path, "/")
	before, last := lastTwo(path)
	if strings.Contains(last, "gpt") || strings.Contains(last, "llm") || last == "copilot" || last == "chatbot" {
		return true
	}
	switch last {
	case "chat", "ask", "query", "generate", "complete", "completion", "completions", "prompt", "invoke", "answer", "stream", "message", "messages":
		_, parent := lastTwo(before)
		switch parent {
		case "llm", "gpt", "chatgpt", "openai", "ollama", "genai", "copilot", "ai", "claude", "gemini", "chatbot", "ai-agent", "ai-assistant":
			return true
		}
	}
	return false
}

// asked reports whether a member holds what somebody may have typed; surely, when its name
// says that it is to be answered. GraphQL and SQL have queries, too.
func (s *signals) asked() (asked, surely bool) {
	if s.asksGraph() {
		return false, false
	}
	for i, key := range [...]string{
		"prompt", "message", "query", "question", "user_input", "userInput", "userMessage", "user_message", "userPrompt", "user_prompt", "chatInput",
		"input", "text", "content", "instruction", "q",
	} {
		v := s.root.get(key)
		text := strings.TrimLeft(v.text(), " \t\\n")
		if v.is(object) && key == "message" {
			text = v.get("text").text()
		}
		if text != "" && !isQuery(text) {
			return true, i < 11
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
