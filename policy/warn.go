package policy

import (
	"fmt"
	"slices"
)

// warn finds rules that can never decide: their condition contradicts itself, or an
// earlier enforced rule always decides before them. It sees plain comparisons only, so
// that what it reports is certain.
func (l *loader) warn() []string {
	var warnings []string
	rules := l.policy.rules
	for i := range rules {
		r := &rules[i]
		say := func(format string, args ...any) {
			warnings = append(warnings, fmt.Sprintf("%s:%d: rule %q: %s", l.name, r.line, r.id, fmt.Sprintf(format, args...)))
		}
		if why := r.when.contradiction(); why != "" {
			say("can never match: %s", why)
			continue
		}
		for j := range rules[:i] {
			if e := &rules[j]; e.decidesBefore(r) {
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
func (c *condition) contradiction() string {
	if c == nil {
		return ""
	}
	only := map[string][]string{} // what each variable may still be
	for _, p := range c.parts {
		if p.program != nil {
			continue
		}
		if p.text == "false" {
			return "its condition is false"
		}
		g := p.guard
		if g.uses == nil || g.only == nil && g.not == nil {
			continue
		}
		name := g.uses.name
		may, bounded := only[name]
		if !bounded && g.uses.words != nil {
			may, bounded = g.uses.words(), true
		}
		switch {
		case g.only != nil && bounded:
			may = slices.DeleteFunc(slices.Clone(may), func(s string) bool { return !slices.Contains(g.only, s) })
		case g.only != nil:
			may = g.only
		case bounded:
			may = slices.DeleteFunc(slices.Clone(may), func(s string) bool { return slices.Contains(g.not, s) })
		default:
			continue
		}
		only[name] = may
		if len(may) == 0 {
			return fmt.Sprintf("%s has no value that fits all its comparisons", name)
		}
	}
	return ""
}

// decidesBefore reports whether e matches whenever r would.
func (e *rule) decidesBefore(r *rule) bool {
	if e.observe || e.verdict.action == Coach { // an exception may lift a coach
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
	if e.when == nil {
		return true
	}
	for i := range e.when.parts { // every part of e is a part of r
		if r.when == nil || !slices.ContainsFunc(r.when.parts, func(p part) bool { return p.text == e.when.parts[i].text }) {
			return false
		}
	}
	return true
}
