package icap

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	mutations = flag.Int("mutations", 20_000, "mutated requests in TestMutatedRequests")
	stalled   = flag.Int("stalled", 300, "stalled connections in TestStalledConnections")
)

// oneChunked encodes m with chunks of the given size.
func encodeChunked(c *Client, m *Message, chunk int) (first, rest []byte) {
	if chunk == 0 {
		return c.encode(m)
	}
	split := func(b, p []byte, end string) []byte {
		for len(p) > 0 {
			n := min(chunk, len(p))
			b = appendChunk(b, p[:n])
			p = p[n:]
		}
		return append(b, end...)
	}
	empty := *m
	empty.HasBody = false
	head, _ := c.encode(&empty)
	kind := "null-body"
	head = bytes.Replace(head, []byte(kind), []byte("req-body"), 1)
	switch {
	case m.Preview < 0:
		return split(head, m.Body, "0\r\n\r\n"), nil
	case len(m.Body) <= m.Preview:
		return split(head, m.Body, "0; ieof\r\n\r\n"), nil
	}
	return split(head, m.Body[:m.Preview], "0\r\n\r\n"), split(nil, m.Body[m.Preview:], "0\r\n\r\n")
}

// ask sends m over nc, with every write cut in two at a place, and returns the answer.
func ask(c *Client, nc net.Conn, m *Message, chunk, cut int) (*Reply, error) {
	first, rest := encodeChunked(c, m, chunk)
	c.nc = splitConn{nc, cut}
	r, err := c.roundTrip(first)
	if err != nil || r.Status != 100 {
		return r, err
	}
	if rest == nil {
		return nil, errors.New("100 Continue after the whole body")
	}
	return c.roundTrip(rest)
}

// TestNoByteIsMissed moves a marker over every offset of a body, across previews, chunk
// sizes and segment borders. In memory every write is a segment of its own.
func TestNoByteIsMissed(t *testing.T) {
	s := newServer(t, Options{}, findMarker)
	l := startPipe(t, s)
	size := 64
	previews := []int{-1, 0, 1, 7, 10, 11, 31, size - 1, size, size + 1, 1024}
	chunks := []int{0, 1, 3, 10}
	wire := 250 // a request of that size
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			nc := l.dial()
			defer nc.Close()
			c := clientOn(nc)
			cut := worker
			for _, preview := range previews {
				for at := 0; at <= size-len(marker); at++ {
					b := body(size)
					copy(b[at:], marker)
					m := &Message{Method: MethodReqmod, Service: "/reqmod", RequestHead: []byte("POST / HTTP/1.1\r\n\r\n"), HasBody: true, Body: b, Preview: preview, Allow204: at%2 == 0}
					for _, chunk := range chunks {
						cut = (cut + 4) % wire
						r, err := ask(c, nc, m, chunk, cut)
						if err != nil || r.Status != 200 || string(r.Body) != "blocked\n" {
							t.Errorf("marker at %d, preview %d, chunks of %d, cut at %d: %v %v", at, preview, chunk, cut, r, err)
							return
						}
					}
				}
			}
		})
	}
	wg.Wait()
}

