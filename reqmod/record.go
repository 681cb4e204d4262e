package reqmod

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sluice-dlp/sluice/classify"
	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/extract"
	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/policy"
)

const (
	recordTime   = 3 * time.Second // for an event to reach the disk
	maxMatches   = 50              // groups of findings in one event; each costs an excerpt
	maxMasked    = 5               // values shown of one detector in one part
	maxPrints    = 50              // fingerprints kept of one detector in one part
	excerptBytes = 120             // of an excerpt, masked
	excerptSide  = 40              // of it before the finding
	excerptScan  = 4096            // scanned on each side of the finding, for values that begin or end there
)

// event is what is recorded of the request: hop 8's input. It holds nothing in the clear
// that a detector knows.
func (c *call) event() *event.Event {
	app := c.match.App
	if app == nil {
		app = &classify.App{}
	}
	f, d := &c.facts, &c.decision
	e := &c.made
	*e = event.Event{
		ID: event.NewID(c.began), Time: c.began.UTC(), Node: c.h.o.Node, Snapshot: c.rules.Version(),
		User: f.User.Name, Groups: append([]string{}, f.User.Groups...), Actor: f.Actor,
		Account:  event.Account(f.Account),
		Source:   event.Source{IP: c.who.ip, Country: f.Source.Country, Site: f.Source.Site},
		Device:   event.Device(f.Device),
		App:      event.App{ID: app.ID, Name: app.Name, Category: app.Category, Status: string(f.App.Status), Source: c.match.Source},
		Activity: f.Activity, Visibility: visibility(app, f.Activity), Method: c.target.method, Host: c.target.host,
		BytesOut: c.size(), Matches: c.matches(),
		Decision: event.Decision{
			Action: d.Action.String(), Would: d.Would.String(), Rule: d.Rule, Reason: d.Reason, Profiles: d.Profiles, Mode: d.Mode,
		},
		Files: []event.File{}, Gaps: []string{}, Trace: []event.Step{}, Exception: c.exception(),
	}
	for _, g := range d.Gaps {
		e.Gaps = append(e.Gaps, string(g))
	}
	for _, s := range append(d.Trace[:len(d.Trace):len(d.Trace)], c.notes...) {
		e.Trace = append(e.Trace, event.Step(s))
	}
	if c.tells(e) {
		c.nameThings(e)
		e.Sealed = c.seal()
	}
	if n, ok := c.h.o.Recorder.(namer); ok {
		n.Incident(e)
	}
	return e
}

// visibility says how much of a request was seen. Of an app whose prompts go through sessions and
// whose uploads are requests, the sessions are what is not seen.
func visibility(app *classify.App, activity string) string {
	if activity == "session" || app.Visibility == "handshake" {
		return "handshake"
	}
	return "full"
}

// exception returns the id of the exception that made the decision milder.
func (c *call) exception() *string {
	for _, what := range c.decision.Excepted {
		if id, ok := c.excepted[what]; ok {
			return &id
		}
	}
	return nil
}

// tells reports whether the request becomes an event; a page or a script of an app only
// counts, and is not worth the scan of its path.
func (c *call) tells(e *event.Event) bool {
	return e.Activity != "other" || len(e.Matches) > 0 || len(e.Gaps) > 0 || c.decision.Action > policy.Log
}

// nameThings sets path and files, their names scanned and masked.
func (c *call) nameThings(e *event.Event) {
	path := c.target.path
	if plain, err := url.PathUnescape(path); err == nil {
		path = plain // a value that is escaped must not hide from the mask
	}
	names := []string{path}
	if c.doc != nil {
		for _, f := range c.doc.Files {
			names = append(names, f.Name)
		}
	}
	if len(names) > 1 || !c.rules.plain.has(path) {
		names = c.masked(names)
		if names[0] == path {
			c.rules.plain.add(path)
		}
	}
	e.Path = names[0]
	for i, name := range names[1:] {
		f := c.doc.Files[i]
		e.Files = append(e.Files, event.File{Name: name, Type: f.Type, Size: f.Size, Hash: c.fileHash(f.SHA256), Outcome: string(f.Outcome)})
	}
}

// fileHash is keyed: the plain hash of a known file would name it.
func (c *call) fileHash(sha string) string {
	if sha == "" {
		return ""
	}
	mac := hmac.New(sha256.New, c.h.o.FileKey)
	mac.Write([]byte(sha))
	return "hmac:" + hex.EncodeToString(mac.Sum(nil)[:16])
}

