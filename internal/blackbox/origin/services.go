package origin

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// routes maps a ServeMux pattern to the service behind it. Everything else gets a JSON object.
func routes() map[string]service {
	return map[string]service{
		"POST api.openai.com/v1/chat/completions":                openAIChat,
		"POST api.openai.com/v1/responses":                       openAIResponses,
		"POST api.openai.com/v1/embeddings":                      openAIEmbeddings,
		"POST api.openai.com/v1/files":                           openAIFile,
		"POST api.groq.com/openai/v1/chat/completions":           openAIChat,
		"POST api.mistral.ai/v1/chat/completions":                openAIChat,
		"POST api.mistral.ai/v1/files":                           openAIFile,
		"POST api.anthropic.com/v1/messages":                     anthropicMessages,
		"POST api.anthropic.com/v1/files":                        anthropicFile,
		"POST generativelanguage.googleapis.com/v1beta/models/":  geminiGenerate,
		"POST generativelanguage.googleapis.com/upload/":         geminiUpload,
		"POST api.cohere.com/v2/chat":                            cohereChat,
		"POST ollama.com/api/chat":                               ollamaChat,
		"GET chatgpt.com/{$}":                                    page,
		"POST chatgpt.com/backend-api/f/conversation":            chatGPTConversation,
		"POST chatgpt.com/backend-api/files":                     chatGPTFileIntent,
		"PUT files.oaiusercontent.com/":                          created,
		"POST intranet.example.com/llm/v1/chat/completions":      openAIChat,
		"POST intranet.example.com/internal/api/chat/completion": openAIChat,
	}
}

