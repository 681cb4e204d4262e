package extract

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/sluice-dlp/sluice/extract/internal/budget"
	"github.com/sluice-dlp/sluice/extract/internal/jsontree"
)

// Marks of nodes: what a route or a list of names says about them.
const (
	markUser uint8 = iota + 1
	markSystem
	markContext
	markFile
	markNoise // no text, nor anything below, but what reads like a sentence
	markMute  // never text, nor anything below
	markQuiet // nothing below is text unless a route says so
	markDone  // read already, as what is inside it
)

// noise reports marks of what is no text but for its sentences, if for them.
func noise(mark uint8) bool { return mark == markNoise || mark == markMute }

// jsonDoc is one JSON document: the body, a field, or a string inside another one.
type jsonDoc struct {
	tree   *jsontree.Tree
	layer  int
	prefix string // of the paths of its texts
	work   int    // how many nodes were marked
	turns  []turn
	inner  map[int]*jsonDoc // by the node of the string that holds it
	names  keyKind          // what the name around it says, for a list without names
}

// json reads layer l as JSON if it is.
func (w *walk) json(l int, prefix string, routes []route) bool {
	data := w.data(l)
	if !jsonLike(data) {
		return false
	}
	t := w.parse(data)
	if !t.OK && !t.Full && !worthKeeping(t) {
		return false
	}
	d := &jsonDoc{tree: t, layer: l, prefix: prefix}
	w.routes(d, routes)
	w.settle(d)
	if w.found(d) {
		w.hit = true
	} else if prefix == "" {
		w.missed = true
	}
	w.room(d)
	w.emit(d)
	if rest := data[min(t.End, len(data)):]; !t.OK && len(bytes.TrimSpace(rest)) > 0 {
		if t.Full {
			w.limitGap(pathOf(prefix), budget.Values)
		}
		tail := w.add(layer{parent: l, codec: sealed, start: t.End, end: len(data), data: rest})
		if blob(rest) {
			w.file(fileHint{path: pathOf(prefix)}, tail)
		} else {
			w.text(Context, pathOf(prefix), tail)
		}
	}
	return true
}

// jsonLike reports whether data begins as a JSON list or object.
func jsonLike(data []byte) bool {
	head := bytes.TrimLeft(data[:min(len(data), 64)], " \t\r\n\ufeff\x1e")
	return len(head) > 0 && (head[0] == '{' || head[0] == '[') || bytes.HasPrefix(head, []byte(")]}'"))
}

// worthKeeping reports whether broken JSON is JSON that broke off, not prose in brackets.
func worthKeeping(t *jsontree.Tree) bool {
	if t.End == len(t.Data) && len(t.Nodes) > 1 {
		return true
	}
	members := 0
	for i := range t.Nodes {
		if t.Nodes[i].KeyEnd > 0 {
			members++
		}
	}
	return members > 0
}

func pathOf(prefix string) string {
	if p := strings.TrimSuffix(prefix, " > "); p != "" {
		return p
	}
	return "body"
}

// routes marks what the routes lead to.
func (w *walk) routes(d *jsonDoc, routes []route) {
	for _, r := range routes {
		if len(r.steps) == 0 {
			r.steps = []step{{does: stepJSON}} // part:data without a path: the whole of it
		}
		if r.steps[0].does != stepJSON {
			continue
		}
		path, whole := r.steps[0].path, false
		if n := len(path); n > 0 && path[n-1].Any == jsontree.Deep && len(r.steps) == 1 && r.to != toRole {
			path, whole = path[:n-1], true // everything below, whatever its name
		}
		d.tree.Find(path, -1, func(node, turnNode int) {
			if mark := markOf(r.to); whole && mark != markFile && mark != markNoise {
				d.markAll(node, mark)
				return
			}
			w.route(d, r, node, turnNode)
		})
	}
}

func (w *walk) route(d *jsonDoc, r route, node, turnNode int) {
	if len(r.steps) > 1 {
		switch next := r.next(); next.steps[0].does {
		case stepJSON:
			w.routeInner(d, next, node)
			return
		case stepBase64:
			d.mark(node, markFile)
			return
		case stepForm, stepPart, stepQuery, stepConnect, stepProtobuf, stepRaw:
		}
	}
	switch r.to {
	case toUser:
		d.mark(node, markUser)
	case toSystem:
		d.mark(node, markSystem)
	case toContext:
		d.mark(node, markContext)
	case toFile:
		d.markFiles(node)
	case toNoise:
		d.tree.Nodes[node].Mark = markNoise
	case toRole:
		d.addTurn(node, turnNode)
	}
}

