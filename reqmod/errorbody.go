package reqmod

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sluice-dlp/sluice/event"
)

const (
	jsonType = "application/json; charset=utf-8"
	textType = "text/plain; charset=utf-8"
)

type object map[string]any

// errorBody is the refusal in the shape that the app's own clients read, with the sentence
// in a top-level message too: what each client shows was measured with real SDKs.
func (c *call) errorBody(e *event.Event) (contentType string, body []byte) {
	text := c.sentence(e)
	shape := ""
	if c.match.App != nil {
		shape = c.match.App.ErrorShape
	}
	switch {
	case isCall(c.header): // whoever makes it reads the error of its protocol
		shape = "connect"
	case shape == "" && !isBrowser(c.header.get("User-Agent")):
		shape = "text"
	}
	if shape == "text" { // no SDK loses it
		return textType, []byte(text + "\n")
	}
	data, err := json.Marshal(errorObject(shape, text, e))
	if err != nil { // not for maps of strings
		return textType, []byte(text + "\n")
	}
	return jsonType, data
}

func errorObject(shape, text string, e *event.Event) any {
	incident := object{"incident": e.ID}
	switch shape {
	case "anthropic":
		return object{"type": "error", "error": object{"type": "permission_error", "message": text}, "message": text, "request_id": e.ID}
	case "gemini":
		return object{"error": object{"code": 403, "message": text, "status": "PERMISSION_DENIED"}, "message": text}
	case "mistral": // both are spoken to by OpenAI's clients, too, which look for an error
		return object{"object": "error", "message": text, "type": "policy_violation", "code": "dlp_blocked", "error": object{"message": text}}
	case "cohere":
		return object{"message": text, "id": e.ID, "error": object{"message": text}}
	case "ollama":
		return object{"error": text}
	case "connect":
		return object{"code": "permission_denied", "message": text}
	case "graphql":
		return object{"errors": []object{{"message": text, "extensions": object{"code": "FORBIDDEN", "incident": e.ID}}}, "data": nil, "message": text}
	case "trpc":
		return []object{{"error": object{"json": object{
			"message": text, "code": -32603, "data": object{"code": "FORBIDDEN", "httpStatus": 403, "incident": e.ID},
		}}}}
	case "openai":
		return object{"error": object{"message": text, "type": "policy_violation", "param": nil, "code": "dlp_blocked"}, "message": text, "sluice": incident}
	}
	return object{"error": object{"message": text, "type": "policy_violation", "code": "dlp_blocked"}, "message": text, "detail": text, "sluice": incident}
}

// isCall reports a call of Connect, gRPC or gRPC-web.
func isCall(h fields) bool {
	kind := bytes.ToLower(h.get("Content-Type"))
	return bytes.HasPrefix(kind, []byte("application/connect+")) || isGRPC(h) || h.get("Connect-Protocol-Version") != nil
}

// isGRPC reports a call of gRPC or gRPC-web, whose clients look for the reason in the header.
func isGRPC(h fields) bool {
	return bytes.HasPrefix(bytes.ToLower(h.get("Content-Type")), []byte("application/grpc"))
}

// grpcMessage writes a text as the field grpc-message wants it: percent-encoded, but for
// printable ASCII.
func grpcMessage(text string) string {
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '%' {
			fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// isBrowser reports whether a script of a page will read the answer.
func isBrowser(agent []byte) bool { return strings.HasPrefix(string(agent), "Mozilla/") }
