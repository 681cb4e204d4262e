package console

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/store"
)

// startPage says whether Sluice stands where it should.
type startPage struct {
	Contact   *Contact // nil: not connected to a node
	Talking   bool     // within the last minutes
	ICAP      string
	Address   string // for squid.conf
	Loopback  bool   // only a proxy on this machine reaches it
	Events    []eventRow
	Count     int64
	Most      bool // Count is where counting stopped
	Prompt    string
	Probed    *probed
	Statuses  int // that were set
	Minutes   int
	CanReview bool
}

// probed is what became of the test prompt.
type probed struct {
	Event, Action string
	Status        int
	Found         []string
	Took          string
}

// recent is what "the last minutes" are.
const recent = 15 * time.Minute

// probePrompt holds made-up data, put together so that no scanner takes this file for a leak.
// It is none of the numbers that everybody tests with: where a text calls such a number a
// test, it is no finding.
var probePrompt = "Test of Sluice: please check the card 4716 9205 " + "3381 7744, exp 12/29."

func (s *Server) start(w http.ResponseWriter, r *http.Request, v *visitor) error {
	ctx, now := r.Context(), s.now()
	p := startPage{ICAP: s.o.Node.ICAP, Prompt: probePrompt, Minutes: int(recent / time.Minute), CanReview: v.can(RightReview)}
	p.Address, p.Loopback = proxyAddress(s.o.Node.ICAP, r.Host)
	if s.o.Prober != nil {
		c := s.o.Prober.Contact()
		p.Contact, p.Talking = &c, now.Sub(c.Last) < recent
	}
	f := store.Filter{Since: now.Add(-recent), Limit: 8}
	events, err := s.o.Store.Events(ctx, f)
	if err != nil {
		return err
	}
	const most = 10000
	if p.Count, err = s.o.Store.CountEvents(ctx, f, most); err != nil {
		return err
	}
	p.Most = p.Count == most
	if p.Events, err = s.eventRows(ctx, v, events, ""); err != nil {
		return err
	}
	set, err := s.o.Store.Statuses(ctx)
	if err != nil {
		return err
	}
	p.Statuses = len(set)
	if q := r.URL.Query(); q.Has("took") {
		p.Probed = s.probed(ctx, q)
	}
	return s.render(w, r, v, "start", page{Title: "First run", Nav: "start", Data: p})
}

// proxyAddress is what a proxy writes to reach the listener: one that listens everywhere
// is reached where the console is.
func proxyAddress(listen, host string) (address string, loopback bool) {
	name, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen, false
	}
	ip := net.ParseIP(name)
	if ip == nil || !ip.IsUnspecified() {
		return listen, ip != nil && ip.IsLoopback()
	}
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), port), false
}

// probed reads what a probe's redirect says, and the event it left.
func (s *Server) probed(ctx context.Context, q url.Values) *probed {
	p := &probed{Event: q.Get("event"), Took: q.Get("took")}
	p.Status, _ = strconv.Atoi(q.Get("status")) // what is no number is 0
	if _, ok := event.IDTime(p.Event); !ok {
		p.Event = ""
		return p
	}
	e, err := s.o.Store.Event(ctx, p.Event)
	if err != nil {
		return p // it may take a moment until it is in the store
	}
	p.Action = e.Decision.Action
	for _, m := range e.Matches {
		p.Found = append(p.Found, m.Detector)
	}
	return p
}

func (s *Server) probe(w http.ResponseWriter, r *http.Request, v *visitor) error {
	if s.o.Prober == nil {
		return errNoExplainer
	}
	if wait, ok := s.probes.take(v.Name, s.now()); !ok {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
		return &problem{status: http.StatusTooManyRequests, title: "Not so fast", detail: "Wait a few seconds before the next test prompt."}
	}
	out, err := s.o.Prober.Probe(r.Context(), v.Name, probePrompt)
	if err != nil {
		s.log.Warn("test prompt", "error", err)
		return &problem{status: http.StatusBadGateway, title: "The test prompt got no answer", detail: "The ICAP port " + s.o.Node.ICAP + " did not take it. Does icap.allow name 127.0.0.0/8? The log of this node says more."}
	}
	if err := s.o.Store.Audit(r.Context(), store.AuditLine{Actor: v.Name, Action: "probe.send", Target: out.Event}); err != nil {
		return err
	}
	q := url.Values{"event": {out.Event}, "status": {strconv.Itoa(out.Status)}, "took": {out.Took.Round(100 * time.Microsecond).String()}}
	http.Redirect(w, r, "/start?"+q.Encode()+"#test", http.StatusSeeOther)
	return nil
}
