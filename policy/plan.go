package policy

import (
	"fmt"
	"slices"
	"strings"
)

// Ask is one question to the scan: does profile trigger on findings of these roles?
type Ask struct {
	Profile string
	Roles   []string // nil: all
}

// Plan is the first half of a decision: every condition evaluated once on the facts.
// It is used by one goroutine, and holds on to the facts.
type Plan struct {
	policy *Policy
	facts  *Facts
	held   []int32 // rules whose condition holds, in order
	failed []failure
	asks   []Ask
	local  []int32 // Policy.asks -> asks, -1 where it is not asked
}

// failure is a rule whose condition could not be evaluated.
type failure struct {
	rule int
	err  error
}

// Plan evaluates the conditions of every rule. It cannot fail: an evaluation error is
// the gap policy_error of the decision, and its rule does not hold.
func (p *Policy) Plan(f *Facts) *Plan {
	if p == nil || p.defaults[0].action == 0 {
		p = Default()
	}
	if f == nil {
		f = &Facts{}
	}
	plan := &Plan{policy: p, facts: f, local: make([]int32, len(p.asks))}
	for i := range plan.local {
		plan.local[i] = -1
	}
	v := p.values(f)
	for i := range p.rules {
		ok, err := p.rules[i].when.holds(&v)
		if err != nil {
			plan.failed = append(plan.failed, failure{i, err})
		}
		if ok {
			plan.held = append(plan.held, int32(i))
			plan.ask(p.rules[i].asks)
		}
	}
	plan.ask(p.askOf[f.App.Status.index()])
	return plan
}

func (p *Policy) values(f *Facts) values {
	return values{facts: f, vocabulary: p.vocabulary, adapter: p.adapter}
}

func (p *Plan) ask(questions []int) {
	for _, q := range questions {
		if p.local[q] < 0 {
			p.local[q] = int32(len(p.asks))
			p.asks = append(p.asks, p.policy.asks[q])
		}
	}
}

// Asks returns what has to be scanned for, without duplicates: the profiles of every rule
// whose condition holds and of the status default; none when the plan is [Plan.Settled].
func (p *Plan) Asks() []Ask {
	if p.Settled() {
		return nil
	}
	return p.asks
}

// ReadsBody reports whether a condition uses what is known only after the body was read:
// files, request.bytes and the account. A plan on facts without them is then worthless.
func (p *Policy) ReadsBody() bool { return p != nil && p.body }

// Settled reports whether the decision is the same whatever the body holds, even when it
// cannot be inspected, so that the body need not be read.
func (p *Plan) Settled() bool {
	if len(p.failed) > 0 {
		return false
	}
	for _, i := range p.held {
		r := &p.policy.rules[i]
		if r.verdict.profiles != nil {
			return false
		}
		if !r.observe {
			return settles(r.verdict.action)
		}
	}
	d := p.policy.defaults[p.facts.App.Status.index()]
	return d.profiles == nil && settles(d.action)
}

// settles says whether nothing can be stricter than a, and no exception lifts it.
func settles(a Action) bool { return a == Block }

// Headers returns the header fields that the request leaves with when it is let through.
func (p *Plan) Headers() []Header {
	var set []Header
	v := p.policy.values(p.facts)
	for i := range p.policy.headers {
		if ok, _ := p.policy.headers[i].when.holds(&v); ok {
			set = append(set, p.policy.headers[i].set...)
		}
	}
	return set
}

// Evidence is what the scan and the extraction brought.
type Evidence struct {
	Triggered []bool // one for each of Plan.Asks; a missing one is the gap internal
	// Beyond answers the asks anew without the findings of some profiles. When exceptions have
	// lifted a rule it is asked for what their profiles do not cover, and that counts for the
	// rules after it: what was justified is not stopped by a later rule that looks for the
	// same, and anything else still is. Nil: as Triggered. It must be pure.
	Beyond func(profiles []string) []bool
	Gaps   []Gap
	Redact bool // whether the body could be rewritten; Redact falls back to Block when false

	// Excepted names what the person holds an exception for: profiles, [ExceptionGap] of a
	// gap, or [ExceptionApp]. What is excepted is logged where it would be coached.
	Excepted []string
}

// ExceptionApp is the exception from an app's coach action that looks at no profile.
const ExceptionApp = "app"

// ExceptionGap is the exception from coaching a gap.
func ExceptionGap(g Gap) string { return "gap:" + string(g) }