// masked returns texts with everything masked that any detector suspects.
func (c *call) masked(list []string) []string {
	out, _ := c.rules.mask(context.Background(), list)
	return out
}

// Mask returns text with everything masked that any detector suspects; false when it could
// not be told.
func (h *Handler) Mask(ctx context.Context, text string) (string, bool) {
	out, ok := h.rules.Load().mask(ctx, []string{text})
	return out[0], ok
}

// mask returns texts of the same number, empty ones when they could not be searched: better
// no name than one in the clear. A name is searched as people read it, too.
func (r *Rules) mask(ctx context.Context, list []string) (out []string, ok bool) {
	out = make([]string, len(list))
	if r.engine == nil {
		return out, false
	}
	texts := make([]dlp.Text, len(list), 2*len(list))
	of := make([]int, len(list), 2*len(list)) // which of list a text is
	for i, s := range list {
		texts[i].Data, of[i] = []byte(strings.ToValidUTF8(s, "\uFFFD")), i
		if read := extract.ReadName(texts[i].Data); !bytes.Equal(read, texts[i].Data) {
			texts, of = append(texts, dlp.Text{Data: read}), append(of, i)
		}
	}
	within := limit(ctx, time.Now().Add(time.Second))
	defer within.stop()
	report := r.engine.Scan(within, dlp.Query{MinConfidence: dlp.Low}, texts...)
	if !report.Complete {
		return out, false
	}
	found := make([][]dlp.Finding, len(list))
	for _, f := range report.Findings {
		found[of[f.Text]] = append(found[of[f.Text]], f)
	}
	for i := range list {
		out[i] = dlp.MaskAll(texts[i].Data, found[i])
	}
	return out, true
}

// counted returns the findings that a profile triggered on: of those profiles, in the
// roles in which they were asked for, and not merely suspected.
func (c *call) counted() []dlp.Finding {
	var list []dlp.Finding
	seen := map[place]bool{}
	asks := c.plan.Asks()
	for i, triggered := range c.evidence.Triggered {
		if !triggered || i >= len(asks) {
			continue
		}
		for _, f := range c.findings {
			at := placeOf(&f)
			if f.Confidence < dlp.Medium || seen[at] || !slices.Contains(f.Profiles, asks[i].Profile) || !inRole(asks[i].Roles, f.Role) {
				continue
			}
			seen[at] = true
			list = append(list, f)
		}
	}
	slices.SortStableFunc(list, func(a, b dlp.Finding) int { return cmp.Or(cmp.Compare(a.Text, b.Text), cmp.Compare(a.Start, b.Start)) })
	return list
}

func inRole(roles []string, role string) bool { return roles == nil || slices.Contains(roles, role) }

// decisive returns those of the counted findings that decided.
func (c *call) decisive() []dlp.Finding {
	return slices.DeleteFunc(c.counted(), func(f dlp.Finding) bool {
		return !inRole(c.decision.Roles, f.Role) ||
			!slices.ContainsFunc(f.Profiles, func(p string) bool { return slices.Contains(c.decision.Profiles, p) })
	})
}

// matches groups what profiles triggered on by detector and part.
func (c *call) matches() []event.Match {
	type group struct{ detector, part, role string }
	index := map[group]int{}
	list := []event.Match{}
	for _, f := range c.counted() {
		g := group{f.Detector, f.Part, f.Role}
		i, ok := index[g]
		if !ok && len(list) == maxMatches {
			continue
		}
		if !ok {
			i = len(list)
			index[g] = i
			list = append(list, event.Match{
				Detector: f.Detector, Profiles: f.Profiles, Severity: f.Severity.String(), Confidence: f.Confidence.String(),
				Part: f.Part, Role: f.Role, Excerpt: c.excerpt(f),
			})
		}
		m := &list[i]
		m.Count++
		if f.Confidence > confidenceOf(m.Confidence) {
			m.Confidence = f.Confidence.String()
		}
		m.Profiles = union(m.Profiles, f.Profiles)
		if len(m.Masked) < maxMasked && !slices.Contains(m.Masked, f.Masked) {
			m.Masked = append(m.Masked, f.Masked)
		}
		if len(m.Fingerprints) < maxPrints && !slices.Contains(m.Fingerprints, f.Fingerprint) {
			m.Fingerprints = append(m.Fingerprints, f.Fingerprint)
		}
	}
	parts := make([]string, len(list))
	for i := range list {
		parts[i] = list[i].Part
	}
	if len(parts) > 0 { // a part may be named by a file or a key that the person chose
		for i, part := range c.masked(parts) {
			list[i].Part = part
		}
	}
	return list
}

