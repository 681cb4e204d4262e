package export

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

// cursors are kept in memory.
type cursors struct {
	mu  sync.Mutex
	pos map[string]int64
}

func (c *cursors) Position(_ context.Context, outbox, sink string) (int64, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	seq, known := c.pos[outbox+sink]
	return seq, known, nil
}

func (c *cursors) Move(_ context.Context, outbox, sink string, seq int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pos == nil {
		c.pos = map[string]int64{}
	}
	c.pos[outbox+sink] = seq
	return nil
}

var at = time.Date(2026, 11, 23, 9, 12, 3, 123e6, time.UTC)

// numbered returns events first to last, every third with a match.
func numbered(first, last int64) []event.Numbered {
	var list []event.Numbered
	for seq := first; seq <= last; seq++ {
		e := event.Event{
			ID: fmt.Sprintf("event-%d", seq), Time: at, Node: "gw 1", User: "alice", Method: "POST", Host: "chatgpt.com", Path: "/c",
			App: event.App{ID: "chatgpt", Name: "ChatGPT"}, Decision: event.Decision{Action: "log", Rule: "default:approved"},
		}
		if seq%3 == 0 {
			e.Matches = []event.Match{{Detector: "credit_card", Severity: "high", Confidence: "high", Count: 1, Masked: []string{"411111••••••1111"}}}
		}
		list = append(list, event.Numbered{Seq: seq, Event: e})
	}
	return list
}

func newSink(t *testing.T, o Options, c *cursors, last int64) *Sink {
	t.Helper()
	if o.Name == "" {
		o.Name = "test"
	}
	s, err := New(t.Context(), o, c, "outbox", last)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// uids returns the events' ids of lines of OCSF.
func uids(t *testing.T, lines []byte) []string {
	t.Helper()
	var list []string
	sc := bufio.NewScanner(bytes.NewReader(lines))
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var o struct {
			Metadata struct{ UID string }
		}
		if err := json.Unmarshal(sc.Bytes(), &o); err != nil || o.Metadata.UID == "" {
			t.Fatalf("not a record: %v: %.80s", err, sc.Bytes())
		}
		list = append(list, o.Metadata.UID)
	}
	return list
}

func wantRange(t *testing.T, got []string, first, last int64) {
	t.Helper()
	if int64(len(got)) != last-first+1 {
		t.Fatalf("%d events, want %d to %d", len(got), first, last)
	}
	for i, id := range got {
		if want := fmt.Sprintf("event-%d", first+int64(i)); id != want {
			t.Fatalf("event %d is %s, want %s", i, id, want)
		}
	}
}

func TestAnExporterBeginsWhereItIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		history bool
		want    int64
	}{"with the next event": {false, 42}, "with the oldest": {true, 0}} {
		t.Run(name, func(t *testing.T) {
			var kept cursors
			o := Options{Type: Stdout, History: c.history}
			got, err := newSink(t, o, &kept, 42).Position(t.Context(), "outbox")
			if err != nil || got != c.want {
				t.Fatalf("position %d, %v; want %d", got, err, c.want)
			}
			if err := kept.Move(t.Context(), "outbox", "export:test", 50); err != nil {
				t.Fatal(err)
			}
			if got, err = newSink(t, o, &kept, 99).Position(t.Context(), "outbox"); err != nil || got != 50 {
				t.Fatalf("after a restart: position %d, %v; want 50", got, err)
			}
		})
	}
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	read := func() []byte {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	var kept cursors
	s := newSink(t, Options{Type: File, Path: path}, &kept, 0)
	write := func(first, last int64) {
		t.Helper()
		if err := s.Write(t.Context(), "outbox", first-1, numbered(first, last)); err != nil {
			t.Fatal(err)
		}
	}
	write(1, 1200)
	wantRange(t, uids(t, read()), 1, 1200)
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", st.Mode(), err)
	}
	// A crash leaves half a line; its batch comes again.
	if err := os.WriteFile(path, append(read(), numbered(1201, 1201)[0].Event.ID...), 0o600); err != nil {
		t.Fatal(err)
	}
	s = newSink(t, Options{Type: File, Path: path}, &kept, 0)
	write(1201, 1202)
	wantRange(t, uids(t, read()), 1, 1202)
	// Rotation.
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	write(1203, 1204)
	wantRange(t, uids(t, read()), 1203, 1204)
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	write(1205, 1206)
	wantRange(t, uids(t, read()), 1205, 1206)
	if got, _, _ := kept.Position(t.Context(), "outbox", "export:test"); got != 1206 {
		t.Errorf("cursor %d, want 1206", got)
	}
}

// collectorServer is Splunk's event collector as far as this package needs it.
type collectorServer struct {
	mu      sync.Mutex
	got     []string
	answers []int // statuses to give first
	biggest int   // requests with more events than this are malformed; 0: any number
}

