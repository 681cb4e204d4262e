package classify

import "strings"

// dialect recognises APIs of model servers, chains and chat pages that have a form of their
// own: a path that only they have together with the member that holds the text, or members
// that nothing else has together.
func (s *signals) dialect() string {
	switch {
	case s.openAIInput():
		return "openai-input"
	case s.triton(), s.workflow():
		return "ai-fields"
	}
	for _, rule := range [...]func(*signals) bool{
		(*signals).openAIDialect, (*signals).vertex, (*signals).bedrock, (*signals).server, (*signals).speech, (*signals).chain, (*signals).page, (*signals).gradio,
	} {
		if rule(s) {
			return "ai-messages"
		}
	}
	return ""
}

func (s *signals) text(name string) bool { return s.root.get(name).text() != "" }

// some reports whether a member is a text, or a list that begins with one.
func (s *signals) some(name string) bool {
	v := s.root.get(name)
	if v.is(stringValue) {
		return true
	}
	for first := range v.each {
		return v.is(array) && first.is(stringValue)
	}
	return false
}

// openAIInput recognises texts that are classified or embedded.
func (s *signals) openAIInput() bool {
	return s.ends("/moderations", "/embeddings") && (s.some("input") || s.root.get("input").is(array) && s.model != "" || s.text("prompt") && s.model != "")
}

// triton recognises NVIDIA's inference server.
func (s *signals) triton() bool {
	return s.text("text_input") && (s.params > 0 || s.ends("/generate", "/generate_stream"))
}

// openAIDialect recognises calls of OpenAI's and Anthropic's APIs that hold no conversation
// at their top.
func (s *signals) openAIDialect() bool {
	switch {
	case s.ends("/threads", "/threads/runs"):
		t, ok := readTurns(s.root.get("messages"))
		if !ok {
			t, ok = readTurns(s.root.get("thread").get("messages"))
		}
		return ok && t.human
	case s.ends("/messages/batches"):
		for first := range s.root.get("requests").each {
			_, ok := readTurns(first.get("params").get("messages"))
			return ok
		}
	case s.root.has("instructions", "previous_response_id") && s.some("input"):
		return s.model != "" && (s.known || s.root.has("previous_response_id", "tools", "reasoning", "stream") || s.client)
	}
	// A conversation as the ChatGPT page sends it: the author is an object.
	for first := range s.root.get("messages").each {
		role := first.get("author").get("role").text()
		return (role == "user" || role == "system") && first.get("content").has("parts", "content_type")
	}
	return false
}

// vertex recognises Google's predictions: instances with a prompt or messages. Tables have
// instances, too.
func (s *signals) vertex() bool {
	for first := range s.root.get("instances").each {
		if t, ok := readAuthors(first.get("messages")); ok && t {
			return true
		}
		return first.get("prompt").is(stringValue) || first.get("content").is(stringValue) && strings.Contains(s.path, "embedding")
	}
	return false
}

// readAuthors reads a list of turns whose speaker is called author.
func readAuthors(list value) (human, ok bool) {
	for turn := range list.each {
		if !turn.has("author") || !turn.get("content").is(stringValue) {
			return false, false
		}
		human, ok = true, true
	}
	return human, ok
}

// bedrock recognises the bodies that Bedrock's own and Meta's models take.
func (s *signals) bedrock() bool {
	switch {
	case s.text("inputText"):
		return s.root.has("textGenerationConfig") || strings.Contains(s.path, "/model/") && s.ends("/invoke", "/invoke-with-response-stream")
	case s.text("prompt"):
		return s.root.has("max_gen_len", "max_tokens_to_sample")
	}
	return false
}

// server recognises servers of open models, and Cohere's API.
func (s *signals) server() bool {
	switch {
	case s.text("text") && s.root.get("sampling_params").is(object):
		return true // SGLang
	case s.text("inputs"): // Hugging Face
		return s.root.get("options").has("wait_for_model", "use_cache") || hubModel(s.path)
	case s.text("prompt") && s.model != "":
		return s.ends("/generate", "/v1/chat")
	case s.text("message") && s.model != "":
		return s.ends("/v1/chat")
	case s.some("texts"):
		return s.model != "" && s.ends("/embed") || s.root.has("input_type") && s.root.has("embedding_types", "model")
	case s.text("prompt"):
		return strings.Contains(s.path, "/sdapi/v1/") || s.root.has("image_size", "aspect_ratio", "num_images") && strings.Contains(s.path, "/fal-ai/")
	}
	return false
}

// hubModel reports whether a path names a model of the Hugging Face hub, by its owner and its
// name, and nothing else.
func hubModel(path string) bool {
	before, model, ok := strings.Cut(path, "/models/")
	return ok && strings.Count(model, "/") == 1 && !strings.HasSuffix(model, "/") && !strings.HasSuffix(before, "/api")
}

// speech recognises texts that are to be spoken by a cloned or made-up voice.
func (s *signals) speech() bool {
	return s.text("text") && strings.Contains(s.path, "/text-to-speech/") && s.root.has("model_id", "voice_settings")
}

// chain recognises what serves chains and agents: LangServe, CopilotKit.
func (s *signals) chain() bool {
	switch {
	case s.root.has("input") && s.root.get("config").is(object) && s.ends("/invoke", "/stream", "/batch", "/stream_log", "/stream_events"):
		in := s.root.get("input")
		return in.is(stringValue) || in.has("question", "input", "messages", "query", "text", "topic", "chat_history")
	case s.root.get("operationName").text() == "generateCopilotResponse":
		return s.root.get("variables").has("data")
	}
	return false
}

// page recognises the calls of self-hosted chat pages.
func (s *signals) page() bool {
	switch {
	case s.text("message") && strings.Contains(s.path, "/workspace/"): // AnythingLLM
		return s.ends("/stream-chat") || s.ends("/chat") && s.root.has("mode", "sessionId", "attachments")
	case s.text("text") && s.root.has("parentMessageId") && s.root.has("endpoint"): // LibreChat
		return true
	case s.text("prompt") && s.root.has("parent_message_uuid"): // as the Claude page
		return true
	}
	return false
}

// gradio recognises demos of models: their inputs are a list without names.
func (s *signals) gradio() bool {
	if !strings.Contains(s.path, "/gradio_api/") && !(s.root.has("fn_index") && s.root.has("session_hash")) {
		return false
	}
	for v := range s.root.get("data").each {
		if v.is(stringValue) || v.is(object) {
			return true
		}
	}
	return false
}

// workflow recognises ComfyUI: a graph whose nodes name their class.
func (s *signals) workflow() bool {
	for node := range s.root.get("prompt").each {
		return node.get("class_type").is(stringValue) && node.get("inputs").is(object)
	}
	return false
}

// apiPath reports whether a path is one that only APIs of models have, so that a body with a
// wrong content type is worth a look.
func apiPath(path string) bool {
	for _, end := range [...]string{
		"/chat/completions", "/v1/messages", "/v1/responses", "/v1/completions", "/v1/embeddings", ":generateContent", ":streamGenerateContent",
		"/api/generate", "/api/chat",
	} {
		if strings.HasSuffix(strings.TrimSuffix(path, "/"), end) {
			return true
		}
	}
	return false
}
