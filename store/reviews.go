package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

// ReviewState is how far the triage of an event has come.
type ReviewState string

// The states. Confirmed, false positive and accepted are verdicts.
const (
	ReviewNew           ReviewState = "new"
	ReviewInProgress    ReviewState = "in_progress"
	ReviewConfirmed     ReviewState = "confirmed"
	ReviewFalsePositive ReviewState = "false_positive"
	ReviewAccepted      ReviewState = "accepted" // a true finding that may happen
)

// ReviewStates returns all states, in the order of triage.
func ReviewStates() []ReviewState {
	return []ReviewState{ReviewNew, ReviewInProgress, ReviewConfirmed, ReviewFalsePositive, ReviewAccepted}
}

// Review is what the security team thinks of an event.
type Review struct {
	Event    string      `json:"event"`
	State    ReviewState `json:"state"`
	Assignee string      `json:"assignee"`
	Reason   string      `json:"reason"` // why the verdict, in a word: real_leak, test_data, …
	Note     string      `json:"note"`
	By       string      `json:"by"`
	At       time.Time   `json:"at"`
}

// SetReview keeps the review of an event; [ErrNotFound] when there is no such event.
func (s *Store) SetReview(ctx context.Context, r Review) error {
	if !slices.Contains(ReviewStates(), r.State) {
		return fmt.Errorf("review %s: no state %q; want new, in_progress, confirmed, false_positive or accepted", r.Event, r.State)
	}
	e, err := s.Event(ctx, r.Event)
	if err != nil && !errors.Is(err, event.ErrDetail) {
		return fmt.Errorf("review: %w", err)
	}
	if r.At.IsZero() {
		r.At = time.Now()
	}
	r.Event, r.At = e.ID, r.At.UTC().Truncate(time.Microsecond)
	var detectors []string
	for i := range e.Matches {
		detectors = append(detectors, e.Matches[i].Detector)
	}
	slices.Sort(detectors)
	words := strings.Join(slices.Compact(detectors), "|")
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		before, err := reviewIn(ctx, tx, r.Event)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO review (id, ts, app, detectors, state, assignee, note, by_user, at, reason)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO UPDATE SET state = excluded.state,
 assignee = excluded.assignee, note = excluded.note, by_user = excluded.by_user, at = excluded.at, reason = excluded.reason`,
			r.Event, e.Time, e.App.ID, words, string(r.State), r.Assignee, r.Note, r.By, r.At, r.Reason)
		if err != nil {
			return err
		}
		return audit(ctx, tx, AuditLine{At: r.At, Actor: r.By, Action: "event.review", Target: r.Event, Before: before, After: asJSON(r)})
	})
	if err != nil {
		return fmt.Errorf("review %s: %w", r.Event, err)
	}
	return nil
}

const reviewColumns = `id, state, assignee, note, by_user, at, reason`

func scanReview(scan func(dest ...any) error) (Review, error) {
	var r Review
	err := scan(&r.Event, &r.State, &r.Assignee, &r.Note, &r.By, (*event.Stamp)(&r.At), &r.Reason)
	return r, err
}

func reviewIn(ctx context.Context, tx *sql.Tx, id string) (string, error) {
	r, err := scanReview(tx.QueryRowContext(ctx, `SELECT `+reviewColumns+` FROM review WHERE id = $1`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return asJSON(r), err
}

// Reviews returns the reviews of events, by event id; events without one are left out. At
// most 10,000 ids are looked up.
func (s *Store) Reviews(ctx context.Context, events []string) (map[string]Review, error) {
	found := map[string]Review{}
	var ids []any
	for _, id := range events[:min(len(events), maxLimit)] {
		if _, ok := event.IDTime(id); ok {
			ids = append(ids, id)
		}
	}
	for part := range slices.Chunk(ids, internChunk) {
		err := s.rows(ctx, "reviews", func(scan func(dest ...any) error) error {
			r, err := scanReview(scan)
			found[r.Event] = r
			return err
		}, `SELECT `+reviewColumns+` FROM review WHERE id IN (`+placeholders(1, len(part))+`)`, part...)
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// Precision is how often a detector was right, by the verdicts on its events.
type Precision struct {
	Detector      string  `json:"detector"`
	Confirmed     int64   `json:"confirmed"`
	Accepted      int64   `json:"accepted"`
	FalsePositive int64   `json:"false_positive"`
	Precision     float64 `json:"precision"` // (confirmed + accepted) / all three
}

// Precisions returns the verdicts on events of the period, most false positives first.
func (s *Store) Precisions(ctx context.Context, p Period) ([]Precision, error) {
	found := map[string]*Precision{}
	err := s.rows(ctx, "precision", func(scan func(dest ...any) error) error {
		var words string
		var state ReviewState
		var n int64
		if err := scan(&words, &state, &n); err != nil || words == "" {
			return err
		}
		for d := range strings.SplitSeq(words, "|") {
			one := found[d]
			if one == nil {
				one = &Precision{Detector: d}
				found[d] = one
			}
			one.add(state, n)
		}
		return nil
	}, `SELECT detectors, state, COUNT(*) FROM review WHERE ts >= $1 AND ts < $2
 AND state IN ('confirmed', 'false_positive', 'accepted') GROUP BY detectors, state ORDER BY detectors, state`, p.From.UTC(), p.To.UTC())
	list := []Precision{}
	for _, one := range found {
		right := one.Confirmed + one.Accepted
		one.Precision = float64(right) / float64(right+one.FalsePositive)
		list = append(list, *one)
	}
	slices.SortFunc(list, func(a, b Precision) int {
		return cmp.Or(cmp.Compare(b.FalsePositive, a.FalsePositive), strings.Compare(a.Detector, b.Detector))
	})
	return list, err
}

func (p *Precision) add(state ReviewState, n int64) {
	switch state {
	case ReviewConfirmed:
		p.Confirmed += n
	case ReviewAccepted:
		p.Accepted += n
	case ReviewFalsePositive:
		p.FalsePositive += n
	case ReviewNew, ReviewInProgress:
	}
}
