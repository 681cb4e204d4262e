package icap

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// rebuild returns the body that a client ends up with.
func rebuild(r *Reply, original []byte) []byte {
	if r.OriginalFrom >= 0 {
		return append(bytes.Clone(r.Body), original[r.OriginalFrom:]...)
	}
	return r.Body
}

func TestModifiedAnswers(t *testing.T) {
	original := body(3000)
	redacted := append([]byte("XXXX and more"), original[4:]...)
	large := body(2 << 20)
	set := Modification{Set: []Field{{"X-MiXed", "changed"}}}
	replace := func(b []byte) Modification { return Modification{Body: b, ReplaceBody: true} }
	head := string(post(3000))
	changed := strings.Replace(head, "X-MiXed: a", "X-MiXed: changed", 1)
	sized := func(n int) string { return strings.Replace(head, "Length: 3000", fmt.Sprintf("Length: %d", n), 1) }
	cases := map[string]struct {
		mod    Modification
		m      Message
		status int
		head   string
		body   []byte
		sent   int // bytes of body on the wire; -1: do not care
	}{
		"a head changed in a preview, 204 and 206 allowed":      {set, Message{Body: original, HasBody: true, Preview: 65535, Allow204: true, Allow206: true}, 206, changed, original, 0},
		"a head changed when all is in the preview, 206 alone":  {set, Message{Body: original, HasBody: true, Preview: 65535, Allow206: true}, 200, changed, original, 3000},
		"a head changed before the preview's end, 206 allowed":  {set, Message{Body: original, HasBody: true, Preview: 100, Allow206: true}, 206, changed, original, 0},
		"a head changed in a preview, 206 not allowed":          {set, Message{Body: original, HasBody: true, Preview: 65535, Allow204: true}, 200, changed, original, 3000},
		"a head changed behind the preview":                     {set, Message{Body: original, HasBody: true, Preview: 100}, 200, changed, original, 3000},
		"a head changed without a preview, 204 and 206 allowed": {set, Message{Body: original, HasBody: true, Preview: -1, Allow204: true, Allow206: true}, 200, changed, original, 3000},
		"a body replaced in a preview":                          {replace([]byte("short")), Message{Body: original, HasBody: true, Preview: 65535}, 200, sized(5), []byte("short"), 5},
		"a body replaced before the preview's end":              {replace([]byte("short")), Message{Body: original, HasBody: true, Preview: 10}, 200, sized(5), []byte("short"), 5},
		"a body replaced while it comes":                        {replace([]byte("short")), Message{Body: large, HasBody: true, Preview: -1}, 200, sized(5), []byte("short"), 5},
		"a body replaced by nothing":                            {replace(nil), Message{Body: original, HasBody: true, Preview: 65535}, 200, sized(0), []byte{}, 0},
		"a body redacted in a preview, 204 and 206 allowed":     {replace(redacted), Message{Body: original, HasBody: true, Preview: 65535, Allow204: true, Allow206: true}, 206, sized(3009), redacted, 13},
		"a body redacted in a preview, 206 alone":               {replace(redacted), Message{Body: original, HasBody: true, Preview: 65535, Allow206: true}, 200, sized(3009), redacted, 3009},
		"a body redacted in a preview, 206 not allowed":         {replace(redacted), Message{Body: original, HasBody: true, Preview: 65535}, 200, sized(3009), redacted, 3009},
		"a body given to a request without one":                 {replace([]byte("new")), Message{Preview: 0}, 200, sized(3), []byte("new"), 3},
		"a large new body":                                      {replace(large), Message{Body: original, HasBody: true, Preview: 65535}, 200, sized(len(large)), large, len(large)},
	}
	mods := make(chan Modification, 1)
	addr, _ := start(t, Options{}, func(context.Context, *Request) Answer { return Modified(<-mods) })
	c := &Client{Addr: addr}
	defer c.Close()
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			mods <- tc.mod
			m := tc.m
			m.Method, m.Service, m.RequestHead = MethodReqmod, "/reqmod", []byte(head)
			r, err := c.Do(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			if r.Status != tc.status || string(r.RequestHead) != tc.head {
				t.Errorf("%d %q, want %d %q", r.Status, r.RequestHead, tc.status, tc.head)
			}
			if got := rebuild(r, m.Body); !bytes.Equal(got, tc.body) || len(r.Body) != tc.sent {
				t.Errorf("body of %d bytes, %d of them sent; want %d, %d", len(got), len(r.Body), len(tc.body), tc.sent)
			}
		})
	}
}