func confidenceOf(name string) dlp.Confidence {
	c, _ := dlp.ParseConfidence(name)
	return c
}

func union(a, b []string) []string {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(slices.Clip(a), s)
		}
	}
	return a
}

// excerpt is the text around a finding, with that and every other suspect masked. What is
// scanned reaches much further than what is shown, so that no value is cut in two, seen
// in part only, and shown.
func (c *call) excerpt(f dlp.Finding) string {
	t := c.reading.texts[f.Text]
	size := int64(len(t.Data))
	if t.Reader != nil {
		size = t.Size
	}
	from, to := max(f.Start-excerptScan, 0), min(f.End+excerptScan, size)
	to = min(to, from+4*excerptScan)
	window := make([]byte, to-from)
	if t.Reader != nil {
		n, _ := t.Reader.ReadAt(window, from)
		window = window[:n]
	} else {
		copy(window, t.Data[from:])
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	report := c.rules.engine.Scan(ctx, dlp.Query{MinConfidence: dlp.Low}, dlp.Text{Data: window})
	if !report.Complete {
		return ""
	}
	suspects := report.Findings
	for _, o := range c.findings {
		if start, end := o.Spread(); o.Text == f.Text && start < to && end > from {
			suspects = append(suspects, dlp.Finding{Start: start - from, End: end - from})
		}
	}
	start, end := int(min(f.Start-from, int64(len(window)))), int(min(f.End-from, int64(len(window))))
	before := dlp.MaskAll(window[:start], within(suspects, 0, start))
	after := dlp.MaskAll(window[end:], within(suspects, end, len(window)))
	return shorten(tail(oneLine(before), excerptSide) + dlp.MaskAll(window[start:end], []dlp.Finding{{End: int64(end - start)}}) + oneLine(after))
}

// within returns the parts of findings in [from, to), counted from there.
func within(findings []dlp.Finding, from, to int) []dlp.Finding {
	var list []dlp.Finding
	for _, f := range findings {
		if start, end := f.Spread(); int(start) < to && int(end) > from {
			list = append(list, dlp.Finding{Start: max(start-int64(from), 0), End: min(end, int64(to)) - int64(from)})
		}
	}
	return list
}

// oneLine makes runs of white space one blank, also at the ends, where words may go on.
func oneLine(s string) string {
	var b strings.Builder
	blank := false
	for _, r := range strings.ToValidUTF8(s, "") {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			blank = true
			continue
		}
		if blank {
			b.WriteByte(' ')
		}
		blank = false
		b.WriteRune(r)
	}
	if blank {
		b.WriteByte(' ')
	}
	return b.String()
}

// tail returns the last n bytes of s, from the beginning of a character on.
func tail(s string, n int) string {
	cut := max(len(s)-n, 0)
	for cut < len(s) && !utf8.RuneStart(s[cut]) {
		cut++
	}
	return s[cut:]
}

// shorten cuts an excerpt to its bound at a character's edge.
func shorten(s string) string {
	s = strings.TrimSpace(s)
	if len(s) <= excerptBytes {
		return s
	}
	cut := excerptBytes - len("…")
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// record is hop 8: on disk before the answer leaves when it matters. What cannot be
// recorded does not pass, unless the node fails open.
func (c *call) record(ctx context.Context, e *event.Event, answer icap.Answer) icap.Answer {
	e.LatencyUS = c.h.o.Now().Sub(c.began).Microseconds()
	if err := c.keep(ctx, e); err != nil {
		answer = c.unrecorded(e, answer, err)
	} else {
		c.h.tellMissed(nil)
	}
	if d := &c.decision; d.Action > policy.Log {
		c.h.o.Log.Info("decision", "app", e.App.ID, "activity", e.Activity, "action", d.Action.String(), "rule", d.Rule,
			"would", d.Would.String(), "event", e.ID, "us", e.LatencyUS)
	}
	return answer
}

// keep records e.
func (c *call) keep(ctx context.Context, e *event.Event) error {
	if c.h.o.Recorder == nil {
		return nil
	}
	durable := len(e.Matches) > 0 || c.decision.Action > policy.Log
	within := limit(context.WithoutCancel(ctx), time.Now().Add(recordTime))
	defer within.stop()
	return c.h.o.Recorder.Record(within, e, durable)
}
