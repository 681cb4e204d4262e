package reqmod

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dlp/sluice/policy"
)

func TestTheLogSaysOnceInAWhileThatEventsAreNotRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		disk := &kept{err: errors.New("disk full")}
		w := newWorld(t, "", map[string]policy.Status{"chatgpt": policy.InReview}, Options{
			Recorder: disk, Log: slog.New(slog.NewTextHandler(&log, nil)),
		})
		stop := func(n int) {
			for range n {
				answered(t, w.Handler, request("POST", gptURL, gpt("card "+card)))
			}
		}
		stop(100)
		time.Sleep(missedEvery)
		stop(7)
		disk.err = nil
		stop(1) // too soon
		time.Sleep(missedEvery)
		stop(2)
		var missing, decisions []string
		for line := range strings.Lines(log.String()) {
			switch {
			case strings.Contains(line, "not recorded"):
				missing = append(missing, line)
			case strings.Contains(line, "msg=decision"):
				decisions = append(decisions, line)
			}
		}
		if len(missing) != 3 || !strings.Contains(missing[0], "requests=1 ") || !strings.Contains(missing[1], "requests=100 ") || !strings.Contains(missing[2], "requests=6\n") {
			t.Errorf("want 1 request told at once, 100 five seconds later, and the last 6 when events are recorded again; got %q", missing)
		}
		if len(decisions) != 110 || !strings.Contains(decisions[0], "action=block") || !strings.Contains(decisions[0], "event=none") {
			t.Errorf("%d decisions, want one line for each of 110, the first without an incident: %q", len(decisions), decisions[0])
		}
		if want := "sluice_unrecorded_total{action=\"block\"} 107\n"; !strings.Contains(exposed(t, w.Handler), want) {
			t.Errorf("the metrics do not have %s", want)
		}
	})
}
