// Package origin is a fake of the AI services: one TLS server that answers as each of them
// does, and remembers what reached it.
package origin

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Reply is what every service answers, in its own shape.
const Reply = "Hello from the fake origin"

// CaseHeader names the test case that a request belongs to.
const CaseHeader = "X-Blackbox-Case"

// PauseHeader asks for a pause of that length after the first piece of a streamed answer.
const PauseHeader = "X-Blackbox-Pause"

// pace is the pause between two events of a streamed answer.
const pace = 60 * time.Millisecond

// Hosts returns the names that the server answers for.
func Hosts() []string {
	return []string{
		"api.openai.com", "api.anthropic.com", "generativelanguage.googleapis.com",
		"api.mistral.ai", "api.cohere.com", "api.groq.com", "ollama.com",
		"chatgpt.com", "claude.ai", "gemini.google.com", "copilot.microsoft.com", "neo.character.ai", "files.oaiusercontent.com",
		"intranet.example.com",
	}
}

// Request is one request that reached the origin.
type Request struct {
	Case, Method, Host, Path string
	Bytes                    int
	SHA256                   string   // of the body
	Files                    []string // SHA-256 of each file of a multipart body
	Prompt                   string   // of a chat in OpenAI's shape: the content of its last message
	Header                   http.Header
}

// Server is a running origin. It is safe for concurrent use.
type Server struct {
	Addr string
	mux  *http.ServeMux

	mu  sync.Mutex
	got []Request
}

// Start starts an origin on addr with cert, and stops it when the test ends.
func Start(tb testing.TB, addr string, cert tls.Certificate) *Server {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", addr)
	if err != nil {
		tb.Fatal(err)
	}
	s := &Server{Addr: l.Addr().String(), mux: services()}
	srv := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12},
	}
	served := make(chan error, 1)
	go func() { served <- srv.ServeTLS(l, "", "") }()
	tb.Cleanup(func() {
		_ = srv.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			tb.Errorf("origin: %v", err)
		}
	})
	return s
}

// Requests returns what has reached the origin for the test case, oldest first.
func (s *Server) Requests(testCase string) []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Request
	for _, r := range s.got {
		if r.Case == testCase {
			out = append(out, r)
		}
	}
	return out
}

// ServeHTTP implements http.Handler. A request is remembered before it is answered.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the proxy hung up: the request never was whole
	}
	s.mu.Lock()
	s.got = append(s.got, Request{
		Case: r.Header.Get(CaseHeader), Method: r.Method, Host: r.Host, Path: r.URL.Path,
		Bytes: len(body), SHA256: Sum(body), Files: fileSums(r, body), Prompt: lastMessage(body), Header: r.Header.Clone(),
	})
	s.mu.Unlock()
	if origin := r.Header.Get("Origin"); origin != "" {
		allowOrigin(w.Header(), origin)
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
	}
	c := &call{w: w, r: r, body: body, in: map[string]any{}}
	_ = json.Unmarshal(body, &c.in) // a body that is no JSON leaves in empty
	h, _ := s.mux.Handler(r)
	answer, known := h.(service)
	if !known { // not found, or a redirect to a cleaner path
		c.json(object{"host": r.Host, "path": r.URL.Path, "bytes": len(body)})
		return
	}
	answer(c)
}

func allowOrigin(h http.Header, origin string) {
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Credentials", "true")
	h.Set("Access-Control-Allow-Headers", "authorization, content-type")
	h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, OPTIONS")
}

// service answers one kind of call. It is an http.Handler only to stand in a ServeMux.
type service func(*call)

// ServeHTTP is never called: [Server.ServeHTTP] takes the service out of the mux.
func (service) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "not reached", http.StatusInternalServerError)
}

// services returns the routes of all services.
func services() *http.ServeMux {
	mux := http.NewServeMux()
	for pattern, f := range routes() {
		mux.Handle(pattern, f)
	}
	return mux
}

// call is one call to a service.
type call struct {
	w    http.ResponseWriter
	r    *http.Request
	body []byte
	in   map[string]any // the body, when it is a JSON object
}

type object = map[string]any

type array = []any

// streams tells whether the client asked for a stream in the body.
func (c *call) streams() bool {
	on, _ := c.in["stream"].(bool)
	return on
}

func (c *call) json(v any) {
	c.w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(c.w).Encode(v) // the client may have hung up
}

// words are Reply in the pieces of a stream.
func words() []string { return strings.SplitAfter(Reply, " ") }

// stream begins an answer of several paced pieces and returns the function that sends one.
func (c *call) stream(contentType string) func(piece string) {
	c.w.Header().Set("Content-Type", contentType)
	c.w.Header().Set("Cache-Control", "no-cache")
	pause, err := time.ParseDuration(c.r.Header.Get(PauseHeader))
	if err != nil {
		pause = pace
	}
	first := true
	return func(piece string) {
		if !first {
			time.Sleep(pause)
			pause = pace
		}
		first = false
		_, _ = io.WriteString(c.w, piece)
		c.w.(http.Flusher).Flush()
	}
}

// events begins a stream of server-sent events.
func (c *call) events() func(name string, v any) {
	send := c.stream("text/event-stream")
	return func(name string, v any) {
		data, err := json.Marshal(v)
		if err != nil {
			return
		}
		if name != "" {
			name = "event: " + name + "\n"
		}
		send(name + "data: " + string(data) + "\n\n")
	}
}

// Sum returns the SHA-256 of b in hexadecimal, as requests hold it.
func Sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func lastMessage(body []byte) string {
	var chat struct{ Messages []struct{ Content any } }
	if err := json.Unmarshal(body, &chat); err != nil || len(chat.Messages) == 0 {
		return ""
	}
	text, _ := chat.Messages[len(chat.Messages)-1].Content.(string)
	return text
}

func fileSums(r *http.Request, body []byte) []string {
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || params["boundary"] == "" {
		return nil
	}
	var sums []string
	for mr := multipart.NewReader(strings.NewReader(string(body)), params["boundary"]); ; {
		part, err := mr.NextRawPart()
		if err != nil {
			return slices.Clip(sums)
		}
		if part.FileName() == "" {
			continue
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return sums
		}
		sums = append(sums, Sum(data))
	}
}
