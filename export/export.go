// Package export sends events to the outside in OCSF: syslog, HTTP and files.
package export

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

// Type says how events leave.
type Type string

// The types.
const (
	File   Type = "file"   // lines of JSON, appended
	Stdout Type = "stdout" // the same on standard output
	Syslog Type = "syslog" // RFC 5424 over TLS (RFC 5425)
	HTTP   Type = "http"   // Splunk's HTTP event collector, which Vector, Cribl and others speak too
)

// Options set one exporter.
type Options struct {
	Name    string // names its cursor: with another one it begins anew
	Type    Type
	Path    string // file
	URL     string // syslog: tls://host:port; http: where to post
	Token   string // http: for the header Authorization
	CA      string // PEM file of who may have signed the receiver's certificate; default: the system's
	Cert    string // PEM files of our own certificate and key, where the receiver asks
	Key     string
	Notable bool // only events with a match or an action stricter than log
	History bool // begin with the oldest event there is, not with the next one
}

// Cursors remember how far exporters have come; [event.Cursors] is one.
type Cursors interface {
	Position(ctx context.Context, outbox, sink string) (seq int64, known bool, err error)
	Move(ctx context.Context, outbox, sink string, seq int64) error
}

// entry is one event, rendered.
type entry struct {
	e    *event.Event
	body []byte // OCSF
}

// sender is one way out. One goroutine uses it.
type sender interface {
	// send delivers list in order, and returns how many have certainly arrived. The rest is
	// given to it again.
	send(ctx context.Context, list []entry) (int, error)
	close() error
}

// Sink is one exporter, an [event.Sink]. Events arrive in order and at least once: after a
// failure some may come again, with the same metadata.uid. While the receiver is away,
// events wait in the outbox.
type Sink struct {
	o       Options
	cursors Cursors
	out     sender
}

// New makes an exporter of outbox, whose last event is last: without History, one that has
// never run begins after it. It opens files, but does not connect yet.
func New(ctx context.Context, o Options, cursors Cursors, outbox string, last int64) (*Sink, error) {
	s := &Sink{o: o, cursors: cursors}
	var err error
	switch o.Type {
	case File:
		s.out, err = openFile(o.Path)
	case Stdout:
		s.out = stdout{}
	case Syslog:
		s.out, err = newSyslog(o)
	case HTTP:
		s.out, err = newCollector(o)
	default:
		err = fmt.Errorf("no type %q", o.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("export %s: %w", o.Name, err)
	}
	if _, known, err := cursors.Position(ctx, outbox, s.cursor()); err != nil || known || o.History {
		return s, err
	}
	return s, cursors.Move(ctx, outbox, s.cursor(), last)
}

// Name implements event.Sink.
func (s *Sink) Name() string { return "export " + s.o.Name }

func (s *Sink) cursor() string { return "export:" + s.o.Name }

// Position implements event.Sink.
func (s *Sink) Position(ctx context.Context, outbox string) (int64, error) {
	seq, _, err := s.cursors.Position(ctx, outbox, s.cursor())
	return seq, err
}

// chunk is how many events are sent before the cursor moves.
const chunk = 500

// Write implements event.Sink.
func (s *Sink) Write(ctx context.Context, outbox string, _ int64, batch []event.Numbered) error {
	for len(batch) > 0 {
		n := min(chunk, len(batch))
		if err := s.writeChunk(ctx, outbox, batch[:n]); err != nil {
			return err
		}
		batch = batch[n:]
	}
	return nil
}

func (s *Sink) writeChunk(ctx context.Context, outbox string, batch []event.Numbered) error {
	var list []entry
	var numbers []int64
	for i := range batch {
		e := &batch[i].Event
		if s.o.Notable && !notable(e) {
			continue
		}
		body, err := OCSF(e)
		if err != nil {
			return fmt.Errorf("render event %s: %w", e.ID, err)
		}
		list, numbers = append(list, entry{e, body}), append(numbers, batch[i].Seq)
	}
	reached := batch[len(batch)-1].Seq
	var failed error
	if len(list) > 0 {
		var n int
		if n, failed = s.out.send(ctx, list); failed != nil {
			if n == 0 {
				return failed
			}
			reached = numbers[n-1]
		}
	}
	// What has arrived is remembered, even when the node stops right now.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(failed, s.cursors.Move(ctx, outbox, s.cursor(), reached))
}

func notable(e *event.Event) bool {
	return len(e.Matches) > 0 || e.Decision.Action != "allow" && e.Decision.Action != "log"
}

// Close closes file or connection, after Run has ended.
func (s *Sink) Close() error { return s.out.close() }
