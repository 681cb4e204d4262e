package classify

import (
	"fmt"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"
)

// definition is what one YAML document says of an app or a protocol. Keys that it does
// not name are left as they are in an earlier source.
type definition struct {
	app       App
	at        string // file and line
	source    int    // number of the source, from 0
	shaped    int    // of the source that last said what the app's requests are
	protocol  string // id, for a protocol
	scope     string
	protocols []string
	hosts     []Host
	endpoints []parsedEndpoint
	extra     struct {
		hosts     []Host
		endpoints []parsedEndpoint
	}
	fixtures      []string
	given         []string // keys that were given or meant, their values right or not
	hasHosts      bool
	noHosts       bool // hosts is a list of none
	hasEndpoints  bool
	fixturesKnown bool
}

// parsedEndpoint is an endpoint with what Shape finds it by: the name of a kind of request
// that it is known by, or what the request must hold.
type parsedEndpoint struct {
	*Endpoint
	shape string
	line  bool
	holds [][]need
}

var (
	statuses     = []string{"approved", "in_review", "unapproved", "unreviewed"}
	visibilities = []string{"full", "uploads", "handshake"}
	errorShapes  = []string{"openai", "anthropic", "gemini", "mistral", "cohere", "ollama", "connect", "graphql", "trpc", "text"}
	scopes       = []string{"host", "path"}
	matches      = []string{"exact", "suffix", "wildcard"}
	carriers     = []string{"json", "form", "multipart", "raw", "query", "connect", "none"}
	evidences    = []string{"sdk", "client", "rec", "inferred"}
	trainings    = []string{"yes", "opt-out", "opt-in", "no", "mixed"}
	methods      = []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
)

// Activities returns what people and programs do at apps, by the names that catalogue,
// policy and events use.
func Activities() []string { return []string{"prompt", "upload", "other", "session"} }

// parse reads the root of one document.
func (d document) parse(root *yaml.Node) *definition {
	def := &definition{at: d.at(root)}
	a := &def.app
	fields := []field{
		{"id", func(n *yaml.Node) { a.ID = d.id(n, "id") }},
		{"protocol", func(n *yaml.Node) { def.protocol = d.id(n, "protocol") }},
		d.text("name", &a.Name),
		d.text("vendor", &a.Vendor),
		d.oneOf("category", &a.Category, categoryIDs()...),
		d.country(&a.Country),
		d.oneOf("status", &a.Status, statuses...),
		d.oneOf("visibility", &a.Visibility, visibilities...),
		d.oneOf("error", &a.ErrorShape, errorShapes...),
		d.oneOf("scope", &def.scope, scopes...),
		d.texts("protocols", &def.protocols),
		{"hosts", func(n *yaml.Node) {
			def.hasHosts, def.noHosts = true, n.Kind == yaml.SequenceNode && len(n.Content) == 0
			d.hosts(n, &def.hosts)
		}},
		{"endpoints", func(n *yaml.Node) { def.hasEndpoints = true; d.endpoints(n, &def.endpoints) }},
		{"extend", func(n *yaml.Node) {
			d.mapping(n, "extend", []field{
				{"hosts", func(n *yaml.Node) { d.hosts(n, &def.extra.hosts) }},
				{"endpoints", func(n *yaml.Node) { d.endpoints(n, &def.extra.endpoints) }},
			})
		}},
		{"terms", func(n *yaml.Node) { a.Terms = d.terms(n) }},
		{"fixtures", func(n *yaml.Node) {
			def.fixturesKnown = true
			d.texts("fixtures", &def.fixtures).read(n)
		}},
	}
	def.given = d.mapping(root, "app", fields)
	switch {
	case resolve(root).Kind != yaml.MappingNode:
		return nil
	case a.ID == "" && def.protocol == "":
		d.bad(root, "app: no id; add for example \"id: my-app\"")
		return nil
	case a.ID != "" && def.protocol != "":
		d.bad(root, "app %q: is an app or a protocol, not both; remove \"protocol\" (an app lists what it speaks under \"protocols\")", a.ID)
		return nil
	}
	return def
}

func categoryIDs() []string {
	var ids []string
	for _, c := range Categories() {
		ids = append(ids, c.ID)
	}
	return ids
}

func (d document) id(n *yaml.Node, what string) string {
	v, ok := d.scalar(n, what)
	if ok && !isID(v) {
		d.bad(n, "%s: %q must be up to 64 lower-case letters, digits, dots and hyphens", what, v)
		return ""
	}
	return v
}

