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
		return realtime(r)
	}
	if r.Method != "POST" {
		return false
	}
	kind := r.header("Content-Type")
	switch {
	case len(kind) == 0, containsFold(kind, "json"), containsFold(kind, "text/plain"), connectKind(kind):
		return true
	case containsFold(kind, "multipart/form-data"):
		return multipartShape(r.Path) != ""
	}
	return apiPath(r.Path)
}

// Shape recognises AI traffic to an unknown host by the shape of the request; body may
// be only the beginning of it. The App it returns is named by the host.
func (c *Catalogue) Shape(r Request, body []byte) (Match, bool) {
	if !c.Candidate(r) {
		return Match{}, false
	}
	s := c.shapes[recognise(r, body)]
	if s == nil {
		return Match{}, false
	}
	var buf [maxHost]byte
	host := string(normal(&buf, r.Host))
	if host == "" {
		return Match{}, false
	}
	app := &App{
		ID: host, Name: host, Category: s.category, Visibility: "full", ErrorShape: s.errorShape,
		Endpoints: []*Endpoint{s.endpoint},
	}
	return Match{App: app, Endpoint: s.endpoint, Scope: "shape", Source: "shape"}, true
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
	if s := c.shapes[recognise(r, body)]; s != nil {
		return s.endpoint
	}
	root := outline(inflate(body)).root()
	for _, key := range [...]string{"prompt", "question", "user_input", "userInput", "userMessage", "user_message"} {
		if s := c.shapes["ai-prompt"]; s != nil && root.get(key).is(stringValue) {
			return s.endpoint
		}
	}
	return nil
}

// recognise returns the name of the shape that a request has, or "".
func recognise(r Request, body []byte) string {
	if handshake(r) {
		return "openai-realtime"
	}
	kind := r.header("Content-Type")
	if connectKind(kind) {
		return connectShape(r, kind, body)
	}
	if containsFold(kind, "multipart/form-data") {
		if bytes.Contains(body, []byte(`name="model"`)) || bytes.Contains(body, []byte(`name="purpose"`)) || bytes.Contains(body, []byte(`name="prompt"`)) {
			return multipartShape(r.Path)
		}
		return ""
	}
	root := outline(inflate(body)).root()
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
	s := read(r, root)
	for _, rule := range [...]func(*signals) string{
		(*signals).rpc, (*signals).contents, (*signals).turns, (*signals).responses, (*signals).prompt, (*signals).inputs, (*signals).web,
		(*signals).dialect,
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
	return strings.HasSuffix(r.Path, "/realtime") || strings.HasSuffix(r.Path, "/v1/responses") ||
		strings.Contains(r.Path, "BidiGenerateContent") || containsFold(r.header("Sec-Websocket-Protocol"), "openai-")
}

// multipartShape names the uploads of the OpenAI API, which local servers have too.
func multipartShape(path string) string {
	switch {
	case strings.HasSuffix(path, "/audio/transcriptions"), strings.HasSuffix(path, "/audio/translations"):
		return "openai-audio"
	case strings.HasSuffix(path, "/images/edits"), strings.HasSuffix(path, "/images/variations"):
		return "openai-edit"
	case strings.HasSuffix(path, "/v1/files"):
		return "openai-file"
	}
	return ""
}
