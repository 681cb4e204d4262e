package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Columns are the columns of the view events, in the order that [Scan] reads them. The
// view exists in every dialect.
const Columns = `ts, id, node, usr, grps, actor, account_kind, src, country, site, device, app, category,
 status, app_source, activity, visibility, method, host, path, bytes_out, bytes_in, action, would, mode,
 rule, nmatch, detectors, gaps, latency_us, n, detail`

// columnCount is how many Columns there are.
const columnCount = 32

// Limits of what is stored. Names are short enough for an index; the rest bounds a row.
const (
	maxName   = 256
	maxPath   = 2048
	maxDetail = 64 << 10
	maxGroups = 256
	maxList   = 64
	maxSealed = 1 << 20
)

// detail is what no report asks for: one JSON column instead of a dozen.
type detail struct {
	Snapshot    string   `json:"snapshot,omitempty"`
	AccountID   string   `json:"account_id,omitempty"`
	AccountPlan string   `json:"account_plan,omitempty"`
	Posture     string   `json:"posture,omitempty"`
	AppName     string   `json:"app_name,omitempty"`
	Reason      string   `json:"reason,omitempty"`
	Profiles    []string `json:"profiles,omitempty"`
	Exception   *string  `json:"exception,omitempty"`
	Files       []File   `json:"files,omitempty"`
	Matches     []Match  `json:"matches,omitempty"`
	Trace       []Step   `json:"trace,omitempty"`
	Cut         bool     `json:"cut,omitempty"` // something was left out for length
}

// Stamp is a time in a database: timestamptz in Postgres, microseconds in SQLite.
type Stamp time.Time

// Scan implements sql.Scanner.
func (s *Stamp) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*s = Stamp{}
	case time.Time:
		*s = Stamp(v.UTC())
	case int64:
		*s = Stamp(time.UnixMicro(v).UTC())
	default:
		return fmt.Errorf("a time is %T", v)
	}
	return nil
}

// render makes row the row of e, which stands for n requests: what reading the row back
// returns. Text is valid UTF-8 without NUL, which Postgres refuses, and within the limits,
// so that no sink can stumble over a row.
func (row *Numbered) render(e *Event, n int64) error {
	ts, ok := IDTime(e.ID)
	if !ok {
		return fmt.Errorf("event id %q is not a UUIDv7", clean(e.ID, 36))
	}
	d, err := e.detail()
	if err != nil {
		return err
	}
	groups, err := groupList(e.Groups)
	if err != nil {
		return err
	}
	row.raw = raw{groups: groups, gaps: wordList(e.Gaps), detail: d, n: n}
	row.raw.matches, row.raw.detectors = e.matched()
	if len(e.Sealed) > 0 && len(e.Sealed) <= maxSealed {
		row.raw.sealed = e.Sealed
	}
	row.Event = Event{
		ID: e.ID, Node: clean(e.Node, maxName), User: clean(e.User, maxName), Actor: clean(e.Actor, maxName),
		Account: Account{Kind: clean(e.Account.Kind, maxName)},
		Source:  Source{IP: clean(e.Source.IP, maxName), Country: clean(e.Source.Country, maxName), Site: clean(e.Source.Site, maxName)},
		Device:  Device{ID: clean(e.Device.ID, maxName)},
		App: App{
			ID: clean(e.App.ID, maxName), Category: clean(e.App.Category, maxName),
			Status: clean(e.App.Status, maxName), Source: clean(e.App.Source, maxName),
		},
		Activity: clean(e.Activity, maxName), Visibility: clean(e.Visibility, maxName),
		Method: clean(e.Method, maxName), Host: clean(e.Host, maxName), Path: clean(e.Path, maxPath),
		BytesOut: max(e.BytesOut, 0), BytesIn: max(e.BytesIn, 0), LatencyUS: max(e.LatencyUS, 0),
		Decision: Decision{
			Action: clean(e.Decision.Action, maxName), Would: clean(e.Decision.Would, maxName),
			Mode: clean(e.Decision.Mode, maxName), Rule: clean(e.Decision.Rule, maxName),
		},
	}
	row.Event.scanned(&row.raw, Stamp(ts))
	return nil
}

// raw is what of a row is kept in the form of the database until somebody needs more.
type raw struct {
	groups, detectors, gaps, detail string
	matches, n                      int64
	sealed                          []byte
}

// ErrDetail says that the detail of an event cannot be read.
var ErrDetail = errors.New("detail of the event is not readable")

// Scan reads one row of [Columns]. When only its detail cannot be read, the event holds
// everything else and the error is [ErrDetail].
func Scan(scan func(dest ...any) error) (Event, error) {
	var e Event
	var r raw
	if err := e.scan(&r, scan); err != nil {
		return e, err
	}
	return e, e.open(&r)
}

