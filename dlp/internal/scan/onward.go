package scan

import (
	"cmp"
	"math/bits"
	"regexp/syntax"
	"slices"
	"sync/atomic"
	"unicode/utf8"
)

// onward is what a match must show beside the eight bytes of its anchor: bytes behind them,
// and, where a match begins at one distance only, before them. Most places at which an
// anchor holds by chance differ in one of the first that are looked at, so that no automaton
// is started for them. It is worked out when an anchor first holds.
type onward struct {
	n     int // tests that say something; so many come first
	tests [onwardTests]onwardTest
}

// onwardTest says that the byte at that distance from the anchor is in class. Where the text
// has none, a byte 0 stands for it.
type onwardTest struct {
	at    int
	class byteSet
}

// lazyOnward is an onward that is made when first needed.
type lazyOnward struct{ at atomic.Pointer[onward] }

const (
	onwardReach = 40 // bytes behind the beginning of an anchor that are looked at
	onwardTests = 16 // bytes that are looked at
	firstTests  = 8  // that are looked at where candidates are dense
	dullClass   = 200
)

// fits reports whether a match can have its anchor at b[pos], as far as the first tests tell,
// which are looked at one by one. The text from there on, for onwardReach bytes, has neither
// ſ nor K.
func (o *onward) fits(b []byte, pos int) bool {
	some := o.tests[:min(o.n, firstTests)]
	for i := range some {
		if some[i].holds(b, pos) == 0 {
			return false
		}
	}
	return true
}

// begins and goesOn look at all tests. begins returns 1 if the first four allow an anchor at
// b[pos], else 0.
func (o *onward) begins(b []byte, pos int) int {
	t := &o.tests
	return t[0].holds(b, pos) & t[1].holds(b, pos) & t[2].holds(b, pos) & t[3].holds(b, pos)
}

// goesOn tells what the other tests say.
func (o *onward) goesOn(b []byte, pos int) bool {
	for i := 4; i < o.n; i++ {
		if o.tests[i&(onwardTests-1)].holds(b, pos) == 0 {
			return false
		}
	}
	return true
}

// holds returns 1 if the test allows an anchor at b[pos], else 0.
func (t *onwardTest) holds(b []byte, pos int) int {
	c := byte(0)
	if j := pos + t.at; uint(j) < uint(len(b)) {
		c = b[j]
	}
	return int(t.class[c>>6] >> (c & 63) & 1)
}

// onwardOf returns the onward of target i, made when first needed.
func (db *DB) onwardOf(i int32) *onward { return db.onwardFor(&db.plan.targets[i], int(i)) }

// onwardFor is onwardOf for who has the target at hand.
func (db *DB) onwardFor(t *target, i int) *onward {
	if o := t.onward.at.Load(); o != nil {
		return o
	}
	return db.firstOnward(t, i)
}

func (db *DB) firstOnward(t *target, i int) *onward {
	o := db.newOnward(int32(i))
	t.onward.at.Store(o)
	return o
}

// newOnward works out what target i must show beside its anchor.
func (db *DB) newOnward(i int32) *onward {
	p := db.plan
	pat, a := &db.patterns[p.targets[i].pattern], db.anchors[p.targets[i].pattern]
	var q sequence
	keyed := int(i) >= len(p.slots)
	if keyed {
		q = p.keys.sequence(&p.keys.entries[int(i)-len(p.slots)])
	} else {
		q = p.slots[i].q
	}
	switch {
	case pat.words != nil:
		return onwardOfWords(&q, keyed)
	case a.several():
		return newOnward(pat.automaton(&pat.tail, int(pat.cut)).prog, &q, 0, keyed)
	default:
		return newOnward(pat.automaton(&pat.whole, 0).prog, &q, a.far, keyed)
	}
}

// onwardOfWords returns what a key of a word list leaves open.
func onwardOfWords(q *sequence, keyed bool) *onward {
	var tests []onwardTest
	for j := range q.n {
		if keyed && !q.decided(j) {
			tests = append(tests, onwardTest{j, q.class[j]})
		}
	}
	return rarestFirst(tests)
}

// newOnward follows prog, which shows q behind base bytes, byte by byte. Of a key's eight
// bytes only those bits have been looked at that are always the same.
func newOnward(prog *syntax.Prog, q *sequence, base int, keyed bool) *onward {
	var tests []onwardTest
	f := follower{prog: prog, seen: make([]uint8, len(prog.Inst))}
	f.enter(uint32(prog.Start), false, false)
	known := q.n
	if !keyed {
		known = window + farPlaces // the exact tables have seen those
	}
	for at := range base + onwardReach {
		if f.free {
			break
		}
		last := f.ended
		given := anyByte
		if j := at - base; j >= 0 && j < q.n {
			given = q.class[j]
		}
		class := f.read(given)
		if last {
			class = class.union(behindWord)
		}
		if (at < base || at >= base+known || keyed && !q.decided(at-base)) && class.size() < dullClass {
			tests = append(tests, onwardTest{at - base, class})
		}
		if last {
			break
		}
	}
	return rarestFirst(tests)
}

