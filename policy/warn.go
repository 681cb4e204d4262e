package policy

import (
	"fmt"
	"slices"
)

// warn finds rules that can never decide: their condition contradicts itself, or an
// earlier enforced rule always decides before them. It tries plain comparisons out on all
// facts that they can tell apart; what needs the interpreter may always hold, so that what
// it reports is certain.
func (l *loader) warn() []string {
	var warnings []string
	rules := l.policy.rules
	for i := range rules {
		r := &rules[i]
		say := func(format string, args ...any) {
			warnings = append(warnings, fmt.Sprintf("%s:%d: rule %q: %s", l.name, r.line, r.id, fmt.Sprintf(format, args...)))
		}
		if why := l.contradiction(r.when); why != "" {
			say("can never match: %s", why)
			continue
		}
		for j := range rules[:i] {
			if e := &rules[j]; l.decidesBefore(e, r) {
				say("can never match: rule %q in line %d always decides before it; move this rule up, or remove it", e.id, e.line)
				break
			}
		}
		if l.parts[i]["message"] != nil && r.verdict.action < Coach && r.onGap < Coach {
			say("its message is never shown: %s lets the request through", r.verdict.action)
		}
	}
	return warnings
}

// contradiction says why c can never hold, or "".
func (l *loader) contradiction(c *condition) string {
	if c == nil {
		return ""
	}
	for i := range c.parts {
		if p := &c.parts[i]; p.isFalse() {
			return "its condition is false"
		}
	}
	never := func(parts ...part) bool {
		some := &condition{parts: parts}
		return !l.worldsOf(some).any(some.guards)
	}
	if !never(c.parts...) {
		return ""
	}
	// The smallest part that is wrong says more than all.
	for _, x := range l.compiler.vocabulary.all {
		if of := c.partsOf(x.name); len(of) > 0 && never(of...) {
			return x.name + " has no value that fits all its comparisons"
		}
	}
	for i, a := range c.parts {
		for _, b := range c.parts[:i] {
			if never(a, b) {
				return b.text + " and " + a.text + " exclude each other"
			}
		}
	}
	return "no request fits all its comparisons"
}

// partsOf returns the parts that compare nothing but one variable.
func (c *condition) partsOf(name string) (list []part) {
	for _, p := range c.parts {
		if p.program == nil && len(p.guard.mentions) > 0 && !slices.ContainsFunc(p.guard.mentions, func(m mention) bool { return m.of.name != name }) {
			list = append(list, p)
		}
	}
	return list
}

// decidesBefore reports whether e matches whenever r would.
func (l *loader) decidesBefore(e, r *rule) bool {
	if e.observe || e.verdict.action == Coach { // an exception may lift a coach
		return false
	}
	if r.onGap != 0 && e.onGap == 0 { // r still says what a gap brings
		return false
	}
	if e.verdict.profiles != nil {
		if r.verdict.profiles == nil || e.roles != nil && !slices.Equal(e.roles, r.roles) {
			return false
		}
		for _, p := range r.verdict.profiles {
			if !slices.Contains(e.verdict.profiles, p) {
				return false
			}
		}
	}
	if e.when == nil || e.when.partsIn(r.when) {
		return true
	}
	return e.when.certain() && r.when != nil && !l.worldsOf(e.when, r.when).any(func(f *Facts) bool { return r.when.guards(f) && !e.when.guards(f) })
}

// partsIn reports whether every part of c is a part of r.
func (c *condition) partsIn(r *condition) bool {
	if r == nil {
		return false
	}
	return !slices.ContainsFunc(c.parts, func(p part) bool {
		return !slices.ContainsFunc(r.parts, func(q part) bool { return q.text == p.text })
	})
}
