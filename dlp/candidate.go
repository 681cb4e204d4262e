package dlp

import (
	"bytes"
	"fmt"

	"github.com/sluice-dlp/sluice/dlp/internal/check"
)

// candidate is a match on its way to becoming a finding, or to being turned down.
type candidate struct {
	det        *detector
	pattern    int // that matched
	start, end int // of the value
	confidence int // below Low: rejected
	evidence   []string
	explain    bool // somebody wants to know why it is turned down
}

func (c *candidate) note(format string, args ...any) {
	c.evidence = append(c.evidence, fmt.Sprintf(format, args...))
}

func (c *candidate) reject(why string) {
	c.confidence = 0
	if c.explain {
		c.evidence = append(c.evidence, why)
	}
}

func (c *candidate) rejected() bool { return c.confidence < int(Low) }

// judge weighs one match of a pattern: boundaries, allow list, validators, context, against,
// the cheap ones first.
func (d *detector) judge(c *candidate, p *pattern, text []byte, start, end int, around *nearby) {
	c.confidence = int(p.confidence)
	if c.explain {
		c.note("pattern: %s confidence", p.confidence)
	}
	validators := d.validate
	if p.validate != nil {
		validators = p.validate
	}
	if p.groups > 0 && !c.explain && hopeless(validators, text[start:end]) {
		c.confidence = 0
		return
	}
	c.start, c.end = p.value(text, start, end)
	cut := 0
	for _, v := range validators {
		if v.Prefix != nil {
			n := v.Prefix(string(text[c.start:c.end]))
			cut += c.end - c.start - n
			c.end = c.start + n
		}
	}
	if !p.exact && (c.start == start && touchesLeft(text, c.start, c.end) || c.end >= end-cut && touchesRight(text, c.start, c.end)) {
		c.reject("part of a longer word or number")
		return
	}
	if p.needsContext && !c.explain && around.mute(d, text, c.start, c.end) {
		c.confidence = 0
		return
	}
	value := string(text[c.start:c.end])
	if d.allow.lists(value) {
		c.reject("allow list")
		return
	}
	vouched, ok := c.pass(validators, value)
	if !ok {
		return
	}
	if d.allow.surrounds(text, c.start, c.end) {
		c.reject("allowed by what is around it")
		return
	}
	d.weigh(c, p.needsContext, text, around)
	if sure := vouched || p.confidence == High; !sure && !c.rejected() && amidNoise(text, c.start, c.end) {
		c.confidence--
		c.note("amid bytes that are no text")
	}
}

// hopeless reports that a validator turns down whatever the value in a match is. Finding
// where the value is costs more.
func hopeless(validators []check.Validator, match []byte) bool {
	for i := range validators {
		if v := &validators[i]; v.Within != nil && !v.Within(match) {
			return true
		}
	}
	return false
}

// pass asks the validators. Ok is false when one turns the value down; sure is true when one
// vouches for it.
func (c *candidate) pass(validators []check.Validator, value string) (sure, ok bool) {
	for i := range validators {
		verdict := validators[i].Check(value)
		switch verdict {
		case check.Bad:
			c.confidence = 0
		case check.Weak:
			c.confidence = min(c.confidence, int(Low))
		case check.Good:
		case check.Sure:
			c.confidence, sure = int(High), true
		}
		if verdict != check.Bad || c.explain {
			c.evidence = append(c.evidence, validators[i].Says(verdict))
		}
		if verdict == check.Bad {
			return false, false
		}
	}
	return sure, true
}

// weigh lets the words around a value raise or lower its confidence. What the heading of its
// column says stands above them.
func (d *detector) weigh(c *candidate, needsContext bool, text []byte, around *nearby) {
	var label hinted
	labelled := false
	if d.context != nil {
		if w, ok := d.context.headed(text, c.start, c.end, &around.context.table); ok {
			c.confidence = min(c.confidence+d.context.step, int(High))
			c.note("column %q", w.word)
			return
		}
		label, labelled = d.context.near(text, c.start, c.end, &around.context)
		switch {
		case labelled:
			c.confidence += d.context.step
			c.note("context %q", label.word)
		case needsContext && around.continues(d, text, c.start):
			c.confidence += d.context.step
			c.note("in a list")
		case needsContext:
			c.reject("needs context, and no context word is near")
			return
		}
	}
	c.confidence = min(c.confidence, int(High))
	if d.against != nil {
		d.oppose(c, label, labelled, text, around)
	}
	if needsContext && c.confidence >= int(Medium) {
		around.list(d, c.end)
	}
}

// oppose lets words speak against a value, unless they label another one.
func (d *detector) oppose(c *candidate, label hinted, labelled bool, text []byte, around *nearby) {
	if w, ok := d.against.near(text, c.start, c.end, &around.against); ok && (!labelled || !label.labels(&w, &around.against)) {
		c.confidence -= d.against.step
		c.note("against %q", w.word)
	} else if w, ok := d.against.headed(text, c.start, c.end, &around.context.table); ok {
		c.confidence -= d.against.step
		c.note("against column %q", w.word)
	}
}

// reach is how far around a value allow.around looks.
const reach = 60

// covers says why a value is allowed; "" when it is not.
func (a *allowance) covers(text []byte, start, end int) string {
	switch {
	case a.lists(string(text[start:end])):
		return "allow list"
	case a.surrounds(text, start, end):
		return "allowed by what is around it"
	}
	return ""
}

func (a *allowance) lists(value string) bool {
	return len(a.values) > 0 && len(value) >= a.shortest && a.values[check.Compact(value)]
}

// surrounds reports whether something around a value allows it. It is the dearest check.
func (a *allowance) surrounds(text []byte, start, end int) bool {
	if len(a.around) == 0 {
		return false
	}
	near := text[max(0, start-reach):min(len(text), end+reach)]
	if i := bytes.LastIndexByte(text[max(0, start-reach):start], '\n'); i >= 0 {
		near = near[i+1:]
	}
	for _, re := range a.around {
		if re.Match(near) {
			return true
		}
	}
	return false
}

// hasKeyword reports whether text, in lower case, holds one of the detector's keywords.
func (d *detector) hasKeyword(lower []byte) bool {
	for _, k := range d.keywords {
		if bytes.Contains(lower, []byte(k)) {
			return true
		}
	}
	return len(d.keywords) == 0
}
