package dlp

import (
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/sluice-dlp/sluice/dlp/internal/check"
	"github.com/sluice-dlp/sluice/internal/nearest"
)

// Limits of what one file may ask for.
const (
	maxFile     = 4 << 20
	maxPattern  = 4096
	maxWindow   = 2000 // bytes looked at for context
	maxWords    = 200_000
	maxTestText = 64 << 10
)

// parsed is what one file holds.
type parsed struct {
	detectors []*detector
	profiles  []*profile
	blind     bool // there may be profiles whose ids could not be read
}

// parseFile reads one YAML file; open reads the files it names.
func parseFile(name string, data []byte, open func(string) ([]byte, error), errs *mistakes) parsed {
	r := &reader{file: name, errs: errs}
	var out parsed
	before := len(*errs)
	root := r.document(data)
	if root == nil || isNull(root) {
		out.blind = len(*errs) > before
		return out
	}
	r.fields(root, "a profile file", map[string]func(*yaml.Node){
		"detectors": func(n *yaml.Node) {
			r.items(n, "detectors", func(n *yaml.Node) {
				if d := r.detector(n, open); d != nil {
					out.detectors = append(out.detectors, d)
				}
			})
		},
		"profiles": func(n *yaml.Node) {
			r.items(n, "profiles", func(n *yaml.Node) {
				p := r.profile(n)
				if p != nil {
					out.profiles = append(out.profiles, p)
				}
				out.blind = out.blind || p == nil || p.id == ""
			})
		},
	})
	return out
}

// about names the entry that a mistake belongs to before its fields are read.
func about(kind string, n *yaml.Node) string {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == "id" && n.Content[i+1].Kind == yaml.ScalarNode {
			return fmt.Sprintf("%s %q: ", kind, n.Content[i+1].Value)
		}
	}
	return kind + ": "
}

// detector reads one entry of detectors; nil when it has no usable id.
func (r *reader) detector(n *yaml.Node, open func(string) ([]byte, error)) *detector {
	r = &reader{file: r.file, errs: r.errs, who: about("detector", n)}
	d := &detector{severity: SeverityMedium, rank: ordinary, file: r.file, line: n.Line}
	before := len(*r.errs)
	finders, patterns := 0, 0
	finds := func(read func(*yaml.Node)) func(*yaml.Node) { // a mistake in it decides what is found
		return func(n *yaml.Node) {
			before := len(*r.errs)
			read(n)
			d.broken = d.broken || len(*r.errs) > before
		}
	}
	find := func(read func(*yaml.Node) finder) func(*yaml.Node) {
		return finds(func(n *yaml.Node) { finders++; d.finder = read(n) })
	}
	ok := r.fields(n, "a detector", map[string]func(*yaml.Node){
		"id":   func(n *yaml.Node) { d.id = r.id(n, "id") },
		"name": func(n *yaml.Node) { d.name = r.text(n, "name") },
		"tags": func(n *yaml.Node) { d.tags = r.texts(n, "tags") },
		"severity": func(n *yaml.Node) {
			d.severity = Severity(r.choice(n, "severity", severityNames[1:]...) + 1)
		},
		"rank":      func(n *yaml.Node) { d.rank = rank(r.choice(n, "rank", rankNames...)) },
		"keywords":  finds(func(n *yaml.Node) { d.keywords = lowered(r.texts(n, "keywords")) }),
		"patterns":  finds(func(n *yaml.Node) { patterns++; d.patterns = r.patterns(n) }),
		"validate":  finds(func(n *yaml.Node) { d.validate = r.validators(n) }),
		"context":   finds(func(n *yaml.Node) { d.context = r.hints(n, "context") }),
		"against":   finds(func(n *yaml.Node) { d.against = r.hints(n, "against") }),
		"allow":     finds(func(n *yaml.Node) { d.allow = r.allowance(n) }),
		"reference": func(n *yaml.Node) { d.reference = r.text(n, "reference") },
		"tests":     func(n *yaml.Node) { r.tests(n, d) },

		"words":       find(func(n *yaml.Node) finder { return r.words(n, open) }),
		"exact":       find(func(n *yaml.Node) finder { return r.exact(n, open) }),
		"fingerprint": find(func(n *yaml.Node) finder { return r.fingerprint(n, open) }),
		"classifier":  find(r.classifier),
	})
	if !ok {
		return nil
	}
	switch {
	case d.id == "" && len(*r.errs) == before:
		r.fault(n, "no id; give it one, such as %q", "customer_number")
	case finders+patterns == 0:
		r.fault(n, "finds nothing; give it patterns, words, exact, fingerprint or classifier")
	case finders > 1:
		r.fault(n, "has more than one of words, exact, fingerprint and classifier; split it")
	}
	finds(func(*yaml.Node) { r.checkNeeds(d) })(n)
	if d.name == "" {
		d.name = strings.ReplaceAll(d.id, "_", " ")
	}
	return d
}

// checkNeeds notes patterns that wait for context where none is defined.
func (r *reader) checkNeeds(d *detector) {
	for _, p := range d.patterns {
		if p.needsContext && (d.context == nil || len(d.context.words) == 0) {
			r.errs.add(r.file, p.line, "%spattern needs context, but the detector has none; add context: {words: […]}", r.who)
		}
	}
}

func lowered(words []string) []string {
	for i := range words {
		words[i] = strings.ToLower(words[i])
	}
	return words
}

