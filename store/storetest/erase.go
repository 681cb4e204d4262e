package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/store"
)

// plant makes e one of the person who is to be forgotten.
func plant(e *event.Event) {
	e.User, e.Account.ID, e.Source.IP, e.Device.ID = planted, "mallory@planted.example", "10.99.99.99", "PLANTED-DEVICE"
	e.Path, e.Sealed = "/planted-path", []byte("sealed-planted")
}

// erasedOnArrival erases again and again while a node that knows the person goes on writing: what
// it had recorded before, in whatever state, is not readable in the end, and nothing is lost.
func erasedOnArrival(t *testing.T, open Open) {
	o := open(t)
	n := start(t, o)
	other := o
	if o.URL != "" {
		other.DataDir = t.TempDir() // of another node
	}
	eraser := openStore(t, other)
	defer eraser.Close()
	const all = 3000
	began := time.Now().Add(-72 * time.Hour)
	list := newWorld(77, began, time.Second).events(all)
	ctx := t.Context()
	known := 0
	for i, e := range list {
		if i%3 == 0 {
			plant(e)
		}
		if err := n.Recorder.Record(ctx, e, i%100 == 0); err != nil {
			t.Fatal(err)
		}
		if i%250 == 249 {
			if known == 0 { // the first time, some have arrived
				arrives(t, eraser, planted)
			}
			done, err := eraser.ErasePerson(ctx, planted, "dpo")
			if err != nil {
				t.Fatal(err)
			}
			if done.Known {
				known++
			}
		}
	}
	if known == 0 {
		t.Fatal("nothing was there to erase")
	}
	later := newWorld(78, time.Now().Add(2*time.Hour), time.Second).events(30) // the person is back, at a full hour
	for _, e := range later {
		e.User = planted
		if err := n.Recorder.Record(ctx, e, false); err != nil {
			t.Fatal(err)
		}
	}
	n.drain()
	defer n.close()
	s := n.Store
	got := everything(t, s)
	if len(got) != all+len(later) {
		t.Fatalf("%d events are there, want %d", len(got), all+len(later))
	}
	var before []event.Event
	back := 0
	for _, e := range got {
		if e.Time.Before(time.Now()) {
			before = append(before, e)
		} else if e.User == planted {
			back++
		}
	}
	if back != len(later) {
		t.Errorf("%d of %d later events have the name", back, len(later))
	}
	p := store.Period{From: began.Add(-2 * time.Hour), To: began.Add(24 * time.Hour)}
	more := []any{before}
	for _, d := range []store.Dimension{store.Users, store.Sources, store.Devices} {
		shares, err := s.Breakdown(ctx, p, d, "", store.ByEvents, 1000)
		if err != nil {
			t.Fatal(err)
		}
		var sum int64
		for _, one := range shares {
			sum += one.Events
		}
		if sum != all {
			t.Errorf("dimension %d adds up to %d requests, want %d", d, sum, all)
		}
		ofApp, err := s.Breakdown(ctx, p, d, "app01", store.ByEvents, 1000)
		if err != nil {
			t.Fatal(err)
		}
		more = append(more, shares, ofApp)
	}
	b, err := json.Marshal(more)
	if err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{planted, "mallory@", "10.99.99.99", "PLANTED-DEVICE", "planted-path"} {
		if at := strings.Index(string(b), what); at >= 0 {
			t.Errorf("%q can still be read", what)
		}
	}
	for i, e := range list {
		if _, err := s.Payload(ctx, e.ID); i%3 == 0 && !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("the prompt can still be read: %v", err)
		}
	}
}

// arrives waits until the store has an event of a person.
func arrives(t *testing.T, s *store.Store, user string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	for {
		list, err := s.Events(ctx, store.Filter{User: user, Limit: 1})
		if err != nil {
			t.Fatalf("nothing of the person arrives: %v", err)
		}
		if len(list) > 0 {
			return
		}
	}
}

// everything returns all events, page by page.
func everything(t *testing.T, s *store.Store) (all []event.Event) {
	t.Helper()
	before := ""
	for {
		page, err := s.Events(t.Context(), store.Filter{Before: before, Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			return all
		}
		all, before = append(all, page...), page[len(page)-1].ID
	}
}
