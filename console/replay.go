package console

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/store"
)

// replayResult compares the edited profiles with the running ones on past prompts.
type replayResult struct {
	Asked, Read int // events that were looked at, and those whose text could be read
	Lines       []replayLine
	Took        time.Duration
	Events      []eventRow // in which something changed
}

// replayLine is one detector before and after.
type replayLine struct {
	Detector      string
	Before, After int
}

const (
	replayMax  = 1000
	replayTime = 30 * time.Second
)

// replay runs the edited profiles over the prompts of the last events. Prompts are kept
// only encrypted, so it needs the private key; it is used once and kept nowhere.
func (s *Server) replay(w http.ResponseWriter, r *http.Request, v *visitor) error {
	d, err := s.playPage(v, "")
	if err != nil {
		return err
	}
	if _, err := s.playForm(r, d); err != nil {
		return err
	}
	identity, err := identityOf(r)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(r.FormValue("n"))
	if err != nil || n < 1 || n > replayMax {
		return badInput("Replay 1 to 1,000 events.")
	}
	engine, _, err := s.edited(d.YAML, false)
	if err != nil {
		d.Result = &playResult{Mistakes: mistakes(err)}
		return s.render(w, r, v, "playground", page{Title: "Profiles", Nav: "playground", Data: d})
	}
	if err := s.o.Store.Audit(r.Context(), store.AuditLine{Actor: v.Name, Action: "playground.replay", Target: strconv.Itoa(n) + " events"}); err != nil {
		return err
	}
	if d.Replay, err = s.replayOver(r.Context(), v, engine, identity, n); err != nil {
		return err
	}
	d.Result = s.play(r.Context(), d.YAML, d.Text, true)
	return s.render(w, r, v, "playground", page{Title: "Profiles", Nav: "playground", Data: d})
}

func (s *Server) replayOver(ctx context.Context, v *visitor, edited *dlp.Engine, identity []byte, n int) (*replayResult, error) {
	ctx, cancel := context.WithTimeout(ctx, replayTime)
	defer cancel()
	began := time.Now()
	list, err := s.o.Store.Events(ctx, store.Filter{Limit: n})
	if err != nil {
		return nil, err
	}
	out := &replayResult{Asked: len(list)}
	before, after := map[string]int{}, map[string]int{}
	var changed []event.Event
	running := s.o.Rules().Engine
	for i := range list {
		sealed, err := s.o.Store.Payload(ctx, list[i].ID)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		prompt, err := event.Unseal(sealed, bytes.NewReader(identity))
		if err != nil {
			if out.Read == 0 {
				return nil, badInput("This key does not open the prompts. Give the private key that belongs to payload.age_recipient.")
			}
			continue // sealed to an older key
		}
		out.Read++
		was, is := countFound(ctx, running, prompt, before), countFound(ctx, edited, prompt, after)
		if was != is {
			changed = append(changed, list[i])
		}
	}
	names := map[string]bool{}
	for _, m := range []map[string]int{before, after} {
		for d := range m {
			names[d] = true
		}
	}
	for d := range names {
		out.Lines = append(out.Lines, replayLine{d, before[d], after[d]})
	}
	slices.SortFunc(out.Lines, func(a, b replayLine) int { return strings.Compare(a.Detector, b.Detector) })
	out.Took = time.Since(began)
	out.Events, err = s.eventRows(ctx, v, changed[:min(len(changed), 20)], "")
	return out, err
}

// countFound adds up what an engine finds in a prompt, and returns it as one text to
// compare by.
func countFound(ctx context.Context, engine *dlp.Engine, p *event.Prompt, into map[string]int) string {
	texts := make([]dlp.Text, len(p.Texts))
	for i, t := range p.Texts {
		texts[i] = dlp.Text{Part: t.Path, Role: t.Role, Data: []byte(t.Text)}
	}
	report := engine.Scan(ctx, dlp.Query{}, texts...)
	var all []string
	for _, f := range report.Findings {
		into[f.Detector]++
		all = append(all, f.Detector)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}
