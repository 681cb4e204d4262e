package classify

import (
	"bytes"
	"slices"
	"strings"
)

// entry is an app with its compiled endpoints.
type entry struct {
	app    *App
	source int
	shaped int // source that last said what the app's requests are
	rules  []rule
}

// rule is a compiled endpoint.
type rule struct {
	*Endpoint
	path    template
	host    hostPattern
	anyHost bool
	headers string // name of the header that When asks for
	value   string // and what must be in it
}

// claim says that an app answers at the hosts of a pattern.
type claim struct {
	pattern hostPattern
	entry   *entry
	byPath  bool // only the app's endpoints are the app's
	home    bool // one of the app's own hosts, not one that only an endpoint names
}

func (e *entry) add(ep *Endpoint) {
	e.rules = append(e.rules, compile(ep))
	e.app.Endpoints = append(e.app.Endpoints, ep)
}

func compile(ep *Endpoint) rule {
	r := rule{Endpoint: ep, anyHost: ep.Host == ""}
	r.path, _ = parseTemplate(ep.Path)    // checked by parse
	r.host, _ = parseHost(ep.Host, false) // checked by parse
	name, value, _ := strings.Cut(ep.When.Header, ":")
	r.headers, r.value = strings.TrimSpace(name), strings.TrimSpace(value)
	return r
}

// claim enters the hosts of an app, and the hosts that only its endpoints name.
func (l *loader) claim(c *Catalogue, e *entry) {
	for _, h := range e.app.Hosts {
		p, err := parseHost(h.Name, h.Match == "suffix")
		if err != nil {
			continue // told by parse
		}
		l.enter(c, claim{pattern: p, entry: e, byPath: h.Scope == "path", home: true})
	}
	for _, ep := range e.app.Endpoints {
		p, err := parseHost(ep.Host, false)
		if err != nil || e.covers(p) {
			continue
		}
		l.enter(c, claim{pattern: p, entry: e, byPath: true})
	}
}

func (e *entry) covers(p hostPattern) bool {
	for _, h := range e.app.Hosts {
		own, err := parseHost(h.Name, h.Match == "suffix")
		if err == nil && (own == p || own.below && (own.name == p.name || strings.HasSuffix(p.name, "."+own.name))) {
			return true
		}
	}
	return false
}

// enter adds a claim. Of two claims to a whole host that of the later source wins.
func (l *loader) enter(c *Catalogue, n claim) {
	key := n.pattern.anchor()
	for i, old := range c.hosts[key] {
		if old.pattern != n.pattern {
			continue
		}
		if old.entry == n.entry {
			return
		}
		if old.byPath || n.byPath {
			continue
		}
		switch {
		case old.entry.source == n.entry.source:
			l.add(n.entry.app.Source, "app %q: host %q belongs to app %q at %s too; give one of them scope: path",
				n.entry.app.ID, n.pattern.name, old.entry.app.ID, old.entry.app.Source)
		case old.entry.source < n.entry.source:
			c.hosts[key][i] = n
		}
		return
	}
	c.hosts[key] = append(c.hosts[key], n)
}

// Lookup finds the app and endpoint of a request by host, path and method. It does not
// allocate. Where only some paths of a host belong to an app, others have no match.
func (c *Catalogue) Lookup(r Request) (Match, bool) {
	var buf [maxHost]byte
	host := normal(&buf, r.Host)
	if host == nil {
		return Match{}, false
	}
	if e, byPath, ep := c.find(host, r, true); e != nil && (ep != nil || !byPath) {
		if ep == nil && handshake(r) {
			ep = c.anySession
		}
		return Match{App: e.app, Endpoint: ep, Scope: scopeOf(byPath), Source: "catalogue"}, true
	}
	return c.byOrigin(host, r)
}

// Host finds the app of a host name or URL path, without a request: what
// `sluice classify` shows. path may be "": of a host where only some paths are the
// app's, the answer then has the scope path.
func (c *Catalogue) Host(host, path string) (Match, bool) {
	var buf [maxHost]byte
	name := normal(&buf, host)
	if name == nil {
		return Match{}, false
	}
	e, byPath, ep := c.find(name, Request{Path: path}, false)
	if e == nil || byPath && ep == nil && path != "" && path != "/" {
		return Match{}, false
	}
	return Match{App: e.app, Endpoint: ep, Scope: scopeOf(byPath), Source: "catalogue"}, true
}

// Owner returns the app whose product answers at a host, also where only some of its
// requests are AI: an ordinary save in Notion has no match, and the owner notion-ai.
func (c *Catalogue) Owner(host string) (*App, bool) {
	m, ok := c.Host(host, "")
	return m.App, ok
}

