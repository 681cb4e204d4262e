package icap

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// textLog returns a logger of everything into w.
func textLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// until waits for f to hold.
func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestDrain(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	s := newServer(t, Options{}, func(context.Context, *Request) Answer {
		close(entered)
		<-release
		return Unmodified()
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	idle := &Client{Addr: l.Addr().String()}
	if _, err := idle.Options(t.Context(), "/reqmod"); err != nil {
		t.Fatal(err)
	}
	reply := make(chan *Reply, 1)
	go func() {
		busy := &Client{Addr: l.Addr().String()}
		defer busy.Close()
		r, err := busy.Do(t.Context(), Message{Method: MethodReqmod, Service: "/reqmod", RequestHead: post(0), Preview: 0})
		if err != nil {
			t.Error(err)
		}
		reply <- r
	}()
	<-entered
	down := make(chan error, 1)
	go func() { down <- s.Shutdown(t.Context()) }()
	if err := <-served; !errors.Is(err, ErrServerClosed) {
		t.Errorf("Serve: %v", err)
	}
	if _, err := idle.nc.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the idle connection: %v, want EOF", err)
	}
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("a new connection was accepted")
	}
	select {
	case err := <-down:
		t.Fatalf("Shutdown returned %v before the answer", err)
	default:
	}
	if !s.Stats().Draining {
		t.Error("Stats does not say that the server drains")
	}
	close(release)
	if r := <-reply; r == nil || r.Status != 204 || string(r.Header.Get("Connection")) != "close" {
		t.Errorf("the answer in flight: %+v", r)
	}
	if err := <-down; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if err := s.Serve(l); !errors.Is(err, ErrServerClosed) {
		t.Errorf("Serve after Shutdown: %v", err)
	}
}

func TestDrainSaysSoInOptions(t *testing.T) {
	s := newServer(t, Options{DrainDelay: time.Minute}, findMarker)
	l := startPipe(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	down := make(chan error, 1)
	go func() { down <- s.Shutdown(ctx) }()
	until(t, "the drain", func() bool { return s.Stats().Draining })
	c := clientOn(l.dial()) // still accepted
	defer c.Close()
	r, err := c.Options(t.Context(), "/reqmod")
	if err != nil || r.Status != 503 || r.Header.Get("ISTag") == nil {
		t.Errorf("OPTIONS while draining: %+v %v", r, err)
	}
	r, err = clientOn(l.dial()).Do(t.Context(), Message{Method: MethodReqmod, Service: "/reqmod", RequestHead: post(0), Preview: 0})
	if err != nil || r.Status != 204 {
		t.Errorf("a request while draining: %+v %v", r, err)
	}
	cancel()
	if err := <-down; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestDrainThatTakesTooLong(t *testing.T) {
	entered := make(chan struct{})
	var seen error
	s := newServer(t, Options{}, func(ctx context.Context, _ *Request) Answer {
		close(entered)
		<-ctx.Done()
		seen = ctx.Err()
		return Unmodified()
	})
	l := startPipe(t, s)
	nc := l.dial()
	go io.WriteString(nc, "REQMOD icap://h/reqmod ICAP/1.0\r\nHost: h\r\nEncapsulated: null-body=0\r\n\r\n")
	<-entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Shutdown: %v", err)
	}
	<-s.empty
	if !errors.Is(seen, context.Canceled) {
		t.Errorf("the handler's context: %v", seen)
	}
}

func TestHandlerDeadline(t *testing.T) {
	cases := map[string]func(ctx context.Context) error{
		"seen through Done": func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		"seen through Err": func(ctx context.Context) error {
			for ctx.Err() == nil {
				time.Sleep(time.Millisecond)
			}
			return ctx.Err()
		},
		"seen through a derived context": func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			<-ctx.Done()
			return ctx.Err()
		},
	}
	for name, wait := range cases {
		t.Run(name, func(t *testing.T) {
			var got error
			addr, _ := start(t, Options{Deadline: 30 * time.Millisecond}, func(ctx context.Context, _ *Request) Answer {
				got = wait(ctx)
				return Fail(503)
			})
			c := &Client{Addr: addr}
			defer c.Close()
			for range 2 {
				r, err := c.Do(t.Context(), Message{Method: MethodReqmod, Service: "/reqmod", RequestHead: post(0), Preview: 0})
				if err != nil || r.Status != 503 || !errors.Is(got, context.DeadlineExceeded) {
					t.Errorf("%+v %v: %v", r, err, got)
				}
			}
		})
	}
}

