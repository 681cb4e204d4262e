package dlp

import (
	"context"
	"slices"
	"strings"
)

// selfTest runs the tests inside the files and notes those that fail. The sample's text is
// not repeated: it may look like somebody's secret. Detectors whose patterns have mistakes are
// left out: what their tests find says nothing.
func (l *loading) selfTest() {
	for _, d := range l.detectors {
		if _, waits := d.finder.(keyed); !waits && !d.broken {
			d.test(&l.errs)
		}
	}
}

// test runs one detector's tests.
func (d *detector) test(errs *mistakes) {
	if len(d.match)+len(d.clean) == 0 {
		return
	}
	e := testEngine(d)
	for i, s := range d.match {
		if why := e.matchFails(s); why != "" {
			errs.add(d.file, s.line, "detector %q: its match test %d finds nothing: %s; mend the pattern or the test", d.id, i+1, why)
		}
	}
	for i, s := range d.clean {
		if why := e.cleanFails(s); why != "" {
			errs.add(d.file, s.line, "detector %q: its clean test %d is flagged: %s; tighten the pattern or mend the test", d.id, i+1, why)
		}
	}
}

// testEngine scans with one detector, without a profile.
func testEngine(d *detector) *Engine {
	p := &profile{id: "test", detectors: map[string]int{d.id: 1}}
	r := &Rules{detectors: []*detector{d}, profiles: []*profile{p}}
	return assemble(r, Options{Key: make([]byte, keySize)}, func(ps []*pattern) (matcher, error) {
		return stdMatcher{ps}, nil
	})
}

// matchFails says why a text that must match does not; "" when it does.
func (e *Engine) matchFails(s sample) string {
	report := e.Scan(context.Background(), Query{MinConfidence: Low, Explain: true}, Text{Data: []byte(s.text)})
	why := []string{}
	for _, f := range report.Findings {
		got := s.text[f.Start:f.End]
		switch {
		case f.Rejected:
			why = append(why, f.Evidence[len(f.Evidence)-1])
		case f.Confidence < s.confidence:
			why = append(why, "only "+f.Confidence.String()+" confidence")
		case s.value != "" && got != s.value:
			why = append(why, "another part of the text was found")
		default:
			return ""
		}
	}
	if len(why) == 0 {
		return "no pattern matches"
	}
	slices.Sort(why)
	return strings.Join(slices.Compact(why), ", ")
}

// cleanFails says what was found in a text that must be clean; "" when nothing was.
func (e *Engine) cleanFails(s sample) string {
	report := e.Scan(context.Background(), Query{MinConfidence: s.confidence}, Text{Data: []byte(s.text)})
	if len(report.Findings) == 0 {
		return ""
	}
	f := report.Findings[0]
	return strings.Join(append([]string{f.Confidence.String() + " confidence"}, f.Evidence...), ", ")
}
