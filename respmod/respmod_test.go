package respmod

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/icap"
)

var _ Receiver = (*event.Recorder)(nil)

// counter is a Receiver that remembers.
type counter struct {
	added chan added
	stuck bool
}

type added struct {
	id    string
	bytes int64
}

func (c *counter) Received(ctx context.Context, id string, bytes int64) (bool, error) {
	if c.stuck {
		<-ctx.Done()
		return false, ctx.Err()
	}
	c.added <- added{id, bytes}
	return true, errors.New("closed") // which changes no verdict
}

// serve starts an ICAP server with the handler and returns its client.
func serve(t *testing.T, h *Handler) *icap.Client {
	t.Helper()
	s, err := icap.New(icap.Options{SpillDir: t.TempDir(), Services: []icap.Service{
		{Path: "/respmod", Method: icap.MethodRespmod, Handler: h, ISTag: func() string { return "test" }},
	}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	c := &icap.Client{Addr: l.Addr().String()}
	t.Cleanup(func() {
		c.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, icap.ErrServerClosed) {
			t.Error(err)
		}
	})
	return c
}

func TestBytesAreAddedToTheirEvent(t *testing.T) {
	const id = "0193-abc"
	cases := map[string]struct {
		method, id, header, body string
		want                     int64 // 0: nothing is counted
		status                   int
	}{
		"a size that the head tells":               {"POST", id, "Content-Length: 9\r\n", "123456789", 9, 204},
		"a stream has no size, and passes through": {"POST", id, "Content-Type: text/event-stream\r\n", "data: 1\n\ndata: 2\n\n", 18, 200},
		"a size that is none":                      {"POST", id, "Content-Length: -5\r\n", "abc", 3, 200},
		"a stream of nothing":                      {"POST", id, "", "", 0, 204},
		"an answer to HEAD has a size and no body": {"HEAD", id, "Content-Length: 70000\r\n", "x", 0, 204},
		"a response that no request of ours asked": {"POST", "", "", "abc", 0, 204},
		"an id in the HTTP header is the origin's": {"POST", "", "X-Sluice-Id: x\r\n", "abc", 0, 204},
		"a size, and another event":                {"POST", "other", "Content-Length: 3\r\n", "abc", 3, 204},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			events := &counter{added: make(chan added, 1)}
			client := serve(t, &Handler{Events: events})
			m := icap.Message{
				Method: icap.MethodRespmod, Service: "/respmod", HasBody: true, Body: []byte(c.body), Preview: 0,
				RequestHead: []byte(c.method + " http://ai.example/ HTTP/1.1\r\nHost: ai.example\r\n\r\n"), ResponseHead: []byte("HTTP/1.1 200 OK\r\n" + c.header + "\r\n"),
			}
			if c.id != "" {
				m.Header = append(m.Header, icap.Field{Name: "X-Sluice-Id", Value: c.id})
			}
			r, err := client.Do(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			if r.Status != c.status || r.Status == 200 && string(r.Body) != c.body {
				t.Errorf("status %d, body %q; want %d and the body as it was", r.Status, r.Body, c.status)
			}
			var got added
			if c.want > 0 {
				got = <-events.added
			}
			if got.bytes != c.want || c.want > 0 && got.id != c.id || len(events.added) > 0 {
				t.Errorf("counted %+v, want %d bytes", got, c.want)
			}
		})
	}
}

func TestTheZeroHandlerLetsEverythingPass(t *testing.T) {
	r, err := serve(t, &Handler{}).Do(t.Context(), icap.Message{
		Method: icap.MethodRespmod, Service: "/respmod", HasBody: true, Body: []byte("abc"), Preview: 0, ResponseHead: []byte("HTTP/1.1 200 OK\r\n\r\n"),
		Header: []icap.Field{{Name: "X-Sluice-Id", Value: "a"}},
	})
	if err != nil || r.Status != 204 {
		t.Fatalf("%+v: %v", r, err)
	}
}

func TestACounterThatHangsDelaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		h := &Handler{Events: &counter{stuck: true}}
		h.ServeICAP(t.Context(), &icap.Request{
			Method: icap.MethodRespmod, Header: icap.ParseHeader([]byte("X-Sluice-Id: a\r\n")), HTTP: icap.RequestHead{Method: []byte("POST")}, Body: icap.NewBody([]byte("abc")),
		})
		if took := time.Since(began); took > patience {
			t.Errorf("held the response back for %s, want at most %s", took, patience)
		}
	})
}
