// Package classify names the AI app and the activity behind a request: by host and
// path from the catalogue, and by the shape of the request where no list knows the host.
package classify

import (
	"maps"
	"slices"
	"strings"
)

// App is one entry of the catalogue. It is immutable.
type App struct {
	ID, Name, Vendor, Category, Country string
	Status                              string // initial approval status, or ""
	Visibility                          string // full | uploads | handshake
	ErrorShape                          string // which error body its clients read: openai, anthropic, gemini, mistral, cohere, ollama, connect, graphql, trpc, text; "" is generic
	Terms                               *Terms // nil when nothing is known for certain
	Hosts                               []Host
	Endpoints                           []*Endpoint
	Source                              string // file and line of its definition
}

// Host is one host name of an app. It is immutable.
type Host struct {
	Name  string `json:"host"`  // lower case; a wildcard holds "*", which stands for a part of one label
	Match string `json:"match"` // exact | suffix | wildcard
	Scope string `json:"scope"` // host: every request is the app's | path: only its endpoints are
}

// Terms are what an analyst needs to know of a vendor's terms, and where it is written.
type Terms struct {
	Trains string // on what people enter: yes | opt-out | opt-in | no | mixed
	Region string // where the data goes, in the vendor's words
	Note   string
	Source string // address of the page that says so
	Date   string // when it was read or known to say so, 2006-01-02
}

// Endpoint says what one kind of request to an app carries. It is immutable, and its
// address identifies it for the life of the Catalogue. As JSON it reads as in a catalogue file.
type Endpoint struct {
	Method   string `json:"method,omitempty"` // "" any
	Host     string `json:"host,omitempty"`   // "" any host of the app; may start with "*."
	Path     string `json:"path"`             // with {id} and * for one segment or part of it, ** for the rest
	When     When   `json:"when,omitzero"`    // what the request must hold besides
	Activity string `json:"activity"`         // prompt | upload | session | other
	Carrier  string `json:"carrier"`          // json | form | multipart | raw | query | connect | none
	Text     string `json:"text,omitempty"`   // where the user's text is, in the notation of package extract
	Role     string `json:"role,omitempty"`
	System   string `json:"system,omitempty"`   // paths of system text
	Context  string `json:"context,omitempty"`  // paths of replayed or tool text
	Files    string `json:"files,omitempty"`    // paths of inline files, or of file names for an upload intent
	Noise    string `json:"noise,omitempty"`    // paths that are text only where it reads like a sentence
	Evidence string `json:"evidence,omitempty"` // sdk | client | rec | inferred
	Date     string `json:"date,omitempty"`     // when the shape was seen, 2006-01-02
	Source   string `json:"source,omitempty"`   // file and line of its definition
}

// When narrows an endpoint beyond method, host and path. The zero When asks for nothing.
type When struct {
	Query    string   `json:"query,omitempty"`    // "key" or "key=value" among the query's parameters
	Header   string   `json:"header,omitempty"`   // "name" (present) or "name: value" (the value is in it, whatever its case)
	Contains []string `json:"contains,omitempty"` // the body holds one of these
	Lacks    []string `json:"lacks,omitempty"`    // the body holds none of these
}

// Match is the answer of a look-up. The zero Match is "no AI app".
type Match struct {
	App      *App
	Endpoint *Endpoint // nil when no endpoint of the app fits
	Scope    string    // host | path | shape | origin
	Source   string    // catalogue | shape
}

// Activity returns the activity of the endpoint: prompt, upload, session, or other
// where no endpoint fits.
func (m Match) Activity() string {
	if m.Endpoint == nil {
		return "other"
	}
	return m.Endpoint.Activity
}

// Request is what a look-up may know of a request before its body.
type Request struct {
	Method, Host, Path, Query string
	Header                    func(name string) []byte // nil when unknown; an absent header is empty
}

func (r Request) header(name string) []byte {
	if r.Header == nil {
		return nil
	}
	return r.Header(name)
}

// Catalogue is immutable and safe for concurrent use.
type Catalogue struct {
	apps     []*App // sorted by id
	byID     map[string]*entry
	hosts    map[string][]claim
	shapes   map[string]*shape // by the name a shape endpoint has in its protocol
	dialects []dialect
	fixtures []Fixture
	version  string

	// Endpoints of requests that are told by what they are, not by where they go.
	anySession, anyRaw, anyMultipart *Endpoint
}

// Apps returns all apps sorted by id. The caller must not change them.
func (c *Catalogue) Apps() []*App { return c.apps }

// App returns the app with that id.
func (c *Catalogue) App(id string) (*App, bool) {
	e, ok := c.byID[id]
	if !ok {
		return nil, false
	}
	return e.app, true
}

// Named reports whether id can be an app's: that of one in the catalogue, or a host, which
// is the id of an app that is recognised by its shape.
func (c *Catalogue) Named(id string) bool {
	_, known := c.App(id)
	return known || strings.Contains(id, ".")
}

// Endpoints returns every endpoint that a Match may hold, each once, also those that no
// app lists. The caller must not change them.
func (c *Catalogue) Endpoints() []*Endpoint {
	seen := map[*Endpoint]bool{nil: true}
	var out []*Endpoint
	add := func(e *Endpoint) {
		if !seen[e] {
			seen[e] = true
			out = append(out, e)
		}
	}
	for _, a := range c.apps {
		for _, e := range a.Endpoints {
			add(e)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.shapes)) {
		add(c.shapes[name].endpoint)
	}
	for i := range c.dialects {
		add(c.dialects[i].Endpoint)
	}
	add(c.anySession)
	add(c.anyRaw)
	add(c.anyMultipart)
	return out
}

// Version is a hash of everything that was loaded.
func (c *Catalogue) Version() string { return c.version }