func (c *collectorServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Header.Get("Authorization") != "Splunk secret-token" {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	if len(c.answers) > 0 {
		status := c.answers[0]
		c.answers = c.answers[1:]
		w.WriteHeader(status)
		return
	}
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusUnsupportedMediaType)
		return
	}
	var batch []string
	for dec := json.NewDecoder(z); ; {
		var e struct {
			Time             json.Number
			Host, Sourcetype string
			Event            struct{ Metadata struct{ UID string } }
		}
		if err := dec.Decode(&e); errors.Is(err, io.EOF) {
			break
		} else if err != nil || e.Time != "1795425123.123" || e.Host != "gw 1" || e.Sourcetype != "sluice:ocsf" || e.Event.Metadata.UID == "" {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		batch = append(batch, e.Event.Metadata.UID)
	}
	if c.biggest > 0 && len(batch) > c.biggest {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.got = append(c.got, batch...)
	fmt.Fprint(w, `{"text":"Success","code":0}`)
}

func TestHTTP(t *testing.T) {
	cases := map[string]struct {
		server *collectorServer
		token  string
		only   bool
		tries  int // that fail first
		err    string
	}{
		"all arrive":                                          {server: &collectorServer{}, token: "secret-token"},
		"a busy receiver is asked again":                      {server: &collectorServer{answers: []int{503, 429, 500}}, token: "secret-token", tries: 3, err: "status "},
		"a request that is too large for it is cut":           {server: &collectorServer{biggest: 7}, token: "secret-token"},
		"a redirect is not followed":                          {server: &collectorServer{answers: []int{307}}, token: "secret-token", tries: 1, err: "status 307"},
		"a wrong token is told without showing it":            {server: &collectorServer{}, token: "wrong-token", tries: 1, err: "status 403: check export's token"},
		"an event that is never taken is named, and it stays": {server: &collectorServer{biggest: -1, answers: []int{400, 400, 400, 400, 400, 400, 400, 400, 400, 400, 400, 400}}, token: "secret-token", tries: 1, err: "event event-1: the receiver refuses it with status 400"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(c.server)
			defer server.Close()
			var kept cursors
			s := newSink(t, Options{Type: HTTP, URL: server.URL + "/services/collector/event?secret=in-url", Token: c.token}, &kept, 0)
			for range c.tries {
				err := s.Write(t.Context(), "outbox", 0, numbered(1, 1200))
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("error %v, want %q", err, c.err)
				}
				if strings.Contains(err.Error(), "token\"") || strings.Contains(err.Error(), "in-url") || strings.Contains(err.Error(), c.token) {
					t.Error("the error shows a credential")
				}
				if pos, _ := s.Position(t.Context(), "outbox"); pos != 0 {
					t.Fatalf("the cursor moved to %d", pos)
				}
			}
			if c.token == "wrong-token" {
				return
			}
			c.server.answers = nil
			if err := s.Write(t.Context(), "outbox", 0, numbered(1, 1200)); err != nil {
				t.Fatal(err)
			}
			if c.server.biggest < 0 {
				return
			}
			wantRange(t, c.server.got, 1, 1200)
		})
	}
	t.Run("a receiver that is away", func(t *testing.T) {
		server := httptest.NewServer(&collectorServer{})
		server.Close()
		s := newSink(t, Options{Type: HTTP, URL: server.URL + "/?secret=in-url", Token: "x"}, &cursors{}, 0)
		if err := s.Write(t.Context(), "outbox", 0, numbered(1, 1)); err == nil || strings.Contains(err.Error(), "in-url") {
			t.Errorf("error %v; want one without the URL", err)
		}
	})
}

func TestOnlyNotableEvents(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	var kept cursors
	s := newSink(t, Options{Type: File, Path: path, Notable: true}, &kept, 0)
	if err := s.Write(t.Context(), "outbox", 0, numbered(1, 10)); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(uids(t, data), " "); got != "event-3 event-6 event-9" {
		t.Errorf("got %s", got)
	}
	if pos, _, _ := kept.Position(t.Context(), "outbox", "export:test"); pos != 10 {
		t.Errorf("cursor %d, want 10: the others are done with, too", pos)
	}
}

func TestSyslogMessages(t *testing.T) {
	e := numbered(3, 3)[0].Event
	body, err := OCSF(&e)
	if err != nil {
		t.Fatal(err)
	}
	m, err := message(entry{&e, body})
	if err != nil {
		t.Fatal(err)
	}
	// PRI: facility 13, severity 3.
	if want := "<107>1 2026-11-23T09:12:03.123000Z gw_1 sluice - finding - {"; !strings.HasPrefix(string(m), want) {
		t.Errorf("got %.80s, want %s", m, want)
	}
	for range 200 {
		e.Matches = append(e.Matches, event.Match{Detector: "us_ssn", Severity: "critical", Confidence: "high", Masked: []string{"••••"}, Excerpt: strings.Repeat("ä", 60)})
	}
	for range 300 {
		e.Groups = append(e.Groups, strings.Repeat("g", 40))
	}
	e.Path = strings.Repeat("/p", 1000)
	if body, err = OCSF(&e); err != nil {
		t.Fatal(err)
	}
	if m, err = message(entry{&e, body}); err != nil {
		t.Fatal(err)
	}
	_, record, _ := bytes.Cut(m, []byte(" - finding - "))
	if len(m) > maxMessage || uids(t, record)[0] != "event-3" {
		t.Errorf("a large event is a message of %d bytes, want at most %d", len(m), maxMessage)
	}
	if !bytes.HasPrefix(m, []byte("<106>1 ")) {
		t.Errorf("the worst finding sets the severity: got %.7s", m)
	}
}
