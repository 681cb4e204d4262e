package icap

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
)

// TestBodyBudgets: what a handler sees when there is no room for a body, and that every
// body still comes back byte for byte when it is let through.
func TestBodyBudgets(t *testing.T) {
	cases := map[string]struct {
		o       Options
		size    int
		preview int
		want    error
		spilled bool
	}{
		"room in memory":                           {Options{}, 900 << 10, 4096, nil, false},
		"room in a file":                           {Options{}, 4 << 20, 4096, nil, true},
		"no memory, room in a file":                {Options{Memory: 1}, 4 << 20, 4096, nil, true},
		"no memory, room in a file, no preview":    {Options{Memory: 1}, 14 << 10, -1, nil, false},
		"memory for the first store only":          {Options{Memory: 100 << 10}, 4 << 20, 4096, nil, true},
		"over the spill budget":                    {Options{Spill: 3 << 20}, 4 << 20, 4096, ErrTooLarge, true},
		"over the spill budget, no memory":         {Options{Memory: 1, Spill: 100}, 4 << 20, 4096, ErrTooLarge, false},
		"over the spill budget without a preview":  {Options{Spill: 1 << 20}, 4 << 20, -1, ErrTooLarge, true},
		"no directory for files":                   {Options{SpillDir: "/nonexistent"}, 4 << 20, 4096, ErrBusy, false},
		"no directory for files, without previews": {Options{SpillDir: "/nonexistent"}, 4 << 20, -1, ErrBusy, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			type seen struct {
				prefix []byte
				err    error
			}
			handler := make(chan seen, 1)
			addr, s := start(t, tc.o, func(ctx context.Context, r *Request) Answer {
				content, err := r.Body.ReadAll(ctx)
				prefix, _ := io.ReadAll(io.NewSectionReader(content, 0, content.Size()))
				handler <- seen{prefix, err}
				return Unmodified()
			})
			c := &Client{Addr: addr}
			defer c.Close()
			b := body(tc.size)
			for _, allow := range []bool{false, true} {
				m := Message{Method: MethodReqmod, Service: "/reqmod", RequestHead: post(len(b)), HasBody: true, Body: b, Preview: tc.preview, Allow204: allow}
				r, err := c.Do(t.Context(), m)
				if err != nil {
					t.Fatal(err)
				}
				got := <-handler
				if !errors.Is(got.err, tc.want) {
					t.Errorf("ReadAll: %v, want %v", got.err, tc.want)
				}
				if !bytes.HasPrefix(b, got.prefix) || got.err == nil && len(got.prefix) != len(b) || len(got.prefix) < tc.preview {
					t.Errorf("the handler sees %d bytes of %d, or other ones", len(got.prefix), len(b))
				}
				if allow && r.Status != 204 || !allow && (r.Status != 200 || !bytes.Equal(r.Body, b)) {
					t.Errorf("status %d, %d bytes of %d came back", r.Status, len(r.Body), len(b))
				}
			}
			if n := s.Stats().Spilled; (n > 0) != tc.spilled {
				t.Errorf("%d bodies spilled", n)
			}
			if n := s.Stats().Accepted; n != 1 {
				t.Errorf("%d connections", n)
			}
		})
	}
}

// TestSpillBudgetIsShared: a second body finds the budget spent by the first.
func TestSpillBudgetIsShared(t *testing.T) {
	held, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	errs := make(chan error, 2)
	addr, _ := start(t, Options{Spill: 3 << 20}, func(ctx context.Context, r *Request) Answer {
		_, err := r.Body.ReadAll(ctx)
		errs <- err
		first := false
		once.Do(func() { first = true })
		if first {
			close(held)
			<-release
		}
		return Unmodified()
	})
	b := body(3 << 20)
	send := func() {
		c := &Client{Addr: addr}
		defer c.Close()
		r, err := c.Do(t.Context(), Message{Method: MethodReqmod, Service: "/reqmod", RequestHead: post(len(b)), HasBody: true, Body: b, Preview: 0})
		if err != nil || !bytes.Equal(r.Body, b) {
			t.Errorf("%v", err)
		}
	}
	var wg sync.WaitGroup
	wg.Go(send)
	<-held
	wg.Go(send)
	if err := <-errs; err != nil {
		t.Errorf("the first body: %v", err)
	}
	if err := <-errs; !errors.Is(err, ErrBusy) {
		t.Errorf("the second body: %v, want ErrBusy", err)
	}
	close(release)
	wg.Wait()
}

// TestNoMemoryForThePreview: the answer is given in the handler's place.
func TestNoMemoryForThePreview(t *testing.T) {
	b := body(60 << 10)
	cases := map[string]struct {
		open   bool
		m      Message
		status int
	}{
		"closed":                                    {false, Message{Preview: 65535}, 503},
		"closed, without a preview":                 {false, Message{Preview: -1}, 503},
		"open, the preview holds all":               {true, Message{Preview: 65535}, 204},
		"open, more behind the preview":             {true, Message{Preview: 40 << 10}, 204},
		"open, without a preview":                   {true, Message{Preview: -1}, 200},
		"open, without a preview, 204 is allowed":   {true, Message{Preview: -1, Allow204: true}, 204},
		"open, enough memory for the short preview": {true, Message{Preview: 100}, 501},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			addr, s := start(t, Options{Memory: 1, FailOpen: tc.open}, func(context.Context, *Request) Answer { return Fail(501) })
			c := &Client{Addr: addr}
			defer c.Close()
			m := tc.m
			m.Method, m.Service, m.RequestHead, m.HasBody, m.Body = MethodReqmod, "/reqmod", post(len(b)), true, b
			r, err := c.Do(t.Context(), m)
			if err != nil || r.Status != tc.status || r.Status == 200 && !bytes.Equal(r.Body, b) {
				t.Fatalf("%+v %v", r, err)
			}
			st := s.Stats()
			if tc.status != 501 && st.Limits["memory"] != 1 || (st.PassedOpen > 0) != (tc.open && tc.status != 501) {
				t.Errorf("%+v", st)
			}
			if tc.status < 300 { // and goes on
				if _, err := c.Options(t.Context(), "/reqmod"); err != nil || s.Stats().Accepted != 1 {
					t.Errorf("%v, %d connections", err, s.Stats().Accepted)
				}
			}
		})
	}
}

