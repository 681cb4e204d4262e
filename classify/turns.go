package classify

import (
	"slices"
	"strings"
)

// turnList is what the list of a conversation's turns shows.
type turnList struct {
	turns   int
	human   bool // a turn of a person or the system
	other   bool // a turn of a model, a tool or the system
	machine bool // a turn of a model or a tool
	bot     bool // a turn of a bot, which people's support chats have, too
	plain   bool // the words are under a name that people's chats use, too
	blocks  bool // content is a list of typed blocks
	tools   bool // a block is a tool's call or result, or a source: Anthropic's way
	parts   bool // turns have typed parts: the AI SDK's way
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

// roleOf returns who speaks in a turn, in lower case.
func roleOf(turn value) string {
	for _, key := range [...]string{"role", "speaker", "type", "from"} {
		v := turn.get(key)
		if !v.is(stringValue) {
			continue
		}
		role := strings.TrimPrefix(strings.ToLower(v.text()), "role_")
		switch key {
		case "type": // LangChain's way
			role = strings.TrimSuffix(role, "_message")
			if role != "human" && role != "ai" && role != "user" && role != "assistant" {
				continue
			}
		case "from": // of training data
			if role != "human" && role != "gpt" && role != "system" {
				continue
			}
		}
		return role
	}
	return ""
}

func (t *turnList) read(turn value) bool {
	switch roleOf(turn) {
	case "user", "human":
		t.human = true
	case "system", "developer":
		t.human, t.other = true, true
	case "assistant", "tool", "function", "model", "ai", "chatbot", "gpt":
		t.other, t.machine = true, true
	case "bot":
		t.bot = true
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
	return t.speaks(turn)
}

// speaks reports whether a turn holds words, or what stands for them.
func (t *turnList) speaks(turn value) bool {
	switch content := turn.get("content"); {
	case content.is(object):
		return content.has("type", "text", "parts", "content_type")
	case content.i >= 0, turn.has("parts", "tool_calls", "function_call", "tool_call_id"):
		return true
	case turn.has("text", "value"):
		t.plain = true
		return true
	}
	return false
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
		if s.brokenOff() {
			return "openai-chat"
		}
		return s.turn()
	}
	switch {
	case nested, t.plain, t.bot:
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

// convinces reports whether a list of turns in the object at is one that goes to a model:
// people chat, too, and their programs know users.
func (s *signals) convinces(t turnList, at value, nested bool) bool {
	model, known := modelOf(at)
	strong := s.known || known || s.params > 0 || nested && parameters(at) > 0 || s.client
	if t.plain || t.bot && !t.machine {
		return strong && t.human || t.human && t.machine || t.bot && model != "" && t.human
	}
	if t.other || t.blocks || t.parts || strong {
		return true
	}
	return !nested && (s.model != "" || s.events || s.stream || s.spoken())
}

// conversations are the names of lists of turns.
var conversations = []string{
	"messages", "input", "additional_messages", "history", "chat_history", "conversation", "conversations", "inputs", "prompt", "template",
}

// findTurns looks for a list of turns at the top and, where a page, a gateway or a chain
// wraps it, in the objects below.
func (s *signals) findTurns() (key string, t turnList, nested bool) {
	if key, t, ok := s.turnsIn(s.root, false); ok {
		return key, t, false
	}
	if s.reports() || s.asksGraph() {
		return "", t, false
	}
	key, t = s.turnsBelow(s.root, 3)
	return key, t, key != ""
}

// turnsIn looks among the members of one object.
func (s *signals) turnsIn(at value, nested bool) (key string, t turnList, ok bool) {
	for c := range at.each {
		name := string(c.key())
		if !c.is(array) || !slices.Contains(conversations, name) {
			continue
		}
		if t, ok := readTurns(c); ok && s.convinces(t, at, nested) {
			return name, t, true
		}
	}
	return "", t, false
}

func (s *signals) turnsBelow(at value, levels int) (key string, t turnList) {
	for c := range at.each {
		if !c.is(object) {
			continue
		}
		if key, t, ok := s.turnsIn(c, true); ok {
			return key, t
		}
		if levels > 1 {
			if key, t = s.turnsBelow(c, levels-1); key != "" {
				return key, t
			}
		}
	}
	return "", t
}

// turn recognises the last turn of a conversation that the server keeps, as the AI SDK and
// Google's agents may send it.
func (s *signals) turn() string {
	for c := range s.root.each {
		switch string(c.key()) {
		case "message", "newMessage", "new_message":
		default:
			continue
		}
		var t turnList
		if !c.is(object) || !t.read(c) {
			continue
		}
		switch {
		case t.parts && s.root.has("id", "chatId"):
			return "ai-sdk"
		case geminiParts(c) && s.root.has("appName", "app_name", "userId", "user_id", "sessionId", "session_id"):
			return "ai-messages"
		}
	}
	return ""
}

// brokenOff recognises a first turn so long that its role, which may come last, is not seen.
func (s *signals) brokenOff() bool {
	first := s.root.get("messages").first()
	return s.root.s.broken && int(first.node().skip) == len(s.root.s.nodes) && first.has("content") && !first.has("role") &&
		(s.known || apiPath(s.r.Path))
}

// reports tells a request of telemetry or logging, which may quote what was said to a model.
func (s *signals) reports() bool {
	return s.root.has("event", "eventName", "event_type", "eventType", "events", "level", "severity", "logger", "@timestamp", "ddsource", "writeKey")
}

// asksGraph tells a request of GraphQL.
func (s *signals) asksGraph() bool {
	return s.root.has("operationName", "extensions") || s.root.has("variables") && s.root.has("query")
}
