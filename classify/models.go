package classify

import "strings"

// families are beginnings of names of models. A name counts when one of them stands at
// its start or after a separator, as in "openai/gpt-5" and "hf.co/Qwen3".
var families = [...]string{
	"gpt-3", "gpt-4", "gpt-5", "gpt-6", "gpt-oss", "gpt-realtime", "gpt-image", "gpt-audio", "chatgpt-", "o1-mini", "o1-pr", "o1-20", "o3-mini", "o3-pro",
	"o3-deep", "o3-20", "o4-mini", "claude-", "gemini-1", "gemini-2", "gemini-3", "gemini-pro", "gemini-flash", "gemini-embedding", "gemma-", "gemma:",
	"gemma2", "gemma3", "llama-", "llama2", "llama3", "llama4", "codellama", "mistral-", "mistral:", "mixtral", "ministral", "magistral",
	"codestral", "devstral", "pixtral", "voxtral", "qwen", "qwq", "deepseek-", "grok-", "command-r", "command-a", "phi-", "phi3", "phi4",
	"text-embedding-", "text-davinci", "whisper-", "dall-e", "tts-1", "kimi-", "moonshot-v", "glm-", "chatglm", "doubao-",
	"ernie-", "hunyuan-", "yi-34b", "yi-large", "yi-lightning", "nova-lite", "nova-pro", "nova-micro", "nova-premier", "jamba-",
	"sonar-", "falcon-7b", "falcon-40b", "falcon-180b", "falcon3", "bge-", "nomic-embed", "voyage-3", "voyage-code", "sdxl", "stable-diffusion",
	"flux-1", "flux.1", "flux-pro", "flux-dev", "flux-schnell", "flux-kontext", "minimax-", "abab6", "abab7", "starcoder",
	"dolphin-mi", "dolphin-2", "dolphin3", "hermes-2", "hermes-3", "hermes-4", "nemotron", "granite-3", "granite-4", "granite3", "granite4",
	"olmo-", "smollm", "vicuna-", "wizardlm", "solar-pro", "solar-mini", "step-1", "step-2", "step-3", "yandexgpt", "gigachat", "luminous-",
	"sora-2", "veo-2", "veo-3", "imagen-3", "imagen-4",
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

// modelOf returns the lower-case name under "model", or in the object there, and whether
// that or a member of another name for it names a model that is known.
func modelOf(v value) (name string, known bool) {
	for c := range v.each {
		switch string(c.key()) {
		case "model":
			name = strings.ToLower(nameIn(c))
			known = known || knownModel(name)
		case "modelId", "model_id", "modelID", "modelName", "model_name", "modelUri", "llm", "llm_model", "engine", "chatModel", "chat_model",
			"llmModel", "selectedModel", "selected_model", "target_model":
			known = known || knownModel(strings.ToLower(nameIn(c)))
		}
	}
	return name, known
}

// nameIn returns a text, or the name that an object has.
func nameIn(v value) string {
	if !v.is(object) {
		return v.text()
	}
	for _, key := range [...]string{"id", "name", "model"} {
		if t := v.get(key).text(); t != "" {
			return t
		}
	}
	return ""
}
