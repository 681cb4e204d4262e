// Package classify names the AI app and the activity behind a request: by host and
// path from the catalogue, and by the shape of the request where no list knows the host.
package classify

import "io/fs"

// App is one entry of the catalogue. It is immutable.
type App struct {
	ID, Name, Vendor, Category, Country string
	Status                              string // initial approval status, or ""
	Visibility                          string // full | uploads | handshake
	ErrorShape                          string // which error body its clients read: openai, anthropic, gemini, mistral, ollama, connect, graphql, trpc, text; "" is generic
	Endpoints                           []*Endpoint
}

// Endpoint says what one kind of request to an app carries. It is immutable, and its
// address identifies it for the life of the Catalogue.
type Endpoint struct {
	Method   string // "" any
	Host     string // "" any host of the app; may start with "*."
	Path     string // with {id} and * for one segment or part of it, ** for the rest
	Activity string // prompt | upload | session | other
	Carrier  string // json | form | multipart | raw | query | connect | none
	Text     string // where the user's text is, in the notation of package extract
	Role     string
	System   string // paths of system text
	Context  string // paths of replayed or tool text
	Files    string // paths of inline files, or of file names for an upload intent
	Noise    string // paths that are never text
	Evidence string // sdk | client | rec | inferred
	Date     string // when the shape was seen, 2006-01-02
}

// Match is the answer of a look-up. The zero Match is "no AI app".
type Match struct {
	App      *App
	Endpoint *Endpoint // nil when no endpoint of the app fits
	Scope    string    // host | path | shape
	Source   string    // catalogue | shape
}

// Request is what a look-up may know of a request before its body.
type Request struct {
	Method, Host, Path, Query string
	Header                    func(name string) []byte // nil when unknown
}

// Catalogue is immutable and safe for concurrent use.
type Catalogue struct{}

// Builtin returns the file system of the embedded catalogue.
func Builtin() fs.FS { return nil }

// Load reads every *.yaml under each file system; a later one adds apps and overrides
// earlier ones by id. Its error joins every mistake, each with file, line and remedy.
func Load(sources ...fs.FS) (*Catalogue, error) { return &Catalogue{}, nil }

// Apps returns all apps sorted by id. The caller must not change them.
func (c *Catalogue) Apps() []*App { return nil }

// App returns the app with that id.
func (c *Catalogue) App(id string) (*App, bool) { return nil, false }

// Host finds the app of a host name or URL path, without a request: what
// `sluice classify` shows. path may be "".
func (c *Catalogue) Host(host, path string) (Match, bool) { return Match{}, false }

// Lookup finds the app and endpoint of a request by host, path and method. It does not
// allocate.
func (c *Catalogue) Lookup(r Request) (Match, bool) { return Match{}, false }

// Candidate reports whether line and header could carry AI traffic to a host that no
// list knows, so that the body is worth asking for. It does not allocate.
func (c *Catalogue) Candidate(r Request) bool { return false }

// Shape recognises AI traffic to an unknown host by the shape of the request; body may
// be only the beginning of it. The App it returns is named by the host.
func (c *Catalogue) Shape(r Request, body []byte) (Match, bool) { return Match{}, false }

// Actor tells who sent the request: person, agent or server.
func Actor(r Request) string { return "person" }

// Account is what the request tells of the account it is made with.
type Account struct{ ID, Plan, Kind string } // Kind: personal | company | unknown

// AccountOf reads the account signals of an app's request; body may be nil.
func AccountOf(app *App, r Request, body []byte) Account { return Account{Kind: "unknown"} }

// Version is a hash of everything that was loaded.
func (c *Catalogue) Version() string { return "" }
