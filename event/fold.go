package event

import (
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
	key := dimsOf(e).key("")
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
	if it.fold == nil || it.row == nil {
		return
	}
	it.fold.mu.Lock()
	it.fold.written = false
	it.fold.mu.Unlock()
}
