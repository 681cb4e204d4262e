package policy

import "fmt"

// Use is a place in a policy that may decide for an action.
type Use struct {
	Action Action
	At     string // "policy.yaml:12: rule \"x\"", "defaults.unreviewed" or "gaps.unreviewed"
}

// Uses returns every action that may come of the policy, each with its place: the rules in
// their order, then the defaults and the gaps. Rules that only observe do nothing, and are
// left out.
func (p *Policy) Uses() []Use {
	var uses []Use
	for i := range p.rules {
		r := &p.rules[i]
		if r.observe {
			continue
		}
		at := p.place(r)
		uses = append(uses, Use{r.verdict.action, at})
		if r.onGap != 0 {
			uses = append(uses, Use{r.onGap, at})
		}
	}
	for i, s := range Statuses() {
		v, gap := p.defaults[i], p.gaps[i]
		if v.action == 0 {
			v = builtinVerdict(s)
		}
		if gap == 0 {
			gap = builtinGap(s)
		}
		uses = append(uses, Use{v.action, "defaults." + string(s)}, Use{gap, "gaps." + string(s)})
	}
	return uses
}

// Mentions returns the places of the rules whose condition uses a variable, by its name.
func (p *Policy) Mentions(variable string) []string {
	var places []string
	for i := range p.rules {
		r := &p.rules[i]
		if r.when == nil {
			continue
		}
		for _, name := range r.when.variables {
			if name == variable {
				places = append(places, p.place(r))
				break
			}
		}
	}
	return places
}

func (p *Policy) place(r *rule) string { return fmt.Sprintf("%s:%d: rule %q", p.name, r.line, r.id) }
