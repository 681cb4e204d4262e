package scan

import (
	"unicode"
	"unicode/utf8"
)

// trie finds the longest word of a list that stands at a place. Words are entered, and the
// text is read, with each rune replaced by the least of those that equal it under case
// folding. It is immutable once built.
type trie struct {
	fold, whole bool
	ascii       [utf8.RuneSelf]byte // the byte that stands for one
	edges       []edge              // open addressing
	n           uint32              // edges in use; the child of the n-th is node n
	ends        []uint8             // by node: which demands at its edges some word there makes
	deepest     int                 // bytes of the longest word as entered
}

// edge leads from a node on a byte: from is node<<8|byte, and to is 0 where there is none.
type edge struct{ from, to uint32 }

// A word demands that \b holds before it if it begins with a word character, and after it
// if it ends with one. trie.ends has bit before|after<<1 for each word that ends at a node.
const (
	demandBefore = 1 << iota
	demandAfter
)

func newTrie(words []string, fold, whole bool) *trie {
	bytes := 0
	for _, w := range words {
		bytes += 2 * len(w)
	}
	size := 16
	for size < 2*bytes {
		size *= 2
	}
	t := &trie{fold: fold, whole: whole, edges: make([]edge, size), ends: make([]uint8, 1, bytes+1)}
	for b := range t.ascii {
		t.ascii[b] = byte(t.canonical(rune(b)))
	}
	for _, w := range words {
		t.add(w)
	}
	return t
}

// canonical returns the rune that stands for all that equal r.
func (t *trie) canonical(r rune) rune {
	if !t.fold {
		return r
	}
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	return least
}

func (t *trie) add(word string) {
	node, depth := uint32(0), 0
	for _, r := range word {
		for _, b := range utf8.AppendRune(nil, t.canonical(r)) {
			node = t.grow(node, b)
			depth++
		}
	}
	demand := 0
	if t.whole && isWord(word[0]) {
		demand |= demandBefore
	}
	if t.whole && isWord(word[len(word)-1]) {
		demand |= demandAfter
	}
	t.ends[node] |= 1 << demand
	t.deepest = max(t.deepest, depth)
}

// slot returns where the edge from node on b is or belongs.
func (t *trie) slot(node uint32, b byte) *edge {
	from := node<<8 | uint32(b)
	for i := from * 0x9e3779b1 >> 8; ; i++ {
		if e := &t.edges[i&uint32(len(t.edges)-1)]; e.to == 0 || e.from == from {
			return e
		}
	}
}

func (t *trie) grow(node uint32, b byte) uint32 {
	e := t.slot(node, b)
	if e.to == 0 {
		t.n++
		*e = edge{node<<8 | uint32(b), t.n}
		t.ends = append(t.ends, 0)
	}
	return e.to
}

// end returns where the longest word that begins at b[at:] ends, or -1, and adds the work
// done to steps.
func (t *trie) end(b []byte, at int, steps *int) int {
	node, end, i := uint32(0), -1, at
	before := boundary(b, at)
	for i < len(b) {
		if c := b[i]; c < utf8.RuneSelf {
			node = t.slot(node, t.ascii[c]).to
			i++
		} else {
			r, w := utf8.DecodeRune(b[i:])
			var enc [utf8.UTFMax]byte
			for _, c := range enc[:utf8.EncodeRune(enc[:], t.canonical(r))] {
				if node = t.slot(node, c).to; node == 0 {
					break
				}
			}
			i += w
		}
		if node == 0 {
			break
		}
		if d := t.ends[node]; d != 0 && satisfied(d, before, i, b) {
			end = i
		}
	}
	*steps += i - at + 1
	return end
}

// satisfied reports whether the text grants what some word that ends at i demands.
func satisfied(demands uint8, before bool, i int, b []byte) bool {
	granted := uint8(1) // what makes no demand
	if before {
		granted |= 1 << demandBefore
	}
	if boundary(b, i) {
		granted |= granted << demandAfter
	}
	return demands&granted != 0
}

// boundary reports whether \b holds at b[at].
func boundary(b []byte, at int) bool {
	before := at > 0 && isWord(b[at-1])
	after := at < len(b) && isWord(b[at])
	return before != after
}

// reach returns how many bytes of text decide whether a word begins at a place. A rune may
// be entered with fewer bytes than the text spends on it.
func (t *trie) reach() int { return 3*t.deepest + utf8.UTFMax }

// memory returns the bytes that the trie holds.
func (t *trie) memory() int { return 8*len(t.edges) + cap(t.ends) + 256 }
