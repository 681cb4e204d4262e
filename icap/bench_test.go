package icap

import (
	"context"
	"fmt"
	"io"
	"net"
	"testing"
)

func pass(context.Context, *Request) Answer { return Unmodified() }

// roundTripper returns a function that sends m over a kept connection and reads its
// answer, which must not change, without allocating.
func roundTripper(t testing.TB, addr string, m Message) func() {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	m.Method, m.Service = MethodReqmod, "/reqmod"
	first, rest := (&Client{Addr: addr}).encode(&m)
	if rest != nil {
		t.Fatal("the preview must hold the body")
	}
	c := clientOn(nc)
	if _, err := nc.Write(first); err != nil {
		t.Fatal(err)
	}
	r, err := c.readReply()
	if err != nil {
		t.Fatal(err)
	}
	size := len(r.Header.Raw()) + len(r.RequestHead) + len(fmt.Sprintf("ICAP/1.0 %d %s\r\n\r\n", r.Status, reason(r.Status)))
	if n := len(r.Body); n > 0 {
		size += len(fmt.Sprintf("%x\r\n\r\n0\r\n\r\n", n)) + n
	}
	answer := make([]byte, size)
	return func() {
		if _, err := nc.Write(first); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(nc, answer); err != nil {
			t.Fatal(err)
		}
	}
}

var hotPaths = map[string]Message{
	"GET":            {RequestHead: []byte("GET http://e.example/ HTTP/1.1\r\nHost: e.example\r\n\r\n"), Preview: 0},
	"4KBInPreview":   {RequestHead: post(4096), HasBody: true, Body: body(4096), Preview: 65535, Allow204: true},
	"4KBEcho":        {RequestHead: post(4096), HasBody: true, Body: body(4096), Preview: -1},
	"60KBInPreview":  {RequestHead: post(60_000), HasBody: true, Body: body(60_000), Preview: 65535},
	"64KBEcho":       {RequestHead: post(64 << 10), HasBody: true, Body: body(64 << 10), Preview: -1},
	"1MBWithout204":  {RequestHead: post(1 << 20), HasBody: true, Body: body(1 << 20), Preview: -1},
	"1MBAllowing204": {RequestHead: post(1 << 20), HasBody: true, Body: body(1 << 20), Preview: -1, Allow204: true},
}

// TestHotPathAllocatesNothing: parsing, deciding and answering use what is there.
func TestHotPathAllocatesNothing(t *testing.T) {
	for _, name := range []string{"GET", "4KBInPreview", "4KBEcho", "60KBInPreview"} {
		t.Run(name, func(t *testing.T) {
			addr, _ := start(t, Options{}, pass)
			f := roundTripper(t, addr, hotPaths[name])
			for range 100 {
				f()
			}
			limit := 0.0
			if raceEnabled { // pools forget at random then
				limit = 10
			}
			if n := testing.AllocsPerRun(1000, f); n > limit {
				t.Errorf("%v allocations a request", n)
			}
		})
	}
}

func BenchmarkRequest(b *testing.B) {
	for name, m := range hotPaths {
		b.Run(name, func(b *testing.B) {
			addr, _ := start(b, Options{}, pass)
			f := roundTripper(b, addr, m)
			b.ReportAllocs()
			b.SetBytes(int64(len(m.Body)))
			for b.Loop() {
				f()
			}
		})
	}
}

func BenchmarkParseHead(b *testing.B) {
	s := newServer(b, Options{}, pass)
	m := hotPaths["4KBInPreview"]
	m.Method, m.Service, m.Header = MethodReqmod, "/reqmod", []Field{{"Date", "Mon, 23 Nov 2026 08:39:44 GMT"}, {"X-Client-IP", "10.1.2.3"}, {"X-Authenticated-User", "alice"}}
	first, _ := (&Client{Addr: "127.0.0.1:1344"}).encode(&m)
	end := indexEnd(first)
	var h icapHead
	b.ReportAllocs()
	for b.Loop() {
		if err := h.parse(first[:end], s.services); err != nil {
			b.Fatal(err)
		}
	}
}

func indexEnd(b []byte) int {
	for i := range b {
		if string(b[i:i+4]) == "\r\n\r\n" {
			return i + 4
		}
	}
	return 0
}

func BenchmarkDechunk(b *testing.B) {
	src := append(appendChunk(appendChunk(nil, body(4096)), body(60_000)), "0; ieof\r\n\r\n"...)
	buf := make([]byte, len(src))
	b.ReportAllocs()
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		copy(buf, src)
		var d dechunker
		v := window{w: len(buf)}
		if done, err := d.decode(buf, &v); !done || err != nil {
			b.Fatal(err)
		}
	}
}
