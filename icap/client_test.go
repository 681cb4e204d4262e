package icap

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// scripted serves one connection after the other: each answer is sent when a request has
// come, and the connection is closed behind it when the answer is the last of its line.
func scripted(t *testing.T, conns ...[]string) *Client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		for _, answers := range conns {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			br := bufio.NewReader(nc)
			for _, a := range answers {
				if _, err := readBlock(br); err != nil {
					break
				}
				io.WriteString(nc, a)
			}
			nc.Close()
		}
	}()
	c := &Client{Addr: l.Addr().String(), Timeout: 10 * time.Second}
	t.Cleanup(func() { c.Close() })
	return c
}

const fine = "ICAP/1.0 200 OK\r\nISTag: \"x\"\r\nEncapsulated: null-body=0\r\n\r\n"

func TestClientReplacesAClosedConnection(t *testing.T) {
	c := scripted(t, []string{fine, fine}, []string{fine}, []string{"ICAP/1.0 200 OK\r\nConnection: close\r\nEncapsulated: null-body=0\r\n\r\n"}, []string{fine})
	for i := range 5 {
		r, err := c.Options(t.Context(), "/x")
		if err != nil || r.Status != 200 {
			t.Fatalf("request %d: %+v %v", i, r, err)
		}
	}
}

func TestClientErrors(t *testing.T) {
	cases := map[string]struct{ answer, want string }{
		"nothing":                 {"", "connection closed by the server"},
		"an answer cut off":       {"ICAP/1.0 200 OK\r\nEncaps", "unexpected EOF|EOF"},
		"no status line":          {"HTTP/1.1 200 OK\r\n\r\n", "bad status line"},
		"no number":               {"ICAP/1.0 2x0 OK\r\n\r\n", "bad status line"},
		"no Encapsulated":         {"ICAP/1.0 200 OK\r\n\r\n", "no or bad Encapsulated"},
		"a head of 200 TB":        {"ICAP/1.0 200 OK\r\nEncapsulated: req-hdr=0, null-body=200000000000000\r\n\r\n", "over the limit"},
		"a head cut off":          {"ICAP/1.0 200 OK\r\nEncapsulated: req-hdr=0, null-body=100\r\n\r\nGET", "read encapsulated header"},
		"a chunk size too much":   {"ICAP/1.0 200 OK\r\nEncapsulated: req-body=0\r\n\r\nffffffffff\r\n", "bad chunk size"},
		"a chunk cut off":         {"ICAP/1.0 200 OK\r\nEncapsulated: req-body=0\r\n\r\n5\r\nhel", "chunk"},
		"a chunk without its end": {"ICAP/1.0 200 OK\r\nEncapsulated: req-body=0\r\n\r\n5\r\nhelloXX", "chunk without line end"},
		"100 without a preview":   {"ICAP/1.0 100 Continue\r\n\r\n", "100 Continue without a preview"},
		"an endless header":       {"ICAP/1.0 200 OK\r\n" + strings.Repeat("X: y\r\n", 300_000), "header over the limit"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := scripted(t, []string{tc.answer})
			r, err := c.Options(t.Context(), "/x")
			if err == nil {
				t.Fatalf("%+v", r)
			}
			found := false
			for _, want := range strings.Split(tc.want, "|") {
				found = found || strings.Contains(err.Error(), want)
			}
			if !found {
				t.Errorf("%v, want %q in it", err, tc.want)
			}
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		if _, err := (&Client{Addr: l.Addr().String()}).Options(t.Context(), "/x"); err == nil || !strings.HasPrefix(err.Error(), "dial icap server: ") {
			t.Errorf("%v", err)
		}
	})
	t.Run("no answer in time", func(t *testing.T) {
		c := scripted(t, []string{"ICAP/1.0 200 OK\r\n"})
		c.Timeout = 0
		ctx, cancel := context.WithCancel(t.Context())
		if err := c.dial(ctx); err != nil {
			t.Fatal(err)
		}
		cancel()
		if _, err := c.Options(ctx, "/x"); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
}

func TestClientReadsWhatRFC3507Allows(t *testing.T) {
	head := "GET / HTTP/1.1\r\n\r\n"
	c := scripted(t, []string{
		"ICAP/1.0 206 Partial Content\r\nencapsulated: req-hdr=0, req-body=18\r\n\r\n" + head + "5;a=b\r\nhello\r\n0; use-original-body=42\r\nX-T: y\r\n\r\n",
		"ICAP/1.0 204\r\n\r\n",
		"ICAP/1.0 404 ICAP Service Not Found\r\nConnection: close\r\n\r\n",
	})
	r, err := c.Options(t.Context(), "/x")
	if err != nil || r.Status != 206 || string(r.RequestHead) != head || string(r.Body) != "hello" || r.OriginalFrom != 42 {
		t.Errorf("%+v %v", r, err)
	}
	for _, status := range []int{204, 404} {
		if r, err = c.Options(t.Context(), "/x"); err != nil || r.Status != status || r.OriginalFrom != -1 {
			t.Errorf("%+v %v", r, err)
		}
	}
}

// TestClientStopsSending: a server that refuses early does not get the rest.
func TestClientStopsSending(t *testing.T) {
	addr, _ := start(t, Options{}, findMarker)
	c := &Client{Addr: addr}
	defer c.Close()
	r, err := c.Do(t.Context(), Message{Method: MethodReqmod, Service: "/nothing", RequestHead: post(0), HasBody: true, Body: body(50 << 20), Preview: -1})
	if err != nil || r.Status != 404 {
		t.Errorf("%+v %v", r, err)
	}
	if r, err := c.Options(t.Context(), "/reqmod"); err != nil || r.Status != 200 {
		t.Errorf("the next request: %+v %v", r, err)
	}
}

// FuzzReply: whatever a server answers, the client neither panics nor believes lengths.
func FuzzReply(f *testing.F) {
	f.Add([]byte(fine))
	f.Add([]byte("ICAP/1.0 206 P\r\nEncapsulated: res-hdr=0, res-body=4\r\n\r\n\r\n\r\n5\r\nhello\r\n0; use-original-body=3\r\nX: y\r\n\r\n"))
	f.Add([]byte("ICAP/1.0 100 Continue\r\n\r\n" + fine))
	f.Fuzz(func(t *testing.T, b []byte) {
		all, err := replies(b)
		for _, r := range all {
			if len(r.Body)+len(r.RequestHead)+len(r.ResponseHead) > len(b) || r.OriginalFrom < -1 {
				t.Fatalf("%q: %+v", b, r)
			}
		}
		if err == nil && len(all) == 0 && len(bytes.TrimSpace(b)) > 0 && bytes.HasSuffix(b, crlfcrlf) {
			t.Fatalf("%q: no answer and no error", b)
		}
	})
}
