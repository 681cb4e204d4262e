package scan

import (
	"regexp/syntax"
	"slices"
	"unicode"
	"unicode/utf8"
)

// window is the number of text bytes that the kernel looks at from one position on.
const window = 8

// sequence is a run of byte classes that the text must show at one place of a match.
// Positions from n on are free. Sequences are written for folded text, in which ſ and K,
// the only letters outside ASCII that equal an ASCII letter under case folding, are
// replaced by s and k (see folded).
type sequence struct {
	n     int
	class [window]byteSet
}

func (q *sequence) at(i int) byteSet {
	if i < q.n {
		return q.class[i]
	}
	return anyByte
}

// compare orders sequences by their classes, first places first.
func (q *sequence) compare(o *sequence) int {
	for i := range window {
		a, b := q.at(i), o.at(i)
		if c := slices.Compare(a[:], b[:]); c != 0 {
			return c
		}
	}
	return 0
}

// union returns a sequence that holds wherever q or o does.
func (q *sequence) union(o *sequence) sequence {
	u := *q
	u.widen(o)
	return u
}

// covers reports whether q holds wherever o does.
func (q *sequence) covers(o *sequence) bool {
	for i := range q.n {
		if !o.at(i).subset(q.class[i]) {
			return false
		}
	}
	return true
}

// widen makes q the union of q and o.
func (q *sequence) widen(o *sequence) {
	for i := range q.n {
		if i < o.n {
			q.class[i] = q.class[i].union(o.class[i])
		} else {
			q.class[i] = byteSet{}
		}
	}
	q.n = min(q.n, o.n)
}

// piece is one way in which a rune of a class can be written: n byte classes. After an
// open piece nothing is known, because runes of several widths share it.
type piece struct {
	n     int
	class [utf8.UTFMax]byteSet
	open  bool
}

const (
	longS  = '\u017f' // ſ folds to s
	kelvin = '\u212a' // K folds to k
)

// pieces writes the runes of ranges (pairs of first and last) as byte classes.
func pieces(ranges []rune) []piece {
	var ascii byteSet
	var high []rune
	broad := 0
	for i := 0; i+1 < len(ranges); i += 2 {
		lo, hi := ranges[i], ranges[i+1]
		if lo < utf8.RuneSelf {
			ascii.addRange(byte(lo), byte(min(hi, utf8.RuneSelf-1)))
		}
		if lo <= longS && longS <= hi {
			ascii.add('s')
		}
		if lo <= kelvin && kelvin <= hi {
			ascii.add('k')
		}
		lo = max(lo, utf8.RuneSelf)
		if lo > hi || lo == hi && (lo == longS || lo == kelvin) {
			continue
		}
		if lo <= utf8.RuneError && utf8.RuneError <= hi {
			broad = unbounded // an invalid byte reads as U+FFFD
		}
		broad += int(hi-lo) + 1
		high = append(high, lo, hi)
	}
	var out []piece
	if !ascii.empty() {
		out = append(out, piece{n: 1, class: [utf8.UTFMax]byteSet{ascii}})
	}
	switch {
	case broad == 0:
		return out
	case broad >= unbounded:
		return append(out, piece{n: 1, class: [utf8.UTFMax]byteSet{highByte}, open: true})
	case broad > 64:
		return append(out, piece{n: 1, class: [utf8.UTFMax]byteSet{leadBytes(high)}, open: true})
	}
	return append(out, byWidth(high)...)
}

func leadBytes(ranges []rune) (s byteSet) {
	for i := 0; i+1 < len(ranges); i += 2 {
		lo, hi := leads(ranges[i], ranges[i+1])
		s.addRange(lo, hi)
	}
	return s
}

// leads returns the first bytes of the first and the last rune of a range, surrogates,
// which no text has, left out.
func leads(lo, hi rune) (byte, byte) {
	if 0xd800 <= lo && lo < 0xe000 {
		lo = 0xe000
	}
	if 0xd800 <= hi && hi < 0xe000 {
		hi = 0xd7ff
	}
	return utf8.AppendRune(nil, lo)[0], utf8.AppendRune(nil, hi)[0]
}

// byWidth returns one piece for the two-byte runes, one for the three-byte and one for the
// four-byte ones: at each place the union of the bytes that occur there.
func byWidth(ranges []rune) (out []piece) {
	var by [utf8.UTFMax + 1]piece
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			enc := utf8.AppendRune(nil, r)
			p := &by[len(enc)]
			p.n = len(enc)
			for j, b := range enc {
				p.class[j].add(b)
			}
		}
	}
	for _, p := range by {
		if p.n > 0 {
			out = append(out, p)
		}
	}
	return out
}

