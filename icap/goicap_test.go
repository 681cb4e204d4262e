package icap

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"

	goicap "github.com/go-icap/icap"
)

// goService is a service as go-icap's users write them. What it does is said by the path
// of the HTTP request.
func goService(w goicap.ResponseWriter, r *goicap.Request) {
	w.Header().Set("ISTag", `"go-7"`)
	if r.Method == "OPTIONS" {
		w.Header().Set("Methods", "REQMOD")
		w.Header().Set("Allow", "204")
		w.Header().Set("Preview", "1024")
		w.Header().Set("X-Custom", "yes")
		w.WriteHeader(200, nil, false)
		return
	}
	var message any = r.Request
	source := io.Reader(nil)
	if r.Method == "RESPMOD" {
		message, source = r.Response, r.Response.Body
	} else {
		source = r.Request.Body
	}
	body, err := io.ReadAll(source)
	if err != nil {
		w.WriteHeader(400, nil, false)
		return
	}
	switch path := r.Request.URL.Path; {
	case bytes.Contains(body, []byte(marker)):
		page := []byte("<h1>Blocked</h1>\n")
		w.WriteHeader(200, &http.Response{StatusCode: 403, Header: http.Header{"Content-Type": {"text/html"}, "X-Two": {"a", "b"}}}, true)
		w.Write(page)
	case path == "/bridged":
		goicap.NewBridgedResponseWriter(w).WriteHeader(http.StatusTeapot)
	case path == "/head":
		if r.Method == "REQMOD" {
			r.Request.Header.Set("X-Mixed", "changed")
			r.Request.Header.Del("X-Last")
			r.Request.Header["X-New"] = []string{"1", "2"}
		}
		w.WriteHeader(200, message, len(body) > 0)
		w.Write(body)
	case path == "/redirect":
		r.Request.URL.Host = "other.example"
		r.Request.URL.Path = "/elsewhere"
		w.WriteHeader(200, r.Request, len(body) > 0)
		w.Write(body)
	case path == "/upper":
		w.WriteHeader(200, message, true)
		w.Write(bytes.ToUpper(body))
	case path == "/half":
		w.WriteHeader(200, message, true)
		w.Write(body[:len(body)/2])
	case path == "/longer":
		w.WriteHeader(200, message, true)
		for _, part := range [][]byte{body, []byte(" and more"), body} {
			w.Write(part)
		}
	case path == "/error":
		w.WriteHeader(503, nil, false)
	case strings.Contains(r.Header.Get("Allow"), "204"):
		w.WriteHeader(204, nil, false)
	default:
		w.WriteHeader(200, message, len(body) > 0)
		w.Write(body)
	}
}

// decision is an answer without what the engines may do differently.
type decision struct {
	status int
	line   string
	header http.Header
	body   string
}

// decide reads a reply as the client would understand it.
func decide(t *testing.T, m *Message, r *Reply) decision {
	t.Helper()
	if r.Status == 204 {
		return decision{status: 204}
	}
	raw := r.RequestHead
	if raw == nil {
		raw = r.ResponseHead
	}
	line, _, _ := bytes.Cut(raw, crlf)
	d := decision{status: r.Status, line: string(line), body: string(rebuild(r, m.Body))}
	if len(raw) == 0 {
		return d
	}
	if d.header = readHeader(t, raw); d.status == 206 {
		d.status = 200
	}
	for _, framing := range []string{"Content-Length", "Date"} {
		d.header.Del(framing)
	}
	// go-icap says the status twice: "HTTP/1.1 200 200 OK".
	if f := strings.Fields(d.line); len(f) > 2 && f[1] == f[2] {
		d.line = strings.Join(append(f[:1], f[2:]...), " ")
	}
	return d
}

func readHeader(t *testing.T, raw []byte) http.Header {
	t.Helper()
	h := http.Header{}
	_, fields, ok := headLines(raw)
	if !ok {
		t.Fatalf("bad head %q", raw)
	}
	Header{raw: fields}.Each(func(name, value []byte) bool {
		h.Add(string(name), string(value))
		return true
	})
	return h
}

