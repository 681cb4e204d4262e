package dlp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// keySize is the size of the key that fingerprints are made with.
const keySize = 32

// Options bound an Engine. Zero fields mean their documented defaults.
type Options struct {
	Key []byte // for Finding.Fingerprint; required, 32 bytes
	// MaxFindings is how many findings a scan collects before it stops; default 10,000. What
	// no profile of the query triggers on is not counted, and what there is of it beyond the
	// same number is dropped.
	MaxFindings int
}

// Engine is an immutable compiled set of rules, safe for concurrent use. Reload by
// building a new one.
type Engine struct {
	detectors []*detector
	finders   []finder // by detector; nil for those with patterns
	patterns  []*pattern
	owner     []int // detector of each pattern
	profiles  []*profile
	byProfile map[string]*profile
	matcher   matcher
	options   Options
	version   string

	selections selections
	scans      sync.Pool
}

// New compiles rules. It fails when the key is not 32 bytes, when a detector's data was
// made with another key, or when the tests of such a detector fail.
func New(r *Rules, o Options) (*Engine, error) {
	if len(o.Key) != keySize {
		return nil, fmt.Errorf("dlp: the key has %d bytes, want %d", len(o.Key), keySize)
	}
	if r == nil {
		return nil, errors.New("dlp: no rules")
	}
	o.Key = slices.Clone(o.Key)
	e := assemble(r, o, nil)
	if err := e.unlock(); err != nil {
		return nil, err
	}
	m, err := newScanMatcher(e.patterns, nil)
	if err != nil {
		return nil, fmt.Errorf("dlp: %w", err)
	}
	e.matcher = m
	return e, nil
}

// assemble lays out an engine around a matcher that is made for its patterns: those of
// detectors that a profile uses, since others report nothing and would only cost time.
func assemble(r *Rules, o Options, make func([]*pattern) (matcher, error)) *Engine {
	if o.MaxFindings <= 0 {
		o.MaxFindings = 10_000
	}
	e := &Engine{
		detectors: r.detectors, profiles: r.profiles, options: o,
		byProfile: map[string]*profile{},
	}
	for _, p := range r.profiles {
		e.byProfile[p.id] = p
	}
	used := r.used(nil)
	for i, d := range r.detectors {
		e.finders = append(e.finders, d.finder)
		if !used[d.id] {
			continue
		}
		for _, p := range d.patterns {
			e.patterns = append(e.patterns, p)
			e.owner = append(e.owner, i)
		}
	}
	sum := sha256.Sum256([]byte(r.version))
	e.version = hex.EncodeToString(sum[:8])
	if make != nil {
		e.matcher, _ = make(e.patterns)
	}
	return e
}

// proven runs the tests of a detector that could not run them before it had the key.
func proven(d *detector, opened finder) error {
	tested := *d
	tested.finder = opened
	var errs mistakes
	tested.test(&errs)
	return errs.err()
}

// unlock gives the key to the finders that need it.
func (e *Engine) unlock() error {
	var errs []error
	for i, f := range e.finders {
		k, ok := f.(keyed)
		if !ok {
			continue
		}
		d := e.detectors[i]
		opened, err := k.withKey(e.options.Key)
		if err != nil {
			errs = append(errs, &Mistake{File: d.file, Line: d.line, Text: fmt.Sprintf("detector %q: %v", d.id, err)})
			continue
		}
		e.finders[i] = opened
		errs = append(errs, proven(d, opened))
	}
	return errors.Join(errs...)
}

// HasProfile reports whether a profile of that id is loaded.
func (e *Engine) HasProfile(id string) bool { return e.byProfile[id] != nil }

// DetectorName returns what people call a detector; its id when it has no name or is not known.
func (e *Engine) DetectorName(id string) string {
	for _, d := range e.detectors {
		if d.id == id && d.name != "" {
			return d.name
		}
	}
	return id
}

// SeverityOf returns the severity of a detector's findings; 0 when it is not known.
func (e *Engine) SeverityOf(detector string) Severity {
	for _, d := range e.detectors {
		if d.id == detector {
			return d.severity
		}
	}
	return 0
}

// Profiles returns all loaded profiles sorted by id.
func (e *Engine) Profiles() []Profile { return describeProfiles(e.profiles) }

// Version identifies the compiled rules (ISTag, events, bug reports).
func (e *Engine) Version() string { return e.version }

// Scan returns the findings ordered by text, start and detector. When ctx ends, Report
// is not Complete.
func (e *Engine) Scan(ctx context.Context, q Query, texts ...Text) Report {
	s := e.newScan(ctx, q)
	for i := range texts {
		if !s.text(i, &texts[i]) {
			break
		}
	}
	return s.release()
}