func isID(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
		if !letter && (i == 0 || c != '.' && c != '-') {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

func isCountry(s string) bool {
	return len(s) == 2 && 'A' <= s[0] && s[0] <= 'Z' && 'A' <= s[1] && s[1] <= 'Z'
}

func (d document) country(s *string) field {
	return field{"country", func(n *yaml.Node) {
		v, ok := d.scalar(n, "country")
		if ok && !isCountry(v) {
			d.bad(n, "country: %q is no ISO 3166 code of two capitals, such as US or DE", v)
			return
		}
		*s = v
	}}
}

func (d document) hosts(n *yaml.Node, out *[]Host) {
	*out = nil
	d.list("hosts", func(i int, n *yaml.Node) {
		n = resolve(n)
		what := fmt.Sprintf("hosts[%d]", i)
		var h Host
		if n.Kind == yaml.ScalarNode {
			h.Name = n.Value
		} else {
			d.mapping(n, what, []field{
				d.text("host", &h.Name),
				d.oneOf("match", &h.Match, matches...),
				d.oneOf("scope", &h.Scope, scopes...),
			})
		}
		p, err := parseHost(h.Name, true)
		if err != nil {
			d.bad(n, "%s: host %q %v", what, h.Name, err)
			return
		}
		if h.Match == "" {
			h.Match = "suffix"
			if p.glob {
				h.Match = "wildcard"
			}
		}
		if p.glob != (h.Match == "wildcard") || !p.self {
			d.bad(n, "%s: host %q does not go with match: %s; \"*\" stands for a part of one label and needs match: wildcard, names below a host need match: suffix", what, h.Name, h.Match)
			return
		}
		*out = append(*out, h)
	}).read(n)
}

func (d document) terms(n *yaml.Node) *Terms {
	var t Terms
	d.mapping(n, "terms", []field{
		d.oneOf("trains", &t.Trains, trainings...),
		d.text("region", &t.Region),
		d.text("note", &t.Note),
		d.text("source", &t.Source),
		d.date(&t.Date),
	})
	if t.Source == "" || t.Date == "" {
		d.bad(n, "terms: need \"source\" (the page that says so) and \"date\" (when it was read)")
	}
	return &t
}

func (d document) date(s *string) field {
	return field{"date", func(n *yaml.Node) {
		v, ok := d.scalar(n, "date")
		if !ok {
			return
		}
		if _, err := time.Parse(time.DateOnly, v); err != nil {
			d.bad(n, "date: %q is no date; write it as 2006-01-02", v)
			return
		}
		*s = v
	}}
}

func (d document) endpoints(n *yaml.Node, out *[]parsedEndpoint) {
	*out = nil
	d.list("endpoints", func(i int, n *yaml.Node) {
		*out = append(*out, d.endpoint(n, fmt.Sprintf("endpoints[%d]", i))...)
	}).read(n)
}

// endpoint reads one item of endpoints: an Endpoint for each of its hosts and paths.
func (d document) endpoint(n *yaml.Node, what string) []parsedEndpoint {
	e := Endpoint{Source: d.at(n)}
	var hosts, paths []string
	var shape string
	var line bool
	var holds [][]need
	before := len(d.problems.list)
	d.mapping(n, what, []field{
		d.oneOf("method", &e.Method, methods...),
		d.texts("host", &hosts), d.texts("path", &paths),
		{"when", func(n *yaml.Node) { e.When = d.when(n, what) }},
		d.oneOf("activity", &e.Activity, Activities()...),
		d.oneOf("carrier", &e.Carrier, carriers...),
		d.text("text", &e.Text), d.text("role", &e.Role), d.text("system", &e.System),
		d.text("context", &e.Context), d.text("files", &e.Files), d.text("noise", &e.Noise),
		d.oneOf("evidence", &e.Evidence, evidences...), d.date(&e.Date),
		{"shape", func(n *yaml.Node) { shape = d.id(n, "shape") }},
		{"anywhere", func(n *yaml.Node) { d.anywhere(n, &holds, &line) }},
	})
	if len(d.problems.list) > before {
		return nil
	}
	for _, missing := range []struct{ key, value string }{{"activity", e.Activity}, {"carrier", e.Carrier}} {
		if missing.value == "" {
			d.bad(n, "%s: needs %q", what, missing.key)
		}
	}
	if len(paths) == 0 {
		d.bad(n, "%s: needs \"path\"; \"**\" is any", what)
	}
	var out []parsedEndpoint
	for _, p := range paths {
		if _, err := parseTemplate(p); err != nil {
			d.bad(n, "%s: path %q %v", what, p, err)
		}
		e.Path = p
		for _, h := range orAny(hosts) {
			if _, err := parseHost(h, false); h != "" && err != nil {
				d.bad(n, "%s: host %q %v", what, h, err)
			}
			one := e
			one.Host = h
			out = append(out, parsedEndpoint{&one, shape, line, holds})
		}
	}
	return out
}

func orAny(hosts []string) []string {
	if len(hosts) == 0 {
		return []string{""}
	}
	return hosts
}

func (d document) when(n *yaml.Node, what string) When {
	var w When
	d.mapping(n, what+".when", []field{
		d.text("query", &w.Query), d.text("header", &w.Header),
		d.texts("contains", &w.Contains), d.texts("lacks", &w.Lacks),
	})
	return w
}

// missing tells what a new app still needs. What is given and wrong was told already.
func (def *definition) missing() []string {
	var out []string
	for _, f := range []struct{ key, value string }{{"name", def.app.Name}, {"vendor", def.app.Vendor}, {"category", def.app.Category}} {
		if f.value == "" && !slices.Contains(def.given, f.key) {
			out = append(out, f.key)
		}
	}
	if len(def.hosts)+len(def.extra.hosts) == 0 && (def.noHosts || !slices.Contains(def.given, "hosts")) && !slices.ContainsFunc(def.endpoints, func(e parsedEndpoint) bool { return e.Host != "" }) {
		out = append(out, "hosts")
	}
	return out
}
