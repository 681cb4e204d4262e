package extract

import (
	"bytes"

	"github.com/sluice-dlp/sluice/extract/internal/jsontree"
)

// emit adds the texts and files of a document in the order of the body.
func (w *walk) emit(d *jsonDoc) {
	t := d.tree
	for i := range t.Nodes {
		n := &t.Nodes[i]
		if p := n.Parent; p >= 0 {
			up := &t.Nodes[p]
			if n.Tag == 0 {
				n.Tag = up.Tag
			}
			if noise(up.Mark) || n.Mark == 0 && up.Mark == markQuiet {
				n.Mark = up.Mark
			}
			if n.Mark == markNoise && d.nameKind(i) == keyQuiet {
				n.Mark = markMute
			}
		}
		if n.KeyEnd-n.KeyStart >= leastName {
			w.memberName(d, i)
		}
		switch n.Kind {
		case jsontree.Object, jsontree.Array:
			if n.Mark == 0 && t.Named(i) {
				w.container(d, i)
			}
			if !noise(n.Mark) {
				w.fileObject(d, i)
			}
			if n.Tag == tagUser && toolOutput(t, i) {
				n.Tag = tagTool
			}
		case jsontree.String:
			w.emitString(d, i)
		case jsontree.Number:
			if n.Mark == 0 && n.End-n.Start >= longNumber && d.nameKind(i) == keyDatum {
				n.Mark = markContext
			}
			if role, ok := roleOf(n.Mark, n.Tag); ok && n.End-n.Start >= longNumber && w.roomIn(d) {
				w.text(role, w.fullPath(d, i), w.add(layer{parent: d.layer, codec: jsonBare, start: n.Start, end: n.End, data: t.Raw(i)}))
			}
		case jsontree.Null, jsontree.Bool:
		}
	}
}

// memberName adds the name of a member that tells more than a name does.
func (w *walk) memberName(d *jsonDoc, i int) {
	n := &d.tree.Nodes[i]
	if noise(n.Mark) || n.Mark == markQuiet || !tellingName(d.tree.Data[n.KeyStart:n.KeyEnd]) || idLike(d.tree.Data[n.KeyStart:n.KeyEnd]) || !w.roomIn(d) {
		return
	}
	l := w.add(layer{parent: d.layer, codec: jsonText, start: n.KeyStart, end: n.KeyEnd, data: d.tree.Key(i)})
	w.text(Context, w.fullPath(d, i)+" (name)", l)
}

// container decides about a named list or object that no route has marked.
func (w *walk) container(d *jsonDoc, i int) {
	switch key := d.tree.Key(i); {
	case toolMember(key):
		d.markAll(i, markContext)
	case kindOfKey(key) == keyQuiet:
		d.tree.Nodes[i].Mark = markQuiet
	}
}

// toolMember reports the members that hold what a tool is given or gave back.
func toolMember(key []byte) bool {
	switch string(key) {
	case "arguments", "args", "functionResponse", "function_response":
		return true
	}
	return false
}

// toolOutput reports the blocks in a person's turn that a tool has filled.
func toolOutput(t *jsontree.Tree, i int) bool {
	if t.Nodes[i].Kind != jsontree.Object {
		return false
	}
	if t.Named(i) {
		key := string(t.Key(i))
		return key == "functionResponse" || key == "function_response"
	}
	c := t.Child(i, "type")
	return c >= 0 && speakerOfType(t.Str(c)) == tool
}

// roleOf returns the role of a marked node in its turn.
func roleOf(mark, tag uint8) (Role, bool) {
	switch mark {
	case markUser:
		switch tag {
		case tagContext:
			return Context, true
		case tagSystem:
			return System, true
		}
		return User, true
	case markSystem:
		return System, true
	case markContext:
		if tag == tagTool {
			return User, true
		}
		return Context, true
	}
	return "", false
}

