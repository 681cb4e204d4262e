package icap

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"testing"
	"time"
)

const streamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"

// counting starts a server that counts what passes, and tells it through the channel.
func counting(t *testing.T, beat time.Duration) (net.Conn, chan int64) {
	t.Helper()
	counts := make(chan int64, 1)
	addr, s := start(t, Options{}, func(context.Context, *Request) Answer { return Counted(func(n int64) { counts <- n }) })
	s.beat = beat
	return dial(t, addr), counts
}

// respmod is a request that announces a preview of nothing, and a body behind it.
func respmod(nc net.Conn) error {
	_, err := fmt.Fprintf(nc, "RESPMOD icap://h/respmod ICAP/1.0\r\nHost: h\r\nAllow: 204, 206, trailers\r\nPreview: 0\r\nEncapsulated: res-hdr=0, res-body=%d\r\n\r\n%s0\r\n\r\n",
		len(streamHead), streamHead)
	return err
}

func expect(t *testing.T, r *bufio.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(r, got); err != nil || string(got) != want {
		t.Fatalf("received %q, want %q: %v", got, want, err)
	}
}

// Each piece of a stream comes back before the next one is sent, and the head before all.
func TestACountedStreamIsNotDelayed(t *testing.T) {
	nc, counts := counting(t, heartbeat)
	r := bufio.NewReader(nc)
	for range 2 { // on one connection
		if err := respmod(nc); err != nil {
			t.Fatal(err)
		}
		expect(t, r, "ICAP/1.0 100 Continue\r\n\r\nICAP/1.0 200 OK\r\n")
		head, err := readBlock(r)
		if err != nil || !bytes.Contains(head, []byte("Encapsulated: res-hdr=0, res-body=52\r\n")) {
			t.Fatalf("%q: %v", head, err)
		}
		expect(t, r, streamHead)
		for _, event := range []string{"7\r\ndata: 1\r\n", "3\r\nabc\r\n"} {
			if _, err := io.WriteString(nc, event); err != nil {
				t.Fatal(err)
			}
			expect(t, r, event)
		}
		if _, err := io.WriteString(nc, "0\r\nX-T: 1\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		expect(t, r, "0\r\nX-T: 1\r\n\r\n")
		if n := <-counts; n != 10 {
			t.Errorf("counted %d bytes, want 10", n)
		}
	}
}

// A proxy that hears nothing for a while gives up on an ICAP server, and a model may think.
func TestASilentStreamShowsSignsOfLife(t *testing.T) {
	nc, counts := counting(t, 10*time.Millisecond)
	if err := respmod(nc); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(nc)
	expect(t, r, "ICAP/1.0 100 Continue\r\n\r\n")
	if _, err := readBlock(r); err != nil {
		t.Fatal(err)
	}
	expect(t, r, streamHead+"000")
	if _, err := io.WriteString(nc, "5\r\nhello\r\n0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	var reply Reply
	if err := reply.readBody(r); err != nil || string(reply.Body) != "hello" {
		t.Fatalf("the body is %q: %v", reply.Body, err)
	}
	if n := <-counts; n != 5 {
		t.Errorf("counted %d bytes, want 5", n)
	}
}

func TestAStreamThatBreaksOffIsCounted(t *testing.T) {
	nc, counts := counting(t, heartbeat)
	if err := respmod(nc); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(nc, "3\r\nabc\r\n5\r\nde"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAtLeast(nc, make([]byte, 4096), 100); err != nil {
		t.Fatal(err)
	}
	nc.Close()
	if n := <-counts; n > 5 {
		t.Errorf("counted %d bytes, want at most 5", n)
	}
}

// What needs no relay is counted as it is: 204, without a byte of the body sent back.
func TestCountedWithoutRelay(t *testing.T) {
	cases := map[string]struct {
		body []byte
		want int64
	}{
		"a body that is in the preview": {[]byte("abc"), 3},
		"no body":                       {nil, 0},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			counts := make(chan int64, 1)
			addr, _ := start(t, Options{}, func(context.Context, *Request) Answer { return Counted(func(n int64) { counts <- n }) })
			c := &Client{Addr: addr}
			defer c.Close()
			m := Message{Method: MethodReqmod, Service: "/reqmod", RequestHead: post(len(tc.body)), Body: tc.body, HasBody: tc.body != nil, Preview: 65535, Allow204: true}
			r, err := c.Do(t.Context(), m)
			if err != nil || r.Status != 204 {
				t.Fatalf("%+v: %v", r, err)
			}
			if n := <-counts; n != tc.want {
				t.Errorf("counted %d bytes, want %d", n, tc.want)
			}
		})
	}
}

// A long body passes through one block of memory, byte for byte, however it is cut up.
func TestALongBodyIsRelayedByteForByte(t *testing.T) {
	long := body(8 << 20)
	counts := make(chan int64, 1)
	addr, s := start(t, Options{Memory: 1 << 20}, func(context.Context, *Request) Answer { return Counted(func(n int64) { counts <- n }) })
	c := &Client{Addr: addr}
	defer c.Close()
	m := Message{Method: MethodRespmod, Service: "/respmod", ResponseHead: []byte(streamHead), Body: long, HasBody: true, Preview: 0}
	r, err := c.Do(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	if r.Status != 200 || !bytes.Equal(r.Body, long) || string(r.ResponseHead) != streamHead {
		t.Errorf("status %d, %d bytes, want the %d that were sent", r.Status, len(r.Body), len(long))
	}
	if n := <-counts; n != int64(len(long)) {
		t.Errorf("counted %d bytes, want %d", n, len(long))
	}
	if used := s.memory.used.Load() + s.spill.used.Load(); used != 0 {
		t.Errorf("%d bytes of the budgets are used", used)
	}
}

func TestACounterThatPanicsBreaksNothing(t *testing.T) {
	addr, s := start(t, Options{}, func(context.Context, *Request) Answer { return Counted(func(int64) { panic("x") }) })
	c := &Client{Addr: addr}
	defer c.Close()
	for range 3 {
		m := Message{Method: MethodReqmod, Service: "/reqmod", RequestHead: post(3), Body: []byte("abc"), HasBody: true, Preview: 65535, Allow204: true}
		if r, err := c.Do(t.Context(), m); err != nil || r.Status != 204 {
			t.Fatalf("%+v: %v", r, err)
		}
	}
	if n := s.counts.panics.Load(); n < 2 { // the last may still be on its way
		t.Errorf("%d panics counted, want 2 or 3", n)
	}
}
