package blackbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// TestHostileClients sends what no proxy sends, and asserts that the node neither dies nor
// hangs: it answers a proper client after each.
func TestHostileClients(t *testing.T) {
	node := newSluice(t, settings{})
	node.start()
	const head = "REQMOD icap://127.0.0.1/reqmod ICAP/1.0\r\nHost: x\r\n"
	const post = "POST https://api.openai.com/v1/chat/completions HTTP/1.1\r\nHost: api.openai.com\r\n\r\n"
	encapsulated := func(s string) string { return head + "Encapsulated: " + s + "\r\n" }
	cases := map[string]string{
		"nothing":                                 "",
		"an HTTP request":                         "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"a TLS hello":                             "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"NUL bytes":                               strings.Repeat("\x00", 4096),
		"an endless request line":                 "REQMOD " + strings.Repeat("a", 1<<20),
		"an endless header":                       head + strings.Repeat("X-A: b\r\n", 1<<17),
		"a header line without end":               head + "X-A: " + strings.Repeat("b", 1<<20),
		"no Encapsulated":                         head + "\r\n",
		"an offset behind everything":             encapsulated("req-hdr=0, req-body=99999999999999999999") + "\r\n" + post,
		"a negative offset":                       encapsulated("req-hdr=-5, null-body=10") + "\r\n" + post,
		"offsets that go backwards":               encapsulated("req-hdr=50, req-body=0") + "\r\n" + post,
		"an offset inside the header":             encapsulated("req-hdr=0, req-body=7") + "\r\n" + post + "0\r\n\r\n",
		"the same list twice":                     encapsulated("req-hdr=0, req-hdr=0, req-body=0, req-body=0") + "\r\n",
		"a chunk of 16 EiB":                       encapsulated(fmt.Sprintf("req-hdr=0, req-body=%d", len(post))) + "\r\n" + post + "FFFFFFFFFFFFFFFF\r\nx",
		"a chunk size that is none":               encapsulated(fmt.Sprintf("req-hdr=0, req-body=%d", len(post))) + "\r\n" + post + "-1\r\nx",
		"a chunk that stops":                      encapsulated(fmt.Sprintf("req-hdr=0, req-body=%d", len(post))) + "\r\n" + post + "ff\r\nx",
		"endless chunk extensions":                encapsulated(fmt.Sprintf("req-hdr=0, req-body=%d", len(post))) + "\r\n" + post + "1;" + strings.Repeat("a=b;", 1<<16),
		"a preview larger than what is announced": encapsulated(fmt.Sprintf("req-hdr=0, req-body=%d", len(post))) + "Preview: 4\r\n\r\n" + post + "20\r\n" + strings.Repeat("x", 32) + "\r\n0\r\n\r\n",
		"a preview that is no number":             encapsulated(fmt.Sprintf("req-hdr=0, req-body=%d", len(post))) + "Preview: many\r\n\r\n" + post,
		"bare line feeds":                         strings.ReplaceAll(encapsulated("null-body=0")+"\r\n", "\r\n", "\n"),
		"a thousand requests without reading":     strings.Repeat("OPTIONS icap://x/reqmod ICAP/1.0\r\nHost: x\r\n\r\n", 1000),
	}
	for name, raw := range cases {
		t.Run(name, func(t *testing.T) {
			throw(t, node.icap, []byte(raw))
			alive(t, node)
		})
	}
	t.Run("mutations of what Squid sends", func(t *testing.T) {
		seeds := readCaptures(t)
		rng := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same mutations in each run
		for range 3 {
			for _, c := range seeds {
				throw(t, node.icap, mutate(rng, c.raw))
			}
		}
		alive(t, node)
	})
}

// throw writes raw on a new connection, reads what comes for a moment, and hangs up.
func throw(t *testing.T, addr string, raw []byte) {
	t.Helper()
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, _ = conn.Write(raw) // the node may hang up before the end
	_ = conn.(*net.TCPConn).CloseWrite()
	if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the node holds a connection whose client has ended")
	}
}

// alive asserts that the node still answers a proper client, in time.
func alive(t *testing.T, node *sluice) {
	t.Helper()
	select {
	case <-node.serving.Done():
		t.Fatal("the node has died")
	default:
	}
	if got := answerTo(t, node, openAIChat("Write a haiku.")); got != "passed" {
		t.Errorf("a clean prompt is %s", got)
	}
}

// mutate changes a few bytes, cuts pieces out or repeats them.
func mutate(rng *rand.Rand, raw []byte) []byte {
	out := bytes.Clone(raw)
	for range 1 + rng.IntN(4) {
		at := rng.IntN(len(out))
		end := min(len(out), at+1+rng.IntN(64))
		switch rng.IntN(4) {
		case 0:
			out[at] = byte(rng.IntN(256))
		case 1:
			out = append(out[:at:at], out[end:]...)
		case 2:
			out = append(out[:end:end], out[at:]...)
		case 3:
			out = append(append(out[:at:at], "\r\n"...), out[at:]...)
		}
		if len(out) == 0 {
			return raw
		}
	}
	return out
}