func scopeOf(byPath bool) string {
	if byPath {
		return "path"
	}
	return "host"
}

// find walks from the whole host to its last label. The first app with a fitting
// endpoint wins, then the first that owns the host, then the first whose home it is.
func (c *Catalogue) find(host []byte, r Request, line bool) (found *entry, byPath bool, ep *Endpoint) {
	for rest := host; ; {
		claims := c.hosts[string(rest)]
		for i := range claims {
			cl := &claims[i]
			if !cl.pattern.match(host) {
				continue
			}
			if ep := cl.fit(host, r, line); ep != nil {
				return cl.entry, cl.byPath, ep
			}
			if (found == nil || byPath && !cl.byPath) && cl.home {
				found, byPath = cl.entry, cl.byPath
			}
		}
		if found != nil && !byPath {
			return found, byPath, nil
		}
		dot := bytes.IndexByte(rest, '.')
		if dot < 0 {
			return found, byPath, nil
		}
		rest = rest[dot+1:]
	}
}

// fit returns the app's first endpoint for the request: at a host that is not the app's
// own, of those that name it. Without line, as for a URL that somebody typed, method,
// query and headers count for nothing.
func (cl *claim) fit(host []byte, r Request, line bool) *Endpoint {
	if r.Path == "" && !line {
		return nil
	}
	for i := range cl.entry.rules {
		ru := &cl.entry.rules[i]
		if !cl.home && ru.anyHost || !line && cl.byPath && (ru.headers != "" || ru.When.Query != "") {
			continue // a path that is the app's only for some requests does not tell
		}
		if ru.fits(host, r, line) {
			return ru.Endpoint
		}
	}
	return nil
}

func (ru *rule) fits(host []byte, r Request, line bool) bool {
	if line && ru.Method != "" && ru.Method != r.Method {
		return false
	}
	if !ru.anyHost && !ru.host.match(host) {
		return false
	}
	if !ru.path.match(r.Path) || !hasParameter(r.Query, ru.When.Query) && line {
		return false
	}
	return ru.headers == "" || !line || hasHeader(r.header(ru.headers), ru.value)
}

func hasHeader(got []byte, want string) bool {
	return len(got) > 0 && (want == "" || containsFold(got, want))
}

// containsFold reports whether s holds want, which is ASCII, in any case.
func containsFold(s []byte, want string) bool {
	if want == "" {
		return true
	}
	first := lower(want[0])
	for i := 0; i+len(want) <= len(s); i++ {
		if lower(s[i]) == first && equalFold(s[i:i+len(want)], want) {
			return true
		}
	}
	return false
}

func equalFold(s []byte, want string) bool {
	if len(s) != len(want) {
		return false
	}
	for i := range s {
		if lower(s[i]) != lower(want[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// hasParameter reports whether a raw query has "key" or "key=value".
func hasParameter(query, want string) bool {
	if want == "" {
		return true
	}
	key := !strings.Contains(want, "=")
	for query != "" {
		var one string
		one, query, _ = strings.Cut(query, "&")
		if one == want || key && strings.HasPrefix(one, want) && len(one) > len(want) && one[len(want)] == '=' {
			return true
		}
	}
	return false
}

func handshake(r Request) bool {
	return r.Method == "GET" && containsFold(r.header("Upgrade"), "websocket")
}

// Refine decides what only the body of a request can tell: which of the endpoints at one
// path it is, and what a request is that no endpoint of its app fits. body is decoded,
// and may be only the beginning; nil, where it cannot be read, leaves m as it is.
func (c *Catalogue) Refine(m Match, r Request, body []byte) Match {
	if m.App == nil || m.Source != "catalogue" || body == nil {
		return m
	}
	if m.Endpoint == nil {
		m.Endpoint = c.unlisted(r, body)
		return m
	}
	e := c.byID[m.App.ID]
	if e == nil || e.app != m.App || m.Endpoint.When.ofBody(body) {
		return m
	}
	var buf [maxHost]byte
	host := normal(&buf, r.Host)
	m.Endpoint = nil
	for i := range e.rules {
		if ru := &e.rules[i]; ru.When.ofBody(body) && ru.fits(host, r, true) {
			m.Endpoint = ru.Endpoint
			break
		}
	}
	return m
}

// ofBody reports whether the body holds what w asks of it.
func (w *When) ofBody(body []byte) bool {
	in := func(s string) bool { return bytes.Contains(body, []byte(s)) }
	return (len(w.Contains) == 0 || slices.ContainsFunc(w.Contains, in)) && !slices.ContainsFunc(w.Lacks, in)
}
