package event

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"
	"unique"
)

// dims is what of a request the roll-ups tell apart. Few of them are in use at a time: each
// is kept once, and compared by its handle.
type dims struct {
	node, user, groups, actor, account, device string // groups: separated by groupMark
	source                                     Source
	app                                        App
	activity, visibility                       string
	action, would, mode, rule                  string
}

// groupMark stands between the names of groups.
const groupMark = "\x01"

func dimsOf(e *Event) dims {
	return dims{
		node: e.Node, user: e.User, groups: strings.Join(e.Groups, groupMark), actor: e.Actor,
		account: e.Account.Kind, device: e.Device.ID, source: e.Source, app: e.App,
		activity: e.Activity, visibility: e.Visibility,
		action: e.Decision.Action, would: e.Decision.Would, mode: e.Decision.Mode, rule: e.Decision.Rule,
	}
}

// event returns an event of those dimensions.
func (d dims) event(id string) *Event {
	e := &Event{
		ID: id, Node: d.node, User: d.user, Actor: d.actor, Account: Account{Kind: d.account}, Source: d.source,
		Device: Device{ID: d.device}, App: d.app, Activity: d.activity, Visibility: d.visibility,
		Decision: Decision{Action: d.action, Would: d.would, Mode: d.mode, Rule: d.rule},
	}
	if d.groups != "" {
		e.Groups = strings.Split(d.groups, groupMark)
	}
	return e
}

// key names all requests that are counted together: those of one event, or with "" all of
// these dimensions. No value can hold the NUL between them.
func (d dims) key(id string) string {
	var b strings.Builder
	for _, s := range []string{
		id, d.node, d.user, d.actor, d.account, d.source.IP, d.source.Country, d.source.Site, d.device,
		d.app.ID, d.app.Name, d.app.Category, d.app.Status, d.app.Source, d.activity, d.visibility,
		d.action, d.would, d.mode, d.rule, d.groups,
	} {
		b.WriteString(strings.ReplaceAll(s, "\x00", ""))
		b.WriteByte(0)
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:16])
}

// maxRecent is how many requests can still be given the bytes that came back: some 3 MiB.
const maxRecent = 1 << 15

// recent remembers the dimensions of the last requests by id. It is safe for concurrent use.
type recent struct {
	mu   sync.Mutex
	at   map[[16]byte]int32 // places in ring
	ring []seen
	next int
}

type seen struct {
	id      [16]byte
	dims    unique.Handle[dims]
	isEvent bool
}

func (r *recent) add(id string, d unique.Handle[dims], isEvent bool) {
	s := seen{idBytes(id), d, isEvent}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ring == nil {
		r.at, r.ring = map[[16]byte]int32{}, make([]seen, maxRecent)
	}
	delete(r.at, r.ring[r.next].id)
	r.ring[r.next], r.at[s.id] = s, int32(r.next)
	r.next = (r.next + 1) % maxRecent
}

func (r *recent) find(id string) (seen, bool) {
	if _, ok := IDTime(id); !ok {
		return seen{}, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	at, ok := r.at[idBytes(id)]
	if !ok {
		return seen{}, false
	}
	return r.ring[at], true
}
