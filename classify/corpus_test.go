package classify

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// sample is one line of testdata/shapes.jsonl and testdata/ordinary.jsonl: a request to a
// host that no list knows.
type sample struct {
	Name    string            `json:"name"`
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
	Base64  []byte            `json:"base64"`
}

func samples(t *testing.T, file string, atLeast int) []sample {
	t.Helper()
	data, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var list []sample
	for line := range strings.Lines(string(data)) {
		var s sample
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatal(err)
		}
		if s.Base64 == nil {
			s.Base64 = []byte(s.Body)
		}
		list = append(list, s)
	}
	if len(list) < atLeast {
		t.Fatalf("%s holds %d requests, want >= %d", file, len(list), atLeast)
	}
	return list
}

func (s sample) request(t *testing.T) Request {
	return request(t, s.Method, "https://unknown.example.net"+s.URL, s.Headers)
}

// The APIs of vendors, gateways, model servers, chains, agents and self-hosted chat pages are
// recognised wherever they are served, also under a prefix of a gateway's.
func TestEveryKindOfAITrafficIsClaimed(t *testing.T) {
	c := builtin(t)
	for _, s := range samples(t, "shapes.jsonl", 440) {
		r := s.request(t)
		if m, ok := c.Shape(r, s.Base64); !ok || m.Source != "shape" || m.App.ID != "unknown.example.net" || m.Endpoint == nil {
			t.Errorf("%s: %s is not recognised", s.Name, s.URL)
		}
		prefixed := r
		prefixed.Path = "/gateway/team-7" + r.Path
		if _, ok := c.Shape(prefixed, s.Base64); !ok && r.Path != "/prompt" {
			t.Errorf("%s: %s is not recognised", s.Name, prefixed.Path)
		}
	}
}

// What people's software sends all day is not claimed, though it speaks of models, prompts,
// chats and messages.
func TestEverydayRequestsAreNotClaimed(t *testing.T) {
	c := builtin(t)
	for _, s := range samples(t, "ordinary.jsonl", 550) {
		if _, ok := c.Shape(s.request(t), s.Base64); ok {
			t.Errorf("%s: %s is taken for %q", s.Name, s.URL, nameOf(s.request(t), s.Base64))
		}
	}
}
