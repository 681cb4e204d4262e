package reqmod

import "sync"

// Limits of plainNames.
const (
	plainKept  = 1024
	plainBytes = 128 // of one name
)

// plainNames remembers short names in which no detector of a snapshot suspects anything:
// paths of endpoints, above all, which are the same with every request. It is safe for
// concurrent use.
type plainNames struct {
	mu  sync.Mutex
	set map[string]struct{}
}

func (p *plainNames) has(name string) bool {
	if len(name) > plainBytes {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.set[name]
	return ok
}

func (p *plainNames) add(name string) {
	if len(name) > plainBytes {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.set == nil || len(p.set) >= plainKept { // what is still in use comes back
		p.set = map[string]struct{}{}
	}
	p.set[name] = struct{}{}
}
