package scan

import (
	"math/bits"
	"math/rand/v2"
	"regexp/syntax"
	"slices"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// dfa decides whether matches of some patterns, usually of one, begin at a given place, and
// where they end: an automaton with the leftmost-first semantics of package regexp for each
// pattern by itself, its states made when first met. It is safe for concurrent use: what
// one goroutine has built, all others use.
//
// Readers take no lock. A row of the table holds, per class of runes, the next row with two
// bits of what to do there, or 0 when that is not known yet. Entries change from 0 to their final value
// once; a table that is too small is copied, and whoever reads the old one meets a 0 and
// comes to grow, where the lock leads to the new one.
type dfa struct {
	prog  *syntax.Prog
	parts []part         // the programs of the patterns in prog
	looks syntax.EmptyOp // assertions that occur
	abc   *alphabet
	shift uint // a row has 1<<shift entries
	limit int  // rows before the states are thrown away and begun anew
	cur   atomic.Pointer[states]
}

// part is one of the programs in a joint one: the instructions before end, from that of
// the part before on.
type part struct{ start, end uint32 }

// mostParts is the number of patterns that can share an automaton.
const mostParts = 16

// states are the states known so far; they are thrown away together.
type states struct {
	table atomic.Pointer[table]
	start [sideOther + 1]uint32 // rows, by what stands before the match
	salt  uint64                // of the hash by which ways through them are found

	mu    sync.Mutex
	known []state // by row number
	index map[string]uint32
	work  closure
}

// table holds the rows. The entry of hits tells which parts match if that of next has the
// match bit, and alive tells, by row, which can go on.
type table struct {
	next  []uint32
	hits  []uint16
	alive []uint16
}

// state is what the program waits for behind a rune: instructions by part and priority,
// and the side that this rune is for assertions.
type state struct {
	pcs  []uint32
	side int
}

const (
	plainBit = 1 // nothing to do but to go on
	matchBit = 2 // a match may end before the rune just read
	rowFlags = plainBit | matchBit
	deadRow  = 1       // no match any more; row 0 is left out so that 0 can mean unknown
	buildFee = 64      // what building a transition counts in steps
	rowBytes = 1 << 20 // of one table, before it is thrown away
)

// newDFA makes an automaton for programs, at most mostParts; nil ones have a part in which
// nothing matches.
func newDFA(progs ...*syntax.Prog) *dfa {
	d := &dfa{}
	d.prog, d.parts = join(progs)
	for i := range d.prog.Inst {
		if d.prog.Inst[i].Op == syntax.InstEmptyWidth {
			d.looks |= syntax.EmptyOp(d.prog.Inst[i].Arg)
		}
	}
	d.abc = newAlphabet(d.prog, d.looks)
	d.shift = 2 // leaves room for the flags
	for 1<<d.shift < len(d.abc.sample) {
		d.shift++
	}
	d.limit = max(64, rowBytes>>(d.shift+2))
	d.cur.Store(d.fresh())
	return d
}

// join puts programs one behind the other.
func join(progs []*syntax.Prog) (*syntax.Prog, []part) {
	var parts []part
	if len(progs) == 1 {
		return progs[0], []part{{uint32(progs[0].Start), uint32(len(progs[0].Inst))}}
	}
	all := &syntax.Prog{}
	for _, p := range progs {
		base := uint32(len(all.Inst))
		if p == nil {
			parts = append(parts, part{base, base})
			continue
		}
		for _, in := range p.Inst {
			in.Out += base
			if in.Op == syntax.InstAlt || in.Op == syntax.InstAltMatch {
				in.Arg += base
			}
			all.Inst = append(all.Inst, in)
		}
		parts = append(parts, part{base + uint32(p.Start), uint32(len(all.Inst))})
	}
	return all, parts
}

// fresh returns an empty set of states with the start states in it.
func (d *dfa) fresh() *states {
	const rows = 16
	s := &states{index: map[string]uint32{}, known: make([]state, 2, rows), salt: rand.Uint64()}
	s.table.Store(&table{make([]uint32, rows<<d.shift), make([]uint16, rows<<d.shift), make([]uint16, rows)})
	s.work.init(len(d.prog.Inst))
	var pcs []uint32
	for _, p := range d.parts {
		if p.start < p.end {
			pcs = append(pcs, p.start)
		}
	}
	for side := range s.start {
		s.start[side] = d.intern(s, state{pcs, d.relevant(side)})
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
	if t := s.table.Load(); len(t.next) < (n+1)<<d.shift {
		bigger := &table{make([]uint32, 2*len(t.next)), make([]uint16, 2*len(t.hits)), make([]uint16, 2*len(t.alive))}
		copy(bigger.next, t.next)
		copy(bigger.hits, t.hits)
		copy(bigger.alive, t.alive)
		s.table.Store(bigger)
	}
	s.table.Load().alive[n] = d.alive(st.pcs) // published with the first entry that leads here
	return row
}

// alive returns the parts that pcs belong to, in whose order they are.
func (d *dfa) alive(pcs []uint32) (parts uint16) {
	part := 0
	for _, pc := range pcs {
		for pc >= d.parts[part].end {
			part++
		}
		parts |= 1 << part
	}
	return parts
}

// grow finds the transition from row on class, which the caller did not find in its table.
// When the states are too many it starts new ones and translates row, which it returns.
func (d *dfa) grow(s *states, row, class uint32) (*states, *table, uint32, uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.table.Load()
	if to := t.next[row+class]; to != 0 {
		return s, t, row, to
	}
	from := s.known[row>>d.shift]
	if len(s.known) >= d.limit {
		n := d.fresh()
		d.cur.CompareAndSwap(s, n)
		n.mu.Lock()
		defer n.mu.Unlock()
		s = n
		row = d.intern(s, from)
	}
	next, hits := s.work.step(d, from, d.abc.sample[class])
	to := d.intern(s, next)
	t = s.table.Load()
	t.hits[row+class] = hits // published by the store to next
	plain := t.alive[to>>d.shift] == t.alive[row>>d.shift]
	if hits != 0 {
		to |= matchBit
	}
	if plain {
		to |= plainBit
	}
	atomic.StoreUint32(&t.next[row+class], to)
	return s, t, row, to
}

// end returns where the leftmost-first match that begins at b[at:] ends, or -1, and adds
// the work done to steps. The automaton has one part. If any match will do, it stops at the
// first that it sees.
func (d *dfa) end(b []byte, at int, any bool, steps *int) int {
	s := d.cur.Load()
	t := s.table.Load()
	next, ascii := t.next, &d.abc.ascii
	row := s.start[sideBefore(b, at)]
	end, i, built := -1, at, 0
	for {
		for i < len(b) && b[i] < utf8.RuneSelf {
			to := atomic.LoadUint32(&next[row+uint32(ascii[b[i]])])
			if to&plainBit == 0 {
				break
			}
			if to&matchBit != 0 {
				if end = i; any {
					break
				}
			}
			row = to &^ rowFlags
			i++
		}
		class, w := d.abc.class(b, i)
		to := atomic.LoadUint32(&next[row+class])
		if to == 0 {
			s, t, _, to = d.grow(s, row, class)
			next = t.next
			built++
		}
		if to&matchBit != 0 {
			end = i
		}
		row = to &^ rowFlags
		if row>>d.shift == deadRow || i >= len(b) || any && end >= 0 {
			*steps += i - at + 1 + built*buildFee
			return end
		}
		i += w
	}
}

// walk is how far a joint automaton has come in a text.
type walk struct {
	states  *states
	row     uint32
	at      int
	alive   uint16 // parts that can go on
	matched uint16 // parts with a match
	ends    [mostParts]int
}

// begin sets w before b[at].
func (d *dfa) begin(w *walk, b []byte, at int) {
	w.states = d.cur.Load()
	w.row = w.states.start[sideBefore(b, at)]
	w.at, w.alive, w.matched = at, w.states.table.Load().alive[w.row>>d.shift], 0
}

// match notes that the matches of parts end at b[at].
func (w *walk) match(parts uint16, at int) {
	w.matched |= parts
	for ; parts != 0; parts &= parts - 1 {
		w.ends[bits.TrailingZeros16(parts)] = at
	}
}

// walk goes on until none of the parts in wanted can, or to the first rune at until or
// behind. It returns the work done.
func (d *dfa) walk(w *walk, b []byte, wanted uint16, until int) (steps int) {
	t := w.states.table.Load()
	next, ascii := t.next, &d.abc.ascii
	row, i := w.row, w.at
	var hits uint16 // parts that matched last, together, at end
	end := 0
	for w.alive&wanted != 0 && i < until {
		for stop := min(until, len(b)); i < stop && b[i] < utf8.RuneSelf; i++ {
			class := uint32(ascii[b[i]])
			to := atomic.LoadUint32(&next[row+class])
			if to&plainBit == 0 {
				break
			}
			if to&matchBit != 0 {
				if h := t.hits[row+class] & wanted; h != 0 {
					if h != hits {
						w.match(hits, end)
						hits = h
					}
					end = i
				}
			}
			row = to &^ rowFlags
		}
		if i >= until {
			break
		}
		class, n := d.abc.class(b, i)
		to := atomic.LoadUint32(&next[row+class])
		if to == 0 {
			w.states, t, row, to = d.grow(w.states, row, class)
			next = t.next
			steps += buildFee
		}
		if to&matchBit != 0 {
			w.match(hits, end)
			hits, end = t.hits[row+class]&wanted, i
		}
		row = to &^ rowFlags
		if w.alive = t.alive[row>>d.shift]; i >= len(b) {
			w.alive = 0
		}
		i += n
	}
	w.match(hits, end)
	steps += i - w.at
	w.row, w.at = row, i
	return steps
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
	t := s.table.Load()
	n := 4*len(t.next) + 2*len(t.hits) + len(d.prog.Inst)*48
	for _, st := range s.known {
		n += 6*len(st.pcs) + 64
	}
	return n
}
