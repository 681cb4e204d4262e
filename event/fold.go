package event

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"time"
)

// class is what becomes of a request.
type class int

const (
	single  class = iota // an event
	counted              // a count in the roll-ups
	folded               // the first of its minute an event, the others counts
)

func (r *Recorder) class(e *Event) class {
	if len(e.Matches) > 0 || len(e.Gaps) > 0 {
		return single
	}
	switch {
	case e.Activity == "other" && e.stopped():
		return folded
	case e.Activity == "other":
		return counted
	case !e.stopped() && Stage(r.stage.Load()) != Roomy:
		return counted
	}
	return single
}

// stopped says that the action is stricter than log.
func (e *Event) stopped() bool {
	return e.Decision.Action != "" && e.Decision.Action != "allow" && e.Decision.Action != "log"
}

// dims returns what of e the roll-ups tell apart; withID keeps the id too.
func (e *Event) dims(withID bool) *Event {
	d := &Event{
		Node: e.Node, User: e.User, Groups: slices.Clone(e.Groups), Actor: e.Actor,
		Account: Account{Kind: e.Account.Kind}, Source: e.Source, Device: Device{ID: e.Device.ID},
		App: e.App, Activity: e.Activity, Visibility: e.Visibility, BytesOut: e.BytesOut,
		Decision: Decision{Action: e.Decision.Action, Would: e.Decision.Would, Mode: e.Decision.Mode, Rule: e.Decision.Rule},
	}
	if withID {
		d.ID = e.ID
	}
	return d
}

// key names all requests that are counted together. No value can hold the NUL between them.
func (e *Event) key() string {
	var b strings.Builder
	for _, s := range []string{
		e.ID, e.Node, e.User, e.Actor, e.Account.Kind, e.Source.IP, e.Source.Country, e.Source.Site, e.Device.ID,
		e.App.ID, e.App.Name, e.App.Category, e.App.Status, e.App.Source, e.Activity, e.Visibility,
		e.Decision.Action, e.Decision.Would, e.Decision.Mode, e.Decision.Rule, strings.Join(e.Groups, "\x01"),
	} {
		b.WriteString(strings.ReplaceAll(s, "\x00", ""))
		b.WriteByte(0)
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:16])
}

// fold is a stopped request of a minute that may repeat.
type fold struct {
	mu      sync.Mutex
	id      string
	written bool // or on its way
}

// maxFolds bounds the folds of a minute; beyond it, requests become events of their own.
const maxFolds = 1 << 16

// folds are the folds of the running minute.
type folds struct {
	mu     sync.Mutex
	minute int64
	byKey  map[string]*fold
}

// find returns the fold of e, made when there is none; nil when there are too many.
func (f *folds) find(e *Event, now time.Time) *fold {
	dims := e.dims(false)
	key := dims.key()
	f.mu.Lock()
	defer f.mu.Unlock()
	if m := now.Unix() / 60; m != f.minute || f.byKey == nil {
		f.minute, f.byKey = m, map[string]*fold{}
	}
	one := f.byKey[key]
	if one == nil && len(f.byKey) < maxFolds {
		one = &fold{id: e.ID}
		f.byKey[key] = one
	}
	return one
}

// name gives e the id of its fold.
func (f *folds) name(e *Event, now time.Time) {
	if one := f.find(e, now); one != nil {
		e.ID = one.id
	}
}

// claim gives e the id of its fold and reports whether e is to become its event.
func (f *folds) claim(e *Event, now time.Time) (*fold, bool) {
	one := f.find(e, now)
	if one == nil {
		return nil, true
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	isFirst := !one.written
	one.written = true
	e.ID = one.id
	return one, isFirst
}

// unfold lets the next request of the fold become its event, when this one could not.
func (it *item) unfold() {
	if it.fold == nil || it.count != nil {
		return
	}
	it.fold.mu.Lock()
	it.fold.written = false
	it.fold.mu.Unlock()
}

// maxRecent is how many requests can still be given the bytes that came back.
const maxRecent = 1 << 15

// recent remembers the dimensions of the last requests by id.
type recent struct {
	mu   sync.Mutex
	byID map[string]seen
	ring []string
	next int
}

type seen struct {
	dims    *Event
	isEvent bool
}

func (r *recent) add(id string, dims *Event, isEvent bool) {
	d := *dims
	d.BytesOut = 0
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byID == nil {
		r.byID, r.ring = make(map[string]seen, maxRecent), make([]string, maxRecent)
	}
	delete(r.byID, r.ring[r.next])
	r.ring[r.next] = id
	r.next = (r.next + 1) % maxRecent
	r.byID[id] = seen{dims: &d, isEvent: isEvent}
}

func (r *recent) find(id string) (*Event, bool, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.byID[id]
	return s.dims, s.isEvent, ok
}
