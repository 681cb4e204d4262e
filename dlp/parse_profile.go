package dlp

import "go.yaml.in/yaml/v3"

const maxCount = 1_000_000

// profile reads one entry of profiles; nil when it has no usable id.
func (r *reader) profile(n *yaml.Node) *profile {
	r = &reader{file: r.file, errs: r.errs, who: about("profile", n)}
	p := &profile{file: r.file, line: n.Line, trigger: trigger{confidence: Medium, count: 1}}
	before := len(*r.errs)
	ok := r.fields(n, "a profile", map[string]func(*yaml.Node){
		"id":      func(n *yaml.Node) { p.id = r.id(n, "id") },
		"name":    func(n *yaml.Node) { p.name = r.text(n, "name") },
		"use":     func(n *yaml.Node) { r.items(n, "use", func(n *yaml.Node) { p.uses = append(p.uses, r.use(n)) }) },
		"trigger": func(n *yaml.Node) { p.trigger = r.trigger(n) },
	})
	if !ok {
		return nil
	}
	if len(*r.errs) == before {
		if p.id == "" {
			r.fault(n, "no id; give it one, such as %q", "customers")
		}
		if len(p.uses) == 0 {
			r.fault(n, "uses no detector; list ids or {tag: …} under use")
		}
	}
	if p.name == "" {
		p.name = p.id
	}
	return p
}

func (r *reader) use(n *yaml.Node) use {
	u := use{count: 1, line: n.Line}
	if n.Kind == yaml.ScalarNode {
		u.id = r.text(n, "an entry of use")
		return u
	}
	if r.fields(n, "an entry of use", map[string]func(*yaml.Node){
		"id":    func(n *yaml.Node) { u.id = r.text(n, "id") },
		"tag":   func(n *yaml.Node) { u.tag = r.text(n, "tag") },
		"count": func(n *yaml.Node) { u.count = r.number(n, "count", 1, maxCount) },
	}) && (u.id == "") == (u.tag == "") {
		r.fault(n, "an entry of use names either an id or a tag")
	}
	return u
}

func (r *reader) trigger(n *yaml.Node) trigger {
	t := trigger{confidence: Medium, count: 1}
	r.fields(n, "trigger", map[string]func(*yaml.Node){
		"confidence": func(n *yaml.Node) {
			t.confidence = Confidence(r.choice(n, "confidence", confidenceNames[1:]...) + 1)
		},
		"count":    func(n *yaml.Node) { t.count = r.number(n, "count", 1, maxCount) },
		"distinct": func(n *yaml.Node) { t.distinct = r.number(n, "distinct", 2, 1000) },
		"within":   func(n *yaml.Node) { t.within = r.number(n, "within", 1, 1<<30) },
	})
	if t.within > 0 && t.distinct == 0 {
		r.fault(n, "within has no effect without distinct; add distinct: 2 or more")
	}
	return t
}