// rarestFirst returns the most telling of tests. What is far away depends least on what is
// known already.
func rarestFirst(tests []onwardTest) *onward {
	slices.SortFunc(tests, func(a, b onwardTest) int {
		return cmp.Or(cmp.Compare(a.class.size(), b.class.size()), cmp.Compare(max(b.at, -b.at), max(a.at, -a.at)))
	})
	o := &onward{n: min(len(tests), onwardTests)}
	for i := copy(o.tests[:], tests); i < len(o.tests); i++ {
		o.tests[i].class = anyByte
	}
	return o
}

// decided reports whether the bits that all bytes of the class at place j share tell which
// bytes it has.
func (q *sequence) decided(j int) bool {
	all, some := byte(0xff), byte(0)
	c := q.at(j)
	c.each(func(b byte) {
		all &= b
		some |= b
	})
	return c.size() == 1<<bits.OnesCount8(all^some)
}

// follower reads with a program all texts at once, a byte at a time. It takes a rune outside
// ASCII for bytes of any number.
type follower struct {
	prog  *syntax.Prog
	seen  []uint8 // by instruction, the ways in which it was entered
	now   []follow
	next  []follow
	free  bool // a match can have ended: nothing is known of what comes next
	ended bool // a match can have ended, with a word that does

	folded bool // s and k may stand for ſ and K, which are no word characters
}

// follow is an instruction that reads the next byte. Within a rune, more bytes of which may
// come, it reads them first.
type follow struct {
	pc     uint32
	within bool
}

// read takes a byte that is in given, and returns those that it can be.
func (f *follower) read(given byteSet) (all byteSet) {
	f.now, f.next = f.next, f.now[:0]
	clear(f.seen)
	f.ended = false
	for _, t := range f.now {
		class, to := highByte, t.pc
		if !t.within {
			in := &f.prog.Inst[t.pc]
			class, to = bytesOfInst(in), in.Out
		}
		class = class.intersect(given)
		if class.empty() {
			continue
		}
		all = all.union(class)
		f.enter(to, false, class.subset(wordBytes) && !(f.folded && (class.has('s') || class.has('k'))))
		if !class.intersect(highByte).empty() && f.seen[to]&seenWithin == 0 {
			f.seen[to] |= seenWithin
			f.next = append(f.next, follow{to, true})
		}
	}
	return all
}

// seenWithin is a bit of follower.seen; the lower ones are for ways to enter.
const seenWithin = 1 << 4

// enter goes to pc, behind a word character, and past a \b, or not.
func (f *follower) enter(pc uint32, boundary, word bool) {
	way := uint8(1)
	if boundary {
		way <<= 1
	}
	if word {
		way <<= 2
	}
	if f.seen[pc]&way != 0 {
		return
	}
	first := f.seen[pc]&(seenWithin-1) == 0
	f.seen[pc] |= way
	switch in := &f.prog.Inst[pc]; in.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		f.enter(in.Out, boundary, word)
		f.enter(in.Arg, boundary, word)
	case syntax.InstCapture, syntax.InstNop:
		f.enter(in.Out, boundary, word)
	case syntax.InstEmptyWidth:
		f.enter(in.Out, boundary || syntax.EmptyOp(in.Arg)&syntax.EmptyWordBoundary != 0, word)
	case syntax.InstMatch:
		if boundary && word {
			f.ended = true
		} else {
			f.free = true
		}
	case syntax.InstFail:
	case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		if first {
			f.next = append(f.next, follow{pc: pc})
		}
	}
}

// bytesOfInst returns the bytes that a rune that in takes can begin with, also in folded
// text; of a rune outside ASCII, any.
func bytesOfInst(in *syntax.Inst) (s byteSet) {
	switch in.Op {
	case syntax.InstRuneAny:
		return anyByte
	case syntax.InstRuneAnyNotNL:
		s = anyByte
		s.remove('\n')
		return s
	default:
	}
	runeRanges(in, func(lo, hi rune) {
		if lo < utf8.RuneSelf {
			s.addRange(byte(lo), byte(min(hi, utf8.RuneSelf-1)))
		}
		if hi >= utf8.RuneSelf {
			s = s.union(highByte)
		}
		if lo <= longS && longS <= hi {
			s.add('s')
		}
		if lo <= kelvin && kelvin <= hi {
			s.add('k')
		}
	})
	return s
}
