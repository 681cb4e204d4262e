package policy

import (
	"slices"
	"testing"
)

func TestUsesNameEveryActionAndItsPlace(t *testing.T) {
	p := mustParse(t, `
defaults:
  approved: {profiles: [default], on_match: notify}
rules:
  - {id: a, when: 'source.country == "DE"', action: isolate}
  - {id: b, when: 'source.site in ["x"] && size(files) > 0', profiles: [pci], on_match: redact, on_gap: coach}
  - {id: c, action: notify, mode: observe}
`)
	want := []Use{
		{Isolate, `policy.yaml:5: rule "a"`},
		{Redact, `policy.yaml:6: rule "b"`},
		{Coach, `policy.yaml:6: rule "b"`},
		{Notify, "defaults.approved"},
		{Log, "gaps.approved"},
		{Block, "defaults.in_review"},
		{Block, "gaps.in_review"},
		{Block, "defaults.unapproved"},
		{Block, "gaps.unapproved"},
		{Coach, "defaults.unreviewed"},
		{Coach, "gaps.unreviewed"},
	}
	if got := p.Uses(); !slices.Equal(got, want) {
		t.Errorf("uses %v, want %v", got, want)
	}
	if got := (&Policy{}).Uses(); len(got) != 8 {
		t.Errorf("the zero policy has %d uses, want 8", len(got))
	}
	for variable, want := range map[string][]string{
		"source.country": {`policy.yaml:5: rule "a"`},
		"source.site":    {`policy.yaml:6: rule "b"`},
		"device.id":      nil,
	} {
		if got := p.Mentions(variable); !slices.Equal(got, want) {
			t.Errorf("%s is mentioned at %q, want %q", variable, got, want)
		}
	}
}

// A rule that is tried out stops nobody, also when its condition fails; a rule that is
// enforced does, and the decision says which gaps there were.
func TestAConditionThatFailsIsAGapOfEnforcedRules(t *testing.T) {
	for mode, want := range map[string]struct {
		action, would Action
		gaps          []Gap
	}{
		"observe": {Allow, Block, nil},
		"enforce": {Block, Block, []Gap{PolicyError}},
	} {
		p := mustParse(t, "gaps: {approved: block}\nrules:\n  - {id: first, when: 'files[0].size > 5', action: log, mode: "+mode+"}\n")
		f := sampleFacts()
		f.App.Status, f.Files = Approved, nil
		plan := p.Plan(f)
		d := plan.Decide(Evidence{Triggered: make([]bool, len(plan.Asks()))})
		if d.Action != want.action || d.Would != want.would || !slices.Equal(d.Gaps, want.gaps) {
			t.Errorf("%s: %s, would be %s, gaps %v; want %+v", mode, d.Action, d.Would, d.Gaps, want)
		}
	}
}
