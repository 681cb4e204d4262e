package extract

import (
	"bytes"

	"github.com/sluice-dlp/sluice/extract/internal/jsontree"
)

// told is where the latest text of a document came from.
type told struct {
	in    *jsonDoc
	node  int
	text  int  // its index
	blank bool // nothing but blanks has followed
}

// follow notes that the latest text goes on in what was just read.
func (w *walk) follow(now told) {
	before := w.latest
	if now.text == len(w.doc.Texts) { // it was blank
		w.latest.blank = before.blank || before.in == now.in && oneMessage(now.in.tree, before.node, now.node)
		return
	}
	w.latest = now
	if before.in != now.in || !oneMessage(now.in.tree, before.node, now.node) {
		return
	}
	one, next := &w.doc.Texts[before.text], &w.doc.Texts[now.text]
	if one.Role == next.Role {
		one.Next, next.Blank = now.text, before.blank
	}
}

// maxWrap bounds how deep in a part of a message its text stands.
const maxWrap = 3

// oneMessage reports two texts that stand at the same place in two parts of one message.
func oneMessage(t *jsontree.Tree, a, b int) bool {
	for up := range maxWrap {
		over, other := t.Nodes[a].Parent, t.Nodes[b].Parent
		if over < 0 || other < 0 || !bytes.Equal(t.Key(a), t.Key(b)) {
			return false
		}
		if t.Nodes[over].Kind == jsontree.Array {
			return over == other && partList(t.Key(over), up == 0)
		}
		a, b = over, other
	}
	return false
}

// partList reports names of lists whose elements are read as one text: the parts of a message,
// and the runs of a paragraph in an editor. Bare strings are parts under one of them only: in
// others they are a list.
func partList(name []byte, bare bool) bool {
	switch string(name) {
	case "parts":
		return true
	case "content", "system", "children", "ops", "elements", "leaves", "runs", "spans", "inlines":
		return !bare
	}
	return false
}