// scan reads the columns.
func (e *Event) scan(r *raw, scan func(dest ...any) error) error {
	var ts Stamp
	err := scan(e.dest(r, &ts)...)
	e.scanned(r, ts)
	return err
}

// dest appends where the columns go to head.
func (e *Event) dest(r *raw, ts *Stamp, head ...any) []any {
	return append(head, ts, &e.ID, &e.Node, &e.User, &r.groups, &e.Actor, &e.Account.Kind, &e.Source.IP,
		&e.Source.Country, &e.Source.Site, &e.Device.ID, &e.App.ID, &e.App.Category, &e.App.Status,
		&e.App.Source, &e.Activity, &e.Visibility, &e.Method, &e.Host, &e.Path, &e.BytesOut, &e.BytesIn,
		&e.Decision.Action, &e.Decision.Would, &e.Decision.Mode, &e.Decision.Rule, &r.matches, &r.detectors,
		&r.gaps, &e.LatencyUS, &r.n, &r.detail)
}

// joinTexts returns Columns for SQLite with the texts joined into the last column: one
// column costs as much to fetch as another, however long. dest are theirs; it returns those
// of the numbers and those of the texts, which [split] fills.
func joinTexts(dest []any) (columns string, numbers []any, texts []*string) {
	var names, joined []string
	for i, name := range strings.Split(Columns, ",") {
		if text, ok := dest[i].(*string); ok {
			joined, texts = append(joined, name), append(texts, text)
		} else {
			names, numbers = append(names, name), append(numbers, dest[i])
		}
	}
	// The first is the id, never empty: concat_ws leaves out separators in front of everything.
	return strings.Join(names, ",") + `, concat_ws(char(0),` + strings.Join(joined, ",") + `)`, numbers, texts
}

// errTorn says that a row does not hold the texts that were joined.
var errTorn = errors.New("texts of a row are not whole")

// split undoes joinTexts: no text has a NUL (see [clean]). The texts share the memory of joined.
func split(joined string, texts []*string) error {
	last := len(texts) - 1
	for _, text := range texts[:last] {
		var ok bool
		if *text, joined, ok = strings.Cut(joined, "\x00"); !ok {
			return errTorn
		}
	}
	*texts[last] = joined
	return nil
}

// scanned sets what follows from columns that were read into dest.
func (e *Event) scanned(r *raw, ts Stamp) {
	e.Time, e.Count = time.Time(ts), r.n
	if r.n == 1 {
		e.Count = 0
	}
}

// open fills in what scan left in r.
func (e *Event) open(r *raw) error {
	var d detail
	err := json.Unmarshal([]byte(r.detail), &d)
	if err == nil {
		err = json.Unmarshal([]byte(r.groups), &e.Groups)
	}
	if err != nil {
		err = fmt.Errorf("%w: event %s", ErrDetail, e.ID)
	}
	e.Gaps = words(r.gaps)
	e.Snapshot, e.Account.ID, e.Account.Plan = d.Snapshot, d.AccountID, d.AccountPlan
	e.Device.Posture, e.App.Name, e.Exception = d.Posture, d.AppName, d.Exception
	e.Decision.Reason, e.Decision.Profiles = d.Reason, d.Profiles
	e.Files, e.Matches, e.Trace = list(d.Files), list(d.Matches), list(d.Trace)
	e.Groups = list(e.Groups)
	return err
}

// Anonymous returns the detail column without what could lead to a person: account,
// files' names, excerpts, masked values and fingerprints. Detectors, profiles and the
// decision stay.
func Anonymous(column string) string {
	var d detail
	if json.Unmarshal([]byte(column), &d) != nil {
		return `{"cut":true}`
	}
	d.AccountID, d.AccountPlan, d.Exception = "", "", nil
	for i := range d.Files {
		d.Files[i].Name, d.Files[i].Hash = "", ""
	}
	for i := range d.Matches {
		m := &d.Matches[i]
		m.Masked, m.Fingerprints, m.Excerpt = []string{}, []string{}, ""
	}
	b, err := json.Marshal(&d)
	if err != nil {
		return `{"cut":true}`
	}
	return string(b)
}

// Forget makes the row one of alias, without what could lead to the person: address, device,
// path, prompt, and what [Anonymous] takes out of the detail.
func (n *Numbered) Forget(alias string) {
	n.Event.User, n.Event.Source.IP, n.Event.Device.ID, n.Event.Path = alias, "", "", ""
	n.raw.detail, n.raw.sealed = Anonymous(n.raw.detail), nil
}

// Number returns e as the row seq of an outbox, for feeding a sink without one.
func Number(seq int64, e *Event) (Numbered, error) {
	n := Numbered{Seq: seq}
	err := n.render(e, max(e.Count, 1))
	return n, err
}

