package scan

import (
	"regexp/syntax"
	"slices"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// dfa decides whether a match begins at a given place, and where it ends: the automaton of
// one pattern with the leftmost-first semantics of package regexp, its states made when
// first met. It is safe for concurrent use: what one goroutine has built, all others use.
//
// Readers take no lock. A row of the table holds, per class of runes, the next row with the
// match bit, or 0 when that is not known yet. Entries change from 0 to their final value
// once; a table that is too small is copied, and whoever reads the old one meets a 0 and
// comes to grow, where the lock leads to the new one.
type dfa struct {
	prog  *syntax.Prog
	looks syntax.EmptyOp // assertions that occur
	abc   *alphabet
	shift uint // a row has 1<<shift entries
	limit int  // rows before the states are thrown away and begun anew
	cur   atomic.Pointer[states]
}

// states are the states known so far; they are thrown away together.
type states struct {
	table atomic.Pointer[[]uint32]
	start [sideOther + 1]uint32 // rows, by what stands before the match

	mu    sync.Mutex
	known []state // by row number
	index map[string]uint32
	work  closure
}

// state is what the program waits for behind a rune: instructions by priority, and the
// side that this rune is for assertions.
type state struct {
	pcs  []uint32
	side int
}

const (
	matchBit = 1       // the match may end before the rune just read
	deadRow  = 1       // no match any more; row 0 is left out so that 0 can mean unknown
	buildFee = 64      // what building a transition counts in steps
	rowBytes = 1 << 20 // of one table, before it is thrown away
)

func newDFA(prog *syntax.Prog) *dfa {
	d := &dfa{prog: prog}
	for i := range prog.Inst {
		if prog.Inst[i].Op == syntax.InstEmptyWidth {
			d.looks |= syntax.EmptyOp(prog.Inst[i].Arg)
		}
	}
	d.abc = newAlphabet(prog, d.looks)
	d.shift = 1
	for 1<<d.shift < len(d.abc.sample) {
		d.shift++
	}
	d.limit = max(64, rowBytes>>(d.shift+2))
	d.cur.Store(d.fresh())
	return d
}

// fresh returns an empty set of states with the start states in it.
func (d *dfa) fresh() *states {
	s := &states{index: map[string]uint32{}, known: make([]state, 2, 16)}
	table := make([]uint32, 16<<d.shift)
	s.table.Store(&table)
	s.work.init(len(d.prog.Inst))
	for side := range s.start {
		s.start[side] = d.intern(s, state{[]uint32{uint32(d.prog.Start)}, d.relevant(side)})
	}
	return s
}

// relevant maps the sides that no assertion of the program tells apart to sideOther.
func (d *dfa) relevant(s int) int {
	switch s {
	case sideLine:
		return side('\n', d.looks)
	case sideWord:
		return side('a', d.looks)
	case sideEdge:
		const edges = syntax.EmptyBeginText | syntax.EmptyEndText | syntax.EmptyBeginLine | syntax.EmptyEndLine
		if d.looks&edges == 0 {
			return sideOther
		}
	}
	return s
}

// intern returns the row of st, adding it when it is new. The caller holds s.mu or is the
// only one to know s.
func (d *dfa) intern(s *states, st state) uint32 {
	if len(st.pcs) == 0 {
		return deadRow << d.shift
	}
	key := s.work.key(st)
	if row, ok := s.index[string(key)]; ok {
		return row
	}
	n := len(s.known)
	row := uint32(n) << d.shift
	s.known = append(s.known, state{slices.Clone(st.pcs), st.side})
	s.index[string(key)] = row
	if table := *s.table.Load(); len(table) < (n+1)<<d.shift {
		bigger := make([]uint32, 2*len(table))
		copy(bigger, table)
		s.table.Store(&bigger)
	}
	return row
}

// grow finds the transition from row on class, which the caller did not find in its table.
// When the states are too many it starts new ones and translates row.
func (d *dfa) grow(s *states, row, class uint32) (*states, []uint32, uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	table := *s.table.Load()
	if t := table[row+class]; t != 0 {
		return s, table, t
	}
	from := s.known[row>>d.shift]
	if len(s.known) >= d.limit {
		n := d.fresh()
		d.cur.CompareAndSwap(s, n)
		s = n
		row = d.intern(s, from)
	}
	next, match := s.work.step(d, from, d.abc.sample[class])
	t := d.intern(s, next)
	if match {
		t |= matchBit
	}
	table = *s.table.Load()
	atomic.StoreUint32(&table[row+class], t)
	return s, table, t
}

// end returns where the leftmost-first match that begins at b[at:] ends, or -1, and adds
// the work done to steps.
func (d *dfa) end(b []byte, at int, steps *int) int {
	s := d.cur.Load()
	table := *s.table.Load()
	row := s.start[sideBefore(b, at)]
	end, i, built := -1, at, 0
	for i < len(b) {
		class, w := uint32(0), 1
		if c := b[i]; c < utf8.RuneSelf {
			class = uint32(d.abc.ascii[c])
		} else {
			var r rune
			r, w = utf8.DecodeRune(b[i:])
			class = d.abc.of(r)
		}
		t := atomic.LoadUint32(&table[row+class])
		if t == 0 {
			s, table, t = d.grow(s, row, class)
			built++
		}
		if t&matchBit != 0 {
			end = i
		}
		row = t &^ matchBit
		if row>>d.shift == deadRow {
			*steps += i - at + 1 + built*buildFee
			return end
		}
		i += w
	}
	t := atomic.LoadUint32(&table[row+d.abc.end()])
	if t == 0 {
		_, _, t = d.grow(s, row, d.abc.end())
		built++
	}
	if t&matchBit != 0 {
		end = i
	}
	*steps += i - at + 1 + built*buildFee
	return end
}

// sideBefore says what stands before b[at].
func sideBefore(b []byte, at int) int {
	switch {
	case at == 0:
		return sideEdge
	case b[at-1] == '\n':
		return sideLine
	case isWord(b[at-1]):
		return sideWord
	}
	return sideOther
}

// memory returns the bytes that the automaton holds, about.
func (d *dfa) memory() int {
	s := d.cur.Load()
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 4*len(*s.table.Load()) + len(d.prog.Inst)*48
	for _, st := range s.known {
		n += 6*len(st.pcs) + 64
	}
	return n
}
