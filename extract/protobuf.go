package extract

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/sluice-dlp/sluice/extract/internal/jsontree"
)

// wireField is one field of a protobuf message, read without its schema. Fields are in
// the order of the bytes, a message before its fields.
type wireField struct {
	number, parent int // parent: index of the message's field, -1 for the outermost
	skip           int
	start          int // of the length, which belongs to the value of layers
	from, end      int // the payload
	layer          int // the layer whose data holds it
	varint         uint64
	kind           wireKind
	mark, tag      uint8
}

type wireKind uint8

const (
	wireNumber wireKind = iota
	wireText
	wireMessage
	wireBytes
)

// pbDoc is one message with all that is nested in it.
type pbDoc struct {
	data   []byte
	fields []wireField
}

const maxWireDepth = 32

// protobuf reads layer l as a protobuf message if it is one with text in it.
func (w *walk) protobuf(l int, prefix string, routes []route, ctype string) bool {
	data := w.data(l)
	declared := isProtobufType(ctype) || w.rule != nil && (w.rule.carrier == "protobuf" || w.rule.carrier == "connect")
	if !declared && textual(data) {
		return false
	}
	d := &pbDoc{data: data}
	if !d.message(0, len(data), -1, 0) || !slices.ContainsFunc(d.fields, func(f wireField) bool { return f.kind == wireText }) {
		return false
	}
	if !declared && !confident(d) {
		return false
	}
	if d.routes(routes) {
		w.hit = true
	} else if prefix == "" {
		w.missed = true
	}
	for i := range d.fields {
		d.fields[i].layer = -1
	}
	for i := range d.fields {
		w.emitWire(d, i, l, prefix)
	}
	return true
}

func isProtobufType(ctype string) bool {
	switch mediaType(ctype) {
	case "application/proto", "application/x-protobuf", "application/protobuf", "application/connect+proto",
		"application/grpc-web+proto", "application/grpc-web", "application/grpc+proto", "application/vnd.google.protobuf":
		return true
	}
	return false
}

// confident asks more of a body that nobody calls protobuf: most of it must be text.
func confident(d *pbDoc) bool {
	text := 0
	for _, f := range d.fields {
		if f.kind == wireText {
			text += f.end - f.from
		}
	}
	return text*2 > len(d.data)
}

// message reads the fields of data[from:end]; it is false when they are none.
func (d *pbDoc) message(from, end, parent, depth int) bool {
	kept := len(d.fields)
	for at := from; at < end; {
		next, ok := d.field(at, end, parent, depth)
		if !ok || len(d.fields) > maxValues {
			d.fields = d.fields[:kept]
			return false
		}
		at = next
	}
	return end > from
}

// field reads one field and returns where the next one begins.
func (d *pbDoc) field(at, end, parent, depth int) (int, bool) {
	tag, n := binary.Uvarint(d.data[at:end])
	if n <= 0 || tag>>3 == 0 || tag>>3 > 1<<29-1 {
		return 0, false
	}
	at += n
	f := wireField{number: int(tag >> 3), parent: parent, start: at, skip: len(d.fields) + 1}
	switch tag & 7 {
	case 0:
		v, n := binary.Uvarint(d.data[at:end])
		if n <= 0 {
			return 0, false
		}
		f.varint = v
		d.fields = append(d.fields, f)
		return at + n, true
	case 1:
		return at + 8, end-at >= 8
	case 5:
		return at + 4, end-at >= 4
	case 2:
		size, n := binary.Uvarint(d.data[at:end])
		if n <= 0 || size > uint64(end-at-n) {
			return 0, false
		}
		f.from, f.end = at+n, at+n+int(size)
		d.payload(f, depth)
		return f.end, true
	}
	return 0, false // groups and what is not defined
}

// payload adds a length-delimited field as text, message or bytes. What can be read as a
// message and begins with a control character, as tags of low fields do, is a message.
func (d *pbDoc) payload(f wireField, depth int) {
	i := len(d.fields)
	raw := d.data[f.from:f.end]
	isText := len(raw) > 0 && textual(raw) && utf8.Valid(raw)
	f.kind = wireBytes
	d.fields = append(d.fields, f)
	if depth < maxWireDepth && len(raw) > 1 && (!isText || raw[0] < 0x20) && d.message(f.from, f.end, i, depth+1) {
		d.fields[i].kind, d.fields[i].skip = wireMessage, len(d.fields)
		return
	}
	if isText {
		d.fields[i].kind = wireText
	}
}

