package event

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// mostDays bounds lengths of time that are written in days.
const mostDays = 36500

// ParseTime reads a time as people write it where they ask for events: RFC 3339, to the minute or a day,
// both in UTC, or a length of time back from now: 24h, 7d (at most 36,500). Of "" it is the zero time.
func ParseTime(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil && n <= mostDays {
			return now.AddDate(0, 0, -int(n)), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time; write 2026-11-23T09:00:00Z, 2026-11-23 (UTC), or a length of time back such as 24h or 7d", text)
}
