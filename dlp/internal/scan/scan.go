// Package scan finds the matches of many regular expressions in one pass over a text,
// exactly as package regexp would find them one by one. DESIGN.md, one room up, explains
// how.
package scan

import (
	"context"
	"errors"
	"fmt"
	"regexp/syntax"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// Pattern is what to look for: an expression or a list of words.
type Pattern struct {
	// Expr is in RE2 syntax and has the meaning of package regexp.
	Expr string
	// Words, when Expr is empty, are literal words or phrases, none of them empty. Where
	// several match at one place, the longest does.
	Words []string
	// Fold makes Words match whatever their case.
	Fold bool
	// WholeWord asks for a word boundary (RE2's \b) at each end of a word that is an ASCII
	// letter, digit or underscore.
	WholeWord bool
}

// Options adjust a DB. The zero value is right for nearly all uses.
type Options struct {
	// Kernel names the kernel to use, one of Kernels. Empty: SLUICE_KERNEL, or else the
	// best one.
	Kernel string
	// InFlight caps the bytes that are inside RE2 at a time; default 256 MiB. Texts that
	// alone exceed it are left to package regexp.
	InFlight int64
	// With, if not nil, is a DB with which the new one shares its cap, InFlight of With.
	With *DB
}

// DB is a compiled set of patterns. It is safe for concurrent use; what it learns while
// scanning is shared by all goroutines.
type DB struct {
	patterns []pattern
	anchors  []*anchor
	plan     *plan
	kernel   namedKernel
	twins    twins
	always   []int // patterns without an anchor
	flight   *flight
	redone   atomic.Int64
	runs     sync.Pool
}

// Compile makes a DB of patterns. Its error names the index of the first bad one.
func Compile(patterns []Pattern, o Options) (*DB, error) {
	db := &DB{patterns: make([]pattern, len(patterns)), anchors: make([]*anchor, len(patterns)), twins: twins{of: make([][]int, len(patterns)), known: map[string]int{}}}
	if o.InFlight <= 0 {
		o.InFlight = 256 << 20
	}
	if db.flight = newFlight(o.InFlight); o.With != nil {
		db.flight = o.With.flight
	}
	k, err := chooseKernel(o.Kernel)
	if err != nil {
		return nil, err
	}
	r, x := newSample(), newExpander()
	r.pairs = k.coders == nil
	for i := range patterns {
		if db.twins.add(i, patterns[i].Expr) {
			continue
		}
		if err := db.add(i, &patterns[i], x, r); err != nil {
			return nil, fmt.Errorf("pattern %d: %w", i, err)
		}
	}
	db.twins.known = nil
	db.kernel = k
	db.plan = newPlan(db.anchors, &k, r)
	db.plan.spell(db)
	db.plan.aim(db)
	db.plan.lookFar(db)
	for i := range db.patterns {
		db.patterns[i].parsed = nil
	}
	db.runs.New = func() any {
		n := len(patterns)
		return &run{db: db, open: make([]int, n), opening: make([]int, n), at: make([]progress, n)}
	}
	return db, nil
}

// add compiles one pattern, so far as is needed to look for it.
func (db *DB) add(i int, p *Pattern, x *expander, r *sample) error {
	to := &db.patterns[i]
	if p.Expr == "" {
		if err := p.checkWords(); err != nil {
			return err
		}
		to.words = newTrie(p.Words, p.Fold, p.WholeWord)
		to.first, to.reach, to.behind = anyByte, to.words.reach(), syntax.EmptyWordBoundary
		to.other.words = &Pattern{Words: p.Words, Fold: p.Fold, WholeWord: p.WholeWord}
		db.anchors[i] = to.anchored(wordsAnchor(p, x, r))
		return nil
	}
	if len(p.Words) > 0 {
		return errors.New("both an expression and words")
	}
	re, err := syntax.Parse(p.Expr, syntax.Perl)
	if err != nil {
		return err
	}
	to.other.expr, to.parsed = p.Expr, re
	to.describe(re)
	if db.anchors[i] = to.anchored(findAnchor(re, x, r)); to.anchor == nil {
		db.always = append(db.always, i)
	}
	return nil
}

func (p *Pattern) checkWords() error {
	if len(p.Words) == 0 {
		return errors.New("neither an expression nor words")
	}
	for i, w := range p.Words {
		if w == "" || !utf8.ValidString(w) {
			return fmt.Errorf("word %d is empty or not UTF-8", i)
		}
	}
	return nil
}

// Scan calls emit for every match in text of the patterns in only (nil: of all): the
// pattern's index and the byte offsets. The matches of one pattern come in order and are
// those of FindAllIndex of package regexp; those of different patterns mix. It stops early
// when emit returns false or ctx ends, and then returns ctx's error. Scan does not keep
// text.
func (db *DB) Scan(ctx context.Context, text []byte, only []bool, emit func(pattern, start, end int) bool) error {
	r := db.runs.Get().(*run)
	defer r.release()
	r.begin(text, only, emit)
	if err := r.through(ctx); err != nil {
		return err
	}
	return r.others(ctx)
}
