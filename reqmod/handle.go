package reqmod

import (
	"context"
	"errors"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"github.com/sluice-dlp/sluice/classify"
	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/extract"
	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/policy"
)

// peekBytes is how much of a body a look-up may see.
const peekBytes = 64 << 10

// call is one request on its way through the hops. One goroutine uses it.
type call struct {
	h     *Handler
	rules *Rules
	req   *icap.Request
	whole bool // explain: inspect even what cannot change the decision
	began time.Time
	took  map[string]int64 // microseconds a hop took, for explain

	target  target
	header  fields // of the HTTP request
	line    classify.Request
	match   classify.Match
	isAI    bool
	who     identity
	account classify.Account

	content  *icap.Content // nil: there is no body, or it was not read
	partial  bool          // not all of the body was received
	doc      *extract.Doc
	gaps     []policy.Gap
	facts    policy.Facts
	plan     *policy.Plan
	reading  reading
	findings []dlp.Finding
	evidence policy.Evidence
	excepted map[string]string // what the person holds an exception for -> its id
	decision policy.Decision
	redacted []byte
	made     event.Event   // what is recorded
	seams    map[int]int64 // where in a text two parts of an upload meet, by its index
	notes    []policy.Step // of the extraction, for the trace
	busy     bool          // the budgets for bodies are spent: the configured answer to overload decides
}

// ServeICAP is the request path: hops 2 to 8 of one REQMOD.
func (h *Handler) ServeICAP(ctx context.Context, r *icap.Request) icap.Answer {
	c, ok := h.calls.Get().(*call)
	if !ok {
		c = &call{}
	}
	*c = call{h: h, rules: h.rules.Load(), req: r, began: h.o.Now(), header: c.header[:0]}
	defer c.release()
	c.guard(func() { c.recognise(ctx) })
	if !c.isAI && len(c.gaps) == 0 {
		return icap.Unmodified()
	}
	c.guard(func() { c.inspect(ctx) })
	c.decide()
	e := c.event()
	answer := c.record(ctx, e, c.answer(e))
	h.counters.decided(c.facts.App.Status, &c.decision)
	c.remember()
	c.expectUploads()
	return answer
}

// close gives back what the request holds of shared memory.
func (c *call) close() {
	if c.doc != nil {
		c.doc.Close()
	}
}

// release closes c and leaves its memory to another request.
func (c *call) release() {
	c.close()
	h, header := c.h, c.header
	if clear(header); cap(header) > fieldsKept {
		header = nil
	}
	*c = call{header: header}
	h.calls.Put(c)
}

// guard runs a hop; a panic in it is the gap internal, which policy decides on.
func (c *call) guard(hop func()) {
	defer func() {
		if p := recover(); p != nil {
			c.gaps = append(c.gaps, policy.Internal)
			// The value of a panic may quote the request: only where it happened is told.
			c.h.o.Log.Error("a hop of the request path panicked", "host", c.target.host, "stack", string(debug.Stack()))
		}
	}()
	hop()
}

// recognise finds the app and the endpoint: hop 3.
func (c *call) recognise(ctx context.Context) {
	c.target, c.header = parseTarget(c.req.HTTP), c.header.of(c.req.HTTP.Header)
	c.line = classify.Request{
		Method: c.target.method, Host: c.target.host, Path: c.target.path, Query: c.target.query, Header: c.header.get,
	}
	catalogue := c.rules.catalogue
	// A CONNECT carries nothing, and nobody sees an answer to it; nor to a preflight.
	if catalogue == nil || c.target.method == "CONNECT" || isPreflight(c.target, c.header) {
		return
	}
	if c.match, c.isAI = catalogue.Lookup(c.line); !c.isAI {
		c.match, c.isAI = c.stored()
	}
	if c.isAI || !catalogue.Candidate(c.line) {
		return
	}
	c.match, c.isAI = catalogue.Shape(c.line, c.peek(ctx, c.req.Body.Preview()))
}

