package dlp

import "bytes"

// nearby is what stands around the values of a text.
type nearby struct {
	context, against surroundings
	listed           map[*detector]int // end of the last value that had its context or its list's
	quiet            stretch
}

// forget is called when the text is another.
func (n *nearby) forget() {
	n.context.forget()
	n.against.forget()
	clear(n.listed)
	n.quiet = stretch{letter: -1}
}

// stretch is what is known of a part of a text: that there is no letter from from to to, or
// where one is.
type stretch struct{ from, to, letter int }

// farSighted is how far a search for letters goes on, so that the next value's is answered.
const farSighted = 4 << 10

// within reports whether text[from:to] has no letter of any script. Numbers among numbers are
// many, and asked about in order.
func (q *stretch) within(text []byte, from, to int) bool {
	switch {
	case from >= q.from && to <= q.to:
		return true
	case q.letter >= from && q.letter < to:
		return false
	}
	for i := from; i < min(len(text), to+farSighted); i++ {
		if letterByte(text[i]) {
			q.letter = i
			if i < to {
				return false
			}
			q.from, q.to = from, i
			return true
		}
	}
	q.from, q.to = from, min(len(text), to+farSighted)
	return true
}

// mute reports that no word is near a value that needs one: there is no letter around it,
// nor a heading above it, nor a list that it goes on with. It is not sure of the contrary.
func (n *nearby) mute(d *detector, text []byte, start, end int) bool {
	h := d.context
	if h == nil || h.digits || !n.quiet.within(text, max(0, start-h.before), min(len(text), end+h.after)) {
		return false
	}
	if _, ok := h.headed(text, start, end, &n.context.table); ok {
		return false
	}
	return !n.continues(d, text, start)
}

// longestItem is how far apart the values of a list may be: a name fits between.
const longestItem = 40

// continues reports whether text[start:] goes on with a list of a detector's values: between
// the last one and this is a comma, a line break or the like, and nothing that is a label.
func (n *nearby) continues(d *detector, text []byte, start int) bool {
	end, ok := n.listed[d]
	if !ok || start <= end || start-end > longestItem {
		return false
	}
	between := text[end:start]
	return bytes.ContainsAny(between, ",;|/\n") && !bytes.ContainsAny(between, ":=#0123456789")
}

// list remembers a value that has its context.
func (n *nearby) list(d *detector, end int) {
	if n.listed == nil {
		n.listed = map[*detector]int{}
	}
	n.listed[d] = end
}