// TestNoByteIsMissedAtBorders puts the marker around the sizes at which buffers end,
// grow, move and spill, over TCP.
func TestNoByteIsMissedAtBorders(t *testing.T) {
	addr, _ := start(t, Options{MaxInMemory: 256 << 10}, findMarker)
	nc := dial(t, addr)
	c := clientOn(nc)
	rnd := rand.New(rand.NewPCG(1, 2))
	size := 600 << 10
	b := body(size)
	borders := []int{1024, 4096, 16 << 10, 32 << 10, 64<<10 - 1, 64 << 10, 128 << 10, 256 << 10, 512 << 10, size}
	n := 0
	for _, border := range borders {
		for at := border - len(marker) - 2; at <= min(border+2, size-len(marker)); at++ {
			preview := []int{-1, 0, rnd.IntN(65536), 65535, max(at+rnd.IntN(len(marker)), 0) % 65536}[rnd.IntN(5)]
			chunk := []int{0, 4096, 16 << 10, 1 + rnd.IntN(5000)}[rnd.IntN(4)]
			kept := bytes.Clone(b[at : at+len(marker)])
			copy(b[at:], marker)
			m := &Message{Method: MethodReqmod, Service: "/reqmod", RequestHead: post(size), HasBody: true, Body: b, Preview: preview}
			r, err := ask(c, nc, m, chunk, rnd.IntN(70_000))
			if err != nil || r.Status != 200 || string(r.Body) != "blocked\n" {
				t.Fatalf("marker at %d, preview %d, chunks of %d: %v", at, preview, chunk, err)
			}
			copy(b[at:], kept)
			n++
		}
	}
	if n < 100 {
		t.Fatalf("only %d positions", n)
	}
	r, err := ask(c, nc, &Message{Method: MethodReqmod, Service: "/reqmod", RequestHead: post(size), HasBody: true, Body: b, Preview: 65535}, 0, 0)
	if err != nil || !bytes.Equal(r.Body, b) {
		t.Fatalf("without a marker: %v", err)
	}
}

// mutate damages a request as a broken or hostile client might.
func mutate(rnd *rand.Rand, b []byte) []byte {
	b = bytes.Clone(b)
	for range 1 + rnd.IntN(12) {
		if len(b) == 0 {
			return b
		}
		p := rnd.IntN(len(b))
		end := min(p+1+rnd.IntN(60), len(b))
		switch rnd.IntN(6) {
		case 0:
			b[p] = byte(rnd.IntN(256))
		case 1:
			b = append(b[:p:p], b[end:]...)
		case 2:
			b = append(append(b[:p:p], b[p:end]...), b[p:]...)
		case 3:
			word := []string{"0\r\n\r\n", "\r\n", "; ieof", "ffffffffffffffff\r\n", "Preview: 0\r\n", "Allow: 204, 206\r\n", "Encapsulated: ", "-1", "\x00"}
			b = append(append(b[:p:p], word[rnd.IntN(len(word))]...), b[p:]...)
		case 4:
			b[p] ^= 1 << rnd.IntN(8)
		case 5:
			b = b[:p]
		}
	}
	return b
}

// seeds are sound requests of every kind, several on one connection.
func seeds() [][]byte {
	c := &Client{Addr: "h"}
	var all [][]byte
	head := []byte("POST http://e.example/ HTTP/1.1\r\nHost: e\r\nContent-Length: 40\r\n\r\n")
	for _, preview := range []int{-1, 0, 10, 40, 100} {
		for _, method := range []Method{MethodReqmod, MethodRespmod} {
			m := &Message{Method: method, Service: "/" + strings.ToLower(method.String()), RequestHead: head, HasBody: true, Body: body(40), Preview: preview, Allow204: preview%2 == 0, Allow206: preview > 10}
			if method == MethodRespmod {
				m.ResponseHead = []byte("HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n")
			}
			first, rest := encodeChunked(c, m, 16)
			if method == MethodRespmod {
				first, rest = c.encode(m)
			}
			all = append(all, append(first, rest...))
		}
	}
	first, _ := c.encode(&Message{Method: MethodOptions, Service: "/reqmod"})
	all = append(all, append(bytes.Clone(first), all[2]...))
	return append(all, append(bytes.Clone(all[0]), all[5]...))
}

// TestMutatedRequests: whatever comes, every answer is well formed, nothing hangs,
// nothing panics, and the budgets are whole in the end. `-mutations 1000000` is the
// long run.
func TestMutatedRequests(t *testing.T) {
	s := newServer(t, Options{}, func(ctx context.Context, r *Request) Answer {
		if r.Header.Get("Allow") != nil {
			if _, err := r.Body.ReadAll(ctx); err != nil {
				return Fail(500)
			}
			return Modified(Modification{Set: []Field{{"X", "y"}}})
		}
		return findMarker(ctx, r)
	})
	from := seeds()
	answered := 0
	for i := range *mutations {
		rnd := rand.New(rand.NewPCG(42, uint64(i)))
		in := mutate(rnd, from[i%len(from)])
		out := exchangeBytes(s, in, rnd.IntN(3)*rnd.IntN(100))
		all, err := replies(out)
		if err != nil {
			t.Fatalf("mutation %d, %q: %v in %q", i, in, err, out)
		}
		answered += len(all)
	}
	if answered < *mutations/2 || s.Stats().Panics > 0 {
		t.Errorf("%d answers to %d requests, %d panics", answered, *mutations, s.Stats().Panics)
	}
}