// TestGoICAPDifferential runs one handler under go-icap's own server and under this
// engine, and compares what the client gets.
func TestGoICAPDifferential(t *testing.T) {
	log.SetOutput(io.Discard)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go (&goicap.Server{Handler: goicap.HandlerFunc(goService)}).Serve(l)
	h := GoICAP(goicap.HandlerFunc(goService))
	addr, s := start(t, Options{MaxInMemory: 32 << 10, Services: []Service{
		{Path: "/reqmod", Method: MethodReqmod, Handler: h, Preview: 1024},
		{Path: "/respmod", Method: MethodRespmod, Handler: h, Preview: 1024},
	}}, nil)
	theirs, ours := &Client{Addr: l.Addr().String()}, &Client{Addr: addr}
	defer ours.Close()
	paths := []string{"/", "/head", "/redirect", "/upper", "/half", "/longer", "/error", "/bridged"}
	sizes := []int{-1, 0, 1, 500, 1024, 3000, 100_000}
	n := 0
	for _, path := range paths {
		for _, size := range sizes {
			for _, preview := range []int{-1, 0, 1024} {
				for _, blocked := range []bool{false, true} {
					for _, method := range []Method{MethodReqmod, MethodRespmod} {
						m := goCase(path, size, preview, blocked, method)
						if m == nil {
							continue
						}
						a, err := theirs.Do(t.Context(), *m)
						if err != nil {
							t.Fatalf("go-icap: %v", err)
						}
						b, err := ours.Do(t.Context(), *m)
						if err != nil {
							t.Fatalf("ours: %v", err)
						}
						if da, db := decide(t, m, a), decide(t, m, b); !reflect.DeepEqual(da, db) {
							t.Errorf("%s %s size %d preview %d blocked %v:\ngo-icap %.300v\nours    %.300v", method, path, size, preview, blocked, da, db)
						}
						n++
					}
				}
			}
		}
	}
	if n < 300 || s.Stats().Accepted != 1 || s.Stats().Panics > 0 {
		t.Errorf("%d cases, %d connections, %d panics", n, s.Stats().Accepted, s.Stats().Panics)
	}
}

// goCase returns a request that both engines can take, or nil.
func goCase(path string, size, preview int, blocked bool, method Method) *Message {
	if path == "/redirect" && method == MethodRespmod || path == "/bridged" && method == MethodRespmod || blocked && size < 100 {
		return nil
	}
	m := &Message{
		Method: method, Service: "/" + strings.ToLower(method.String()), Preview: preview, Allow204: size%2 == 0,
		RequestHead: fmt.Appendf(nil, "POST http://e.example%s?q=1 HTTP/1.1\r\nHost: e.example\r\nX-Mixed: a\r\nX-Two: 1\r\nX-Two: 2\r\nX-Last: z\r\n\r\n", path),
	}
	if method == MethodRespmod {
		m.ResponseHead = []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Mixed: a\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n")
	}
	if size < 0 {
		if path == "/upper" || path == "/half" || path == "/longer" { // go-icap gives such a message an empty body
			return nil
		}
		return m
	}
	m.HasBody, m.Body = true, body(size)
	if blocked {
		copy(m.Body[size-20:], marker)
	}
	if size == 0 {
		m.RequestHead = bytes.Replace(m.RequestHead, []byte("X-Last"), []byte("Content-Length: 0\r\nX-Last"), 1)
		return nil // go-icap answers null-body where we keep an empty one
	}
	return m
}

// serveGo runs h on this engine.
func serveGo(t *testing.T, o Options, h goicap.HandlerFunc) (*Client, *Server) {
	native := GoICAP(h)
	o.Services = []Service{{Path: "/reqmod", Method: MethodReqmod, Handler: native, Preview: noPreview}, {Path: "/respmod", Method: MethodRespmod, Handler: native}}
	addr, s := start(t, o, nil)
	c := &Client{Addr: addr}
	t.Cleanup(func() { c.Close() })
	return c, s
}

func TestGoICAPOptions(t *testing.T) {
	c, _ := serveGo(t, Options{}, goService)
	r, err := c.Options(t.Context(), "/reqmod")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"Methods": "REQMOD", "Allow": "204, 206", "Preview": "1024", "Transfer-Preview": "*", "X-Custom": "yes", "ISTag": `"go-7"`, "Max-Connections": "10000",
		"Options-TTL": "300",
	}
	for name, value := range want {
		if got := string(r.Header.Get(name)); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
}

