package classify

import (
	"slices"
	"strings"
)

// turnList is what the list of a conversation's turns shows.
type turnList struct {
	turns  int
	human  bool // a turn of a person or the system
	other  bool // a turn of a model, a tool or the system
	blocks bool // content is a list of typed blocks
	tools  bool // a block is a tool's call or result, or a source: Anthropic's way
	parts  bool // turns have typed parts: the AI SDK's way
}

// readTurns reads a list, and reports whether each of its elements is a turn.
func readTurns(list value) (t turnList, ok bool) {
	if !list.is(array) {
		return t, false
	}
	for turn := range list.each {
		if !t.read(turn) && (!turn.s.broken || int(turn.node().skip) < len(turn.s.nodes)) {
			return t, false // and not because the text breaks off in it
		}
	}
	return t, t.turns > 0 && (t.human || t.other)
}

func (t *turnList) read(turn value) bool {
	role := strings.ToLower(turn.get("role").text())
	if role == "" { // LangChain's way
		if role = turn.get("type").text(); role != "human" && role != "ai" {
			return false
		}
	}
	switch role {
	case "user", "human":
		t.human = true
	case "system", "developer":
		t.human, t.other = true, true
	case "assistant", "tool", "function", "model", "ai", "chatbot":
		t.other = true
	default:
		return false
	}
	t.turns++
	for block := range turn.get("content").each {
		t.block(block)
	}
	for part := range turn.get("parts").each {
		switch kind := part.get("type").text(); {
		case kind == "text", kind == "file", kind == "reasoning", kind == "step-start", strings.HasPrefix(kind, "tool-"), strings.HasPrefix(kind, "data-"):
			t.parts = true
		}
	}
	return turn.has("content", "parts", "tool_calls", "function_call", "tool_call_id")
}

func (t *turnList) block(block value) {
	switch block.get("type").text() {
	case "tool_use", "tool_result", "thinking", "document":
		t.blocks, t.tools = true, true
	case "text", "image_url", "image", "input_text", "input_image", "input_file", "input_audio", "output_text", "file", "refusal":
		t.blocks = true
		t.tools = t.tools || block.has("source")
	case "":
		t.blocks = t.blocks || block.get("text").is(stringValue) || block.has("toolResult", "toolUse") // Bedrock's way
	}
}

// turns recognises a conversation that is replayed to a model.
func (s *signals) turns() string {
	key, t, nested := s.findTurns()
	if key == "" {
		return ""
	}
	if !t.other && !t.blocks && !t.parts && s.model == "" && s.params == 0 && !s.stream && !s.client && !s.spoken() {
		return "" // one turn of a person and nothing else: people chat, too
	}
	switch {
	case nested:
		return "ai-messages"
	case key == "input":
		return "openai-responses"
	case key != "messages":
		return "ai-messages"
	case t.parts:
		return "ai-sdk"
	case s.anthropic(t):
		return "anthropic-messages"
	case s.ends("/api/chat") && s.model != "":
		return "ollama-chat"
	case s.root.has("id") && s.model == "" && s.params == 0:
		return "ai-sdk"
	}
	return "openai-chat"
}

func (s *signals) anthropic(t turnList) bool {
	return len(s.r.header("Anthropic-Version")) > 0 || s.ends("/messages", "/messages/count_tokens") || t.tools ||
		s.root.has("anthropic_version") || s.root.has("system") && s.root.has("max_tokens")
}

// findTurns looks for a list of turns at the top and, where a page or a chain wraps it,
// one level deeper.
func (s *signals) findTurns() (key string, t turnList, nested bool) {
	keys := []string{"messages", "input", "additional_messages", "history", "chat_history", "conversation", "inputs", "prompt"}
	for c := range s.root.each {
		name := string(c.key())
		if c.is(array) && slices.Contains(keys, name) {
			if t, ok := readTurns(c); ok {
				return name, t, false
			}
		}
	}
	for c := range s.root.each {
		if !c.is(object) {
			continue
		}
		if t, ok := readTurns(c.get("messages")); ok {
			return "messages", t, true
		}
		// The AI SDK may send only the last turn.
		if string(c.key()) == "message" && t.read(c) && t.parts && s.root.has("id", "chatId") {
			return "messages", t, false
		}
		t = turnList{}
	}
	return "", t, false
}