func TestConnectionBudget(t *testing.T) {
	for _, open := range []bool{false, true} {
		t.Run(fmt.Sprintf("open %v", open), func(t *testing.T) {
			addr, s := start(t, Options{MaxConns: 2, FailOpen: open}, findMarker)
			var kept []*Client
			for range 2 {
				c := &Client{Addr: addr}
				defer c.Close()
				if _, err := c.Options(t.Context(), "/reqmod"); err != nil {
					t.Fatal(err)
				}
				kept = append(kept, c)
			}
			over := &Client{Addr: addr}
			m := Message{Method: MethodReqmod, Service: "/reqmod", RequestHead: post(len(marker)), HasBody: true, Body: []byte(marker), Preview: 1000}
			r, err := over.Do(t.Context(), m)
			if want := map[bool]int{true: 204, false: 503}[open]; err != nil || r.Status != want || string(r.Header.Get("Connection")) != "close" {
				t.Errorf("over the budget: %+v %v", r, err)
			}
			if r, err := kept[0].Do(t.Context(), m); err != nil || r.Status != 200 {
				t.Errorf("within the budget: %+v %v", r, err)
			}
			if n := s.Stats().Limits["connections"]; n != 1 {
				t.Errorf("limit counted %d times", n)
			}
			for range 40 { // far over it, nothing is promised but that the server lives
				if nc, err := net.Dial("tcp", addr); err == nil {
					defer nc.Close()
				}
			}
			if r, err := kept[1].Do(t.Context(), m); err != nil || r.Status != 200 {
				t.Errorf("within the budget, besides many: %+v %v", r, err)
			}
		})
	}
}

func TestSpillFilesLeaveNoName(t *testing.T) {
	dir := t.TempDir()
	during := make(chan int, 1)
	addr, s := start(t, Options{SpillDir: dir, MaxInMemory: 64 << 10}, func(ctx context.Context, r *Request) Answer {
		if _, err := r.Body.ReadAll(ctx); err != nil {
			return Fail(500)
		}
		entries, _ := os.ReadDir(dir)
		during <- len(entries)
		return Unmodified()
	})
	c := &Client{Addr: addr}
	defer c.Close()
	b := body(1 << 20)
	r, err := c.Do(t.Context(), Message{Method: MethodReqmod, Service: "/reqmod", RequestHead: post(len(b)), HasBody: true, Body: b, Preview: 0})
	if err != nil || r.Status != 200 || s.Stats().Spilled != 1 {
		t.Errorf("%+v %v, %d spilled", r.Status, err, s.Stats().Spilled)
	}
	if n := <-during; n != 0 {
		t.Errorf("%d files with a name", n)
	}
}

// TestPipelinedBehindSpilled: the next request may arrive in the store of a large body.
func TestPipelinedBehindSpilled(t *testing.T) {
	s := newServer(t, Options{MaxInMemory: 64 << 10}, findMarker)
	c := &Client{Addr: "h"}
	var in []byte
	sizes := []int{10, 70_000, 3 << 20, 0, 300_000, 5, 1 << 20}
	for _, n := range sizes {
		first, _ := c.encode(&Message{Method: MethodReqmod, Service: "/reqmod", RequestHead: post(n), HasBody: true, Body: body(n), Preview: -1})
		in = append(in, first...)
	}
	for _, segment := range []int{0, 1000, 100_000} {
		all, err := replies(exchangeBytes(s, in, segment))
		if err != nil || len(all) != len(sizes) {
			t.Fatalf("segments of %d: %d answers, %v", segment, len(all), err)
		}
		for i, r := range all {
			if !bytes.Equal(r.Body, body(sizes[i])) {
				t.Errorf("segments of %d: body %d changed", segment, i)
			}
		}
	}
}

func TestStatsAndCollector(t *testing.T) {
	addr, s := start(t, Options{}, findMarker)
	c := &Client{Addr: addr}
	defer c.Close()
	for _, n := range []int{10, 5000, 2 << 20} {
		if _, err := c.Do(t.Context(), Message{Method: MethodReqmod, Service: "/reqmod", RequestHead: post(n), HasBody: true, Body: body(n), Preview: 100}); err != nil {
			t.Fatal(err)
		}
	}
	st := s.Stats()
	if st.Answers[MethodReqmod][204] != 1 || st.Answers[MethodReqmod][200] != 2 || st.Continues != 2 || st.Spilled != 1 || st.Open != 1 || st.BytesIn < 2<<20 || st.BytesOut < 2<<20 {
		t.Errorf("%+v", st)
	}
	text := scrape(t, s)
	for _, want := range []string{
		`sluice_icap_requests_total{method="REQMOD",status="200"} 2`, `sluice_icap_requests_total{method="REQMOD",status="204"} 1`,
		`sluice_icap_phase_seconds_count{phase="handler"} 3`, `sluice_icap_limits_total{limit="memory"} 0`, "sluice_icap_connections 1",
		"sluice_icap_spilled_bodies_total 1", "sluice_icap_draining 0", "sluice_icap_body_memory_limit_bytes 2.68435456e+08",
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("%s is missing in\n%s", want, text)
		}
	}
}
