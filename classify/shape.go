package classify

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
)

// shape is a kind of AI traffic that is recognised without knowing the host.
type shape struct {
	endpoint   *Endpoint
	errorShape string
	category   string
}

// Candidate reports whether line and header could carry AI traffic to a host that no
// list knows, so that the body is worth asking for. It does not allocate.
func (c *Catalogue) Candidate(r Request) bool {
	if handshake(r) {
		return realtime(r) || c.toldByLine(r)
	}
	if r.Method != "POST" && r.Method != "PUT" && r.Method != "PATCH" {
		return false
	}
	kind := r.header("Content-Type")
	switch {
	case containsFold(kind, "json"), containsFold(kind, "multipart/form-data"), connectKind(kind):
		return true
	case r.Method != "POST":
		return false
	}
	return len(kind) == 0 || containsFold(kind, "text/plain") || apiPath(r.Path) || c.toldByLine(r)
}

// unnamed stands for the host of a request that names none.
const unnamed = "unknown"

// Shape recognises AI traffic to an unknown host by the shape of the request; body may
// be only the beginning of it. The App it returns is named by the host.
func (c *Catalogue) Shape(r Request, body []byte) (Match, bool) {
	if !c.Candidate(r) {
		return Match{}, false
	}
	s := c.shapeOf(r, body)
	if s == nil {
		return Match{}, false
	}
	var buf [maxHost]byte
	host := string(normal(&buf, r.Host))
	if host == "" { // an HTTP/1.0 client, or one whose Host names none: what it sends is no less a prompt
		host = unnamed
	}
	app := &App{
		ID: host, Name: host, Category: s.category, Visibility: "full", ErrorShape: s.errorShape,
		Endpoints: []*Endpoint{s.endpoint},
	}
	return Match{App: app, Endpoint: s.endpoint, Scope: "shape", Source: "shape"}, true
}

// shapeOf returns the shape of a request, or nil: the first of the protocols' dialects, which
// know where the words are, or what can be told by rules for all.
func (c *Catalogue) shapeOf(r Request, body []byte) *shape {
	root := content(r, body)
	if s := c.dialect(r, root); s != nil {
		return s
	}
	return c.shapes[recognise(r, body, root)]
}

// content is the outline of a body in JSON or of a form.
func content(r Request, body []byte) value {
	if kind := r.header("Content-Type"); containsFold(kind, "multipart/form-data") {
		return formOutline(kind, body).root()
	}
	return outline(inflate(body)).root()
}

// unlisted returns the endpoint of a request to a known app that no endpoint fits: web
// apps change their paths without notice.
func (c *Catalogue) unlisted(r Request, body []byte) *Endpoint {
	if r.Method != "POST" && r.Method != "PUT" && r.Method != "PATCH" {
		return nil
	}
	if containsFold(r.header("Content-Type"), "multipart/form-data") && bytes.Contains(body, []byte("filename=")) {
		return c.anyMultipart
	}
	if s := c.shapeOf(r, body); s != nil {
		return s.endpoint
	}
	root := content(r, body)
	for _, key := range [...]string{"prompt", "question", "user_input", "userInput", "userMessage", "user_message"} {
		if s := c.shapes["ai-prompt"]; s != nil && root.get(key).is(stringValue) {
			return s.endpoint
		}
	}
	return nil
}

// recognise returns the name of the shape that a request has, or "". root is its content.
func recognise(r Request, body []byte, root value) string {
	if handshake(r) {
		if realtime(r) {
			return "openai-realtime"
		}
		return ""
	}
	kind := r.header("Content-Type")
	if connectKind(kind) {
		return connectShape(r, kind, body)
	}
	if containsFold(kind, "multipart/form-data") {
		return formShape(r, root)
	}
	if root.is(array) { // a batch of JSON-RPC calls
		for first := range root.each {
			return rpcShape(r, first)
		}
	}
	if !root.is(object) {
		return ""
	}
	if name := unaryShape(r, root); name != "" {
		return name
	}
	return objectShape(r, root)
}

// objectShape recognises a request by a JSON object.
func objectShape(r Request, root value) string {
	s := read(r, root)
	for _, rule := range [...]func(*signals) string{
		(*signals).rpc, (*signals).contents, (*signals).turns, (*signals).responses, (*signals).prompt, (*signals).inputs, (*signals).web,
		(*signals).dialect, (*signals).addressed,
	} {
		if name := rule(s); name != "" {
			return name
		}
	}
	return ""
}

// inflate returns the beginning of a gzip body, and any other body as it is.
func inflate(body []byte) []byte {
	if !bytes.HasPrefix(body, []byte{0x1f, 0x8b, 8}) {
		return body
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil
	}
	// What comes before the end, or before the place where the body breaks off, counts.
	data, _ := io.ReadAll(io.LimitReader(z, 64<<10))
	return data
}

func realtime(r Request) bool {
	if strings.HasSuffix(r.Path, "/realtime") {
		return strings.HasSuffix(r.Path, "/v1/realtime") || strings.HasSuffix(r.Path, "/openai/realtime") ||
			hasParameter(r.Query, "model") || hasParameter(r.Query, "deployment")
	}
	return strings.HasSuffix(r.Path, "/v1/responses") || strings.Contains(r.Path, "BidiGenerateContent") ||
		containsFold(r.header("Sec-Websocket-Protocol"), "openai-")
}

// formShape recognises the uploads of the OpenAI API, which local servers have too, forms
// that ask for a picture, and pages that send their JSON as a field of a form.
func formShape(r Request, form value) string {
	path := strings.TrimSuffix(r.Path, "/")
	switch {
	case strings.HasSuffix(path, "/audio/transcriptions"), strings.HasSuffix(path, "/audio/translations"):
		if form.has("file", "model") {
			return "openai-audio"
		}
	case strings.HasSuffix(path, "/images/edits"), strings.HasSuffix(path, "/images/variations"):
		if form.has("prompt", "model") {
			return "openai-edit"
		}
	case strings.HasSuffix(path, "/v1/files"), strings.HasSuffix(path, "/openai/files"):
		if filePurpose(form.get("purpose").text()) || aiClient(r) && form.has("file") {
			return "openai-file"
		}
	}
	if s := read(r, form); s.text("prompt") && (s.draws() || s.known) {
		return "ai-form"
	}
	for field := range form.each {
		if text := field.text(); strings.HasPrefix(text, "{") {
			if root := outline([]byte(text)).root(); root.is(object) && objectShape(r, root) != "" {
				return "ai-form"
			}
		}
	}
	return ""
}

// filePurpose reports what a file may be for in the OpenAI API.
func filePurpose(purpose string) bool {
	switch purpose {
	case "assistants", "batch", "fine-tune", "vision", "user_data", "evals", "file-extract", "ocr", "classification", "code_interpreter", "responses":
		return true
	}
	return false
}
