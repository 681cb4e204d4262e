package dlp

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// maxEvalLine bounds one labelled text.
const maxEvalLine = 16 << 20

// Evaluation is how well an engine does on labelled texts. It never holds a part of them.
type Evaluation struct {
	Texts        int     `json:"texts"`
	Labels       int     `json:"labels"`
	Found        int     `json:"found"`         // labels more than half covered by some finding
	Named        int     `json:"named"`         // … by one of the right detector
	Extra        int     `json:"extra"`         // findings where no label is
	Clean        int     `json:"clean"`         // texts without labels
	CleanFlagged int     `json:"clean_flagged"` // … with a finding
	CleanTrigger int     `json:"clean_trigger"` // … at which the profile given to Eval triggers
	Recall       float64 `json:"recall"`        // Named / Labels
	Precision    float64 `json:"precision"`     // right findings / all findings

	Detectors []DetectorScore `json:"detectors"` // worst first
	Worst     []EvalCase      `json:"worst"`     // what went wrong, at most 100
}

// DetectorScore is one detector's part in an Evaluation.
type DetectorScore struct {
	Detector  string  `json:"detector"`
	Labels    int     `json:"labels"`
	Named     int     `json:"named"`
	Wrong     int     `json:"wrong"` // findings on other bytes, or on another's label
	Recall    float64 `json:"recall"`
	Precision float64 `json:"precision"`
}

// EvalCase is one thing that went wrong.
type EvalCase struct {
	ID   string `json:"id"`
	What string `json:"what"` // "missed iban at 3-31", "phone at 4-14: no label there"
}

// labelled is one line of a labelled file.
type labelled struct {
	ID string `json:"id"`

	Text   string   `json:"text"`
	Labels []label  `json:"labels"`
	Ignore []string `json:"ignore"`
}

type label struct {
	Entity string `json:"entity"`
	Start  int64  `json:"start"`
	End    int64  `json:"end"`
}

// Eval scans labelled texts, one JSON object a line: {"id","text","labels":[{"entity",
// "start","end"}],"ignore":["date"]}, with byte offsets; findings of the detectors in
// ignore do not count. Findings of at least medium confidence are compared. Profile, when
// loaded, is the one whose trigger must not fire on texts without labels.
func Eval(e *Engine, profile string, r io.Reader) (Evaluation, error) {
	t := tally{scores: map[string]*DetectorScore{}}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxEvalLine)
	for n := 1; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var p labelled
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			return Evaluation{}, fmt.Errorf("line %d: %w", n, err)
		}
		if p.ID == "" {
			p.ID = fmt.Sprintf("line %d", n)
		}
		t.count(e, profile, &p)
	}
	if err := lines.Err(); err != nil {
		return Evaluation{}, fmt.Errorf("read labelled texts: %w", err)
	}
	return t.done(), nil
}

// tally adds up an Evaluation.
type tally struct {
	Evaluation
	right, all int
	scores     map[string]*DetectorScore
}

func (t *tally) score(id string) *DetectorScore {
	if t.scores[id] == nil {
		t.scores[id] = &DetectorScore{Detector: id}
	}
	return t.scores[id]
}

func (t *tally) wrong(p *labelled, format string, args ...any) {
	if len(t.Worst) < 100 {
		t.Worst = append(t.Worst, EvalCase{ID: p.ID, What: fmt.Sprintf(format, args...)})
	}
}

func (t *tally) count(e *Engine, profile string, p *labelled) {
	t.Texts++
	report := e.Scan(context.Background(), Query{}, Text{Data: []byte(p.Text), Role: "user"})
	findings := slices.DeleteFunc(report.Findings, func(f Finding) bool {
		return slices.Contains(p.Ignore, f.Detector) && !slices.ContainsFunc(p.Labels, func(l label) bool { return l.Entity == f.Detector })
	})
	for _, l := range p.Labels {
		t.label(p, l, findings)
	}
	for _, f := range findings {
		t.finding(p, f)
	}
	if len(p.Labels) > 0 {
		return
	}
	t.Clean++
	if len(findings) > 0 {
		t.CleanFlagged++
	}
	if e.Triggers(profile, nil, findings) {
		t.CleanTrigger++
	}
}

// label looks whether a label was found, and under its name.
func (t *tally) label(p *labelled, l label, findings []Finding) {
	t.Labels++
	score := t.score(l.Entity)
	score.Labels++
	var others []string
	named := false
	for _, f := range findings {
		if 2*(min(f.End, l.End)-max(f.Start, l.Start)) <= l.End-l.Start {
			continue
		}
		named = named || f.Detector == l.Entity
		others = append(others, f.Detector)
	}
	switch {
	case named:
		t.Found++
		t.Named++
		score.Named++
	case len(others) > 0:
		t.Found++
		t.wrong(p, "%s at %d-%d is called %s", l.Entity, l.Start, l.End, strings.Join(others, ", "))
	default:
		t.wrong(p, "%s at %d-%d is missed", l.Entity, l.Start, l.End)
	}
}

// finding looks whether a finding has a label.
func (t *tally) finding(p *labelled, f Finding) {
	t.all++
	touched := false
	for _, l := range p.Labels {
		if f.Start < l.End && l.Start < f.End {
			touched = true
			if l.Entity == f.Detector {
				t.right++
				return
			}
		}
	}
	t.score(f.Detector).Wrong++
	if !touched {
		t.Extra++
		t.wrong(p, "%s at %d-%d has no label (%s)", f.Detector, f.Start, f.End, strings.Join(f.Evidence, ", "))
	}
}

func (t *tally) done() Evaluation {
	t.Recall, t.Precision = ratio(t.Named, t.Labels), ratio(t.right, t.all)
	for _, s := range t.scores {
		s.Recall, s.Precision = ratio(s.Named, s.Labels), ratio(s.Named, s.Named+s.Wrong)
		t.Detectors = append(t.Detectors, *s)
	}
	slices.SortFunc(t.Detectors, func(a, b DetectorScore) int {
		return cmp.Or(cmp.Compare(a.Recall+a.Precision, b.Recall+b.Precision), strings.Compare(a.Detector, b.Detector))
	})
	return t.Evaluation
}

// ratio is 1 where there was nothing to get wrong.
func ratio(part, whole int) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}
