package scan

import (
	"regexp/syntax"
	"sync"
	"sync/atomic"
)

// pattern is what is kept of a Pattern. Its automata are made when first needed.
type pattern struct {
	words  *trie          // of a word list
	first  byteSet        // bytes that a match can begin with
	lead   bool           // every match begins at a \b
	empty  bool           // can match nothing
	reach  int            // bytes from a match's start on that decide it, or unbounded
	behind syntax.EmptyOp // assertions that look back
	cut    int            // the item, flattened, at which the anchor begins
	whole  lazyDFA
	tail   lazyDFA // of what begins at the anchor
	mark   lazyLandmark
	before lazyBefore
	other  fallback
}

type lazyDFA struct {
	once sync.Once
	dfa  atomic.Pointer[dfa]
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

// end returns where the match that begins at b[at:] ends, or -1.
func (p *pattern) end(b []byte, at int, steps *int) int {
	if p.words != nil {
		return p.words.end(b, at, steps)
	}
	return p.automaton(&p.whole, 0).end(b, at, false, steps)
}

// automaton returns the one of the pattern from item from on, which l is for.
func (p *pattern) automaton(l *lazyDFA, from int) *dfa {
	d := l.dfa.Load()
	if d == nil {
		l.once.Do(func() { l.dfa.Store(newDFA(p.program(from))) })
		d = l.dfa.Load()
	}
	return d
}

// goesOn reports whether what begins at the anchor can match at b[at:].
func (p *pattern) goesOn(b []byte, at int, steps *int) bool {
	return p.automaton(&p.tail, p.cut).end(b, at, true, steps) >= 0
}

// program compiles the pattern's expression from one of its items on. Compile has parsed
// it before; were that not possible any more, it would match nothing.
func (p *pattern) program(from int) *syntax.Prog {
	re, err := syntax.Parse(p.other.expr, syntax.Perl)
	if err != nil {
		return &syntax.Prog{Inst: []syntax.Inst{{Op: syntax.InstFail}}}
	}
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
	for _, l := range [...]*lazyDFA{&p.whole, &p.tail} {
		if d := l.dfa.Load(); d != nil {
			n += d.memory()
		}
	}
	return n
}
