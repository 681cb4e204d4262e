package store

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

func TestAClockThatJumpedIsNotTrusted(t *testing.T) {
	s, err := Open(t.Context(), Options{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	last := time.Now()
	if err := s.trustClock(t.Context(), last, last.Add(time.Hour)); err != nil {
		t.Errorf("an hour later: %v", err)
	}
	for name, c := range map[string]struct {
		wall, passed time.Duration
		ok           bool
	}{
		"an hour":               {time.Hour, time.Hour, true},
		"corrected by a minute": {time.Hour + time.Minute, time.Hour, true},
		"set ahead by a year":   {366 * 24 * time.Hour, time.Hour, false},
		"set back by two days":  {-47 * time.Hour, time.Hour, false},
	} {
		if err := jumped(c.wall, c.passed); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// told is the log of a store.
type told chan string

func (l told) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

// TestNothingIsDroppedAtAStartByAClockThatIsYearsAhead: of a machine without a battery, whose
// clock is set by the network a moment later.
func TestNothingIsDroppedAtAStartByAClockThatIsYearsAhead(t *testing.T) {
	log := make(told, 8)
	s, err := Open(t.Context(), Options{DataDir: t.TempDir(), Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r, err := event.Open(t.Context(), s.OutboxDB(), event.Options{IsStore: true})
	if err != nil {
		t.Fatal(err)
	}
	then := time.Now().Add(-100 * 24 * time.Hour) // as by a clock that is 100 days ahead
	e := event.Event{ID: event.NewID(then), Time: then, Activity: "prompt", Decision: event.Decision{Action: "block"}}
	if err := errors.Join(r.Record(t.Context(), &e, true), r.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	keep := Retention{Events: 90 * 24 * time.Hour}
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- s.RunMaintenance(ctx, keep) }()
	if line := <-log; !strings.Contains(line, "see that the clock is right") || !strings.Contains(line, "the next try is in an hour") {
		t.Errorf("the log says %q", line)
	}
	stop()
	<-ran
	if list, err := s.Events(t.Context(), Filter{}); err != nil || len(list) != 1 {
		t.Errorf("%d events are left (%v), want 1", len(list), err)
	}
	if err := s.trustStart(t.Context(), keep, then.Add(time.Hour)); err != nil {
		t.Errorf("an hour after the last event: %v", err)
	}
}