func TestResponses(t *testing.T) {
	page := Response{Status: 403, Header: []Field{{"X-A", "b"}, {"Evil", "x\r\nY: z"}, {"content-length", "99"}, {"Transfer-Encoding", "chunked"}}, Body: []byte("page")}
	want := "HTTP/1.1 403 Forbidden\r\nX-A: b\r\nContent-Length: 4\r\n\r\n"
	addr, s := start(t, Options{}, func(_ context.Context, r *Request) Answer {
		return Respond(page).With(Field{"X-Sluice-Id", "42"}, Field{"Encapsulated", "null-body=0"}, Field{"X-Bad", "a\nb"})
	})
	c := &Client{Addr: addr}
	defer c.Close()
	huge := body(3 << 20)
	cases := map[string]struct {
		m         Message
		continued bool
		body      string
	}{
		"to a GET":                                {Message{Preview: 0, RequestHead: post(0)}, false, "page"},
		"to a HEAD, without its body":             {Message{Preview: 0, RequestHead: []byte("HEAD / HTTP/1.1\r\n\r\n")}, false, ""},
		"to a body in the preview":                {Message{HasBody: true, Body: []byte("abc"), Preview: 10, RequestHead: post(3)}, false, "page"},
		"to a body whose rest is received first":  {Message{HasBody: true, Body: huge, Preview: 10, RequestHead: post(len(huge))}, true, "page"},
		"to a body without a preview, read whole": {Message{HasBody: true, Body: huge, Preview: -1, RequestHead: post(len(huge))}, false, "page"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			tc.m.Method, tc.m.Service = MethodReqmod, "/reqmod"
			r, err := c.Do(t.Context(), tc.m)
			if err != nil {
				t.Fatal(err)
			}
			if r.Status != 200 || string(r.ResponseHead) != want || string(r.Body) != tc.body || r.Continued != tc.continued {
				t.Errorf("%d continued %v %q %q", r.Status, r.Continued, r.ResponseHead, r.Body)
			}
			if id := string(r.Header.Get("X-Sluice-Id")); id != "42" || r.Header.Get("X-Bad") != nil {
				t.Errorf("fields %q", r.Header.Raw())
			}
		})
	}
	if n := s.Stats().Accepted; n != 1 {
		t.Errorf("%d connections for kept ones", n)
	}
	t.Run("to a response preview, at once", func(t *testing.T) {
		r, err := c.Do(t.Context(), Message{
			Method: MethodRespmod, Service: "/respmod", HasBody: true, Body: huge, Preview: 0,
			ResponseHead: []byte("HTTP/1.1 200 OK\r\n\r\n"),
		})
		if err != nil || r.Continued || string(r.Body) != "page" {
			t.Errorf("%+v %v", r, err)
		}
	})
}

func TestHandlerFailures(t *testing.T) {
	cases := map[string]struct {
		h      HandlerFunc
		status int
	}{
		"an error":        {func(context.Context, *Request) Answer { return Fail(503) }, 503},
		"a senseless one": {func(context.Context, *Request) Answer { return Fail(200) }, 500},
		"a panic":         {func(context.Context, *Request) Answer { panic("secret") }, 500},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			addr, s := start(t, Options{Log: textLog(&log)}, tc.h)
			c := &Client{Addr: addr}
			defer c.Close()
			for range 2 { // the connection survives
				r, err := c.Do(t.Context(), Message{Method: MethodReqmod, Service: "/reqmod", RequestHead: post(9), HasBody: true, Body: []byte("too short"), Preview: 3})
				if err != nil || r.Status != tc.status {
					t.Fatalf("%+v %v", r, err)
				}
			}
			if n := s.Stats().Accepted; n != 1 {
				t.Errorf("%d connections", n)
			}
			if strings.Contains(log.String(), "secret") {
				t.Error("the log quotes what the handler panicked with")
			}
		})
	}
}

func TestTrailersAreEchoed(t *testing.T) {
	s := newServer(t, Options{}, findMarker)
	head := string(post(5))
	in := fmt.Sprintf("REQMOD icap://h/reqmod ICAP/1.0\r\nHost: h\r\nAllow: trailers\r\nEncapsulated: req-hdr=0, req-body=%d\r\n\r\n%s5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", len(head), head)
	out := string(exchangeBytes(s, []byte(in), 0))
	if !strings.HasSuffix(out, head+"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n") {
		t.Errorf("trailer lost: %q", out)
	}
	out = string(exchangeBytes(s, []byte(strings.Replace(in, "Allow: trailers\r\n", "", 1)), 0))
	if !strings.HasSuffix(out, "5\r\nhello\r\n0\r\n\r\n") {
		t.Errorf("trailer to a client that does not allow it: %q", out)
	}
}