// TestGoICAPKeepsTheHead: what the handler does not touch keeps its bytes.
func TestGoICAPKeepsTheHead(t *testing.T) {
	c, _ := serveGo(t, Options{}, func(w goicap.ResponseWriter, r *goicap.Request) {
		if _, err := io.Copy(io.Discard, r.Request.Body); err != nil {
			t.Error(err)
		}
		if r.Request.Header.Get("X-Change") != "" {
			r.Request.Header.Set("X-Change", "yes")
		}
		w.WriteHeader(200, r.Request, false)
	})
	heads := map[string]string{
		"CONNECT h.example:443 HTTP/1.1\r\nhOsT: h.example:443\r\nPROXY-connection: x\r\n\r\n":                         "",
		"GET http://e/a%zz?q={\"a\"|b} HTTP/1.1\r\nHost: e\r\nzEBRA: 1\r\nA: 2\r\nzEBRA: 3\r\n\r\n":                    "",
		"POST http://e/ HTTP/1.1\r\nContent-Length: 0\r\nX-Fold: a\r\n b\r\nx-CHANGE:  no\r\nPragma: no-cache\r\n\r\n": "x-CHANGE:  no\r\n",
	}
	for head, replaced := range heads {
		r, err := c.Do(t.Context(), Message{Method: MethodReqmod, Service: "/reqmod", RequestHead: []byte(head), Preview: -1})
		if err != nil {
			t.Fatal(err)
		}
		want := head
		if replaced != "" {
			want = strings.Replace(head, replaced, "X-Change: yes\r\n", 1)
		}
		if string(r.RequestHead) != want {
			t.Errorf("got  %q\nwant %q", r.RequestHead, want)
		}
	}
}

func TestGoICAPOptionalInterfaces(t *testing.T) {
	c, s := serveGo(t, Options{}, func(w goicap.ResponseWriter, r *goicap.Request) {
		native, ok := RequestFrom(r.Request.Context())
		if !ok || native.Service != "/reqmod" {
			t.Error("no native request in the context")
		}
		if r.Request.URL.Path == "/pass" {
			w.(Unmodifier).Unmodified()
			return
		}
		start := make([]byte, 10)
		if _, err := io.ReadFull(r.Request.Body, start); err != nil {
			t.Error(err)
		}
		w.WriteHeader(200, r.Request, true)
		w.Write(bytes.ToUpper(start))
		w.(OriginalBodyUser).UseOriginalBody(12)
		if _, err := w.Write([]byte("too late")); err == nil {
			t.Error("Write after UseOriginalBody")
		}
	})
	b := body(5 << 20)
	want := append(bytes.ToUpper(bytes.Clone(b[:10])), b[12:]...)
	head := func(path string) []byte {
		return fmt.Appendf(nil, "POST http://e%s HTTP/1.1\r\nHost: e\r\nContent-Length: %d\r\n\r\n", path, len(b))
	}
	cases := map[string]struct {
		m         Message
		status    int
		continued bool
		sent      int
	}{
		"206 in the preview":       {Message{Preview: 1000, Allow206: true}, 206, false, 10},
		"echo where 206 is not":    {Message{Preview: 1000}, 200, true, len(want)},
		"echo without a preview":   {Message{Preview: -1, Allow204: true, Allow206: true}, 200, false, len(want)},
		"echo behind Preview: 0":   {Message{Preview: 0, Allow206: true}, 200, true, len(want)},
		"unmodified in a preview":  {Message{Preview: 1000, RequestHead: head("/pass")}, 204, false, 0},
		"unmodified with 204":      {Message{Preview: -1, Allow204: true, RequestHead: head("/pass")}, 204, false, 0},
		"unmodified without a 204": {Message{Preview: -1, RequestHead: head("/pass")}, 200, false, len(b)},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			m := tc.m
			m.Method, m.Service, m.HasBody, m.Body = MethodReqmod, "/reqmod", true, b
			wantBody, wantHead := b, m.RequestHead
			if m.RequestHead == nil {
				m.RequestHead = head("/edit")
				wantBody, wantHead = want, bytes.Replace(m.RequestHead, fmt.Append(nil, len(b)), fmt.Append(nil, len(want)), 1)
			}
			r, err := c.Do(t.Context(), m)
			if err != nil || r.Status != tc.status || r.Continued != tc.continued || len(r.Body) != tc.sent {
				t.Fatalf("%v: %d continued %v, %d bytes", err, r.Status, r.Continued, len(r.Body))
			}
			if r.Status != 204 && (!bytes.Equal(rebuild(r, b), wantBody) || !bytes.Equal(r.RequestHead, wantHead)) {
				t.Errorf("body or head changed: %q", r.RequestHead)
			}
		})
	}
	if s.Stats().Accepted != 1 {
		t.Errorf("%d connections", s.Stats().Accepted)
	}
}