// pieces writes the letter.
func (l letter) pieces() []piece {
	orbit := []rune{l.r, l.r}
	if l.fold {
		for f := unicode.SimpleFold(l.r); f != l.r; f = unicode.SimpleFold(f) {
			orbit = append(orbit, f, f)
		}
	}
	return pieces(orbit)
}

var (
	dotAll   = []rune{0, unicode.MaxRune}
	dotNotNL = []rune{0, '\n' - 1, '\n' + 1, unicode.MaxRune}
)

// todo is a list of what is still to be written: re, between least and most times (-1:
// without limit), then the rest.
type todo struct {
	re          *syntax.Regexp
	least, most int
	next        *todo
}

// todos are the links of such lists, which are all given up together.
type todos struct {
	parts [][]todo
	used  int
}

const todosPart = 64 // links

// add returns a link that holds t.
func (l *todos) add(t todo) *todo {
	k, i := l.used/todosPart, l.used%todosPart
	if k == len(l.parts) {
		l.parts = append(l.parts, make([]todo, todosPart))
	}
	l.used++
	l.parts[k][i] = t
	return &l.parts[k][i]
}

// once returns what says that re is to be written once, and then next.
func (x *expander) once(re *syntax.Regexp, next *todo) *todo {
	return x.todos.add(todo{re: re, least: 1, most: 1, next: next})
}

const (
	maxSequences = 4096
	maxExpansion = 8 // steps for one place of one pattern, for each sequence that it may have
)

// expander lists the sequences with which the text can go on at a place of a pattern.
type expander struct {
	out   []sequence
	q     sequence // the one that is being written; classes behind it are left from others
	edge  int      // its length at which a word has ended, so that what comes is behind it
	steps int
	limit int
	todos todos
	cache map[*syntax.Regexp][][]piece // of the pattern
	known map[letter][]piece           // of all patterns
}

// letter is a rune of a literal.
type letter struct {
	r    rune
	fold bool
}

func newExpander() *expander {
	return &expander{cache: map[*syntax.Regexp][][]piece{}, known: map[letter][]piece{}}
}

// reset prepares x for another pattern.
func (x *expander) reset() {
	x.limit = maxSequences
	clear(x.cache)
}

// expand returns the sequences for items, or false when there are too many to be useful.
// They are valid until the next call.
func (x *expander) expand(items []*syntax.Regexp) ([]sequence, bool) {
	x.out, x.q.n, x.edge, x.steps, x.todos.used = x.out[:0], 0, noEdge, 0, 0
	var list *todo
	for i := len(items) - 1; i >= 0; i-- {
		list = x.once(items[i], list)
	}
	return x.out, x.walk(list)
}

func (x *expander) emit() bool {
	x.out = append(x.out, x.q)
	q := &x.out[len(x.out)-1]
	clear(q.class[q.n:])
	return len(x.out) <= x.limit
}

// noEdge is the edge of a sequence in which no word has just ended.
const noEdge = -1

// branch is walk for one of several ways; the next one begins where this one did.
func (x *expander) branch(t *todo) bool {
	n, edge := x.q.n, x.edge
	ok := x.walk(t)
	x.q.n, x.edge = n, edge
	return ok
}

// walk follows t from x.q on; every way through the pattern becomes one sequence.
func (x *expander) walk(t *todo) bool {
	q := &x.q
	for {
		if x.steps++; x.steps > maxExpansion*x.limit {
			return false
		}
		if t == nil || q.n == window {
			return x.emit()
		}
		if t.most == 0 {
			t = t.next
			continue
		}
		if t.least == 0 && !x.branch(t.next) {
			return false
		}
		rest := t.next
		if t.most != 1 {
			rest = x.todos.add(todo{re: t.re, least: max(0, t.least-1), most: max(-1, t.most-1), next: rest})
		}
		re := t.re
		switch re.Op {
		case syntax.OpLiteral, syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
			return x.write(x.runes(re), rest)
		case syntax.OpCapture:
			t = x.once(re.Sub[0], rest)
		case syntax.OpConcat:
			for i := len(re.Sub) - 1; i >= 0; i-- {
				rest = x.once(re.Sub[i], rest)
			}
			t = rest
		case syntax.OpAlternate:
			for _, s := range re.Sub {
				if !x.branch(x.once(s, rest)) {
					return false
				}
			}
			return true
		case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
			least, most := repeats(re)
			t = x.todos.add(todo{re: re.Sub[0], least: least, most: most, next: rest})
		case syntax.OpNoMatch:
			return true
		case syntax.OpWordBoundary:
			switch {
			case !q.endsWord():
			case rest == nil:
				q.class[q.n] = behindWord
				q.n++
			default:
				x.edge = q.n
			}
			t = rest
		case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
			syntax.OpNoWordBoundary:
			t = rest
		}
	}
}