// TestAnswerMayUseRequestBytes: a redaction may be made in the received bytes themselves.
func TestAnswerMayUseRequestBytes(t *testing.T) {
	addr, _ := start(t, Options{}, func(ctx context.Context, r *Request) Answer {
		content, err := r.Body.ReadAll(ctx)
		if err != nil {
			return Fail(500)
		}
		b, _ := content.Bytes()
		return Modified(Modification{Body: bytes.ToUpper(b[:len(b)/2]), ReplaceBody: true, Set: []Field{{"X-Path", string(r.HTTP.Target)}}})
	})
	c := &Client{Addr: addr}
	defer c.Close()
	b := body(200_000)
	r, err := c.Do(t.Context(), Message{Method: MethodReqmod, Service: "/reqmod", RequestHead: post(len(b)), HasBody: true, Body: b, Preview: 1000})
	if err != nil || !bytes.Equal(r.Body, bytes.ToUpper(b[:100_000])) || !bytes.Contains(r.RequestHead, []byte("X-Path: http://e.example/up\r\n")) {
		t.Errorf("%v", err)
	}
}

func TestPipelining(t *testing.T) {
	s := newServer(t, Options{}, findMarker)
	get := "GET http://e/ HTTP/1.1\r\n\r\n"
	one := func(i int) string {
		b := fmt.Sprintf("body %03d", i)
		if i%3 == 0 {
			b += marker
		}
		h := string(post(len(b)))
		return fmt.Sprintf("REQMOD icap://h/reqmod ICAP/1.0\r\nHost: h\r\nEncapsulated: req-hdr=0, req-body=%d\r\n\r\n%s%x\r\n%s\r\n0\r\n\r\n", len(h), h, len(b), b)
	}
	var in strings.Builder
	for i := range 200 {
		in.WriteString(one(i))
		fmt.Fprintf(&in, "\r\nREQMOD icap://h/reqmod ICAP/1.0\r\nHost: h\r\nAllow: 204\r\nEncapsulated: req-hdr=0, null-body=%d\r\n\r\n%s", len(get), get)
	}
	for _, segment := range []int{0, 1, 7, 100, 4096, 16 << 10} {
		all, err := replies(exchangeBytes(s, []byte(in.String()), segment))
		if err != nil || len(all) != 400 {
			t.Fatalf("segments of %d: %d answers, %v", segment, len(all), err)
		}
		for i, r := range all {
			want := "blocked\n"
			if i/2%3 != 0 {
				want = fmt.Sprintf("body %03d", i/2)
			}
			if i%2 == 1 && r.Status != 204 || i%2 == 0 && string(r.Body) != want {
				t.Fatalf("segments of %d: answer %d is %d %q", segment, i, r.Status, r.Body)
			}
		}
	}
}

func TestContentReadAt(t *testing.T) {
	data := body(3 << 20)
	read := make(chan []byte, 1)
	addr, s := start(t, Options{MaxInMemory: 64 << 10}, func(ctx context.Context, r *Request) Answer {
		content, err := r.Body.ReadAll(ctx)
		if err != nil || content.Size() != int64(len(data)) {
			return Fail(500)
		}
		if _, ok := content.Bytes(); ok {
			return Fail(501)
		}
		again, err := r.Body.ReadAll(ctx)
		if again != content || err != nil {
			return Fail(502)
		}
		var got []byte
		for off := int64(0); ; off += 99_991 { // across the edge of file and memory
			p := make([]byte, 99_991)
			n, err := content.ReadAt(p, off)
			got = append(got, p[:n]...)
			if errors.Is(err, io.EOF) {
				break
			}
		}
		if _, err := content.ReadAt(make([]byte, 1), -1); err == nil {
			return Fail(503)
		}
		read <- got
		return Unmodified()
	})
	c := &Client{Addr: addr}
	defer c.Close()
	r, err := c.Do(t.Context(), Message{Method: MethodReqmod, Service: "/reqmod", RequestHead: post(len(data)), HasBody: true, Body: data, Preview: -1})
	if got := <-read; err != nil || r.Status != 200 || !bytes.Equal(r.Body, data) || !bytes.Equal(got, data) {
		t.Errorf("%d %v: %d bytes read, %d echoed", r.Status, err, len(got), len(r.Body))
	}
	if n := s.Stats().Spilled; n != 1 {
		t.Errorf("%d bodies spilled", n)
	}
}