// Sealed returns the encrypted prompt, or nil.
func (n *Numbered) Sealed() []byte { return n.raw.sealed }

// Groups returns the event's groups as a sorted JSON array, without decoding it.
func (n *Numbered) Groups() string { return n.raw.groups }

// MatchCount returns the number of findings.
func (n *Numbered) MatchCount() int64 { return n.raw.matches }

// Requests returns how many requests the row stands for; 0 for one that only adds bytes.
func (n *Numbered) Requests() int64 { return n.raw.n }

// Gaps returns the gaps as words between bars.
func (n *Numbered) Gaps() string { return n.raw.gaps }

// Open decodes the groups, matches, files and trace of a row that a [RowSink] was given.
func (n *Numbered) Open() error { return n.Event.open(&n.raw) }

// Detectors returns the detectors that found something, as words between bars.
func (n *Numbered) Detectors() string { return n.raw.detectors }

// Detail returns the event's detail as JSON, without decoding it.
func (n *Numbered) Detail() string { return n.raw.detail }

// detail renders what has no column; over maxDetail the trace goes first, then the texts
// of matches, then files and matches themselves.
func (e *Event) detail() (string, error) {
	d := detail{
		Snapshot: e.Snapshot, AccountID: clean(e.Account.ID, maxName), AccountPlan: clean(e.Account.Plan, maxName),
		Posture: clean(e.Device.Posture, maxName), AppName: clean(e.App.Name, maxName),
		Reason: e.Decision.Reason, Profiles: e.Decision.Profiles, Exception: e.Exception,
		Files: e.Files, Matches: e.Matches, Trace: e.Trace,
	}
	cuts := []func(){
		func() { d.Trace = nil },
		func() {
			d.Matches = slices.Clone(first(d.Matches, maxList))
			for i := range d.Matches {
				m := &d.Matches[i]
				m.Masked, m.Fingerprints = first(m.Masked, 4), first(m.Fingerprints, 4)
			}
			d.Files = first(d.Files, maxList)
		},
		func() { d.Matches, d.Files, d.Reason = nil, nil, clean(d.Reason, maxName) },
		func() { d = detail{Reason: d.Reason} },
	}
	for {
		b, err := json.Marshal(&d)
		if err != nil {
			return "", fmt.Errorf("encode event: %w", err)
		}
		if len(b) <= maxDetail || len(cuts) == 0 {
			return withoutNUL(string(b)), nil
		}
		cuts[0]()
		cuts, d.Cut = cuts[1:], true
	}
}

// withoutNUL replaces the escape of NUL in JSON, which Postgres refuses in its jsonb.
func withoutNUL(text string) string {
	const nul = `\u0000`
	for from := 0; ; {
		at := strings.Index(text[from:], nul)
		if at < 0 {
			return text
		}
		at += from
		slashes := 0
		for at-slashes > 0 && text[at-slashes-1] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			text = text[:at] + `\ufffd` + text[at+len(nul):]
		}
		from = at + len(nul)
	}
}

func first[T any](s []T, n int) []T { return s[:min(len(s), n)] }

// matched returns the number of findings and the words of their detectors.
func (e *Event) matched() (int64, string) {
	if len(e.Matches) == 0 {
		return 0, ""
	}
	var n int64
	ids := make([]string, 0, len(e.Matches))
	for i := range e.Matches {
		n += int64(max(e.Matches[i].Count, 1))
		ids = append(ids, e.Matches[i].Detector)
	}
	slices.Sort(ids)
	return n, wordList(slices.Compact(ids))
}

func groupList(groups []string) (string, error) {
	if len(groups) == 0 {
		return "[]", nil
	}
	set := make([]string, 0, len(groups))
	for _, g := range first(groups, maxGroups) {
		set = append(set, clean(g, maxName))
	}
	slices.Sort(set)
	b, err := json.Marshal(slices.Compact(set))
	return string(b), err
}

// wordList renders a list as |a|b|, in which LIKE '%|a|%' finds a word.
func wordList(list []string) string {
	if len(list) == 0 {
		return ""
	}
	var b strings.Builder
	for _, w := range first(list, maxList) {
		b.WriteByte('|')
		b.WriteString(strings.ReplaceAll(clean(w, maxName), "|", "_"))
	}
	b.WriteByte('|')
	return b.String()
}

func words(list string) []string {
	if list == "" {
		return []string{}
	}
	return strings.Split(strings.Trim(list, "|"), "|")
}

func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// clean returns s as valid UTF-8 without NUL in at most limit bytes.
func clean(s string, limit int) string {
	if len(s) > limit {
		cut := limit
		for cut > 0 && cut > limit-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut]
	}
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return s
}
