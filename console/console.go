// Package console is the security team's web console and HTTP API, and the pages an
// employee is sent to.
package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sluice-dlp/sluice/classify"
	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/policy"
	"github.com/sluice-dlp/sluice/store"
)

// Options wires the console. Store and Rules are needed; other zero values mean the
// documented defaults.
type Options struct {
	Store     *store.Store
	Rules     func() Rules                          // the running snapshot
	Explainer Explainer                             // default: explaining says that it is not available
	Prober    Prober                                // default: the first-run page cannot test the ICAP port
	Profiles  func() ([]fs.FS, error)               // files of the running profiles; default: the playground knows none
	Policy    func() (name, text string, err error) // file of the running policy; name is empty for the built-in one
	Reader    Reader                                // reads files given to the playground; default: text files alone
	Coach     http.Handler                          // mounted under /coach, for everybody; default: 404

	OIDC OIDC   // sign-in by an identity provider
	URL  string // where people reach the console; with https cookies are __Host- ones
	Key  []byte // signs one-time links; all nodes share it; default: random
	Node Node   // what runs here

	Settings []Setting // shown to administrators

	SessionIdle time.Duration // default 30 minutes
	SessionLife time.Duration // default 12 hours
	Fresh       time.Duration // how long after a sign-in what needs a fresh one may be done; default 10 minutes

	Log      *slog.Logger          // default: discard
	Registry prometheus.Registerer // default: no metrics
	Now      func() time.Time      // default: time.Now
}

// Node says what runs here, for first-run and settings pages.
type Node struct {
	Name, Build, ICAP string // ICAP is the address of the listener
}

// Rules is one immutable snapshot of what the node decides by.
type Rules struct {
	Catalogue *classify.Catalogue
	Engine    *dlp.Engine
	Policy    *policy.Policy
	Statuses  map[string]policy.Status // as set in the store; the catalogue has initial ones
	Version   string
}

// Case is what is to be explained: an HTTP archive, or one composed request.
type Case struct {
	HAR []byte

	Method, URL, ContentType string
	Body                     []byte

	User     string
	Groups   []string
	Statuses map[string]policy.Status // instead of the set ones
}

// Explainer says what Sluice would see in a case and do: one JSON object a request
// (DESIGN 4.4). Nothing is recorded. It is safe for concurrent use.
type Explainer interface {
	Explain(ctx context.Context, c Case) ([]json.RawMessage, error)
}

// Reader finds the text in a file, as the request path would; outcome says how far it
// came: complete, partial, encrypted, broken or unsupported. It is safe for concurrent use.
type Reader interface {
	ReadText(ctx context.Context, name string, data []byte) (text, outcome string)
}

// ErrCase says that a case cannot be read; the text says why.
var ErrCase = errors.New("the request cannot be read")

// Probe is what became of a test prompt.
type Probe struct {
	Event  string        `json:"event"`  // empty: nothing was recorded
	Status int           `json:"status"` // of the answer in the app's place; 0: it was let through
	Took   time.Duration `json:"took"`
}

// Contact is what this node heard from its proxy since it started.
type Contact struct {
	Last     time.Time `json:"last"`    // zero: never
	Address  string    `json:"address"` // of the last client
	Options  int64     `json:"options"`
	Requests int64     `json:"requests"`
}

// Prober sends a test prompt through the node's own ICAP port, and says when the proxy
// last spoke to it; its own prompts do not count. It is safe for concurrent use.
type Prober interface {
	Probe(ctx context.Context, user, text string) (Probe, error)
	Contact() Contact
}

// Server is the console. It is safe for concurrent use.
type Server struct {
	o         Options
	log       *slog.Logger
	now       func() time.Time
	secure    bool // https
	assets    *assets
	templates *templates
	routes    []route
	handler   http.Handler
	queued    queueCount
	reports   *cache
	compiled  compiledCache
	named     namesShown
	live      tails
	links     signer
	oidc      *idp // nil: none
	met       metrics
	hashing   chan struct{} // holds a place for each password that is hashed
	byAddress *limiter
	byAccount *limiter
	probes    *limiter // test prompts, by account
}

// New checks o and returns a Server. Its error says what to correct.
func New(o Options) (*Server, error) {
	if o.Store == nil || o.Rules == nil {
		return nil, errors.New("console: no store or no rules")
	}
	s := &Server{
		o: o, log: o.Log, now: o.Now, links: newSigner(o.Key), met: newMetrics(o.Registry), hashing: make(chan struct{}, hashes),
		byAddress: newLimiter(attemptsPerAddress, addressEvery), byAccount: newLimiter(attemptsPerAccount, accountEvery),
		probes: newLimiter(5, 5*time.Second), reports: newCache(),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	for _, d := range []struct {
		value *time.Duration
		def   time.Duration
	}{{&s.o.SessionIdle, 30 * time.Minute}, {&s.o.SessionLife, 12 * time.Hour}, {&s.o.Fresh, 10 * time.Minute}} {
		if *d.value <= 0 {
			*d.value = d.def
		}
	}
	u, err := url.Parse(o.URL)
	if err != nil {
		return nil, fmt.Errorf("console.url: %w", err)
	}
	s.secure = u.Scheme == "https"
	if s.oidc, err = newIDP(o.OIDC, u); err != nil {
		return nil, err
	}
	if s.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	if s.templates, err = loadTemplates(s.assets); err != nil {
		return nil, err
	}
	for _, list := range [][]route{s.accessRoutes(), s.apiRoutes(), s.pageRoutes(), s.toolRoutes()} {
		s.routes = append(s.routes, list...)
	}
	s.handler, err = s.guard(s.mux(), u)
	return s, err
}

// Close ends what the server does behind its pages, and waits for it. Pages still work.
func (s *Server) Close() { s.reports.close() }

// Handler returns everything the console's listener serves.
func (s *Server) Handler() http.Handler { return s.handler }