// TestSlowBodySparesTheDeadline: the time that a client takes is not the handler's.
func TestSlowBodySparesTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got error
		s := newServer(t, Options{Deadline: 100 * time.Millisecond}, func(ctx context.Context, r *Request) Answer {
			if _, err := r.Body.ReadAll(ctx); err != nil {
				return Fail(500)
			}
			got = ctx.Err()
			return Unmodified()
		})
		nc := startPipe(t, s).dial()
		defer nc.Close()
		h := string(post(5))
		fmt.Fprintf(nc, "REQMOD icap://h/reqmod ICAP/1.0\r\nHost: h\r\nPreview: 0\r\nEncapsulated: req-hdr=0, req-body=%d\r\n\r\n%s0\r\n\r\n", len(h), h)
		c := clientOn(nc)
		if r, err := c.readReply(); err != nil || r.Status != 100 {
			t.Fatal(r, err)
		}
		time.Sleep(20 * time.Second) // the slow client
		io.WriteString(nc, "5\r\nhello\r\n0\r\n\r\n")
		if r, err := c.readReply(); err != nil || r.Status != 200 || got != nil {
			t.Errorf("%+v %v; context: %v", r, err, got)
		}
	})
}

func TestReadAllEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got error
		s := newServer(t, Options{}, func(ctx context.Context, r *Request) Answer {
			short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
			defer cancel()
			_, got = r.Body.ReadAll(short)
			return Respond(Response{Status: 403})
		})
		nc := startPipe(t, s).dial()
		defer nc.Close()
		h := string(post(5))
		fmt.Fprintf(nc, "REQMOD icap://h/reqmod ICAP/1.0\r\nHost: h\r\nPreview: 0\r\nEncapsulated: req-hdr=0, req-body=%d\r\n\r\n%s0\r\n\r\n", len(h), h)
		c := clientOn(nc)
		if r, err := c.readReply(); err != nil || r.Status != 100 {
			t.Fatal(r, err)
		}
		until(t, "the context's end", func() bool {
			return s.counts.phases[phaseHandler].buckets[8].Load()+s.counts.phases[phaseHandler].buckets[9].Load() > 0
		})
		io.WriteString(nc, "5\r\nhello\r\n0\r\n\r\n") // the body is drained before the answer
		r, err := c.readReply()
		if err != nil || r.Status != 200 || !errors.Is(got, context.DeadlineExceeded) {
			t.Errorf("%+v %v; ReadAll: %v", r, err, got)
		}
	})
}

func TestSlowClients(t *testing.T) {
	h := string(post(50))
	head := fmt.Sprintf("REQMOD icap://h/reqmod ICAP/1.0\r\nHost: h\r\nEncapsulated: req-hdr=0, req-body=%d\r\n\r\n%s", len(h), h)
	cases := map[string]struct {
		sent   string
		answer string
		limit  string
	}{
		"in the middle of a head":             {head[:30], "ICAP/1.0 408 ", "head_time"},
		"in the middle of an HTTP head":       {head[:len(head)-9], "ICAP/1.0 408 ", "head_time"},
		"in the middle of a body":             {head + "5\r\nhel", "ICAP/1.0 408 ", "body_time"},
		"between requests":                    {"", "", ""},
		"in the middle of a body after a 100": {strings.Replace(head, "Host", "Preview: 0\r\nHost", 1) + "0\r\n\r\n", "ICAP/1.0 100 Continue\r\n\r\nICAP/1.0 408 ", "body_time"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			addr, s := start(t, Options{HeadTime: 50 * time.Millisecond, BodyTime: 50 * time.Millisecond, Idle: 50 * time.Millisecond}, findMarker)
			nc := dial(t, addr)
			io.WriteString(nc, tc.sent)
			all, err := io.ReadAll(nc)
			if err != nil || !strings.HasPrefix(string(all), tc.answer) || tc.answer == "" && len(all) > 0 {
				t.Errorf("%q %v", all, err)
			}
			if tc.limit != "" && s.Stats().Limits[tc.limit] != 1 {
				t.Errorf("limits %v", s.Stats().Limits)
			}
		})
	}
}

