package scan

import (
	"regexp/syntax"
	"sync/atomic"
)

// pattern is what is kept of a Pattern. What is lazy is made when first needed. What a try
// needs first lies together.
type pattern struct {
	near, far int32 // bytes from where a match can begin to its anchor
	cut       int32 // the item, flattened, at which the anchor begins
	lead      bool  // every match begins at a \b
	empty     bool  // can match nothing
	words     *trie // of a word list
	mark      lazy[landmark]
	before    lazy[before]
	whole     lazy[dfa]
	tail      lazy[dfa] // of what begins at the anchor
	first     byteSet   // bytes that a match can begin with
	anchor    *anchor
	reach     int            // bytes from a match's start on that decide it, or unbounded
	behind    syntax.EmptyOp // assertions that look back
	other     fallback
	parsed    *syntax.Regexp // of other.expr, while it is compiled
}

// tree returns the syntax tree of the expression. Compile has parsed it before; were that not
// possible any more, it would match nothing.
func (p *pattern) tree() *syntax.Regexp {
	if p.parsed != nil {
		return p.parsed
	}
	re, err := syntax.Parse(p.other.expr, syntax.Perl)
	if err != nil {
		return &syntax.Regexp{Op: syntax.OpNoMatch}
	}
	return re
}

// lazy is what is made when first needed. Two who need it first may both make it; one is used.
type lazy[T any] struct{ atomic.Pointer[T] }

// set keeps what was made, unless that of another is kept already, and returns what is.
func (l *lazy[T]) set(made *T) *T {
	if l.CompareAndSwap(nil, made) {
		return made
	}
	return l.Load()
}

// describe fills in what the tree of an expression tells.
func (p *pattern) describe(re *syntax.Regexp) {
	least, _ := width(re)
	p.empty = least == 0
	p.first, p.reach, p.behind = firstBytes(re), reach(re), behind(re)
	p.other.strict = repeatsEmpty(re)
	for _, it := range flatten(re, nil) {
		if it.Op == syntax.OpWordBoundary {
			p.lead = true
		}
		if _, most := width(it); most > 0 || it.Op == syntax.OpWordBoundary {
			break
		}
	}
}

// anchored notes the anchor of p, which may be nil, and returns it.
func (p *pattern) anchored(a *anchor) *anchor {
	if p.anchor = a; a != nil {
		p.near, p.far, p.cut = int32(a.near), int32(a.far), int32(a.cut)
	}
	return a
}

// end returns where the match that begins at b[at:] ends, or -1.
func (p *pattern) end(b []byte, at int, steps *int) int {
	if p.words != nil {
		return p.words.end(b, at, steps)
	}
	return p.automaton(&p.whole, 0).end(b, at, false, steps)
}

// automaton returns the one of the pattern from item from on, which l is for.
func (p *pattern) automaton(l *lazy[dfa], from int) *dfa {
	if d := l.Load(); d != nil {
		return d
	}
	return l.set(newDFA(p.program(from)))
}

// goesOn reports whether what begins at the anchor can match at b[at:].
func (p *pattern) goesOn(b []byte, at int, steps *int) bool {
	return p.automaton(&p.tail, int(p.cut)).end(b, at, true, steps) >= 0
}

// program compiles the pattern's expression from one of its items on.
func (p *pattern) program(from int) *syntax.Prog {
	re := p.tree()
	if from > 0 {
		re = &syntax.Regexp{Op: syntax.OpConcat, Sub: flatten(re, nil)[from:]}
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		return &syntax.Prog{Inst: []syntax.Inst{{Op: syntax.InstFail}}}
	}
	return prog
}

// memory returns the bytes that the pattern's automata hold, about.
func (p *pattern) memory() (n int) {
	if p.words != nil {
		n += p.words.memory()
	}
	for _, l := range [...]*lazy[dfa]{&p.whole, &p.tail} {
		if d := l.Load(); d != nil {
			n += d.memory()
		}
	}
	return n
}
