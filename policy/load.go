package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"go.yaml.in/yaml/v3"

	"github.com/sluice-dlp/sluice/internal/nearest"
)

// Options are what Parse checks a policy against.
type Options struct {
	HasProfile func(id string) bool // nil: profile names are not checked
	HasApp     func(id string) bool // nil: app ids in comparisons are not checked
	// App returns name, vendor and category of a known app, to warn of rules that do not fit
	// them. Nil: nothing is known.
	App        func(id string) (App, bool)
	Categories []string // nil: categories in comparisons are not checked
}

// Policy is an immutable compiled policy, safe for concurrent use. The zero Policy is
// [Default].
type Policy struct {
	defaults [4]verdict // by Status.index; a zero one is the built-in default
	gaps     [4]Action
	rules    []rule
	asks     []Ask // every question of any rule, once
	askOf    [4][]int
	headers  []headerRule
	body     bool

	vocabulary *vocabulary
	adapter    types.Adapter
	name       string // of its file
	version    string
	warnings   []string
}

// verdict is what a rule or a status default brings.
type verdict struct {
	action   Action   // at once, or when a profile triggers
	profiles []string // nil: at once
}

// rule is one entry of `rules`.
type rule struct {
	id      string
	line    int
	when    *condition
	verdict verdict
	roles   []string
	asks    []int // indices into Policy.asks, in the order of the profiles
	onGap   Action
	message *template.Template
	observe bool
}

// headerRule is one entry of `headers`: fields that requests to an app leave with.
type headerRule struct {
	when *condition
	set  []Header
}

// Header is one HTTP header field that a request leaves with, for instance a tenant
// restriction.
type Header struct{ Name, Value string }

// builtinVerdict returns the default of DESIGN-level contract for a status.
func builtinVerdict(s Status) verdict {
	scan := []string{"default"}
	switch s {
	case Approved:
		return verdict{Log, scan}
	case InReview:
		return verdict{Block, scan}
	case Unapproved:
		return verdict{action: Block}
	case Unreviewed:
	}
	return verdict{Coach, scan}
}

func builtinGap(s Status) Action {
	switch s {
	case Approved:
		return Log
	case InReview, Unapproved:
		return Block
	case Unreviewed:
	}
	return Coach
}

// Default returns the built-in defaults by approval status, without rules.
func Default() *Policy {
	p := &Policy{version: "builtin"}
	p.finish()
	return p
}

// finish fills what the file left to the built-in defaults, and numbers the questions.
func (p *Policy) finish() {
	number := map[string]int{}
	ask := func(a Ask) int {
		key := a.Profile + "\x00" + strings.Join(a.Roles, "\x00")
		n, ok := number[key]
		if !ok {
			n = len(p.asks)
			number[key] = n
			p.asks = append(p.asks, a)
		}
		return n
	}
	for i := range p.rules {
		r := &p.rules[i]
		for _, profile := range r.verdict.profiles {
			r.asks = append(r.asks, ask(Ask{profile, r.roles}))
		}
		p.body = p.body || r.when != nil && r.when.body
	}
	for i := range p.headers {
		p.body = p.body || p.headers[i].when != nil && p.headers[i].when.body
	}
	for i, s := range Statuses() {
		if p.defaults[i].action == 0 {
			p.defaults[i] = builtinVerdict(s)
		}
		if p.gaps[i] == 0 {
			p.gaps[i] = builtinGap(s)
		}
		for _, profile := range p.defaults[i].profiles {
			p.askOf[i] = append(p.askOf[i], ask(Ask{Profile: profile}))
		}
	}
}

