package dlp

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// maxSelections bounds the memory for sets of profiles that were asked about. Policies ask
// about a few; a caller who asks about more different ones pays for each scan.
const maxSelections = 256

// selection is what a set of profiles looks for.
type selection struct {
	want    []bool              // by pattern
	members map[string][]string // detector -> those of the profiles that use it
	low     map[string]bool     // detectors of which a profile counts findings of low confidence
	finders []int               // detectors without patterns

	known   bool // remembered, so that it may get a matcher of its own
	scanned atomic.Int64
	narrow  atomic.Pointer[narrowed]
}

// selections remembers the selections of an engine by their profiles, since making one
// takes longer than scanning a prompt.
type selections struct {
	known sync.Map // joined ids -> *selection
	count atomic.Int32

	narrowing atomic.Int32 // selections that have, or will have, a matcher of their own
	compiling sync.WaitGroup
	closing   sync.Mutex
	closed    bool // no more matchers; under closing
}

// selection returns what profiles look for; nil asks about all that are loaded.
func (e *Engine) selection(profiles []string) *selection {
	key := "\x00" // all; no profile's id
	switch {
	case len(profiles) == 1:
		key = profiles[0]
	case profiles != nil:
		key = strings.Join(profiles, "\x00")
	}
	if known, ok := e.selections.known.Load(key); ok {
		return known.(*selection)
	}
	s := e.selectProfiles(profiles)
	if e.selections.count.Add(1) > maxSelections {
		e.selections.count.Add(-1)
		return s
	}
	s.known = true
	e.selections.known.Store(key, s)
	return s
}

func (e *Engine) selectProfiles(profiles []string) *selection {
	s := &selection{members: map[string][]string{}, low: map[string]bool{}, want: make([]bool, len(e.patterns))}
	for _, p := range e.profiles {
		if profiles != nil && !slices.Contains(profiles, p.id) {
			continue
		}
		for id := range p.detectors {
			s.members[id] = append(slices.Clip(s.members[id]), p.id) // findings share it
			s.low[id] = s.low[id] || p.trigger.confidence <= Low
		}
	}
	for i, f := range e.finders {
		if f != nil && s.members[e.detectors[i].id] != nil {
			s.finders = append(s.finders, i)
		}
	}
	for i, owner := range e.owner {
		s.want[i] = s.members[e.detectors[owner].id] != nil
	}
	return s
}