// FuzzPreview feeds whole conversations to the connection's state machine.
func FuzzPreview(f *testing.F) {
	for _, b := range seeds() {
		f.Add(b, uint8(0))
		f.Add(b, uint8(1))
	}
	s := newServer(f, Options{MaxInMemory: 1 << 10, Memory: 64 << 10, Spill: 4 << 10}, findMarker)
	f.Fuzz(func(t *testing.T, in []byte, segment uint8) {
		whole := exchangeBytes(s, in, 0)
		if _, err := replies(whole); err != nil {
			t.Fatalf("%q: %v in %q", in, err, whole)
		}
		parts, err := replies(exchangeBytes(s, in, int(segment)))
		if err != nil {
			t.Fatalf("%q in segments of %d: %v", in, segment, err)
		}
		all, _ := replies(whole)
		if len(all) != len(parts) {
			t.Fatalf("%q: %d answers, %d in segments of %d", in, len(all), len(parts), segment)
		}
		for i := range all {
			if all[i].Status != parts[i].Status || !bytes.Equal(all[i].Body, parts[i].Body) {
				t.Fatalf("%q: answer %d depends on segments", in, i)
			}
		}
	})
}

// TestStalledConnections: connections that stop at any point hold next to nothing, and a
// new client gets its answer. `-stalled 10000` needs as many descriptors, twice.
func TestStalledConnections(t *testing.T) {
	addr, s := start(t, Options{MaxConns: *stalled + 10}, findMarker)
	head := "REQMOD icap://h/reqmod ICAP/1.0\r\nHost: h\r\nX-A: "
	full := fmt.Sprintf("REQMOD icap://h/reqmod ICAP/1.0\r\nHost: h\r\nEncapsulated: req-hdr=0, req-body=%d\r\n\r\n%s5\r\nhel", len(post(5)), post(5))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	conns := make([]net.Conn, *stalled)
	for i := range conns {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		io.WriteString(nc, []string{"", head, full}[i%3])
		conns[i] = nc
	}
	until(t, "all connections", func() bool { return s.Stats().Open == *stalled })
	c := &Client{Addr: addr, Timeout: 2 * time.Second}
	defer c.Close()
	began := time.Now()
	r, err := c.Do(t.Context(), Message{Method: MethodReqmod, Service: "/reqmod", RequestHead: post(0), Preview: 0})
	if err != nil || r.Status != 204 {
		t.Errorf("a new client: %+v %v", r, err)
	}
	took := time.Since(began)
	runtime.GC()
	runtime.ReadMemStats(&after)
	held := int64(after.HeapInuse+after.StackInuse) - int64(before.HeapInuse+before.StackInuse)
	t.Logf("%d stalled connections: %d bytes each with the test's own end, new client served in %v", *stalled, held/int64(*stalled), took)
	if used := s.memory.used.Load(); used != 0 {
		t.Errorf("stalled connections hold %d bytes of the body budget", used)
	}
}

// TestIdleConnectionHoldsNoBuffer: what a connection needed for a request is given back.
func TestIdleConnectionHoldsNoBuffer(t *testing.T) {
	addr, s := start(t, Options{}, findMarker)
	c := &Client{Addr: addr}
	defer c.Close()
	b := body(500 << 10)
	if _, err := c.Do(t.Context(), Message{Method: MethodReqmod, Service: "/reqmod", RequestHead: post(len(b)), HasBody: true, Body: b, Preview: 65535}); err != nil {
		t.Fatal(err)
	}
	until(t, "the buffers to be given back", func() bool { return s.Stats().Memory == 0 })
}
