package scan

import (
	"context"
	"math"
	"math/bits"
	"unicode/utf8"
)

const (
	checkEvery   = 64 << 10 // bytes between looks at the context
	stepsPerByte = 8        // steps that a pattern's automaton may make per byte of the text
	stepsFree    = 1 << 14  // and in addition
	fewStarts    = 16       // that are looked at before what is behind the anchor
	nearBy       = 64       // bytes in front of an anchor that are looked at before it
)

func trailing(m uint64) int { return bits.TrailingZeros64(m) & (block - 1) }

// run is the state of one scan. Runs are pooled and belong to one goroutine at a time.
type run struct {
	db     *DB
	text   []byte
	asked  []bool // patterns to tell of; nil: all
	tell   func(pattern, start, end int) bool
	ended  bool     // tell wants no more
	from   int      // the first start to report
	to     int      // the first start not to report
	origin bool     // the text is seen from its beginning
	next   []int64  // in windows: how far each pattern has come in the whole text
	base   int64    // in windows: the offset of text
	budget int      // steps that each pattern's automaton may make
	plain  bool     // the batch has neither ſ nor K
	folds  bool     // the batch before it had
	redo   []resume // for the other engine

	open    []int  // by pattern: all starts before it are decided; shut if nobody asks
	opening []int  // what it is where a text begins, for chosen
	chosen  []bool // patterns; empty: all
	scan    uint32 // number of this scan, so that progress need not be cleared
	at      []progress

	dense  bool // of the batch: see pick
	cover  cover
	looks  [1 << lookBits]keyLook
	walk   walk
	again  again
	turns  turns
	found  findings
	sieve  sieve
	tail   [2*block + window]byte
	folded foldedCopy
}

// begin prepares r for a whole text.
func (r *run) begin(text []byte, only []bool, emit func(pattern, start, end int) bool) {
	r.text, r.tell, r.ended = text, emit, false
	r.choose(only)
	r.from, r.to, r.origin = 0, len(text)+1, true
	r.redo, r.folds = r.redo[:0], false
	r.turns.begin()
	r.budget = stepsPerByte*len(text) + stepsFree
	copy(r.open, r.opening)
	if r.scan++; r.scan == 0 {
		clear(r.at)
		r.scan = 1
	}
}

// release gives r back to its DB.
func (r *run) release() {
	r.text, r.asked, r.tell, r.next = nil, nil, nil, nil
	r.db.runs.Put(r)
}

// through searches the text from r.from on.
func (r *run) through(ctx context.Context) error {
	b, off, carry := r.text, r.from, uint64(0)
	if off > 0 && isWord(b[off-1]) {
		carry = 1
	}
	check := off
	for len(b)-off >= block+window && !r.ended {
		if off >= check {
			if err := ctx.Err(); err != nil {
				return err
			}
			check = off + checkEvery
		}
		to, err := r.repeats(ctx, off)
		if err != nil {
			return err
		}
		if to > off {
			off, carry = to, wordBit[b[to-1]]
			continue
		}
		n := min(batch, (len(b)-off-window)/block)
		carry = r.search(b[off:], off, off+n*block, n, carry)
		off += n * block
	}
	if off < len(b) && !r.ended {
		clear(r.tail[copy(r.tail[:], b[off:]):])
		r.search(r.tail[:], off, len(b), (len(b)-off+block-1)/block, carry)
	}
	return nil
}

// shut is where no match is looked for: the pattern is not wanted, or its budget is spent.
const shut = math.MaxInt

// progress is what else is kept of one pattern.
type progress struct {
	scan  uint32
	steps int    // of its automata
	clear [2]int // from and to where the text has no landmark of the pattern
	vain  uint8  // times that it was found in a row
	blind int    // where it is looked for again
}

// of returns the progress of pattern p in this scan.
func (r *run) of(p int) *progress {
	g := &r.at[p]
	if g.scan != r.scan {
		*g = progress{scan: r.scan}
	}
	return g
}

// search looks at b[off:end], of which n blocks are in v, and returns the kernel's carry.
func (r *run) search(v []byte, off, end, n int, carry uint64) uint64 {
	if r.folds { // then this batch probably holds ſ or K, too
		if own := r.folded.fill(r.text, off, end); r.folded.any {
			r.searchFolded(own, off)
			return wordBit[v[n*block-1]]
		}
	}
	carry = r.db.kernel.run(&r.db.plan.tables, v, n, carry, 0, &r.found)
	if r.folds = needsFolding(r.text, off, end, r.found.masks[:n]); r.folds {
		r.searchFolded(r.folded.fill(r.text, off, end), off)
		return carry
	}
	r.plain = true
	r.pick(v, n, end-off, func(i int) int { return off + i })
	return carry
}

