package reqmod

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/extract"
	"github.com/sluice-dlp/sluice/internal/theme"
)

// Recorder takes events. It must be safe for concurrent use. With durable, Record returns
// after the event is on disk.
type Recorder interface {
	Record(ctx context.Context, e *event.Event, durable bool) error
}

// namer is a [Recorder] that folds events: it names the event into which e will go, before
// an answer shows the id.
type namer interface{ Incident(e *event.Event) string }

// Geo tells where an address is. Empty answers mean unknown. It must be safe for
// concurrent use and must not wait.
type Geo interface {
	Locate(ip netip.Addr) (country, site string)
}

// Exceptions tells what a person may do although policy would coach: for a user (or, when
// unknown, an IP address) and an app, the subjects of [policy.Evidence.Excepted] with the
// exception's id. It must be safe for concurrent use and must not wait for the network.
type Exceptions interface {
	Excepted(user, ip, app string, now time.Time) map[string]string
}

// Options configure a [Handler]. A zero field means the default in its comment.
type Options struct {
	Node      string             // label of this node in events
	Log       *slog.Logger       // default: discard
	Recorder  Recorder           // default: nothing is recorded
	FileKey   []byte             // for keyed hashes of files and of turns; default: random, so that nothing is comparable
	TokenKey  []byte             // signs coach tokens; default: random
	Extractor *extract.Extractor // default: one with the default limits, which reads no PDF pages
	FailOpen  bool               // what a request gets that cannot be recorded: let through, else blocked

	// IdentityHeaders name ICAP header fields by what they tell: device, posture.
	IdentityHeaders map[string]string
	IsolateTemplate string // where isolate sends navigations; "{url}" is the address; "" blocks
	ConsoleURL      string // where people give justifications; "" coaches without a link

	// Pages holds files that replace or add to what stopped people are shown: page.html,
	// page.css, and languages as fr.yaml. Default: the built-in ones, English and German.
	Pages fs.FS

	Geo        Geo              // default: nobody knows
	Exceptions Exceptions       // default: there are none
	Sealer     Sealer           // default: prompts are not kept
	Now        func() time.Time // default: time.Now
}

// Handler is the request path. It is safe for concurrent use.
type Handler struct {
	o         Options
	rules     atomic.Pointer[Rules]
	extractor *extract.Extractor
	history   *history
	uploads   uploads
	edges     edges
	counters  *counters
	calls     sync.Pool // of *call
	theme     *theme.Theme[wording]
	missed    missed
}

// New checks o, every mistake in one error, and returns a Handler. Until the first
// [Handler.Swap] it knows no apps and lets everything pass.
func New(o Options) (*Handler, error) {
	var mistakes []error
	if r, ok := o.Recorder.(*event.Recorder); ok && r == nil {
		o.Recorder = nil
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Extractor == nil {
		o.Extractor = extract.New(extract.Options{})
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	for _, key := range []*[]byte{&o.FileKey, &o.TokenKey} {
		if len(*key) == 0 {
			*key = make([]byte, 32)
			rand.Read(*key)
		}
	}
	for field := range o.IdentityHeaders {
		if !slices.Contains(identityFields(), field) {
			mistakes = append(mistakes, fmt.Errorf("identity.headers: unknown field %q (one of %s)", field, strings.Join(identityFields(), ", ")))
		}
	}
	for name, address := range map[string]string{"console.url": o.ConsoleURL, "isolate.template": strings.ReplaceAll(o.IsolateTemplate, "{url}", "")} {
		u, err := url.Parse(address)
		if address != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
			mistakes = append(mistakes, fmt.Errorf("%s: %q is no http or https address", name, address))
		}
	}
	pages, err := newTheme(o.Pages)
	if err := errors.Join(append(mistakes, err)...); err != nil {
		return nil, err
	}
	h := &Handler{o: o, extractor: o.Extractor, theme: pages, history: newHistory(), counters: newCounters()}
	h.rules.Store(&Rules{})
	return h, nil
}

// Swap makes rules the running snapshot. Requests that have begun keep theirs.
func (h *Handler) Swap(rules *Rules) { h.rules.Store(rules) }

// Version identifies the running snapshot; at most 30 bytes, fit for an ISTag.
func (h *Handler) Version() string { return h.rules.Load().Version() }

// Include returns the ICAP header fields that the client should send (X-Include).
func (h *Handler) Include() []string {
	include := []string{"X-Client-IP", "X-Authenticated-User", "X-Authenticated-Groups", "X-Client-Username"}
	var more []string
	for _, name := range h.o.IdentityHeaders {
		more = append(more, name)
	}
	slices.Sort(more)
	return append(include, more...)
}
