// Package disguise reads a text as its disguises mean it: encodings are decoded, look-alike
// and invisible characters undone, split strings joined, markup within words taken out. What it reads is mapped back to the
// places in the text where it came from.
//
// A [View] holds only the neighbourhoods of what was decoded, so a text with nothing to
// decode costs one cheap look ([Look]) and one with little costs little more.
package disguise

import (
	"slices"
	"sort"
	"strings"
)

// Kind is a set of ways to disguise a text.
type Kind uint16

// Kinds.
const (
	Percent Kind = 1 << iota
	Entity
	Escape
	QuotedPrintable
	Unusual   // digits, letters, dashes and spaces of other blocks of Unicode
	Invisible // zero-width characters and soft hyphens
	Split     // "AK" + "IA"
	Markup    // <b>AK</b>IA
	Base64
	Hex
	Gzip
	gap // between two neighbourhoods of a view
)

var kindNames = [...]string{
	"percent", "html entity", "escape", "quoted-printable", "unusual characters", "invisible characters",
	"split string", "markup", "base64", "hex", "gzip",
}

// String names the kinds for people: "base64, gzip".
func (k Kind) String() string {
	var names []string
	for i, name := range kindNames {
		if k&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// View is what parts of a text mean, with the way back to the text.
type View struct {
	Text   []byte
	segs   []seg // by view, the first at 0
	pieces bool
}

// Pieces reports that single characters were mended, so that the view has pieces of lines.
func (v *View) Pieces() bool { return v.pieces }

// seg says where a stretch of a view's text comes from, up to the next seg. Every in bytes
// of the source stand for out bytes of the view; with in zero, all of src to end stands for
// all of the stretch.
type seg struct {
	view, src, end int32
	kind           Kind // zero: the source as it is
	in, out        uint8
}

// low returns the place in the source of the byte that is k into the stretch.
func (s *seg) low(k int) int { return int(s.src) + k/int(max(1, s.out))*int(s.in) }

// high returns where the source of the first k bytes of the stretch ends.
func (s *seg) high(k int) int {
	if s.in == 0 {
		return int(s.end)
	}
	out := int(s.out)
	return min(int(s.end), int(s.src)+(k+out-1)/out*int(s.in))
}

// at returns the index of the last seg that begins at or before a place in the view.
func (v *View) at(i int) int {
	return sort.Search(len(v.segs), func(k int) bool { return int(v.segs[k].view) > i }) - 1
}

// Source maps a stretch of the view, which must not be empty, to the text, and tells which
// disguises it had: zero when none touches it. Ok is false when it reaches from one
// neighbourhood into another.
func (v *View) Source(start, end int) (from, to int, kinds Kind, ok bool) {
	first, last := v.at(start), v.at(end-1)
	from = v.segs[first].low(start - int(v.segs[first].view))
	to = v.segs[last].high(end - int(v.segs[last].view))
	for i := first; i <= last; i++ {
		kinds |= v.segs[i].kind
	}
	if kinds&gap != 0 {
		return 0, 0, 0, false
	}
	for i := first - 1; i >= 0 && int(v.segs[i+1].view) >= start; i-- {
		kinds |= v.segs[i].kind
	}
	for i := last + 1; i < len(v.segs) && int(v.segs[i].view) <= end; i++ {
		kinds |= v.segs[i].kind
	}
	return from, to, kinds &^ gap, true
}

// decoded reports whether a disguise was undone in or next to a stretch of the view.
func (v *View) decoded(start, end int) bool {
	if v == nil {
		return true
	}
	_, _, kinds, ok := v.Source(start, end)
	return kinds != 0 || !ok
}

// rewrite is one piece of a text that means something else.
type rewrite struct {
	start, end int32
	kind       Kind
	weak       bool // alone, it is no reason to look closer
	n          uint8
	text       [4]byte // the first n
	*blob              // instead of text, for what decodes to more; nil: none
}

// blob is what many bytes decode to.
type blob struct {
	long []byte
	segs []seg // of long, from 0; nil: one that maps as a whole
}

func (r *rewrite) set(s string) bool {
	r.n = uint8(copy(r.text[:], s))
	return len(s) <= len(r.text)
}

// separator is between the neighbourhoods in a view.
const separator = "\n\n"

// view makes the view around rewrites, which are in order: margin bytes on both sides, and
// on to the end of the word.
func view(text []byte, list []rewrite, margin int) *View {
	v := &View{}
	at := 0 // all of text before it is dealt with
	for i := 0; i < len(list); {
		if list[i].weak {
			i++
			continue
		}
		from := max(at, widen(text, int(list[i].start), -margin))
		to := widen(text, int(list[i].end), margin)
		j := i + 1
		for ; j < len(list) && int(list[j].start) <= to; j++ {
			if !list[j].weak && int(list[j].end)+margin > to {
				to = widen(text, int(list[j].end), margin)
			}
			to = max(to, int(list[j].end))
		}
		for i > 0 && int(list[i-1].start) >= from {
			i-- // weak ones in front
		}
		if i > 0 {
			from = max(from, int(list[i-1].end))
		}
		if len(v.Text) > 0 {
			v.segs = append(v.segs, seg{view: int32(len(v.Text)), src: int32(from), end: int32(from), kind: gap})
			v.Text = append(v.Text, separator...)
		}
		v.region(text, from, to, list[i:j])
		i, at = j, to
	}
	return v
}

// longestWord bounds how far a neighbourhood grows to take in a whole word.
const longestWord = 4 << 10

// widen moves a place by margin, and on to white space.
func widen(text []byte, at, margin int) int {
	if margin < 0 {
		at = max(0, at+margin)
		for stop := max(0, at-longestWord); at > stop && text[at-1] > ' '; at-- {
		}
		return at
	}
	at = min(len(text), at+margin)
	for stop := min(len(text), at+longestWord); at < stop && text[at] > ' '; at++ {
	}
	return at
}

// region appends text[from:to] with its rewrites.
func (v *View) region(text []byte, from, to int, list []rewrite) {
	v.Text = slices.Grow(v.Text, (to-from)/2) // most rewrites are shorter than what they replace
	plain := func(upTo int) {
		if from < upTo {
			v.segs = append(v.segs, seg{view: int32(len(v.Text)), src: int32(from), end: int32(upTo), in: 1, out: 1})
			v.Text = append(v.Text, text[from:upTo]...)
		}
	}
	for i := range list {
		r := &list[i]
		plain(int(r.start))
		base := int32(len(v.Text))
		switch {
		case r.blob == nil:
			v.character(r)
		case r.segs != nil:
			for _, s := range r.segs {
				s.view += base
				v.segs = append(v.segs, s)
			}
			v.Text = append(v.Text, r.long...)
		default:
			v.segs = append(v.segs, seg{view: base, src: r.start, end: r.end, kind: r.kind})
			v.Text = append(v.Text, r.long...)
		}
		from = int(r.end)
	}
	plain(to)
}

// character appends a rewritten character. Those of one kind and length that follow each other
// share a seg.
func (v *View) character(r *rewrite) {
	s := seg{view: int32(len(v.Text)), src: r.start, end: r.end, kind: r.kind}
	v.Text = append(v.Text, r.text[:r.n]...)
	if size := r.end - r.start; r.n == 1 && size <= longestRewrite {
		s.in, s.out = uint8(size), 1
		if n := len(v.segs); n > 0 {
			if last := &v.segs[n-1]; last.kind == s.kind && last.in == s.in && last.out == 1 && last.end == s.src {
				last.end = s.end
				return
			}
		}
	}
	v.segs = append(v.segs, s)
}

// longestRewrite is how long one character may be in disguise to share a seg.
const longestRewrite = 64