// Parse reads a policy file called name; its error joins every mistake, each with file,
// line and remedy. It never panics. An empty file is [Default].
func Parse(name string, data []byte, o Options) (*Policy, error) {
	c, err := newCompiler(o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	sum := sha256.Sum256(data)
	l := &loader{
		reader:   reader{name: name},
		compiler: c,
		ids:      map[string]int{},
		policy: &Policy{
			name: name, vocabulary: c.vocabulary, adapter: c.env.CELTypeAdapter(),
			version: hex.EncodeToString(sum[:8]),
		},
	}
	if doc := l.document(data); doc != nil {
		l.mapping(doc, "policy", map[string]func(key, value *yaml.Node){
			"defaults": func(_, n *yaml.Node) { l.defaults(n) },
			"gaps":     func(_, n *yaml.Node) { l.gaps(n) },
			"rules":    func(_, n *yaml.Node) { l.sequence(n, "rules", l.rule) },
			"headers":  func(_, n *yaml.Node) { l.sequence(n, "headers", l.header) },
		})
	}
	if err := l.err(); err != nil {
		return nil, err
	}
	l.policy.finish()
	l.policy.warnings = l.warn()
	return l.policy, nil
}

// Warnings returns rules that can never match, each with file and line.
func (p *Policy) Warnings() []string { return slices.Clone(p.warnings) }

// Version is a hash of the policy.
func (p *Policy) Version() string {
	if p.version == "" {
		return "builtin"
	}
	return p.version
}

// loader builds a policy from a document.
type loader struct {
	reader
	compiler *compiler
	policy   *Policy
	ids      map[string]int // line of each rule id
	parts    []drafted      // for the warnings
}

func (l *loader) defaults(n *yaml.Node) {
	fields := map[string]func(key, value *yaml.Node){}
	for i, s := range Statuses() {
		fields[string(s)] = func(key, value *yaml.Node) {
			d := l.draft(value, "defaults."+string(s), "action", "profiles", "on_match")
			l.policy.defaults[i] = l.verdict(key, "defaults."+string(s), d)
		}
	}
	l.mapping(n, "defaults", fields)
}

func (l *loader) gaps(n *yaml.Node) {
	fields := map[string]func(key, value *yaml.Node){}
	for i, s := range Statuses() {
		fields[string(s)] = func(_, value *yaml.Node) {
			l.policy.gaps[i] = l.gapAction(value, "gaps."+string(s))
		}
	}
	l.mapping(n, "gaps", fields)
}

// drafted is a rule as written: the nodes of its fields.
type drafted map[string]*yaml.Node

func (l *loader) draft(n *yaml.Node, where string, fields ...string) drafted {
	d := drafted{}
	read := map[string]func(key, value *yaml.Node){}
	for _, field := range fields {
		read[field] = func(_, value *yaml.Node) { d[field] = value }
	}
	l.mapping(n, where, read)
	return d
}

// verdict reads `action`, or `profiles` with `on_match`, of which there is exactly one.
func (l *loader) verdict(at *yaml.Node, where string, d drafted) (v verdict) {
	action, profiles, onMatch := d["action"], d["profiles"], d["on_match"]
	var names []string
	if profiles != nil {
		names = l.profiles(profiles, where)
	}
	switch {
	case action != nil && (profiles != nil || onMatch != nil):
		l.wrong(action, "%s: has `action` and `profiles` with `on_match`; keep one of the two", where)
		return v
	case action != nil:
		v.action = l.action(action, where+": action")
		if v.action == Redact {
			l.wrong(action, "%s: redact needs to know what was found; give `profiles` and `on_match: redact`", where)
		}
		return v
	case profiles == nil && onMatch == nil:
		l.wrong(at, "%s: has neither `action` nor `profiles` with `on_match`; give one of the two", where)
		return v
	case profiles == nil:
		l.wrong(onMatch, "%s: `on_match` needs `profiles`; name them, or write `action` instead", where)
		return v
	case onMatch == nil:
		l.wrong(profiles, "%s: `profiles` needs `on_match`, one of %s", where, strings.Join(actionNames(), ", "))
		return v
	}
	v.action, v.profiles = l.action(onMatch, where+": on_match"), names
	if profiles.Kind == yaml.SequenceNode && len(profiles.Content) == 0 {
		l.wrong(profiles, "%s: `profiles` is empty; name one, or write `action` instead", where)
	}
	return v
}

// profiles reads the names of profiles, each once and known.
func (l *loader) profiles(n *yaml.Node, where string) (names []string) {
	l.texts(n, where+": profiles", func(n *yaml.Node, id string) {
		switch {
		case slices.Contains(names, id):
			l.wrong(n, "%s: profile %q is named twice; keep one", where, id)
		case l.compiler.options.HasProfile != nil && !l.compiler.options.HasProfile(id):
			l.wrong(n, "%s: there is no profile %q; `sluice profiles list` shows those that are loaded", where, id)
		}
		names = append(names, id)
	})
	return names
}

func (l *loader) action(n *yaml.Node, where string) Action {
	s, ok := l.text(n, where)
	if !ok {
		return 0
	}
	a, err := ParseAction(s)
	if err != nil {
		l.wrong(n, "%s: %s", where, err)
	}
	return a
}

// gapAction reads what a gap brings. There is nothing to redact in what was not read.
func (l *loader) gapAction(n *yaml.Node, where string) Action {
	a := l.action(n, where)
	if a == Redact {
		l.wrong(n, "%s: what could not be inspected cannot be redacted; write block, or a milder action", where)
		return 0
	}
	return a
}

func (l *loader) rule(n *yaml.Node) {
	d := l.draft(n, "rule", "id", "when", "action", "profiles", "roles", "on_match", "on_gap", "message", "mode")
	if n.Kind != yaml.MappingNode {
		return
	}
	r := rule{line: n.Line, id: l.ruleID(n, d["id"])}
	where := fmt.Sprintf("rule %q", r.id)
	r.verdict = l.verdict(n, where, d)
	r.when = l.when(d["when"], where)
	if roles := d["roles"]; roles != nil {
		r.roles = l.roles(roles, where)
		if d["action"] != nil {
			l.wrong(roles, "%s: `roles` says which texts `profiles` look at, but there are none; remove it", where)
		}
	}
	if gap := d["on_gap"]; gap != nil {
		r.onGap = l.gapAction(gap, where+": on_gap")
	}
	if message := d["message"]; message != nil {
		r.message = l.message(message, where+": message")
	}
	if mode := d["mode"]; mode != nil {
		s, ok := l.text(mode, where+": mode")
		r.observe = s == "observe"
		if ok && s != "observe" && s != "enforce" {
			l.wrong(mode, "%s: unknown mode %q%s", where, s, nearest.HintOrAll(s, []string{"enforce", "observe"}))
		}
	}
	l.policy.rules = append(l.policy.rules, r)
	l.parts = append(l.parts, d)
}

// ruleID reads an id, which events, reports and the trace show.
func (l *loader) ruleID(n, id *yaml.Node) string {
	if id == nil {
		l.wrong(n, "rule: has no id; give it a short name, for instance `id: no-uploads`")
		return fmt.Sprintf("line %d", n.Line)
	}
	s, ok := l.text(id, "rule: id")
	valid := ok && s != "" && len(s) <= 100 && !strings.ContainsFunc(s, func(c rune) bool {
		return c <= ' ' || c == ':' || c == 0x7f || c == '\ufffd'
	})
	if ok && !valid {
		l.wrong(id, "rule: id %q; write at most 100 letters, digits, dots, dashes or underscores", s)
	}
	if first := l.ids[s]; first > 0 && valid {
		l.wrong(id, "rule %q: the id is used already in line %d; ids are unique", s, first)
	}
	l.ids[s] = id.Line
	return s
}

func (l *loader) roles(n *yaml.Node, where string) []string {
	known := []string{"user", "context", "system", "file"}
	var roles []string
	l.texts(n, where+": roles", func(n *yaml.Node, s string) {
		if !slices.Contains(known, s) {
			l.wrong(n, "%s: unknown role %q%s", where, s, nearest.HintOrAll(s, known))
		}
		if !slices.Contains(roles, s) {
			roles = append(roles, s)
		}
	})
	if len(roles) == 0 || len(roles) == len(known) {
		return nil
	}
	slices.Sort(roles)
	return roles
}

// when compiles a condition. Its faults are told at their own line where YAML keeps lines.
func (l *loader) when(n *yaml.Node, where string) *condition {
	if n == nil {
		return nil
	}
	text, ok := l.text(n, where+": when")
	if !ok {
		return nil
	}
	cond, faults := l.compiler.compile(text)
	for _, f := range faults {
		line := n.Line
		if n.Style&yaml.LiteralStyle != 0 {
			line += f.line
		}
		l.wrongAt(line, "%s: when: %s", where, strings.ReplaceAll(f.text, "\n", " "))
	}
	return cond
}

// header reads an entry of `headers`.
func (l *loader) header(n *yaml.Node) {
	d := l.draft(n, "headers", "when", "set")
	if n.Kind != yaml.MappingNode {
		return
	}
	h := headerRule{when: l.when(d["when"], "headers")}
	if d["set"] == nil {
		l.wrong(n, "headers: has no `set`; name the fields, for instance `set: {X-Name: value}`")
		return
	}
	if d["set"].Kind != yaml.MappingNode {
		l.wrong(d["set"], "headers: set must be a mapping of field names to values")
		return
	}
	for i := 0; i+1 < len(d["set"].Content); i += 2 {
		key := d["set"].Content[i]
		value, ok := l.text(resolve(d["set"].Content[i+1]), "headers: "+key.Value)
		if ok && (!isToken(key.Value) || strings.ContainsAny(value, "\r\n\x00")) {
			l.wrong(key, "headers: %q is no header field name, or its value has a line break", key.Value)
		}
		h.set = append(h.set, Header{key.Value, value})
	}
	l.policy.headers = append(l.policy.headers, h)
}

// isToken says whether s can name a header field (RFC 9110 §5.1).
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("!#$%&'*+-.^_`|~", c))
	})
}

var _ cel.Activation = (*values)(nil)
