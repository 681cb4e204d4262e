package icap

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

const marker = "BLOCK-THIS"

// findMarker blocks a message whose body holds the marker, wherever it is.
func findMarker(ctx context.Context, r *Request) Answer {
	found := bytes.Contains(r.Body.Preview(), []byte(marker))
	if !r.Body.Complete() {
		content, err := r.Body.ReadAll(ctx)
		if err != nil {
			return Fail(503)
		}
		all, err := io.ReadAll(io.NewSectionReader(content, 0, content.Size()))
		if err != nil {
			return Fail(500)
		}
		found = bytes.Contains(all, []byte(marker))
	}
	if found {
		return Respond(Response{Status: 403, Header: []Field{{"Content-Type", "text/plain"}}, Body: []byte("blocked\n")})
	}
	return Unmodified()
}

// start serves o on loopback until the test ends. Without services, it gets /reqmod and
// /respmod with h.
func start(t testing.TB, o Options, h HandlerFunc) (addr string, s *Server) {
	t.Helper()
	if o.Services == nil {
		o.Services = []Service{
			{Path: "/reqmod", Method: MethodReqmod, Handler: h, Preview: 65535, Include: []string{"X-Client-IP"}, ISTag: func() string { return "test-1" }},
			{Path: "/respmod", Method: MethodRespmod, Handler: h, Preview: 0, ISTag: func() string { return "test-1" }},
		}
	}
	if o.SpillDir == "" {
		o.SpillDir = t.TempDir()
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := <-ended; !errors.Is(err, ErrServerClosed) {
			t.Errorf("Serve returned %v, want ErrServerClosed", err)
		}
		if used := s.memory.used.Load(); used != 0 {
			t.Errorf("%d bytes of the memory budget were not given back", used)
		}
		if used := s.spill.used.Load(); used != 0 {
			t.Errorf("%d bytes of the spill budget were not given back", used)
		}
	})
	return l.Addr().String(), s
}

func post(size int) []byte {
	return fmt.Appendf(nil, "POST http://e.example/up HTTP/1.1\r\nHost: e.example\r\nX-MiXed: a\r\nContent-Length: %d\r\nX-Last: z\r\n\r\n", size)
}

func dial(t testing.TB, addr string) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(20 * time.Second))
	return nc
}

// body returns n bytes that are not the same everywhere.
func body(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + (i/7+i*i/113)%26)
	}
	return b
}

func TestMessages(t *testing.T) {
	small, edge, large, spilled := body(3000), body(64<<10), body(900<<10), body(5<<20)
	with := func(b []byte, at int) []byte {
		b = bytes.Clone(b)
		copy(b[at:], marker)
		return b
	}
	cases := map[string]struct {
		m         Message
		status    int
		continued bool
		blocked   bool
	}{
		"a GET without Allow: 204 comes back":              {Message{Preview: -1}, 200, false, false},
		"a GET with Allow: 204 is left alone":              {Message{Preview: -1, Allow204: true}, 204, false, false},
		"a GET with Preview: 0 is left alone":              {Message{Preview: 0}, 204, false, false},
		"a body in the preview is left alone":              {Message{HasBody: true, Body: small, Preview: 65535}, 204, false, false},
		"an empty body in the preview is left alone":       {Message{HasBody: true, Preview: 10}, 204, false, false},
		"a body without a preview comes back":              {Message{HasBody: true, Body: small, Preview: -1}, 200, false, false},
		"a body without a preview but 204 is left alone":   {Message{HasBody: true, Body: large, Preview: -1, Allow204: true}, 204, false, false},
		"a body behind its preview comes back":             {Message{HasBody: true, Body: small, Preview: 10}, 200, true, false},
		"a body behind Preview: 0 comes back":              {Message{HasBody: true, Body: small, Preview: 0}, 200, true, false},
		"a body one byte over its preview comes back":      {Message{HasBody: true, Body: edge, Preview: len(edge) - 1}, 200, true, false},
		"a large body comes back":                          {Message{HasBody: true, Body: large, Preview: -1}, 200, false, false},
		"a large body behind its preview comes back":       {Message{HasBody: true, Body: large, Preview: 4096}, 200, true, false},
		"a spilled body comes back":                        {Message{HasBody: true, Body: spilled, Preview: -1}, 200, false, false},
		"a spilled body behind its preview comes back":     {Message{HasBody: true, Body: spilled, Preview: 65535}, 200, true, false},
		"a spilled body with 204 is left alone":            {Message{HasBody: true, Body: spilled, Preview: 65535, Allow204: true}, 204, true, false},
		"a marker in the preview is blocked":               {Message{HasBody: true, Body: with(small, 100), Preview: 65535}, 200, false, true},
		"a marker across the preview's edge is blocked":    {Message{HasBody: true, Body: with(small, 1020), Preview: 1024}, 200, true, true},
		"a marker at the end of a large body is blocked":   {Message{HasBody: true, Body: with(large, len(large)-10), Preview: -1}, 200, false, true},
		"a marker at the end of a spilled body is blocked": {Message{HasBody: true, Body: with(spilled, len(spilled)-10), Preview: 4096}, 200, true, true},
	}
	addr, _ := start(t, Options{}, findMarker)
	c := &Client{Addr: addr}
	defer c.Close()
	for name, tc := range cases {
		for _, method := range []Method{MethodReqmod, MethodRespmod} {
			t.Run(method.String()+" "+name, func(t *testing.T) {
				m := tc.m
				m.Method, m.Service, m.RequestHead = method, "/reqmod", post(len(m.Body))
				original := m.RequestHead
				if method == MethodRespmod {
					m.Service = "/respmod"
					m.ResponseHead = fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len(m.Body))
					original = m.ResponseHead
				}
				r, err := c.Do(t.Context(), m)
				if err != nil {
					t.Fatal(err)
				}
				checkReply(t, r, original, tc.m, tc.status, tc.continued, tc.blocked)
			})
		}
	}
}