// emitString adds one string as a text, a file, or the document in it.
func (w *walk) emitString(d *jsonDoc, i int) {
	n := &d.tree.Nodes[i]
	if n.Mark == markMute || n.End == n.Start {
		return
	}
	if n.Mark == markNoise {
		if !prose(d.tree.Raw(i)) {
			return
		}
		n.Mark = markContext // an id has no words
	}
	if n.Mark == markDone {
		if in := d.inner[i]; in != nil {
			w.inherit(in, n.Tag)
			w.deeper(in.prefix, func() { w.emit(in) })
		}
		return
	}
	if w.inlineFile(d, i) {
		return
	}
	role, marked := roleOf(n.Mark, n.Tag)
	if !marked {
		if n.Mark != 0 || !w.sweep(d, i) {
			return
		}
		role, _ = roleOf(n.Mark, n.Tag)
	}
	if !w.roomIn(d) {
		return
	}
	l := w.add(layer{parent: d.layer, codec: jsonText, start: n.Start, end: n.End, data: d.tree.Str(i)})
	path := w.fullPath(d, i)
	at := len(w.doc.Texts)
	w.text(role, path, l)
	w.follow(told{in: d, node: i, text: at})
	w.stringInside(d, i, l)
	w.urisInside(path, l)
}

// roomIn reports whether there is room for one more text of d, before a layer and a path are
// made for it: for each of a million strings they would be hundreds of megabytes.
func (w *walk) roomIn(d *jsonDoc) bool {
	if w.full() {
		w.crowded(d.layer)
		return false
	}
	return true
}

// inherit gives the tag of a string to the document in it.
func (w *walk) inherit(d *jsonDoc, tag uint8) {
	if len(d.tree.Nodes) > 0 && d.tree.Nodes[0].Tag == 0 {
		d.tree.Nodes[0].Tag = tag
	}
}

// stringInside reads the JSON in a string that is text already, where escapes in it would
// hide something from one who reads the string only.
func (w *walk) stringInside(d *jsonDoc, i, l int) {
	value := w.data(l)
	if bytes.IndexByte(value, '\\') < 0 || !jsonLike(value) {
		return
	}
	t := w.parse(value)
	if !t.OK {
		return
	}
	n := &d.tree.Nodes[i]
	in := &jsonDoc{tree: t, layer: l, prefix: w.fullPath(d, i) + " > "}
	for j := range t.Nodes {
		switch m := &t.Nodes[j]; {
		case m.Kind == jsontree.String && m.Escaped:
			m.Mark, m.Tag = n.Mark, n.Tag
		case m.Kind == jsontree.String:
			m.Mark = markQuiet
		}
	}
	w.deeper(in.prefix, func() { w.emit(in) })
}

// sweep decides about a string that no route has marked, and marks it.
func (w *walk) sweep(d *jsonDoc, i int) bool {
	n := &d.tree.Nodes[i]
	value := d.tree.Raw(i)
	kind := d.nameKind(i)
	if namesThing(kind, value) {
		return false
	}
	if w.sweepInside(d, i) {
		return false
	}
	switch kind {
	case keyPerson:
		n.Mark = markContext
		if w.mode() == generic {
			n.Mark = markUser
		}
	case keySystem:
		n.Mark = markSystem
	case keyContext, keyDatum, keyNoise:
		n.Mark = markContext
	case keyPayload, keyOther:
		if !prose(value) {
			return false
		}
		n.Mark = markContext
	case keyQuiet:
		return false
	}
	return true
}

// sweepInside reads the document in a string that no route has marked.
func (w *walk) sweepInside(d *jsonDoc, i int) bool {
	if !jsonLike(d.tree.Raw(i)) {
		return false
	}
	done := false
	w.deeper(d.prefix, func() {
		in := w.inner(d, i)
		if in == nil {
			return
		}
		done = true
		if d.tree.Named(i) && toolMember(d.tree.Key(i)) {
			in.markAll(0, markContext)
		}
		w.settle(in)
		w.inherit(in, d.tree.Nodes[i].Tag)
		w.emit(in)
	})
	return done
}
