package reqmod

import (
	"strconv"
	"sync"
	"time"

	"github.com/sluice-dlp/sluice/classify"
	"github.com/sluice-dlp/sluice/extract"
	"github.com/sluice-dlp/sluice/policy"
)

// An upload is often two requests: one tells name and size, another, to some storage,
// brings the bytes without a name. Sluice can refuse the first, where the app shows the
// reason, and gives the second the name of the first.
const (
	intentWindow = 10 * time.Minute // between the two
	intentsKept  = 1 << 12          // in each of two generations
)

// intent is what joins the two: who, to which app, and the size; -1 when the first request
// does not tell it.
type intent struct {
	who, app string
	size     int64
}

type intended struct {
	name string
	at   time.Time
}

// announced is an intent whose app is not known yet: bytes may go to a store that says
// nothing of the app.
type announced struct {
	who  string
	size int64
}

// uploads remembers intents of this node. It is safe for concurrent use.
type uploads struct {
	mu         sync.Mutex
	young, old intents
}

// intents are one generation.
type intents struct {
	names map[intent]intended
	apps  map[announced]string
}

// expect notes an intent.
func (u *uploads) expect(i intent, name string, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.young.names) >= intentsKept {
		u.old, u.young = u.young, intents{}
	}
	if u.young.names == nil {
		u.young = intents{map[intent]intended{}, map[announced]string{}}
	}
	u.young.names[i] = intended{name, now}
	if i.size > 0 {
		u.young.apps[announced{i.who, i.size}] = i.app
	}
}

// arrived returns the name that was told for bytes of that size. Each intent is used once.
func (u *uploads) arrived(i intent, now time.Time) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, size := range []int64{i.size, -1} {
		i.size = size
		for _, generation := range []intents{u.young, u.old} {
			told, ok := generation.names[i]
			if !ok {
				continue
			}
			delete(generation.names, i)
			if now.Sub(told.at) <= intentWindow {
				return told.name
			}
		}
	}
	return ""
}

// app returns the app to which bytes of that size were announced, or "".
func (u *uploads) app(a announced, now time.Time) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, generation := range []intents{u.young, u.old} {
		app, ok := generation.apps[a]
		if told, open := generation.names[intent{a.who, app, a.size}]; ok && open && now.Sub(told.at) <= intentWindow {
			return app
		}
	}
	return ""
}

// stored finds the app of bytes that are sent to an object store without an Origin that
// would tell: the same person has announced so many bytes to it.
func (c *call) stored() (classify.Match, bool) {
	size, err := strconv.ParseInt(string(c.req.HTTP.Header.Get("Content-Length")), 10, 64)
	if c.target.method != "PUT" || err != nil || size <= 0 {
		return classify.Match{}, false
	}
	c.who = c.h.identify(c.req.Header)
	who := c.sender()
	if who == "" {
		return classify.Match{}, false
	}
	id := c.h.uploads.app(announced{who, size}, c.began)
	if id == "" {
		return classify.Match{}, false
	}
	return c.rules.catalogue.Stored(id, c.line)
}

// nameUploads gives files that came without a name the one their intent told, before
// policy looks at them.
func (c *call) nameUploads() {
	who := c.sender()
	if who == "" {
		return
	}
	for i := range c.doc.Files {
		f := &c.doc.Files[i]
		if f.Name == "" && f.Size > 0 && !isIntent(f) {
			f.Name = c.h.uploads.arrived(intent{who, c.match.App.ID, f.Size}, c.began)
		}
	}
}

// expectUploads notes the files that an allowed request announced.
func (c *call) expectUploads() {
	who := c.sender()
	if who == "" || c.doc == nil || c.facts.Activity != "upload" || c.decision.Action > policy.Notify {
		return
	}
	for i := range c.doc.Files {
		f := &c.doc.Files[i]
		if f.Name == "" || !isIntent(f) {
			continue
		}
		size := f.Size
		if size <= 0 {
			size = -1
		}
		c.h.uploads.expect(intent{who, c.match.App.ID, size}, f.Name, c.began)
	}
}

// isIntent reports whether a file is only named: its bytes are not in this request.
func isIntent(f *extract.UploadedFile) bool { return f.SHA256 == "" }

// sender is the person whose requests may be joined, or "" for one whom the proxy does not tell from others, and for
// explain.
func (c *call) sender() string {
	switch {
	case c.whole:
		return ""
	case c.who.user.Name != "":
		return "user " + c.who.user.Name
	case c.who.ip != "":
		return "ip " + c.who.ip
	}
	return ""
}