func checkReply(t *testing.T, r *Reply, original []byte, m Message, status int, continued, blocked bool) {
	t.Helper()
	if r.Status != status || r.Continued != continued {
		t.Fatalf("status %d continued %v, want %d %v", r.Status, r.Continued, status, continued)
	}
	if got := string(r.Header.Get("ISTag")); got != `"test-1"` {
		t.Errorf("ISTag %s", got)
	}
	head := r.RequestHead
	if m.Method == MethodRespmod || r.ResponseHead != nil {
		head = r.ResponseHead
	}
	switch {
	case blocked:
		if !bytes.HasPrefix(r.ResponseHead, []byte("HTTP/1.1 403 Forbidden\r\n")) || string(r.Body) != "blocked\n" {
			t.Errorf("not blocked: %.60q", r.ResponseHead)
		}
	case status == 200:
		if !bytes.Equal(head, original) {
			t.Errorf("head changed: %q", head)
		}
		if !bytes.Equal(r.Body, m.Body) {
			t.Errorf("body of %d bytes came back as %d other ones", len(m.Body), len(r.Body))
		}
	}
}

func TestOptions(t *testing.T) {
	addr, _ := start(t, Options{MaxConns: 77}, findMarker)
	c := &Client{Addr: addr}
	defer c.Close()
	r, err := c.Options(t.Context(), "/reqmod")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"Methods": "REQMOD", "Preview": "65535", "Transfer-Preview": "*", "Allow": "204, 206", "ISTag": `"test-1"`, "Service": "Sluice",
		"Service-ID": "reqmod", "ServiceId": "reqmod", "Max-Connections": "77", "Options-TTL": "300", "X-Include": "X-Client-IP",
		"Encapsulated": "null-body=0",
	}
	for name, value := range want {
		if got := string(r.Header.Get(name)); r.Status != 200 || got != value {
			t.Errorf("%d %s: %q, want %q", r.Status, name, got, value)
		}
	}
	if _, err := time.Parse("Mon, 02 Jan 2006 15:04:05 GMT", string(r.Header.Get("Date"))); err != nil {
		t.Error(err)
	}
}

