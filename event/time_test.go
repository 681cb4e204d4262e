package event_test

import (
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

func TestParseTime(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"":                          {},
		"2026-11-23":                time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC),
		"2026-11-23T09:00":          time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC),
		"2026-11-23T09:00:00+01:00": time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC),
		"2026-11-23T09:00:00.5Z":    time.Date(2026, 11, 23, 9, 0, 0, 5e8, time.UTC),
		"7d":                        now.AddDate(0, 0, -7),
		"90m":                       now.Add(-90 * time.Minute),
	} {
		if got, err := event.ParseTime(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"yesterday", "-7d", "-24h", "36501d", "2026-13-01", "7"} {
		if got, err := event.ParseTime(text, now); err == nil {
			t.Errorf("%q: %v, want an error", text, got)
		}
	}
}
