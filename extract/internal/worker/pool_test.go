package worker

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary be the child.
func TestMain(m *testing.M) {
	if os.Getenv("WORKER_TEST_CHILD") == "1" {
		if err := Serve(os.Stdin, os.Stdout, func() (Reader, error) { return parrot{}, nil }); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// parrot does what the file says.
type parrot struct{}

func (parrot) Read(j Job, to Sink) error {
	for line := range strings.Lines(string(j.Data)) {
		var err error
		switch word := strings.TrimSpace(line); word {
		case "die":
			os.Exit(2)
		case "hang":
			for {
				time.Sleep(time.Hour)
			}
		case "fail":
			err = errors.New("as told")
		case "lock":
			err = to.Encrypted()
		case "eat":
			var heap [][]byte
			for {
				b := make([]byte, 64<<20)
				for i := range b {
					b[i] = 1
				}
				heap = append(heap, b)
				_ = heap
			}
		default:
			err = to.Page(word)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func newPool(t *testing.T, o Options) *Pool {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	o.Command, o.Env = []string{self}, []string{"WORKER_TEST_CHILD=1"}
	p := New(o)
	t.Cleanup(p.Close)
	return p
}

func TestPool(t *testing.T) {
	cases := map[string]struct {
		job  string
		want Result
		time time.Duration
	}{
		"pages come back":                          {"one\ntwo", Result{Pages: []string{"one", "two"}}, time.Minute},
		"what came before a mistake is kept":       {"one\nfail", Result{Pages: []string{"one"}, Failed: true}, time.Minute},
		"what came before a death is kept":         {"one\ndie", Result{Pages: []string{"one"}, Failed: true}, time.Minute},
		"what came before the deadline is kept":    {"one\nhang", Result{Pages: []string{"one"}, Failed: true, Late: true}, time.Second},
		"a password is reported":                   {"lock", Result{Encrypted: true}, time.Minute},
		"more than was asked for ends the reading": {strings.Repeat("x", 2000), Result{Limit: "expanded"}, time.Minute},
	}
	if maxMemory < 4<<30 { // the race detector needs more than any file may have
		cases["a file that eats memory dies of it"] = struct {
			job  string
			want Result
			time time.Duration
		}{"one\neat", Result{Pages: []string{"one"}, Failed: true}, time.Minute}
	}
	p := newPool(t, Options{Children: 1})
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if err := p.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			got, ok := p.Read(t.Context(), time.Now().Add(c.time), Job{Data: []byte(c.job)}, 1000)
			if !ok || strings.Join(got.Pages, ",") != strings.Join(c.want.Pages, ",") || got.Failed != c.want.Failed ||
				got.Late != c.want.Late || got.Encrypted != c.want.Encrypted || got.Limit != c.want.Limit {
				t.Errorf("got %+v (%v), want %+v", got, ok, c.want)
			}
		})
	}
}

func TestChildrenAreReplaced(t *testing.T) {
	p := newPool(t, Options{Children: 1, Jobs: 2})
	seen := map[int]bool{}
	for range 6 {
		if err := p.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		c := <-p.ready
		seen[c.cmd.Process.Pid] = true
		p.ready <- c
		if _, ok := p.Read(t.Context(), time.Now().Add(time.Minute), Job{Data: []byte("x")}, 100); !ok {
			t.Fatal("no child was free")
		}
	}
	if len(seen) != 3 {
		t.Errorf("six files were read by %d processes, want 3", len(seen))
	}
}

func TestTheOthersFollowTheFirst(t *testing.T) {
	p := newPool(t, Options{Children: 3})
	p.Warm()
	for range 3 {
		select {
		case c := <-p.ready:
			defer c.kill()
		case <-time.After(time.Minute):
			t.Fatal("fewer than three children have started")
		}
	}
}

func TestNoChildInTime(t *testing.T) {
	p := New(Options{Command: []string{"/nonexistent/worker"}, Pause: time.Hour})
	defer p.Close()
	if err := p.Wait(t.Context()); err == nil || err.Error() != "wait for a worker: none has started" {
		t.Errorf("wait: %v, want none has started", err)
	}
	if _, ok := p.Read(t.Context(), time.Now().Add(time.Minute), Job{Data: []byte("x")}, 100); ok {
		t.Error("a worker that does not exist has done work")
	}
}
