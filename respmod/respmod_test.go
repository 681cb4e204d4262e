package respmod

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/icap"
)

var _ Receiver = (*event.Recorder)(nil)

// counter is a Receiver that remembers.
type counter struct {
	id    string
	bytes int64
	err   error
	stuck bool
}

func (c *counter) Received(ctx context.Context, id string, bytes int64) (bool, error) {
	if c.stuck {
		<-ctx.Done()
		return false, ctx.Err()
	}
	c.id, c.bytes = id, bytes
	return true, c.err
}

func response(method, icapHeader, httpHeader string, body []byte) *icap.Request {
	return &icap.Request{
		Method: icap.MethodRespmod, Service: "/respmod", Header: icap.ParseHeader([]byte(icapHeader)),
		HTTP:     icap.RequestHead{Method: []byte(method)},
		Response: icap.ResponseHead{Status: 200, Header: icap.ParseHeader([]byte(httpHeader))},
		Body:     icap.NewBody(body),
	}
}

func TestBytesAreAddedToTheirEvent(t *testing.T) {
	const id = "X-Sluice-Id: 0193-abc\r\n"
	cases := map[string]struct {
		r    *icap.Request
		want int64
	}{
		"the size of a body that is here":            {response("POST", id, "Content-Length: 3\r\n", []byte("abc")), 3},
		"a size that the head tells":                 {response("POST", id, "Content-Length: 70000\r\n", []byte{}), 70000},
		"a stream has no size":                       {response("POST", id, "Content-Type: text/event-stream\r\n", []byte{}), 0},
		"a size that is none":                        {response("POST", id, "Content-Length: -5\r\n", []byte{}), 0},
		"an answer to HEAD has a size and no body":   {response("HEAD", id, "Content-Length: 70000\r\n", []byte{}), 0},
		"a response without a body":                  {response("POST", id, "Content-Length: 9\r\n", nil), 0},
		"a response that no request of ours asked":   {response("POST", "", "Content-Length: 9\r\n", []byte{}), 0},
		"an id in the HTTP header is the origin's":   {response("POST", "", "X-Sluice-Id: x\r\nContent-Length: 9\r\n", []byte{}), 0},
		"an error of the counter changes no verdict": {response("POST", id, "Content-Length: 4\r\n", []byte{}), 4},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			events := &counter{err: errors.New("closed")}
			(&Handler{Events: events}).ServeICAP(t.Context(), c.r)
			if events.bytes != c.want {
				t.Errorf("counted %d bytes, want %d", events.bytes, c.want)
			}
		})
	}
	(&Handler{}).ServeICAP(t.Context(), response("POST", id, "Content-Length: 3\r\n", []byte("abc")))
}

func TestACounterThatHangsDelaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		(&Handler{Events: &counter{stuck: true}}).ServeICAP(t.Context(), response("POST", "X-Sluice-Id: a\r\n", "Content-Length: 9\r\n", []byte{}))
		if took := time.Since(began); took > patience {
			t.Errorf("held the response back for %s, want at most %s", took, patience)
		}
	})
}