// runes returns the pieces of each rune that re consists of.
func (x *expander) runes(re *syntax.Regexp) [][]piece {
	out, ok := x.cache[re]
	if ok {
		return out
	}
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune[:min(window, len(re.Rune))] {
			l := letter{r, re.Flags&syntax.FoldCase != 0}
			ways, ok := x.known[l]
			if !ok {
				ways = l.pieces()
				x.known[l] = ways
			}
			out = append(out, ways)
		}
	case syntax.OpAnyChar:
		out = [][]piece{pieces(dotAll)}
	case syntax.OpAnyCharNotNL:
		out = [][]piece{pieces(dotNotNL)}
	default:
		out = [][]piece{pieces(re.Rune)}
	}
	x.cache[re] = out
	return out
}

// write appends each way of writing the runes to x.q and follows rest from there.
func (x *expander) write(runes [][]piece, rest *todo) bool {
	for i, ways := range runes {
		if x.q.n == window {
			return x.emit()
		}
		for w := range max(0, len(ways)-1) {
			n, edge := x.q.n, x.edge
			if !x.append(&ways[w], runes[i+1:], rest) {
				return false
			}
			x.q.n, x.edge = n, edge
		}
		if len(ways) == 0 {
			return true // an empty class never matches
		}
		last := &ways[len(ways)-1]
		if last.open {
			return x.append(last, nil, rest)
		}
		if !x.push(last) {
			return true
		}
	}
	return x.walk(rest)
}

func (x *expander) append(w *piece, runes [][]piece, rest *todo) bool {
	if x.steps++; x.steps > maxExpansion*x.limit {
		return false
	}
	if !x.push(w) {
		return true
	}
	if w.open {
		return x.emit()
	}
	return x.write(runes, rest)
}

// push appends w to x.q, and reports whether it can be there.
func (x *expander) push(w *piece) bool {
	q, from := &x.q, x.q.n
	for i := 0; i < w.n && q.n < window; i++ {
		q.class[q.n] = w.class[i]
		q.n++
	}
	if from == x.edge && from < q.n {
		q.class[from] = q.class[from].intersect(behindWord)
		return !q.class[from].empty()
	}
	return true
}

// endsWord reports whether a \b behind the sequence, were it the end of a match, would
// mean that no word character follows. An s or k may be ſ or K, behind which one must.
func (q *sequence) endsWord() bool {
	if q.n == 0 {
		return false
	}
	last := q.class[q.n-1]
	return last.subset(wordBytes) && !last.has('s') && !last.has('k')
}

// firstBytes returns every byte with which a match of re can begin.
func firstBytes(re *syntax.Regexp) byteSet {
	var s byteSet
	if addFirst(re, &s) {
		return anyByte
	}
	return s
}

// addFirst adds the bytes with which a match of re can begin, and reports whether it can
// also be empty.
func addFirst(re *syntax.Regexp, s *byteSet) (empty bool) {
	switch re.Op {
	case syntax.OpLiteral:
		fold := re.Flags&syntax.FoldCase != 0
		r := re.Rune[0]
		addLead(s, r, r)
		if fold {
			for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
				addLead(s, f, f)
			}
		}
		return false
	case syntax.OpCharClass:
		for i := 0; i+1 < len(re.Rune); i += 2 {
			addLead(s, re.Rune[i], re.Rune[i+1])
		}
		return false
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		*s = anyByte
		return false
	case syntax.OpCapture, syntax.OpPlus:
		return addFirst(re.Sub[0], s)
	case syntax.OpStar, syntax.OpQuest:
		addFirst(re.Sub[0], s)
		return true
	case syntax.OpRepeat:
		return addFirst(re.Sub[0], s) || re.Min == 0
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if !addFirst(sub, s) {
				return false
			}
		}
		return true
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			empty = addFirst(sub, s) || empty
		}
		return empty
	default:
		return true
	}
}

// addLead adds the first bytes of the runes from lo to hi.
func addLead(s *byteSet, lo, hi rune) {
	if lo <= utf8.RuneError && utf8.RuneError <= hi {
		*s = s.union(highByte)
	}
	a, b := leads(lo, hi)
	s.addRange(a, b)
}
