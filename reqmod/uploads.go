package reqmod

import (
	"sync"
	"time"

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

// uploads remembers intents of this node. It is safe for concurrent use.
type uploads struct {
	mu         sync.Mutex
	young, old map[intent]intended
}

// expect notes an intent.
func (u *uploads) expect(i intent, name string, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.young) >= intentsKept {
		u.old, u.young = u.young, nil
	}
	if u.young == nil {
		u.young = map[intent]intended{}
	}
	u.young[i] = intended{name, now}
}

// arrived returns the name that was told for bytes of that size. Each intent is used once.
func (u *uploads) arrived(i intent, now time.Time) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, size := range []int64{i.size, -1} {
		i.size = size
		for _, generation := range []map[intent]intended{u.young, u.old} {
			told, ok := generation[i]
			if !ok {
				continue
			}
			delete(generation, i)
			if now.Sub(told.at) <= intentWindow {
				return told.name
			}
		}
	}
	return ""
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
	case c.who.source.IP.IsValid():
		return "ip " + c.who.source.IP.String()
	}
	return ""
}
