package classify

import (
	"strings"
	"testing"
)

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := Load(Builtin()); err != nil {
			b.Fatal(err)
		}
	}
}

var benchRequests = map[string]Request{
	"prompt":    {Method: "POST", Host: "chatgpt.com", Path: "/backend-api/f/conversation"},
	"protocol":  {Method: "POST", Host: "api.groq.com", Path: "/openai/v1/chat/completions"},
	"template":  {Method: "POST", Host: "claude.ai", Path: "/api/organizations/00000028-4f3a-4c1e-9b7d-00000004d558/chat_conversations/00000029-4f3a-4c1e-9b7d-00000004f447/completion"},
	"wildcard":  {Method: "POST", Host: "bedrock-runtime.eu-central-1.amazonaws.com", Path: "/model/anthropic.claude-sonnet-4-20250514-v1%3A0/converse-stream"},
	"other":     {Method: "GET", Host: "cdn.oaistatic.com", Path: "/assets/root-9f1c2d.js"},
	"not AI":    {Method: "GET", Host: "www.example.co.uk", Path: "/index.html"},
	"PUT":       {Method: "PUT", Host: "acme.blob.core.windows.net", Path: "/a/b", Header: func(string) []byte { return nil }},
	"long path": {Method: "POST", Host: "api.openai.com", Path: "/v1/" + string(make([]byte, 2000))},
}

func BenchmarkLookup(b *testing.B) {
	c := builtin(b)
	for name, r := range benchRequests {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.Lookup(r)
			}
		})
	}
}

func BenchmarkShape(b *testing.B) {
	c := builtin(b)
	record := `{"id":"00000082-4f3a","type":"event","user":{"name":"x","role":"user"},"text":"Printer on floor 3 is out of toner again."},`
	for name, body := range map[string]string{
		"an ordinary body of 64 KiB": `{"records":[` + strings.Repeat(record, 64<<10/len(record)) + `{}]}`,
		"a chat completion":          chat,
	} {
		b.Run(name, func(b *testing.B) {
			r := shapeCase{url: "/x"}.request(b)
			b.ReportAllocs()
			for b.Loop() {
				c.Shape(r, []byte(body))
			}
		})
	}
}
