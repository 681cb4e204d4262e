package extract

import "github.com/sluice-dlp/sluice/extract/internal/jsontree"

// maxWork bounds how often, on average, one node may be marked.
const maxWork = 64

// mark marks the texts at and below a node: a string, a list, or content blocks of the
// kinds that chat formats have. What has a mark keeps it.
func (d *jsonDoc) mark(node int, mark uint8) {
	t := d.tree
	if d.work += t.Nodes[node].Skip - node; d.work > maxWork*len(t.Nodes) {
		return // a route that leads into itself again and again
	}
	for i := node; i < t.Nodes[node].Skip; {
		n := &t.Nodes[i]
		kind := keyPerson
		if i != node && t.Named(i) {
			kind = kindOfKey(t.Key(i))
		}
		switch {
		case (n.Kind == jsontree.String || n.Kind == jsontree.Number) && i == node, n.Kind == jsontree.String && d.isText(i, kind):
			if n.Mark == 0 {
				n.Mark = mark
			}
		case kind == keyPayload && (n.Kind == jsontree.Object || n.Kind == jsontree.Array):
			d.markAll(i, mark)
			i = n.Skip
			continue
		case i != node && (n.Kind == jsontree.Object || n.Kind == jsontree.Array) && kind != keyPerson && kind != keyContext && kind != keySystem && !d.block(i, kind):
			i = n.Skip
			continue
		}
		i++
	}
}

// isText reports whether a string inside a content block is text: by its name, or by the
// name of the list around it.
func (d *jsonDoc) isText(node int, kind keyKind) bool {
	if !d.tree.Named(node) {
		return true
	}
	if kind == keyContext && string(d.tree.Key(node)) == "data" { // {"type":"text","data":…}: a plain document
		return plainSource(d.tree, d.tree.Nodes[node].Parent)
	}
	return kind == keyPerson || kind == keyPayload || kind == keyContext || kind == keySystem
}

// block reports whether an object or list under a name that says nothing may hold
// blocks: elements of lists do, and members of the wrappers that some formats have.
func (d *jsonDoc) block(node int, kind keyKind) bool {
	return !d.tree.Named(node) || kind == keyOther
}

// markAll marks every string and every long number below a node: what a tool was given
// or gave back has names of its own.
func (d *jsonDoc) markAll(node int, mark uint8) {
	t := d.tree
	for i := node; i < t.Nodes[node].Skip; i++ {
		n := &t.Nodes[i]
		if n.Mark != 0 {
			continue
		}
		switch n.Kind {
		case jsontree.String:
			if !t.Named(i) || !payloadNoise(t.Key(i)) && !(n.Parent == node && toolName(t, i)) {
				n.Mark = mark
			}
		case jsontree.Number:
			if n.End-n.Start >= longNumber {
				n.Mark = mark
			}
		case jsontree.Null, jsontree.Bool, jsontree.Array, jsontree.Object:
		}
	}
}

// longNumber is the length from which a bare number may be an account or a card.
const longNumber = 7

func payloadNoise(key []byte) bool {
	switch string(key) {
	case "id", "type", "role", "call_id", "tool_use_id", "signature", "mime_type", "mimeType", "media_type", "thoughtSignature", "encrypted_content":
		return true
	}
	return false
}

// toolName reports the name of the tool in what it gave back: it is the program's word.
func toolName(t *jsontree.Tree, i int) bool {
	up := t.Nodes[i].Parent
	if string(t.Key(i)) != "name" || !t.Named(up) {
		return false
	}
	key := string(t.Key(up))
	return key == "functionResponse" || key == "function_response"
}

// maxClimb bounds the way from a node to what is said above it.
const maxClimb = 32

// nameKind returns what the nearest name at or above a node says.
func (d *jsonDoc) nameKind(node int) keyKind {
	for i, up := node, 0; i >= 0 && up < maxClimb; i, up = d.tree.Nodes[i].Parent, up+1 {
		if d.tree.Named(i) {
			return kindOfKey(d.tree.Key(i))
		}
	}
	return d.names
}
