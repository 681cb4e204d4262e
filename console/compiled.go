package console

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"testing/fstest"

	"github.com/sluice-dlp/sluice/dlp"
)

// compiledSize is how many compiled profiles the playground keeps: a few people's.
const compiledSize = 8

// compiledRules are profiles of the playground, made once. Who gets them must not change them.
type compiledRules struct {
	once     sync.Once
	engine   *dlp.Engine
	warnings []string
	err      error
}

// compiledCache keeps what was compiled last, by the hash of its text.
type compiledCache struct {
	mu    sync.Mutex
	rules map[[sha256.Size]byte]*compiledRules
	order [][sha256.Size]byte // last used last
}

// compiledKey stands for the visitor's YAML and the files it is put on top of.
func compiledKey(yaml string, files map[string][]byte) [sha256.Size]byte {
	h := sha256.New()
	fmt.Fprintf(h, "%q\n", yaml)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "%q %d\n", name, len(files[name]))
		h.Write(files[name])
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// of returns the rules of key, which are not compiled yet where they are new.
func (c *compiledCache) of(key [sha256.Size]byte) *compiledRules {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rules == nil {
		c.rules = map[[sha256.Size]byte]*compiledRules{}
	}
	if i := slices.Index(c.order, key); i >= 0 {
		c.order = slices.Delete(c.order, i, i+1)
	} else {
		c.rules[key] = &compiledRules{}
	}
	c.order = append(c.order, key)
	if len(c.order) > compiledSize {
		delete(c.rules, c.order[0])
		c.order = slices.Delete(c.order, 0, 1)
	}
	return c.rules[key]
}

// compile makes the rules, on top of base.
func (c *compiledRules) compile(yaml string, base []fs.FS) {
	own := fstest.MapFS{"your.yaml": {Data: []byte(yaml)}}
	var rules *dlp.Rules
	if rules, c.err = dlp.Load(append(slices.Clone(base), own)...); c.err != nil {
		return
	}
	if c.engine, c.err = dlp.New(rules, dlp.Options{Key: make([]byte, 32), MaxFindings: 500}); c.err != nil {
		return
	}
	list, err := dlp.Lint([]fs.FS{own}, base...)
	for _, m := range list {
		c.warnings = append(c.warnings, m.Error())
	}
	c.err = err
}
