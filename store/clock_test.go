package store

import (
	"testing"
	"time"
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