// Step is one line of the trace: a rule that was considered.
type Step struct {
	Rule   string `json:"rule"`
	When   bool   `json:"when"`
	Match  bool   `json:"match,omitempty"`
	Mode   string `json:"mode,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// Decision is the answer, with its reason. Action is always set.
type Decision struct {
	Action   Action   `json:"action"`
	Would    Action   `json:"would"` // what it would be if rules in observe mode were enforced
	Rule     string   `json:"rule"`  // "default:in_review", "gap:unreviewed" or the rule's id
	Reason   string   `json:"reason"`
	Profiles []string `json:"profiles"` // profiles that triggered for the deciding rule; for a decision without a match those it asked for
	Mode     string   `json:"mode"`     // observe when a rule in observe mode would have decided, else enforce
	Gap      Gap      `json:"gap,omitempty"`
	Gaps     []Gap    `json:"-"` // all that were there, with those of the policy itself
	Roles    []string `json:"-"` // roles in which Profiles were looked for; nil: all
	Excepted []string `json:"-"` // the exceptions that made the decision milder
	Matched  bool     `json:"-"` // a rule or the status default matched
	Message  string   `json:"-"` // one sentence for the person; "" takes the default text
	Trace    []Step   `json:"-"` // the rules whose condition holds or failed; see Plan.Trace
}

// Decide is the second half: pure and total. Equal input gives an equal decision.
func (p *Plan) Decide(e Evidence) Decision {
	gaps := p.gaps(e, false)
	d := p.walk(e, gaps, false)
	d.Mode, d.Gaps = "enforce", gaps
	trial := p.walk(e, p.gaps(e, true), true)
	d.Would = trial.Action
	if trial.observed {
		d.Mode = "observe"
	}
	d.Message = p.message(&d)
	d.Trace = p.steps(e)
	return d.Decision
}

// outcome is a decision with the rule that made it.
type outcome struct {
	Decision
	rule     *rule // nil: the status default or the gap table
	observed bool  // made by a rule in observe mode
}

// gaps adds the plan's own gaps to those of the evidence. A rule that only observes stops
// nothing, also when its condition cannot be evaluated.
func (p *Plan) gaps(e Evidence, trial bool) []Gap {
	gaps := e.Gaps
	if slices.ContainsFunc(p.failed, func(f failure) bool { return trial || !p.policy.rules[f.rule].observe }) {
		gaps = append(slices.Clip(gaps), PolicyError)
	}
	if len(e.Triggered) < len(p.Asks()) && !slices.Contains(gaps, Internal) {
		gaps = append(slices.Clip(gaps), Internal)
	}
	return gaps
}

// walk evaluates in the order of the format: the first rule that matches decides, then the
// status default; a gap brings its own action, and the stricter of both wins. With trial,
// rules in observe mode are enforced.
func (p *Plan) walk(e Evidence, gaps []Gap, trial bool) outcome {
	d := p.match(e, trial)
	if len(gaps) > 0 {
		if g := p.gap(e, gaps, trial); g.Action > d.Action {
			g.Excepted = append(g.Excepted, d.Excepted...)
			g.Matched = d.Matched
			d = g
		}
	}
	if d.Action == Redact && !e.Redact {
		d.Action = Block
		d.Reason += "; the body cannot be edited, so that it is blocked"
	}
	return d
}

// match finds the first rule that matches, or the status default.
func (p *Plan) match(e Evidence, trial bool) outcome {
	var excepted []string
	for _, i := range p.held {
		r := &p.policy.rules[i]
		if r.observe && !trial {
			continue
		}
		triggered, spared := p.matches(r.verdict, r.asks, e)
		excepted = append(excepted, spared...)
		if triggered == nil {
			if len(spared) > 0 {
				e = e.past(excepted)
			}
			continue
		}
		return outcome{rule: r, observed: r.observe, Decision: Decision{
			Action: r.verdict.action, Rule: r.id, Profiles: triggered, Roles: r.roles, Matched: true,
			Reason: reason("rule "+r.id, triggered), Excepted: excepted,
		}}
	}
	s := Statuses()[p.facts.App.Status.index()]
	def := p.policy.defaults[s.index()]
	d := Decision{Action: Allow, Rule: "default:" + string(s), Profiles: def.profiles, Reason: "nothing found"}
	triggered, spared := p.matches(def, p.policy.askOf[s.index()], e)
	excepted = append(excepted, spared...)
	if triggered != nil {
		d.Action, d.Profiles, d.Matched = def.action, triggered, true
		d.Reason = reason("app is "+string(s), triggered)
	} else if len(excepted) > 0 {
		d.Action, d.Profiles = Log, without(excepted, ExceptionApp)
		d.Reason = "exception for " + strings.Join(excepted, ", ")
	}
	d.Excepted = excepted
	return outcome{Decision: d}
}

// past is the evidence for the rules after those that the exceptions in lifted have lifted.
func (e Evidence) past(lifted []string) Evidence {
	lifted = without(lifted, ExceptionApp)
	if len(lifted) == 0 || e.Beyond == nil {
		return e
	}
	if beyond := e.Beyond(lifted); len(beyond) == len(e.Triggered) {
		e.Triggered = beyond
	}
	return e
}

// matches tells whether a verdict applies: triggered is nil when not, and empty for a
// verdict that looks at no profile. What only an exception stopped is in excepted.
func (p *Plan) matches(v verdict, asks []int, e Evidence) (triggered, excepted []string) {
	if v.profiles == nil {
		if v.action == Coach && slices.Contains(e.Excepted, ExceptionApp) {
			return nil, []string{ExceptionApp}
		}
		return []string{}, nil
	}
	for k, q := range asks {
		n := int(p.local[q])
		if n < 0 || n >= len(e.Triggered) || !e.Triggered[n] {
			continue
		}
		if v.action == Coach && slices.Contains(e.Excepted, v.profiles[k]) {
			excepted = append(excepted, v.profiles[k])
			continue
		}
		triggered = append(triggered, v.profiles[k])
	}
	return triggered, excepted
}

// gap finds what gaps bring.
func (p *Plan) gap(e Evidence, gaps []Gap, trial bool) outcome {
	s := Statuses()[p.facts.App.Status.index()]
	g := outcome{Decision: Decision{Action: p.policy.gaps[s.index()], Rule: "gap:" + string(s), Gap: gaps[0]}}
	for _, i := range p.held {
		r := &p.policy.rules[i]
		if r.onGap != 0 && (trial || !r.observe) {
			g.Action, g.Rule, g.rule, g.observed = r.onGap, r.id, r, r.observe
			break
		}
	}
	if g.Action == Coach {
		var spared []string
		left := slices.DeleteFunc(slices.Clone(gaps), func(gap Gap) bool {
			if slices.Contains(e.Excepted, ExceptionGap(gap)) {
				spared = append(spared, ExceptionGap(gap))
				return true
			}
			return false
		})
		if len(left) == 0 {
			g.Action, g.Excepted = Log, spared
		} else {
			g.Gap = left[0]
		}
	}
	g.Reason = "could not inspect the whole request: " + string(g.Gap)
	return g
}

func reason(who string, triggered []string) string {
	switch len(triggered) {
	case 0:
		return who
	case 1:
		return who + "; profile " + triggered[0] + " found something"
	}
	return who + "; profiles " + strings.Join(triggered, ", ") + " found something"
}

func without(list []string, word string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == word })
}

// message renders the deciding rule's message; "" when it has none or it does not render.
func (p *Plan) message(d *outcome) string {
	if d.rule == nil || d.rule.message == nil {
		return ""
	}
	f := p.facts
	words := spoken{
		App: f.App, Activity: f.Activity, Actor: f.Actor, Account: f.Account, User: f.User,
		Source: f.Source, Device: f.Device, Profiles: d.Profiles, Gap: d.Gap,
	}
	if len(d.Profiles) > 0 {
		words.Profile = d.Profiles[0]
	}
	text, err := speak(d.rule.message, words)
	if err != nil {
		return ""
	}
	return text
}

// steps is the short trace: what held, and what failed.
func (p *Plan) steps(e Evidence) []Step {
	if len(p.held)+len(p.failed) == 0 {
		return nil
	}
	steps := make([]Step, 0, len(p.held)+len(p.failed))
	failed := p.failed
	for _, i := range p.held {
		for len(failed) > 0 && failed[0].rule < int(i) {
			steps = append(steps, p.failedStep(failed[0]))
			failed = failed[1:]
		}
		steps = append(steps, p.heldStep(&p.policy.rules[i], e))
	}
	for _, f := range failed {
		steps = append(steps, p.failedStep(f))
	}
	return steps
}

func (p *Plan) failedStep(f failure) Step {
	r := &p.policy.rules[f.rule]
	return Step{Rule: r.id, Mode: r.mode(), Reason: "policy_error: " + f.err.Error()}
}

func (p *Plan) heldStep(r *rule, e Evidence) Step {
	triggered, excepted := p.matches(r.verdict, r.asks, e)
	s := Step{Rule: r.id, When: true, Match: triggered != nil, Mode: r.mode()}
	switch {
	case len(triggered) > 0:
		s.Reason = "triggered: " + strings.Join(triggered, ", ")
	case triggered != nil:
		s.Reason = "always " + r.verdict.action.String()
	case len(excepted) > 0:
		s.Reason = "exception: " + strings.Join(excepted, ", ")
	default:
		s.Reason = "not triggered: " + strings.Join(r.verdict.profiles, ", ")
	}
	return s
}

func (r *rule) mode() string {
	if r.observe {
		return "observe"
	}
	return "" // enforced, the usual case
}

// Trace returns every rule with the reason why it matched or did not, for `sluice explain`
// and the console; it evaluates the conditions that do not hold once more.
func (p *Plan) Trace(e Evidence) []Step {
	decided := p.walk(e, p.gaps(e, false), false)
	v := p.policy.values(p.facts)
	known := p.steps(e)
	steps := make([]Step, 0, len(p.policy.rules))
	reached := true
	for i := range p.policy.rules {
		r := &p.policy.rules[i]
		var s Step
		if len(known) > 0 && known[0].Rule == r.id {
			s, known = known[0], known[1:]
		} else {
			s = Step{Rule: r.id, Mode: r.mode(), Reason: r.when.why(&v)}
		}
		if !reached && s.Match {
			s.Reason = fmt.Sprintf("%s; not reached, %s came first", s.Reason, decided.Rule)
		}
		reached = reached && (r.observe || !s.Match)
		steps = append(steps, s)
	}
	return steps
}