// TestResting: an idle connection is left to a goroutine of its own, and served, closed
// when it has been idle for too long, and drained as any other.
func TestResting(t *testing.T) {
	addr, s := start(t, Options{Idle: 400 * time.Millisecond}, findMarker)
	s.rest = 5 * time.Millisecond
	c := &Client{Addr: addr}
	defer c.Close()
	for range 5 {
		if r, err := c.Options(t.Context(), "/reqmod"); err != nil || r.Status != 200 {
			t.Fatalf("%+v %v", r, err)
		}
		c.nc.SetReadDeadline(time.Now().Add(30 * time.Millisecond))
		if _, err := c.br.Peek(1); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("while resting: %v", err)
		}
	}
	if n := s.Stats().Accepted; n != 1 {
		t.Errorf("%d connections", n)
	}
	c.nc.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.br.Peek(1); !errors.Is(err, io.EOF) {
		t.Errorf("after the idle time: %v, want EOF", err)
	}
}

// TestDrippingBody: single bytes do not count as progress.
func TestDrippingBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Options{}, findMarker)
		nc := startPipe(t, s).dial()
		defer nc.Close()
		h := string(post(50))
		fmt.Fprintf(nc, "REQMOD icap://h/reqmod ICAP/1.0\r\nHost: h\r\nEncapsulated: req-hdr=0, req-body=%d\r\n\r\n%s", len(h), h)
		gaveUp := make(chan struct{})
		go func() {
			defer close(gaveUp)
			for {
				if _, err := io.WriteString(nc, "1\r\nx\r\n"); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}()
		all, _ := io.ReadAll(nc)
		nc.Close()
		<-gaveUp
		if !bytes.HasPrefix(all, []byte("ICAP/1.0 408 ")) || s.Stats().Limits["body_time"] != 1 {
			t.Errorf("%.60q, limits %v", all, s.Stats().Limits)
		}
	})
}

// TestSlowReader: a client that does not read its answer is given up.
func TestSlowReader(t *testing.T) {
	addr, s := start(t, Options{WriteTime: 50 * time.Millisecond}, findMarker)
	nc := dial(t, addr)
	b := body(1 << 20)
	first, _ := (&Client{Addr: addr}).encode(&Message{Method: MethodReqmod, Service: "/reqmod", RequestHead: post(len(b)), HasBody: true, Body: b, Preview: -1})
	go func() {
		for { // echoes of 1 MiB until every buffer in between is full
			if _, err := nc.Write(first); err != nil {
				return
			}
		}
	}()
	until(t, "the write limit", func() bool { return s.Stats().Limits["write_time"] == 1 })
	until(t, "the connection's end", func() bool { return s.Stats().Open == 0 })
}

func TestAllow(t *testing.T) {
	for network, want := range map[string]bool{"127.0.0.0/8": true, "10.0.0.0/8": false} {
		addr, s := start(t, Options{Allow: []netip.Prefix{netip.MustParsePrefix(network)}}, findMarker)
		c := &Client{Addr: addr}
		_, err := c.Options(t.Context(), "/reqmod")
		if (err == nil) != want || s.Stats().Refused > 0 == want {
			t.Errorf("%s: %v, refused %d", network, err, s.Stats().Refused)
		}
		c.Close()
	}
}

func TestNewReportsEveryMistake(t *testing.T) {
	_, err := New(Options{
		Services: []Service{
			{Path: "reqmod", Preview: -2, Include: []string{"X Bad"}, Name: "a\nb"},
			{Path: "/x", Method: MethodReqmod, Handler: HandlerFunc(findMarker)},
			{Path: "/x", Method: MethodReqmod, Handler: HandlerFunc(findMarker)},
		},
		Memory: -1, HeaderLimit: 4 << 20,
	})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		`path "reqmod" must begin with /`, "method must be REQMOD or RESPMOD", "no handler", "preview -2", "line end in its name", `"X Bad" is not the name`,
		"service /x is there twice", "Memory is negative", "HeaderLimit and HTTPLimit may be 1 MiB at most",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in:\n%v", want, err)
		}
	}
	if _, err := New(Options{}); err == nil || !strings.Contains(err.Error(), "no services") {
		t.Errorf("no services: %v", err)
	}
}

func TestNoGoroutineStaysBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	s := newServer(t, Options{}, findMarker)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(l)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			c := &Client{Addr: l.Addr().String()}
			b := body(i * 10_000)
			if _, err := c.Do(t.Context(), Message{Method: MethodReqmod, Service: "/reqmod", RequestHead: post(len(b)), HasBody: true, Body: b, Preview: 1000}); err != nil {
				t.Error(err)
			}
			if i%2 == 0 {
				c.Close()
			}
		})
	}
	wg.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	until(t, "the goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
}
