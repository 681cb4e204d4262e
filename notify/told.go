package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

// maxRemembered bounds what a channel remembers of its windows.
const maxRemembered = 100_000

// told knows what people have been told of. One goroutine uses it.
type told struct {
	o      *Options
	claims Claims // nil: only this node is asked

	until   map[string]time.Time // of what was told here, or must not be
	pending *Notice              // claimed, but not delivered yet
	sent    []time.Time          // within the last minute
	held    int                  // events that nobody was told of since the last message
}

func newTold(o *Options, claims Claims) *told {
	return &told{o: o, claims: claims, until: map[string]time.Time{}}
}

// notice returns what to tell of e; nil when people know it, or were told enough.
func (t *told) notice(ctx context.Context, e *event.Event) *Notice {
	if t.pending != nil && t.pending.ID == e.ID {
		return t.pending
	}
	now := t.o.Now()
	subjects := subjectsOf(e)
	if t.rateReached(now) {
		t.held++
		return nil
	}
	fresh := slices.DeleteFunc(subjects, func(s string) bool { return !t.claim(ctx, key(t.o.Name, e, s), now) })
	if len(fresh) == 0 {
		t.held++
		return nil
	}
	t.pending = newNotice(t.o, e, fresh, t.held)
	return t.pending
}

// subjectsOf are the detectors that found something; the rule where nothing was looked for.
func subjectsOf(e *event.Event) []string {
	var list []string
	for _, m := range e.Matches {
		if !slices.Contains(list, m.Detector) {
			list = append(list, m.Detector)
		}
	}
	if len(list) == 0 {
		list = append(list, "rule "+e.Decision.Rule)
	}
	return list
}

// key names a person, app and subject without telling them.
func key(channel string, e *event.Event, subject string) string {
	who := e.User
	if who == "" {
		who = "ip " + e.Source.IP
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{channel, who, e.App.ID, subject}, "\x00")))
	return "notify:" + hex.EncodeToString(sum[:16])
}

// claim reports whether this node is to tell of it now.
func (t *told) claim(ctx context.Context, id string, now time.Time) bool {
	if until, known := t.until[id]; known && now.Before(until) {
		return false
	}
	if len(t.until) >= maxRemembered {
		t.forget(now)
	}
	until := now.Add(t.o.Window)
	t.until[id] = until
	if t.claims == nil {
		return true
	}
	first, err := t.claims.Claim(ctx, id, until)
	if err != nil { // better told twice than not at all
		t.o.Log.Warn("other nodes cannot be asked what they told", "channel", t.o.Name, "error", err)
		return true
	}
	return first
}

// forget drops windows that are over, and all when that is not enough.
func (t *told) forget(now time.Time) {
	for id, until := range t.until {
		if !now.Before(until) {
			delete(t.until, id)
		}
	}
	if len(t.until) >= maxRemembered {
		clear(t.until)
	}
}

func (t *told) rateReached(now time.Time) bool {
	t.sent = slices.DeleteFunc(t.sent, func(at time.Time) bool { return now.Sub(at) >= time.Minute })
	return len(t.sent) >= t.o.Rate
}

// delivered notes that people were told of e.
func (t *told) delivered(e *event.Event) {
	t.sent = append(t.sent, t.o.Now())
	t.held = 0
	t.done(e)
}

// done forgets the pending message of e.
func (t *told) done(e *event.Event) {
	if t.pending != nil && t.pending.ID == e.ID {
		t.pending = nil
	}
}