// routeInner follows a route into the JSON in a string.
func (w *walk) routeInner(d *jsonDoc, r route, node int) {
	w.deeper(d.prefix, func() {
		if inner := w.inner(d, node); inner != nil {
			w.routes(inner, []route{r})
		}
	})
}

// inner returns the document in a string, or nil when there is none.
func (w *walk) inner(d *jsonDoc, node int) *jsonDoc {
	if in := d.inner[node]; in != nil {
		return in
	}
	n := &d.tree.Nodes[node]
	if n.Kind != jsontree.String {
		return nil
	}
	value := d.tree.Str(node)
	if !jsonLike(value) {
		return nil
	}
	t := w.parse(value)
	if !t.OK {
		return nil
	}
	l := w.add(layer{parent: d.layer, codec: jsonText, start: n.Start, end: n.End, data: value})
	in := &jsonDoc{tree: t, layer: l, prefix: d.prefix + w.path(d, node) + " > ", names: d.nameKind(node)}
	if d.inner == nil {
		d.inner = map[int]*jsonDoc{}
	}
	d.inner[node] = in
	n.Mark = markDone
	return in
}

// addTurn notes who speaks at the value of a role.
func (d *jsonDoc) addTurn(role, turnNode int) {
	t := d.tree
	if turnNode < 0 {
		turnNode = max(0, t.Nodes[role].Parent)
		for p, up := turnNode, 0; p >= 0 && up < maxClimb; p, up = t.Nodes[p].Parent, up+1 {
			if up := t.Nodes[p].Parent; up >= 0 && t.Nodes[up].Kind == jsontree.Array {
				turnNode = p
				break
			}
		}
	}
	value := t.Raw(role)
	if t.Nodes[role].Kind == jsontree.String {
		value = t.Str(role)
	}
	if d.turns == nil {
		d.turns = make([]turn, 0, usualTurns)
	}
	d.turns = append(d.turns, turn{turnNode, namedSpeaker(value)})
}

const usualTurns = 64 // of one conversation

// settle tags the turns of d and of what is inside it.
func (w *walk) settle(d *jsonDoc) {
	slices.SortFunc(d.turns, func(a, b turn) int { return cmp.Compare(a.node, b.node) })
	tagTurns(d.tree, d.turns)
	for _, in := range d.inner {
		w.settle(in)
	}
}

// found reports whether a route has led to text of the user.
func (w *walk) found(d *jsonDoc) bool {
	for i := range d.tree.Nodes {
		n := &d.tree.Nodes[i]
		if n.Mark == markUser && n.Kind == jsontree.String && len(bytes.TrimSpace(d.tree.Raw(i))) > 0 {
			return true
		}
	}
	for _, in := range d.inner {
		if w.found(in) {
			return true
		}
	}
	return false
}

// path writes the path of a node.
func (w *walk) path(d *jsonDoc, node int) string {
	w.scratch = d.tree.AppendPath(append(w.scratch[:0], d.prefix...), node)
	return w.keep(w.scratch[len(d.prefix):])
}

// fullPath writes the path of a node with its prefix.
func (w *walk) fullPath(d *jsonDoc, node int) string {
	w.scratch = d.tree.AppendPath(append(w.scratch[:0], d.prefix...), node)
	if len(w.scratch) == 0 {
		return "body"
	}
	return w.keep(w.scratch)
}

// keep returns s as a string; the paths of one request share their memory.
func (w *walk) keep(s []byte) string {
	if w.paths.Cap() == 0 {
		w.paths.Grow(pathBytes)
	}
	from := w.paths.Len()
	w.paths.Write(s)
	return w.paths.String()[from:]
}

const pathBytes = 1 << 10 // that the paths of one request take at first

// room makes room for the texts that are marked.
func (w *walk) room(d *jsonDoc) {
	n := 0
	for i := range d.tree.Nodes {
		if m := d.tree.Nodes[i].Mark; m == markUser || m == markSystem || m == markContext {
			n++
		}
	}
	n = min(n, maxTexts)
	w.doc.Texts = slices.Grow(w.doc.Texts, n)
	w.doc.layers = slices.Grow(w.doc.layers, n)
}