// peek undoes the content codings of what there is of the body.
func (c *call) peek(ctx context.Context, body []byte) []byte {
	if len(body) == 0 {
		return nil
	}
	in := c.input()
	in.Body = memory(body)
	return c.h.extractor.Peek(ctx, in, peekBytes)
}

func (c *call) input() extract.Input {
	in := extract.Input{
		Method: c.target.method, Host: c.target.host, Path: c.target.path, Query: c.target.query, Header: c.line.Header,
		Rule: c.rules.extract[c.match.Endpoint],
	}
	if c.content != nil {
		in.Body = c.content
	}
	return in
}

// inspect reads the body as far as the decision needs it, and looks into it: hops 4 and 5.
func (c *call) inspect(ctx context.Context) {
	c.who = c.h.identify(c.req.Header)
	if !c.whole && !c.rules.policy.ReadsBody() {
		c.collect()
		if c.plan.Settled() {
			return
		}
	}
	c.read(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		// A little before the handler's deadline, so that there is time left to decide, to
		// answer and to record.
		left := time.Until(deadline)
		early := limit(ctx, deadline.Add(-left/5))
		defer early.stop()
		ctx = early
	}
	c.refine(ctx)
	c.timed("extract", func() { c.extract(ctx) })
	c.collect()
	c.timed("scan", func() { c.scan(ctx) })
}

func (c *call) timed(hop string, run func()) {
	if c.took == nil {
		run()
		return
	}
	began := time.Now()
	run()
	c.took[hop] += time.Since(began).Microseconds()
}

// read receives the body; why not all of it came is a gap.
func (c *call) read(ctx context.Context) {
	if c.req.Body.None() {
		return
	}
	content, err := c.req.Body.ReadAll(ctx)
	c.content, c.partial = content, err != nil
	switch {
	case err == nil:
	case errors.Is(err, icap.ErrBusy):
		c.busy = true
		c.gaps = append(c.gaps, policy.TooLarge)
	case errors.Is(err, icap.ErrTooLarge):
		c.gaps = append(c.gaps, policy.TooLarge)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		c.gaps = append(c.gaps, policy.Deadline)
	case errors.Is(err, icap.ErrClient): // somebody cancelled an upload: nothing is wrong here
		c.gaps = append(c.gaps, policy.Undecodable)
		c.hitLimit(policy.Undecodable, "broken_off")
	default:
		c.gaps = append(c.gaps, policy.Internal)
	}
}

// refine finds out what only the body can tell of the request.
func (c *call) refine(ctx context.Context) {
	var head []byte
	if c.content != nil {
		if in := c.input(); in.Body != nil {
			head = c.h.extractor.Peek(ctx, in, peekBytes)
		}
	}
	c.match = c.rules.catalogue.Refine(c.match, c.line, head)
	c.account = classify.AccountOf(c.match.App, c.line, head)
}

func (c *call) extract(ctx context.Context) {
	c.doc = c.h.extractor.Extract(ctx, c.input())
	c.nameUploads()
	c.joinParts()
	c.note()
	for _, g := range c.doc.Gaps {
		c.gaps = append(c.gaps, policy.Gap(g.Reason))
	}
}

// collect gathers the facts and evaluates the conditions of the policy on them.
func (c *call) collect() {
	app := c.match.App
	if app == nil {
		app = &classify.App{}
	}
	c.facts = policy.Facts{
		App: policy.App{
			ID: app.ID, Name: app.Name, Vendor: app.Vendor, Category: app.Category, Host: c.target.host, Status: c.rules.status(app),
		},
		Activity: c.match.Activity(), Actor: classify.Actor(c.line),
		Account: policy.Account{ID: c.account.ID, Plan: c.account.Plan, Kind: c.account.Kind},
		User:    c.who.user, Source: c.who.source, Device: c.who.device,
		Request: policy.Request{Method: c.target.method, Host: c.target.host, Path: c.target.path, Bytes: c.size()},
		Now:     c.began,
	}
	if c.facts.Account.Kind == "" {
		c.facts.Account.Kind = "unknown"
	}
	if c.doc != nil {
		for _, f := range c.doc.Files {
			c.facts.Files = append(c.facts.Files, policy.File{Name: f.Name, Type: f.Type, Size: f.Size})
		}
	}
	c.plan = c.rules.policy.Plan(&c.facts)
	if c.h.o.Exceptions != nil {
		c.excepted = c.h.o.Exceptions.Excepted(c.who.user.Name, c.who.ip, app.ID, c.began)
	}
}

