// Package notify tells people about events by webhook, Slack-compatible webhook and mail: one
// message per person, app and detector in a window, and never more than a rate.
package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

// Type says how people are told.
type Type string

// The types.
const (
	Webhook Type = "webhook" // a JSON object is posted
	Slack   Type = "slack"   // an incoming webhook of Slack, Mattermost, Rocket.Chat and the like
	SMTP    Type = "smtp"
)

// Defaults of [Options].
const (
	DefaultWindow = time.Hour
	DefaultRate   = 20
)

// giveUp is how old an event may be that people are still told of.
const giveUp = 6 * time.Hour

// Options set one channel. Zero fields mean the default in their comment.
type Options struct {
	Name    string // names its cursor: with another one it begins anew
	Type    Type
	URL     string        // webhook, slack: where to post; smtp: smtp://[user:password@]host[:587] or smtps://…[:465]
	Token   string        // webhook: for the header Authorization, as a bearer
	From    string        // smtp
	To      []string      // smtp
	CA      string        // PEM file of who may have signed the receiver's certificate; default: the system's
	Actions []string      // of the events that people are told of; default: notify
	Window  time.Duration // in which a person, app and detector are told of once; default [DefaultWindow]
	Rate    int           // messages a minute at most; default [DefaultRate]

	// Link returns the page of an event for who may see it. Default: there is none.
	Link func(event string) string
	// DetectorName and AppName return what people call them. Default: as events hold them.
	DetectorName func(id string) string

	Log *slog.Logger     // default: discard
	Now func() time.Time // default: time.Now
}

// Cursors remember how far channels have come; [event.Cursors] is one.
type Cursors interface {
	Position(ctx context.Context, outbox, sink string) (seq int64, known bool, err error)
	Move(ctx context.Context, outbox, sink string, seq int64) error
}

// Claims let one node of many tell of something: Claim returns true when nobody has claimed
// id, or only until a time that is over. Store is one. It must be safe for concurrent use.
type Claims interface {
	Claim(ctx context.Context, id string, until time.Time) (bool, error)
}

// carrier delivers one notice. An error that is [errRefused] will not go away by trying again.
type carrier interface {
	deliver(ctx context.Context, n *Notice) error
}

// errRefused says that the receiver will never take a message.
var errRefused = errors.New("the receiver refuses it")

// Sink is one channel, an [event.Sink]. A message that cannot be delivered is tried again
// while the event waits in the outbox; what is refused, or older than six hours by then, is
// dropped, and the log says so. One goroutine runs it.
type Sink struct {
	o       Options
	cursors Cursors
	told    *told
	out     carrier
}

// New makes a channel for outbox, whose last event is last: one that has never run begins
// after it. claims may be nil: then each node tells for itself. It does not connect yet.
func New(ctx context.Context, o Options, cursors Cursors, claims Claims, outbox string, last int64) (*Sink, error) {
	o.fill()
	s := &Sink{o: o, cursors: cursors, told: newTold(&o, claims)}
	var err error
	switch o.Type {
	case Webhook, Slack:
		s.out, err = newPoster(o)
	case SMTP:
		s.out, err = newMailer(o)
	default:
		err = fmt.Errorf("no type %q", o.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("notify %s: %w", o.Name, err)
	}
	if _, known, err := cursors.Position(ctx, outbox, s.cursor()); err != nil || known {
		return s, err
	}
	return s, cursors.Move(ctx, outbox, s.cursor(), last)
}

func (o *Options) fill() {
	if o.Window <= 0 {
		o.Window = DefaultWindow
	}
	if o.Rate <= 0 {
		o.Rate = DefaultRate
	}
	if o.Link == nil {
		o.Link = func(string) string { return "" }
	}
	if o.DetectorName == nil {
		o.DetectorName = func(id string) string { return id }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// Name implements event.Sink.
func (s *Sink) Name() string { return "notify " + s.o.Name }

func (s *Sink) cursor() string { return "notify:" + s.o.Name }

// Position implements event.Sink.
func (s *Sink) Position(ctx context.Context, outbox string) (int64, error) {
	seq, _, err := s.cursors.Position(ctx, outbox, s.cursor())
	return seq, err
}

// Write implements event.Sink.
func (s *Sink) Write(ctx context.Context, outbox string, _ int64, batch []event.Numbered) error {
	var done, moved int64
	for i := range batch {
		sent, err := s.tell(ctx, &batch[i].Event)
		if err != nil {
			return errors.Join(err, s.move(ctx, outbox, done))
		}
		done = batch[i].Seq
		if sent { // what was told must not be told again after a crash
			if err := s.move(ctx, outbox, done); err != nil {
				return err
			}
			moved = done
		}
	}
	if moved == done {
		return nil
	}
	return s.move(ctx, outbox, done)
}

// move remembers what is done, even when the node stops right now.
func (s *Sink) move(ctx context.Context, outbox string, done int64) error {
	if done == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return s.cursors.Move(ctx, outbox, s.cursor(), done)
}

// Tells reports whether a channel with these [Options].Actions tells people of action.
func Tells(actions []string, action string) bool {
	return slices.Contains(actions, action) || len(actions) == 0 && action == "notify"
}

// tell tells of an event, where it is one to tell of.
func (s *Sink) tell(ctx context.Context, e *event.Event) (sent bool, err error) {
	if !Tells(s.o.Actions, e.Decision.Action) {
		return false, nil
	}
	if s.o.Now().Sub(e.Time) > giveUp {
		s.told.done(e)
		s.o.Log.Error("a message was not delivered in time and is dropped", "channel", s.o.Name, "event", e.ID)
		return false, nil
	}
	n := s.told.notice(ctx, e)
	if n == nil {
		return false, nil
	}
	err = s.out.deliver(ctx, n)
	if errors.Is(err, errRefused) {
		s.told.done(e)
		s.o.Log.Error("a message is refused and dropped", "channel", s.o.Name, "event", e.ID, "error", err)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	s.told.delivered(e)
	return true, nil
}