// searchFolded is search on a copy in which ſ and K, which are no word characters, are s and k, and
// of which the first own bytes stand for the batch at off.
func (r *run) searchFolded(own, off int) {
	f := &r.folded
	n := (own + block - 1) / block
	r.db.kernel.run(&r.db.plan.tables, f.text[:], n, 0, ^uint64(0), &r.found)
	for k := range n {
		r.found.masks[k].starts = f.bounds[k]
	}
	r.plain = false
	r.pick(f.text[:], n, own, func(i int) int { return off + int(f.at[i]) })
}

// anchored tries the starts that the anchor at pos leaves possible.
func (r *run) anchored(p int, pat *pattern, pos int) {
	near, far := int(pat.near), int(pat.far)
	if far == 0 && r.plain {
		if pos >= max(r.open[p], r.from) && pos < min(r.to, len(r.text)) && !(r.text[pos] >= utf8.RuneSelf && inside(r.text, pos)) {
			r.start(p, pat, pos)
		}
		return
	}
	lo, hi := pos-far, min(pos-near, r.to-1)
	if near != far {
		if far <= mostBefore && r.plain && r.backwards(p, pat, pos) {
			return
		}
		if lo = max(lo, r.open[p], r.from); lo > hi {
			return
		}
		if hi-lo >= fewStarts && far <= nearBy {
			lo = r.runBefore(pat, lo, pos)
		}
		if hi-lo < fewStarts {
			if lo = r.likely(pat, lo, hi); far < unbounded {
				r.open[p] = lo
			}
			if lo > hi {
				return
			}
			if r.dense && r.likely(pat, lo+1, hi) > hi {
				r.try(p, pat, lo, lo) // reads what is behind the anchor, too
				return
			}
		}
		if !r.goesOn(p, pat, pos) {
			return
		}
		if far >= unbounded {
			lo = r.runBefore(pat, max(r.open[p], r.from), pos)
			r.turns.low = min(r.turns.low, lo)
		}
	}
	r.try(p, pat, lo, hi)
}

// goesOn reports whether what begins at the anchor of p, which may be at pos, can match there.
func (r *run) goesOn(p int, pat *pattern, pos int) bool {
	g := r.of(p)
	steps := g.steps
	goes := pat.goesOn(r.text, pos, &g.steps)
	r.turns.saw(pos + g.steps - steps)
	if !goes {
		if g.steps > r.budget {
			r.giveUp(p)
		}
		return false
	}
	return true
}

// runBefore returns where, from lo on, the run of bytes that can stand in front of the anchor of pat
// begins that ends at pos.
func (r *run) runBefore(pat *pattern, lo, pos int) int {
	for pos > lo && pat.anchor.run.has(r.text[pos-1]) {
		pos--
	}
	return pos
}

// try looks for matches of p that begin in [lo, hi].
func (r *run) try(p int, pat *pattern, lo, hi int) {
	i := max(lo, r.open[p], r.from)
	hi = min(hi, r.to-1, len(r.text)-1)
	if i > hi {
		return
	}
	for i = r.likely(pat, i, hi); i <= hi && !r.ended; i = r.likely(pat, r.open[p], hi) {
		r.start(p, pat, i)
	}
	r.open[p] = max(r.open[p], i)
}

// likely returns the first place from i to hi at which a match of p can begin as far as the bytes
// beside it tell, or else the one behind hi.
func (r *run) likely(pat *pattern, i, hi int) int {
	for ; i <= hi; i++ {
		if c := r.text[i]; pat.first.has(c) && (!pat.lead || boundary(r.text, i)) && (c < utf8.RuneSelf || !inside(r.text, i)) {
			break
		}
	}
	return i
}

// start looks for a match of p that begins at i.
func (r *run) start(p int, pat *pattern, i int) {
	g := r.of(p)
	end := r.end(pat, i, &g.steps)
	switch r.open[p] = i; {
	case g.steps > r.budget:
		r.giveUp(p)
	case end <= i:
		r.open[p]++
	default:
		r.open[p] = end
		r.ended = !r.emit(p, i, end)
	}
}

// resume is a pattern with the first start that is not decided.
type resume struct{ pattern, from int }

// giveUp leaves what is not decided of p to the other engine.
func (r *run) giveUp(p int) {
	r.redo = append(r.redo, resume{p, r.open[p]})
	r.open[p] = shut
	r.db.redone.Add(1)
}

// inside reports whether b[i] lies within a valid rune that begins before it.
func inside(b []byte, i int) bool {
	for k := 1; k < utf8.UTFMax && k <= i; k++ {
		switch c := b[i-k]; {
		case c >= 0xc0:
			_, n := utf8.DecodeRune(b[i-k:])
			return n > k
		case c < utf8.RuneSelf:
			return false
		}
	}
	return false
}
