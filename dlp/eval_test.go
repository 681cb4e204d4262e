package dlp_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dlp/sluice/dlp"
)

func TestEvalCountsWhatIsFoundNamedAndExtra(t *testing.T) {
	e, err := engine(t, map[string]string{"a.yaml": `
detectors:
  - {id: order, patterns: ['PO-\d{6}']}
  - {id: badge, patterns: ['B-\d{4}']}
  - {id: date, patterns: ['\d{4}-\d{2}-\d{2}']}
profiles: [{id: mine, use: [order, badge, date], trigger: {count: 2}}]
`}, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{
		`{"id":"named","text":"see PO-123456","labels":[{"entity":"order","start":4,"end":13}]}`,
		`{"id":"called otherwise","text":"my B-1234","labels":[{"entity":"pass","start":3,"end":9}]}`,
		``,
		`{"id":"missed","text":"order 99","labels":[{"entity":"order","start":6,"end":8}]}`,
		`{"id":"ignored","text":"on 2026-01-02","labels":[],"ignore":["date"]}`,
		`{"text":"PO-123456 and PO-654321"}`,
	}
	got, err := dlp.Eval(e, "mine", strings.NewReader(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	want := dlp.Evaluation{
		Texts: 5, Labels: 3, Found: 2, Named: 1, Extra: 2, Clean: 2, CleanFlagged: 1, CleanTrigger: 1,
		Recall: 1.0 / 3, Precision: 0.25,
		Detectors: []dlp.DetectorScore{
			{Detector: "order", Labels: 2, Named: 1, Wrong: 2, Recall: 0.5, Precision: 1.0 / 3},
			{Detector: "badge", Wrong: 1, Recall: 1},
			{Detector: "pass", Labels: 1, Precision: 1},
		},
		Worst: []dlp.EvalCase{
			{"called otherwise", "pass at 3-9 is called badge"},
			{"missed", "order at 6-8 is missed"},
			{"line 6", "order at 0-9 has no label (pattern)"},
			{"line 6", "order at 14-23 has no label (pattern)"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("evaluation (-want +got):\n%s", diff)
	}
	if _, err := dlp.Eval(e, "mine", strings.NewReader("{}\nnonsense")); err == nil || !strings.HasPrefix(err.Error(), "line 2: ") {
		t.Errorf("a broken line gives %v", err)
	}
}