// TestGoICAPStreaming: the handler that breaks go-icap's own engine, which writes
// "100 Continue" into the answer.
func TestGoICAPStreaming(t *testing.T) {
	c, s := serveGo(t, Options{MaxInMemory: 64 << 10}, func(w goicap.ResponseWriter, r *goicap.Request) {
		w.WriteHeader(200, r.Request, true)
		if _, err := io.Copy(w, r.Request.Body); err != nil {
			t.Error(err)
		}
		if r.Header.Get("X-Twice") != "" {
			w.Write([]byte("tail"))
		}
	})
	b := body(3 << 20)
	for _, twice := range []bool{false, true} {
		want, header := b, []Field(nil)
		if twice {
			want, header = append(bytes.Clone(b), "tail"...), []Field{{"X-Twice", "yes"}}
		}
		r, err := c.Do(t.Context(), Message{Method: MethodReqmod, Service: "/reqmod", Header: header, RequestHead: post(len(b)), HasBody: true, Body: b, Preview: 100})
		if err != nil || !r.Continued || !bytes.Equal(r.Body, want) {
			t.Fatalf("%v: %d bytes", err, len(r.Body))
		}
	}
	if st := s.Stats(); st.Spilled != 2 || st.Spill != 0 {
		t.Errorf("%+v", st)
	}
}

func TestGoICAPFailures(t *testing.T) {
	cases := map[string]struct {
		h      goicap.HandlerFunc
		status int
	}{
		"nothing written":             {func(goicap.ResponseWriter, *goicap.Request) {}, 500},
		"a panic":                     {func(goicap.ResponseWriter, *goicap.Request) { panic("x") }, 500},
		"an answer of the wrong kind": {func(w goicap.ResponseWriter, _ *goicap.Request) { w.WriteHeader(200, 17, false) }, 500},
		"an answer over the spill limit": {func(w goicap.ResponseWriter, r *goicap.Request) {
			w.WriteHeader(200, r.Request, true)
			w.Write(body(4 << 20))
		}, 503},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c, _ := serveGo(t, Options{Spill: 1 << 20}, tc.h)
			r, err := c.Do(t.Context(), Message{Method: MethodReqmod, Service: "/reqmod", RequestHead: post(0), Preview: -1})
			if err != nil || r.Status != tc.status {
				t.Errorf("%+v %v", r, err)
			}
		})
	}
	t.Run("a body that is cut off has no end", func(t *testing.T) {
		var got error
		s, err := New(Options{SpillDir: t.TempDir(), Services: []Service{{Path: "/reqmod", Method: MethodReqmod, Handler: GoICAP(goicap.HandlerFunc(
			func(_ goicap.ResponseWriter, r *goicap.Request) { _, got = io.ReadAll(r.Request.Body) }))}}})
		if err != nil {
			t.Fatal(err)
		}
		h := string(post(50))
		in := fmt.Sprintf("REQMOD icap://h/reqmod ICAP/1.0\r\nHost: h\r\nPreview: 0\r\nEncapsulated: req-hdr=0, req-body=%d\r\n\r\n%s0\r\n\r\n5\r\nhello\r\n", len(h), h)
		exchangeBytes(s, []byte(in), 0)
		if got == nil {
			t.Error("the handler saw the body end")
		}
	})
}

// FuzzGoHead: whatever head comes, the adapter neither panics nor changes it by itself.
func FuzzGoHead(f *testing.F) {
	f.Add([]byte("GET http://e/ HTTP/1.1\r\nHost: e\r\nX: 1\r\n\r\n"))
	f.Add([]byte("CONNECT e:443 HTTP/1.1\r\nno colon\r\nX:\r\n fold\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		head, err := parseRequestHead(b)
		if err != nil {
			return
		}
		m := newGoMessage(t.Context(), &Request{Method: MethodReqmod, HTTP: head, Body: NewBody(nil)})
		w := &goWriter{m: m, header: http.Header{}}
		w.WriteHeader(200, m.request.Request, false)
		if a := w.answer(); a.kind != kindModified || a.mod.head != nil || a.mod.ReplaceBody {
			t.Fatalf("%q: %+v", b, a)
		}
	})
}