// size is the number of body bytes, as far as they are known.
func (c *call) size() int64 {
	if c.content != nil {
		return c.content.Size()
	}
	length := c.header.get("Content-Length")
	if len(length) == 0 || c.req.Body.None() {
		return 0
	}
	n, err := strconv.ParseInt(string(length), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// scan looks for what the plan asks about, all in one pass: hop 5.
func (c *call) scan(ctx context.Context) {
	asks := c.plan.Asks()
	if len(asks) == 0 || len(c.doc.Texts) == 0 {
		c.evidence.Triggered = make([]bool, len(asks))
		return
	}
	var profiles []string
	for _, a := range asks {
		if !slices.Contains(profiles, a.Profile) {
			profiles = append(profiles, a.Profile)
		}
	}
	c.reading = c.readings(asks)
	report := c.rules.engine.Scan(ctx, dlp.Query{Profiles: profiles}, c.reading.texts...)
	c.findings = c.overSeams(c.acrossSeams(report.Findings))
	if !report.Complete {
		c.gaps = append(c.gaps, scanGap(report.Limit))
	}
	c.evidence.Triggered = c.triggered(c.findings) // not before: unanswered questions are a gap
	c.evidence.Beyond = c.beyond
}

// triggered answers the plan's questions by findings.
func (c *call) triggered(findings []dlp.Finding) []bool {
	asks := c.plan.Asks()
	answers := make([]bool, len(asks))
	for i, a := range asks {
		answers[i] = c.rules.engine.Triggers(a.Profile, a.Roles, findings)
	}
	return answers
}

func scanGap(limit string) policy.Gap {
	switch limit {
	case "deadline":
		return policy.Deadline
	case "findings":
		return policy.TooLarge
	}
	return policy.Internal
}

// decide is hop 6. Whether a body can be redacted is found out by doing it.
func (c *call) decide() {
	began := time.Now()
	if c.plan == nil { // recognise or identify panicked
		c.guard(c.collect)
		if c.plan == nil {
			c.plan = policy.Default().Plan(&c.facts)
		}
	}
	slices.Sort(c.gaps)
	c.evidence.Gaps = slices.Compact(c.gaps)
	for what := range c.excepted {
		c.evidence.Excepted = append(c.evidence.Excepted, what)
	}
	slices.Sort(c.evidence.Excepted)
	c.evidence.Redact = true
	c.decision = c.plan.Decide(c.evidence)
	if c.decision.Action == policy.Redact {
		c.guard(c.redact)
		if c.redacted == nil {
			c.evidence.Redact = false
			c.decision = c.plan.Decide(c.evidence)
		}
	}
	if c.busy {
		c.overload("no room was left to inspect the request")
	}
	if c.took != nil {
		c.took["decide"] = time.Since(began).Microseconds()
	}
}

// overload decides by the configured answer to overload instead of by policy. What policy
// stops, it stops all the same.
func (c *call) overload(reason string) {
	action := policy.Block
	if c.h.o.FailOpen {
		action = policy.Log
	}
	if action > c.decision.Action || c.decision.Gap != "" {
		c.decision = policy.Decision{Action: action, Would: action, Rule: "overload", Reason: reason, Mode: "enforce", Gaps: c.decision.Gaps, Trace: c.decision.Trace}
	}
}
