package classify

import "strings"

// connectKind reports a content type of Connect or gRPC-web: https://connectrpc.com/docs/protocol.
func connectKind(kind []byte) bool {
	return containsFold(kind, "application/connect+") || containsFold(kind, "application/grpc-web") ||
		containsFold(kind, "application/grpc") || containsFold(kind, "application/proto")
}

// unaryShape recognises a call of Connect in plain JSON.
func unaryShape(r Request, root value) string {
	if len(r.header("Connect-Protocol-Version")) == 0 || !root.is(object) {
		return ""
	}
	if service, method := lastTwo(r.Path); speaks(service) && answers(method) {
		return "ai-messages"
	}
	return ""
}

// connectShape recognises a chat service: by the names of service and method, or by a
// message in JSON whose role is the user's.
func connectShape(r Request, kind, body []byte) string {
	service, method := lastTwo(r.Path)
	if speaks(service) && answers(method) {
		return "connect-chat"
	}
	streaming := containsFold(kind, "application/connect+")
	if streaming && hasWord(service, "chat") && answers(method) && (!hasWord(method, "chat") || begins(method, "chat", "stream")) {
		return "connect-chat"
	}
	if !containsFold(kind, "json") || len(body) < 6 || body[0]&1 != 0 {
		return ""
	}
	root := outline(body[5:]).root() // a flag byte and the length stand before the message
	message := root.get("message")
	if message.get("role").text() == "user" && message.has("blocks", "content", "parts", "text") {
		return "connect-chat"
	}
	if root.is(object) && read(r, root).turns() != "" {
		return "connect-chat"
	}
	return ""
}

// lastTwo returns service and method of "/package.Service/Method".
func lastTwo(path string) (service, method string) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return "", path
	}
	return path[:i], path[i+1:]
}

// begins reports whether the first word of a method is one of those.
func begins(method string, words ...string) bool {
	for _, w := range words {
		if len(method) >= len(w) && equalFold([]byte(method[:len(w)]), w) && wordEnd(method, len(w)) {
			return true
		}
	}
	return false
}

func speaks(service string) bool {
	for _, w := range [...]string{"ai", "llm", "gpt", "copilot", "completion", "completions", "inference", "generative", "genai", "assistant", "aiserver", "codeium", "exa", "aiplatform", "generativelanguage", "asr", "tts", "speech"} {
		if hasWord(service, w) {
			return true
		}
	}
	return false
}

func answers(method string) bool {
	for _, w := range [...]string{"chat", "complete", "completion", "completions", "generate", "generation", "ask", "prompt", "converse", "infer", "inference", "embed", "embeddings", "predict", "answer", "recognize", "synthesize"} {
		if hasWord(method, w) {
			return true
		}
	}
	return false
}

// hasWord reports whether a name in camel case, or with other bytes between its words,
// holds a lower-case word.
func hasWord(name, word string) bool {
	for i := 0; i+len(word) <= len(name); i++ {
		if !equalFold([]byte(name[i:i+len(word)]), word) {
			continue
		}
		if wordStart(name, i) && wordEnd(name, i+len(word)) {
			return true
		}
	}
	return false
}

func wordStart(name string, i int) bool {
	return i == 0 || !isLetter(name[i-1]) || isUpper(name[i]) && !isUpper(name[i-1]) ||
		isUpper(name[i]) && i+1 < len(name) && !isUpper(name[i+1])
}

func wordEnd(name string, i int) bool {
	return i == len(name) || !isLetter(name[i]) || isUpper(name[i])
}

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }

func isLetter(c byte) bool { return isUpper(c) || 'a' <= c && c <= 'z' }