func TestErrorAnswers(t *testing.T) {
	get := "GET http://e/ HTTP/1.1\r\nHost: e\r\n\r\n"
	req := func(line, fields, enc, tail string) string {
		return line + "\r\nHost: e\r\n" + fields + "Encapsulated: " + enc + "\r\n\r\n" + tail
	}
	ok := fmt.Sprintf("req-hdr=0, null-body=%d", len(get))
	cases := map[string]struct {
		raw    string
		status int
	}{
		"unknown method":            {req("MODIFY icap://h/reqmod ICAP/1.0", "", ok, get), 501},
		"lower-case method":         {req("reqmod icap://h/reqmod ICAP/1.0", "", ok, get), 501},
		"another version":           {req("REQMOD icap://h/reqmod ICAP/2.0", "", ok, get), 505},
		"HTTP":                      {"GET / HTTP/1.1\r\nHost: e\r\n\r\n", 400},
		"no version":                {"REQMOD icap://h/reqmod\r\nHost: e\r\n\r\n", 400},
		"unknown service":           {req("REQMOD icap://h/nothing ICAP/1.0", "", ok, get), 404},
		"two slashes at the end":    {req("REQMOD icap://h/reqmod// ICAP/1.0", "", ok, get), 404},
		"slashes alone":             {req("REQMOD icap://h// ICAP/1.0", "", ok, get), 404},
		"no path":                   {req("REQMOD icap://h ICAP/1.0", "", ok, get), 404},
		"wrong method":              {req("RESPMOD icap://h/reqmod ICAP/1.0", "", ok, get), 405},
		"no Host":                   {"REQMOD icap://h/reqmod ICAP/1.0\r\nEncapsulated: null-body=0\r\n\r\n", 400},
		"no Encapsulated":           {"REQMOD icap://h/reqmod ICAP/1.0\r\nHost: e\r\n\r\n", 400},
		"two Encapsulated":          {req("REQMOD icap://h/reqmod ICAP/1.0", "Encapsulated: null-body=0\r\n", ok, get), 400},
		"offset of 200 TB":          {req("REQMOD icap://h/reqmod ICAP/1.0", "", "req-hdr=0, null-body=200000000000000", ""), 413},
		"response in a REQMOD":      {req("REQMOD icap://h/reqmod ICAP/1.0", "", "res-hdr=0, res-body=10", "HTTP/1.1 200 OK\r\n\r\n"), 400},
		"header over the limit":     {req("REQMOD icap://h/reqmod ICAP/1.0", "X: "+strings.Repeat("y", 70<<10)+"\r\n", ok, get), 413},
		"header without an end":     {"REQMOD icap://h/reqmod ICAP/1.0\r\nX: " + strings.Repeat("y", 70<<10), 413},
		"folded header":             {req("REQMOD icap://h/reqmod ICAP/1.0", "X: a\r\n b\r\n", ok, get), 400},
		"bare LF":                   {"REQMOD icap://h/reqmod ICAP/1.0\nHost: e\n\n", 400},
		"TLS on the plain port":     {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400},
		"bad preview":               {req("REQMOD icap://h/reqmod ICAP/1.0", "Preview: -1\r\n", ok, get), 400},
		"two previews":              {req("REQMOD icap://h/reqmod ICAP/1.0", "Preview: 1\r\nPreview: 2\r\n", ok, get), 400},
		"preview over its promise":  {req("REQMOD icap://h/reqmod ICAP/1.0", "Preview: 4\r\n", strings.Replace(ok, "null", "req", 1), get+"5\r\nhello\r\n0\r\n\r\n"), 400},
		"chunk size that wraps":     {req("REQMOD icap://h/reqmod ICAP/1.0", "", strings.Replace(ok, "null", "req", 1), get+"10000000000000005\r\nhello\r\n0\r\n\r\n"), 400},
		"chunk without line end":    {req("REQMOD icap://h/reqmod ICAP/1.0", "", strings.Replace(ok, "null", "req", 1), get+"5\r\nhelloXX0\r\n\r\n"), 400},
		"trailer over the limit":    {req("REQMOD icap://h/reqmod ICAP/1.0", "", strings.Replace(ok, "null", "req", 1), get+"0\r\n"+strings.Repeat("X: "+strings.Repeat("y", 1000)+"\r\n", 20)), 400},
		"head that is not HTTP":     {req("REQMOD icap://h/reqmod ICAP/1.0", "", "req-hdr=0, null-body=9", "garbage\r\n\r\n"[:9]), 400},
		"offset that cuts the head": {req("REQMOD icap://h/reqmod ICAP/1.0", "", "req-hdr=0, req-body=10", get+"0\r\n\r\n"), 400},
	}
	addr, _ := start(t, Options{}, findMarker)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			nc := dial(t, addr)
			if _, err := io.WriteString(nc, tc.raw); err != nil {
				t.Fatal(err)
			}
			all, err := io.ReadAll(nc)
			if err != nil {
				t.Fatal(err)
			}
			want := fmt.Sprintf("ICAP/1.0 %d ", tc.status)
			if !strings.HasPrefix(string(all), want) {
				t.Fatalf("answer %.60q, want %s", all, want)
			}
			for _, field := range []string{"ISTag: \"test-1\"\r\n", "Encapsulated: null-body=0\r\n", "Connection: close\r\n"} {
				if !strings.Contains(string(all), field) {
					t.Errorf("no %q in %q", field, all)
				}
			}
		})
	}
}