func openAIChat(c *call) {
	if !c.streams() {
		c.json(object{
			"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": c.in["model"],
			"choices": array{object{"index": 0, "finish_reason": "stop", "message": object{"role": "assistant", "content": Reply}}},
			"usage":   object{"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10},
		})
		return
	}
	send := c.stream("text/event-stream")
	pieces := words()
	for i, w := range pieces {
		var finish any
		if i == len(pieces)-1 {
			finish = "stop"
		}
		data, err := json.Marshal(object{
			"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": c.in["model"],
			"choices": array{object{"index": 0, "finish_reason": finish, "delta": object{"role": "assistant", "content": w}}},
		})
		if err != nil {
			return
		}
		send("data: " + string(data) + "\n\n")
	}
	send("data: [DONE]\n\n")
}

func openAIResponses(c *call) {
	done := object{
		"id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "model": c.in["model"],
		"output": array{object{
			"id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
			"content": array{object{"type": "output_text", "text": Reply, "annotations": array{}}},
		}},
		"usage": object{"input_tokens": 5, "output_tokens": 5, "total_tokens": 10},
	}
	if !c.streams() {
		c.json(done)
		return
	}
	event := c.events()
	event("response.created", object{"type": "response.created", "sequence_number": 0, "response": object{"id": "resp_1", "object": "response", "status": "in_progress", "output": array{}}})
	for i, w := range words() {
		event("response.output_text.delta", object{"type": "response.output_text.delta", "sequence_number": i + 1, "item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": w})
	}
	event("response.completed", object{"type": "response.completed", "sequence_number": 9, "response": done})
}

func openAIEmbeddings(c *call) {
	c.json(object{
		"object": "list", "model": c.in["model"],
		"data":  array{object{"object": "embedding", "index": 0, "embedding": array{0.1, 0.2}}},
		"usage": object{"prompt_tokens": 1, "total_tokens": 1},
	})
}

func openAIFile(c *call) {
	c.json(object{
		"id": "file-1", "object": "file", "bytes": len(c.body), "size_bytes": len(c.body), "created_at": 1,
		"filename": "stored.txt", "purpose": "assistants", "status": "processed",
		"sample_type": "ocr_input", "source": "upload", "num_lines": 1, // Mistral's
	})
}

func anthropicMessages(c *call) {
	if !c.streams() {
		c.json(object{
			"id": "msg_1", "type": "message", "role": "assistant", "model": c.in["model"],
			"content": array{object{"type": "text", "text": Reply}}, "stop_reason": "end_turn", "stop_sequence": nil,
			"usage": object{"input_tokens": 5, "output_tokens": 5},
		})
		return
	}
	event := c.events()
	event("message_start", object{"type": "message_start", "message": object{
		"id": "msg_1", "type": "message", "role": "assistant", "model": c.in["model"], "content": array{},
		"stop_reason": nil, "stop_sequence": nil, "usage": object{"input_tokens": 5, "output_tokens": 1},
	}})
	event("content_block_start", object{"type": "content_block_start", "index": 0, "content_block": object{"type": "text", "text": ""}})
	for _, w := range words() {
		event("content_block_delta", object{"type": "content_block_delta", "index": 0, "delta": object{"type": "text_delta", "text": w}})
	}
	event("content_block_stop", object{"type": "content_block_stop", "index": 0})
	event("message_delta", object{"type": "message_delta", "delta": object{"stop_reason": "end_turn", "stop_sequence": nil}, "usage": object{"output_tokens": 5}})
	event("message_stop", object{"type": "message_stop"})
}

func anthropicFile(c *call) {
	c.json(object{
		"id": "file_1", "type": "file", "filename": "stored.txt", "mime_type": "text/plain",
		"size_bytes": len(c.body), "created_at": "2026-01-01T00:00:00Z", "downloadable": false,
	})
}

func geminiGenerate(c *call) {
	answer := func(text string) object {
		return object{"candidates": array{object{"index": 0, "content": object{"role": "model", "parts": array{object{"text": text}}}}}}
	}
	if !strings.HasSuffix(c.r.URL.Path, ":streamGenerateContent") {
		c.json(answer(Reply))
		return
	}
	event := c.events()
	for _, w := range words() {
		event("", answer(w))
	}
}

// geminiUpload is Google's resumable protocol: a start that names the file, then its bytes.
func geminiUpload(c *call) {
	h := c.w.Header()
	if c.r.Header.Get("X-Goog-Upload-Command") == "start" {
		h.Set("X-Goog-Upload-Url", "https://generativelanguage.googleapis.com/upload/v1beta/files?upload_id=abc&upload_protocol=resumable")
		h.Set("X-Goog-Upload-Status", "active")
		c.json(object{})
		return
	}
	h.Set("X-Goog-Upload-Status", "final")
	c.json(object{"file": object{
		"name": "files/abc", "displayName": "notes.txt", "mimeType": "text/plain", "sizeBytes": strconv.Itoa(len(c.body)),
		"uri": "https://generativelanguage.googleapis.com/v1beta/files/abc", "state": "ACTIVE",
	}})
}

func cohereChat(c *call) {
	if !c.streams() {
		c.json(object{
			"id": "x", "finish_reason": "COMPLETE", "usage": object{},
			"message": object{"role": "assistant", "content": array{object{"type": "text", "text": Reply}}},
		})
		return
	}
	event := c.events()
	event("message-start", object{"type": "message-start", "id": "x", "delta": object{"message": object{"role": "assistant", "content": array{}}}})
	event("content-start", object{"type": "content-start", "index": 0, "delta": object{"message": object{"content": object{"type": "text", "text": ""}}}})
	for _, w := range words() {
		event("content-delta", object{"type": "content-delta", "index": 0, "delta": object{"message": object{"content": object{"text": w}}}})
	}
	event("content-end", object{"type": "content-end", "index": 0})
	event("message-end", object{"type": "message-end", "delta": object{"finish_reason": "COMPLETE"}})
}

func ollamaChat(c *call) {
	line := func(text string, done bool) object {
		return object{"model": c.in["model"], "created_at": "2026-01-01T00:00:00Z", "message": object{"role": "assistant", "content": text}, "done": done}
	}
	if on, said := c.in["stream"].(bool); said && !on { // Ollama streams unless told not to
		c.json(line(Reply, true))
		return
	}
	send := c.stream("application/x-ndjson")
	pieces := words()
	for i, w := range pieces {
		data, err := json.Marshal(line(w, i == len(pieces)-1))
		if err != nil {
			return
		}
		send(string(data) + "\n")
	}
}

func page(c *call) {
	c.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = c.w.Write([]byte("<!doctype html><title>Chat</title><p>" + Reply))
}

func chatGPTConversation(c *call) {
	event := c.events()
	for _, w := range words() {
		event("delta", object{"p": "/message/content/parts/0", "o": "append", "v": w})
	}
}

func chatGPTFileIntent(c *call) {
	c.json(object{"status": "success", "file_id": "file_abc", "upload_url": "https://files.oaiusercontent.com/file-abc"})
}

func created(c *call) { c.w.WriteHeader(http.StatusCreated) }