// routes marks what the routes lead to and reports whether that is text of the user.
func (d *pbDoc) routes(routes []route) bool {
	var turns []turn
	hit := false
	for _, r := range routes {
		if len(r.steps) != 1 || r.steps[0].does != stepProtobuf {
			continue
		}
		d.find(r.steps[0].path, -1, func(i int) {
			f := &d.fields[i]
			if r.to == toRole {
				turns = append(turns, turn{f.parent, speakerOf(strconv.AppendUint(nil, f.varint, 10))})
				return
			}
			for j := i; j < f.skip; j++ {
				if g := &d.fields[j]; g.mark == 0 {
					g.mark = markOf(r.to)
					hit = hit || r.to == toUser && g.kind == wireText
					if len(r.steps[0].path) == 0 && g.mark == markUser && !prose(d.data[g.from:g.end]) {
						g.mark = markContext // of all strings, names and versions are not a person's
					}
				}
			}
		})
	}
	d.tagTurns(turns)
	return hit
}

func markOf(to target) uint8 {
	switch to {
	case toUser:
		return markUser
	case toSystem:
		return markSystem
	case toContext:
		return markContext
	case toFile:
		return markFile
	case toNoise:
		return markNoise
	case toRole:
	}
	return 0
}

// find calls found for every field at the path; its names are field numbers, and the
// empty path is every field.
func (d *pbDoc) find(p jsontree.Path, parent int, found func(int)) {
	end := len(d.fields)
	if parent >= 0 {
		end = d.fields[parent].skip
	}
	for i := parent + 1; i < end; i = d.fields[i].skip {
		switch {
		case len(p) == 0:
			found(i)
			continue
		case p[0].Any == jsontree.None && p[0].Key != strconv.Itoa(d.fields[i].number):
			continue
		case len(p) == 1:
			found(i)
		default:
			d.find(p[1:], i, found)
		}
	}
}

// tagTurns tags the messages that are turns; those of one list have the same parent and
// field number.
func (d *pbDoc) tagTurns(turns []turn) {
	slices.SortStableFunc(turns, func(a, b turn) int { return cmp.Compare(a.node, b.node) })
	run := 0
	for i, t := range turns {
		if t.who == model {
			run = i + 1
		}
	}
	for i, t := range turns {
		if t.node < 0 {
			continue
		}
		for j := t.node; j < d.fields[t.node].skip; j++ {
			d.fields[j].tag = tagOf(t.who, i >= run || run == len(turns))
		}
	}
}

// emitWire adds one field as text.
func (w *walk) emitWire(d *pbDoc, i, base int, prefix string) {
	f := &d.fields[i]
	if f.kind != wireText && f.kind != wireBytes || f.mark == markNoise {
		return
	}
	raw := d.data[f.from:f.end]
	role, marked := roleOf(f.mark, f.tag)
	if f.kind == wireBytes {
		if f.mark == markFile || len(raw) > 64 {
			w.file(fileHint{path: d.path(i, prefix)}, w.wireLayer(d, i, base))
		}
		return
	}
	if marked && namesThing(keyPerson, raw) || !marked && (idLike(raw) || !prose(raw)) {
		return
	}
	if !marked {
		role = Context
		if w.mode() == generic {
			role = User
		}
	}
	w.text(role, d.path(i, prefix), w.wireLayer(d, i, base))
}

// wireLayer returns the layer of a field, adding those of the messages around it.
func (w *walk) wireLayer(d *pbDoc, i, base int) int {
	f := &d.fields[i]
	if f.layer >= 0 {
		return f.layer
	}
	outer, origin := base, 0
	if f.parent >= 0 {
		outer, origin = w.wireLayer(d, f.parent, base), d.fields[f.parent].from
	}
	f.layer = w.add(layer{parent: outer, codec: field, start: f.start - origin, end: f.end - origin, data: d.data[f.from:f.end]})
	return f.layer
}

// path writes the numbers of the fields down to field i.
func (d *pbDoc) path(i int, prefix string) string {
	var numbers []int
	for ; i >= 0; i = d.fields[i].parent {
		numbers = append(numbers, d.fields[i].number)
	}
	out := []byte(prefix + "pb ")
	for j := len(numbers) - 1; j >= 0; j-- {
		out = strconv.AppendInt(out, int64(numbers[j]), 10)
		if j > 0 {
			out = append(out, '.')
		}
	}
	return string(out)
}