func (r *reader) patterns(n *yaml.Node) []*pattern {
	var out []*pattern
	r.items(n, "patterns", func(n *yaml.Node) {
		p := &pattern{confidence: Medium, line: n.Line}
		expr := ""
		if n.Kind == yaml.ScalarNode {
			expr = r.text(n, "a pattern")
		} else if !r.fields(n, "a pattern", map[string]func(*yaml.Node){
			"re": func(n *yaml.Node) { expr = r.text(n, "re") },
			"confidence": func(n *yaml.Node) {
				p.confidence = Confidence(r.choice(n, "confidence", confidenceNames[1:]...) + 1)
			},
			"needs":    func(n *yaml.Node) { r.choice(n, "needs", "context"); p.needsContext = true },
			"validate": func(n *yaml.Node) { p.validate = r.validators(n) },
		}) {
			return
		}
		if expr == "" {
			r.fault(n, "a pattern has no re; give it a regular expression")
			return
		}
		if err := p.compile(expr); err != nil {
			r.fault(n, "%v", err)
			return
		}
		out = append(out, p)
	})
	return out
}

func (r *reader) validators(n *yaml.Node) []check.Validator {
	var out []check.Validator
	for _, name := range r.texts(n, "validate") {
		v, ok := check.Lookup(name)
		if !ok {
			hint := nearest.Hint(name, check.Names())
			if hint == "" {
				hint = "; `sluice profiles list --validators` lists them"
			}
			r.fault(n, "unknown validator %q%s", name, hint)
			continue
		}
		out = append(out, v)
	}
	return out
}

// hints reads context or against.
func (r *reader) hints(n *yaml.Node, what string) *hints {
	h := &hints{before: 60, after: 30, step: 1}
	step, fields := "raise", map[string]func(*yaml.Node){
		"words":  func(n *yaml.Node) { h.words = r.hintWords(n, what) },
		"before": func(n *yaml.Node) { h.before = r.number(n, "before", 0, maxWindow) },
		"after":  func(n *yaml.Node) { h.after = r.number(n, "after", 0, maxWindow) },
		"within": func(n *yaml.Node) {
			h.before = r.number(n, "within", 0, maxWindow)
			h.after = h.before
		},
	}
	if what == "against" {
		h.before, h.after, step = 40, 40, "lower"
	}
	fields[step] = func(n *yaml.Node) { h.step = r.number(n, step, 1, 2) }
	if r.fields(n, what, fields) && len(h.words) == 0 {
		r.fault(n, "%s has no words; list at least one", what)
	}
	h.index()
	return h
}

func (r *reader) hintWords(n *yaml.Node, what string) []hint {
	var out []hint
	for _, w := range r.texts(n, "the words of "+what) {
		h := newHint(w)
		if h.folded == "" {
			r.fault(n, "word %q of %s has no letter or digit", w, what)
			continue
		}
		out = append(out, h)
	}
	return out
}

func (r *reader) allowance(n *yaml.Node) allowance {
	var a allowance
	r.fields(n, "allow", map[string]func(*yaml.Node){
		"values": func(n *yaml.Node) {
			a.values = map[string]bool{}
			for _, v := range r.texts(n, "allow.values") {
				v = check.Compact(v)
				a.values[v] = true
				if a.shortest == 0 || len(v) < a.shortest {
					a.shortest = len(v)
				}
			}
		},
		"around": func(n *yaml.Node) {
			for _, expr := range r.texts(n, "allow.around") {
				re, err := regexp.Compile(expr)
				if err != nil {
					r.fault(n, "allow.around: %v", mildly(err))
					continue
				}
				a.around = append(a.around, re)
			}
		},
	})
	return a
}

func (r *reader) tests(n *yaml.Node, d *detector) {
	read := func(what string, least Confidence) func(*yaml.Node) []sample {
		return func(n *yaml.Node) []sample {
			var out []sample
			r.items(n, what, func(n *yaml.Node) { out = append(out, r.sample(n, what, least)) })
			return out
		}
	}
	match, clean := read("tests.match", Low), read("tests.clean", Low)
	r.fields(n, "tests", map[string]func(*yaml.Node){
		"match": func(n *yaml.Node) { d.match = match(n) },
		"clean": func(n *yaml.Node) { d.clean = clean(n) },
	})
}

// sample reads one test: a text, a list of its parts (so that tools that look for secrets
// in source code do not take it for one), or a mapping that says more.
func (r *reader) sample(n *yaml.Node, what string, least Confidence) sample {
	s := sample{confidence: least, line: n.Line}
	joined := func(n *yaml.Node, what string) string { return strings.Join(r.texts(n, what), "") }
	if n.Kind == yaml.MappingNode {
		r.fields(n, "an entry of "+what, map[string]func(*yaml.Node){
			"text":  func(n *yaml.Node) { s.text = joined(n, "text") },
			"value": func(n *yaml.Node) { s.value = joined(n, "value") },
			"confidence": func(n *yaml.Node) {
				s.confidence = Confidence(r.choice(n, "confidence", confidenceNames[1:]...) + 1)
			},
		})
	} else {
		s.text = joined(n, "an entry of "+what)
	}
	if len(s.text) > maxTestText {
		r.fault(n, "an entry of %s has %d bytes; the limit is %d", what, len(s.text), maxTestText)
		s.text = ""
	}
	return s
}
