package reqmod

import (
	"encoding/binary"
	"hash/maphash"
	"slices"
	"sync"

	"github.com/sluice-dlp/sluice/dlp"
	"github.com/sluice-dlp/sluice/extract"
	"github.com/sluice-dlp/sluice/policy"
)

// turnsKept bounds each of the two generations of remembered turns: some 6 MB in all.
const turnsKept = 1 << 16

// turn is the hash of a text together with everything under which it was allowed:
// snapshot, person, app and what was asked of the scan. A reload forgets all of them. It
// is keyed by two seeds of the process that nothing outside sees, so that nobody can make
// a text that looks like an allowed one.
type turn [2]uint64

// history remembers turns that were scanned whole and allowed, so that a conversation that
// is sent again with every message is not reported again. It is safe for concurrent use.
type history struct {
	seeds      [2]maphash.Seed
	mu         sync.Mutex
	young, old map[turn]struct{}
}

func newHistory() *history {
	return &history{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}}
}

// knows reports whether t was allowed before.
func (h *history) knows(t turn) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.young[t]; ok {
		return true
	}
	if _, ok := h.old[t]; !ok {
		return false
	}
	h.add(t) // what is still in use stays young
	return true
}

// remember notes turns that were allowed.
func (h *history) remember(turns []turn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, t := range turns {
		h.add(t)
	}
}

func (h *history) add(t turn) {
	if len(h.young) >= turnsKept {
		h.old, h.young = h.young, nil
	}
	if h.young == nil {
		h.young = map[turn]struct{}{}
	}
	h.young[t] = struct{}{}
}

// reading is what a scan is given of a request's texts.
type reading struct {
	texts  []dlp.Text
	turns  []turn  // of the texts, in their order; nil when turns are not remembered
	skip   []bool  // texts that need no scan
	copies []int   // the text of which each one is a copy, or itself
	joints []joint // what the texts behind those of the document are
}

// readings prepares the texts for the scan. Skipped is what was replayed and allowed
// before, and what the same request carries a second time; what the person now says, and
// files, are always read.
func (c *call) readings(asks []policy.Ask) reading {
	texts := c.doc.Texts
	r := reading{texts: make([]dlp.Text, len(texts)), skip: make([]bool, len(texts)), copies: make([]int, len(texts))}
	mac := c.turnHash(asks)
	var first map[string]int
	if len(texts) > 1 {
		first = map[string]int{}
	}
	for i := range texts {
		t := &texts[i]
		r.texts[i] = dlp.Text{Part: t.Path, Role: string(t.Role), Data: t.Data, Reader: t.Reader, Size: t.Size}
		r.copies[i] = i
		if mac != nil {
			r.turns = append(r.turns, mac.of(t.Data))
		}
		if t.Reader != nil {
			continue
		}
		if len(texts) > 1 {
			same := string(t.Role) + "\x00" + string(t.Data)
			if j, ok := first[same]; ok {
				r.copies[i], r.skip[i] = j, true
			} else {
				first[same] = i
			}
		}
		if mac != nil && replayed(t.Role) && c.h.history.knows(r.turns[i]) {
			r.skip[i] = true
		}
	}
	c.join(&r, mac)
	for i, skip := range r.skip {
		if skip { // in its place stays an empty text, so that findings keep their index
			r.texts[i].Data, r.texts[i].Reader, r.texts[i].Size = nil, nil, 0
		}
	}
	return r
}

// replayed reports whether texts of a role may be of an earlier turn.
func replayed(r extract.Role) bool { return r == extract.Context || r == extract.System }

// turnHash hashes the texts of one request.
type turnHash struct {
	seeds [2]maphash.Seed
	scope []byte // everything but the text
}

// turnHash returns nil where turns are not remembered: for a person whom the proxy does
// not tell from others, and for explain. A named person is the same at any address.
func (c *call) turnHash(asks []policy.Ask) *turnHash {
	who := c.sender()
	if who == "" {
		return nil
	}
	scope := make([]byte, 8, 256) // begins with its own length
	write := func(s string) {     // with its length, so that no two lists look alike
		scope = append(binary.LittleEndian.AppendUint64(scope, uint64(len(s))), s...)
	}
	write(c.rules.Version())
	write(who)
	write(c.facts.App.ID)
	for _, ask := range asks {
		write("profile")
		write(ask.Profile)
		for _, role := range ask.Roles {
			write("role")
			write(role)
		}
	}
	binary.LittleEndian.PutUint64(scope, uint64(len(scope)-8))
	return &turnHash{c.h.history.seeds, scope}
}

func (h *turnHash) of(text []byte) (sum turn) {
	for i, seed := range h.seeds {
		var m maphash.Hash
		m.SetSeed(seed)
		_, _ = m.Write(h.scope) // its length is in it: no text continues it
		_, _ = m.Write(text)
		sum[i] = m.Sum64()
	}
	return sum
}

// ofJoint hashes the text around a seam, in which it counts where the seams are. It begins as
// no scope does.
func (h *turnHash) ofJoint(j *joint) (sum turn) {
	for i, seed := range h.seeds {
		var m maphash.Hash
		m.SetSeed(seed)
		var size [8]byte
		_, _ = m.Write(size[:])
		_, _ = m.Write(h.scope)
		for k := range j.pieces {
			binary.LittleEndian.PutUint64(size[:], uint64(j.pieces[k].at))
			_, _ = m.Write(size[:])
			_, _ = m.Write(j.data(&j.pieces[k]))
		}
		sum[i] = m.Sum64()
	}
	return sum
}

// remember notes the turns of a request that was scanned whole and let through. A text
// whose findings did not trigger anything is not noted: with those of later turns they may.
func (c *call) remember() {
	if c.reading.turns == nil || len(c.evidence.Gaps) > 0 || c.decision.Gap != "" || c.decision.Action > policy.Notify || c.decision.Rule == "overload" {
		return
	}
	counted := c.counted()
	open := map[int]bool{}
	for _, f := range c.findings {
		if f.Confidence >= dlp.Medium && !slices.ContainsFunc(counted, func(o dlp.Finding) bool {
			return o.Text == f.Text && o.Start == f.Start && o.Detector == f.Detector
		}) {
			open[f.Text] = true
		}
	}
	var turns []turn
	for i, t := range c.reading.turns {
		if c.remembers(i) && !open[i] && !open[c.reading.copies[i]] {
			turns = append(turns, t)
		}
	}
	c.h.history.remember(turns)
}

// remembers reports texts that may be sent again with every message.
func (c *call) remembers(text int) bool {
	if c.joint(text) != nil {
		return true
	}
	t := &c.doc.Texts[text]
	return t.Role != extract.File && t.Reader == nil && len(t.Data) > 0
}

// copiesOf returns the texts that hold what a text holds, itself included.
func (r *reading) copiesOf(text int) []int {
	var list []int
	for i, of := range r.copies {
		if of == text {
			list = append(list, i)
		}
	}
	return list
}
