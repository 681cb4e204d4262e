package extract

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"github.com/sluice-dlp/sluice/extract/internal/document"
	"github.com/sluice-dlp/sluice/extract/internal/jsontree"
)

// fileHint is what the carrier says of a file.
type fileHint struct {
	name, ctype, path string
	named             int // 1 + the layer of the name; 0: it cannot be edited
}

const maxName = 512 // bytes of a file name that are kept

// file adds the data of layer l as a file, with the texts in it.
func (w *walk) file(h fileHint, l int) {
	data := w.data(l)
	if len(w.doc.Files) >= maxFields {
		w.gap("too_large", h.path, "members")
		return
	}
	sum := sha256.Sum256(data)
	f := UploadedFile{
		Name: h.name[:min(len(h.name), maxName)], Type: fileType(h.ctype, data), Size: int64(len(data)),
		SHA256: hex.EncodeToString(sum[:]), Path: h.path, Outcome: Complete, full: h.name, named: h.named,
	}
	f.setEdges(data)
	i := len(w.doc.Files)
	w.doc.Files = append(w.doc.Files, f)
	outcome, limit := w.fileTexts(&f, l)
	w.doc.Files[i].Outcome, w.doc.Files[i].Limit = outcome, limit
}

// filePath begins the path of the texts in a file.
func filePath(name string) string {
	if name == "" {
		return "file"
	}
	return "file " + name[:min(len(name), maxName)]
}

// fileType returns the declared type where it says something that the bytes do not deny,
// else what the bytes say.
func fileType(ctype string, data []byte) string {
	m := mediaType(ctype)
	switch m {
	case "", "application/octet-stream", "application/x-www-form-urlencoded", "binary/octet-stream", "multipart/form-data":
	default:
		if text := m == "application/json" || strings.HasPrefix(m, "text/"); !text || textual(data) {
			return m
		}
	}
	t, _, _ := strings.Cut(mimetype.Detect(data).String(), ";")
	return t
}

// fileField reads a field that a rule says is a file, or the name of one.
func (w *walk) fileField(l int, path string) {
	if w.inlineField(l, path) || w.base64Field(l, path, fileHint{path: path}) {
		return
	}
	value := w.data(l)
	if len(value) <= maxName && textual(value) {
		w.doc.Files = append(w.doc.Files, UploadedFile{Name: string(value), Path: path, Outcome: Complete, named: l + 1})
		return
	}
	w.file(fileHint{path: path}, l)
}

// inlineField reads a field that is a data: URI or base64 of a known kind of file.
func (w *walk) inlineField(l int, path string) bool {
	return w.dataURI(l, fileHint{path: path}) || fileMagic(w.data(l)) && w.base64Field(l, path, fileHint{path: path})
}

// base64Field adds a field as the file that it is in base64.
func (w *walk) base64Field(l int, path string, h fileHint) bool {
	data := w.data(l)
	enc, raw, ok := decodeBase64(data)
	if !ok || !w.left.Expand(len(raw)) {
		return false
	}
	h.path = path
	w.file(h, w.add(layer{parent: l, codec: encoded, end: len(data), data: raw, base64: enc}))
	return true
}

// dataURI adds the file in a data: URI (RFC 2397).
func (w *walk) dataURI(l int, h fileHint) bool {
	data := w.data(l)
	if len(data) < 6 || !strings.EqualFold(string(data[:5]), "data:") {
		return false
	}
	comma := bytes.IndexByte(data[:min(len(data), 1024)], ',')
	if comma < 0 {
		return false
	}
	head := string(data[5:comma])
	if h.ctype == "" {
		h.ctype = mediaType(head)
	}
	if name := parameter(head, "name"); h.name == "" && name != "" {
		h.name = string(unpercent([]byte(name)))
	}
	body := layer{parent: l, codec: sealed, start: comma + 1, end: len(data)}
	if enc, raw, ok := decodeBase64(data[comma+1:]); ok && strings.HasSuffix(strings.ToLower(head), ";base64") {
		body.codec, body.base64, body.data = encoded, enc, raw // can be written back
	} else if body.data, ok = document.DataURI(data); !ok || len(body.data) == 0 {
		return false
	}
	if !w.left.Expand(len(body.data)) {
		w.limitGap(h.path, "expanded")
		return true
	}
	w.file(h, w.add(body))
	return true
}

// decodeBase64 decodes strict base64 in any of its spellings, line ends allowed.
func decodeBase64(s []byte) (*base64.Encoding, []byte, bool) {
	s = bytes.TrimSpace(s)
	if len(s) < 2 {
		return nil, nil, false
	}
	enc := base64.StdEncoding
	if bytes.ContainsAny(s, "-_") {
		enc = base64.URLEncoding
	}
	if s[len(s)-1] != '=' && bytes.IndexByte(s, '\n') < 0 && len(s)%4 != 0 {
		enc = enc.WithPadding(base64.NoPadding)
	}
	out := make([]byte, enc.DecodedLen(len(s)))
	n, err := enc.Decode(out, s)
	if err != nil {
		return nil, nil, false
	}
	return enc, out[:n], true
}

// fileMagic reports whether s is base64 that begins as a known kind of file does.
func fileMagic(s []byte) bool {
	if len(s) < 40 {
		return false
	}
	var head [24]byte
	enc := base64.RawStdEncoding
	if bytes.ContainsAny(s[:32], "-_") {
		enc = base64.RawURLEncoding
	}
	n, err := enc.Decode(head[:], s[:32])
	if err != nil {
		return false
	}
	for _, magic := range [...]string{
		"%PDF-", "PK\x03\x04", "\x89PNG\r\n", "\xff\xd8\xff", "GIF8", "\xd0\xcf\x11\xe0\xa1\xb1", "{\\rtf", "\x1f\x8b\x08",
		"7z\xbc\xaf\x27\x1c", "Rar!\x1a\x07", "BZh", "\xfd7zXZ", "\x28\xb5\x2f\xfd", "RIFF", "OggS", "ID3", "SQLite format 3", "II*\x00", "MM\x00*",
	} {
		if bytes.HasPrefix(head[:n], []byte(magic)) {
			return true
		}
	}
	return false
}

// fileMembers are the members of an object that describe a file; -1 where there is none.
type fileMembers struct {
	name, size, mime, data int
	plain                  int // a name under a name that says nothing: name, title
}

// maxMembers bounds how many members of one object are looked at, for each of them.
const maxMembers = 64

func membersOf(t *jsontree.Tree, obj int) fileMembers {
	m := fileMembers{-1, -1, -1, -1, -1}
	if obj < 0 || t.Nodes[obj].Kind != jsontree.Object {
		return m
	}
	for c := obj + 1; c < t.Nodes[obj].Skip && t.Nodes[c].Index < maxMembers; c = t.Nodes[c].Skip {
		if t.Nodes[c].Kind != jsontree.String && t.Nodes[c].Kind != jsontree.Number {
			continue
		}
		switch string(t.Key(c)) {
		case "file_name", "fileName", "filename", "SOURCE_NAME", "source_name", "original_filename", "originalFilename", "displayName", "display_name", "document_name", "documentName":
			m.name = c
		case "name", "title":
			m.plain = c
		case "file_size", "fileSize", "filesize", "size", "size_bytes", "sizeBytes", "fileSizeBytes", "content_length", "contentLength":
			m.size = c
		case "mimeType", "mime_type", "fileMimeType", "filetype", "fileType", "file_type", "media_type", "mediaType", "content_type", "contentType":
			m.mime = c
		case "data", "file_data", "fileData", "content", "bytes", "base64", "b64", "b64_json", "blob", "body":
			m.data = c
		}
	}
	return m
}

// named returns the member with the name, or -1.
func (m fileMembers) named() int {
	if m.name < 0 {
		return m.plain
	}
	return m.name
}

// describe fills in what the members say.
func (m fileMembers) describe(t *jsontree.Tree, f *UploadedFile) {
	if c := m.named(); f.Name == "" && c >= 0 {
		f.full = string(t.Str(c))
		f.Name = f.full
	}
	if m.mime >= 0 {
		f.Type = string(t.Str(m.mime))
	}
	if m.size >= 0 {
		if n, err := strconv.ParseInt(string(t.Raw(m.size)), 10, 64); err == nil && n >= 0 {
			f.Size = n
		}
	}
	f.Name = f.Name[:min(len(f.Name), maxName)]
}

// markFiles marks a file that a route leads to: an object that describes it, its name,
// its bytes, or a list of them.
func (d *jsonDoc) markFiles(node int) {
	t := d.tree
	if t.Nodes[node].Kind == jsontree.Array {
		for c := node + 1; c < t.Nodes[node].Skip; c = t.Nodes[c].Skip {
			if t.Nodes[c].Mark == 0 {
				t.Nodes[c].Mark = markFile
			}
		}
		return
	}
	if t.Nodes[node].Mark == 0 {
		t.Nodes[node].Mark = markFile
	}
}

// fileObject adds the file that an object describes whose bytes are elsewhere.
func (w *walk) fileObject(d *jsonDoc, i int) {
	t := d.tree
	n := &t.Nodes[i]
	if n.Kind != jsontree.Object {
		return
	}
	m := membersOf(t, i)
	known := m.name >= 0 && (m.size >= 0 || m.mime >= 0) || m.plain >= 0 && m.size >= 0 && m.mime >= 0
	if n.Mark != markFile && !known || n.Mark == markFile && m.name < 0 && m.plain < 0 {
		return
	}
	if m.data >= 0 && t.Nodes[m.data].Kind == jsontree.String && n.Mark != markFile {
		if _, _, ok := decodeBase64(t.Str(m.data)); ok || bytes.HasPrefix(t.Raw(m.data), []byte("data:")) {
			return // its bytes are here: the string adds it
		}
	}
	for c := i + 1; c < n.Skip; c = t.Nodes[c].Skip {
		if t.Nodes[c].Mark == markFile {
			return // the route leads into the object: the member adds it
		}
	}
	f := UploadedFile{Path: w.fullPath(d, i), Outcome: Complete}
	m.describe(t, &f)
	if f.Name != "" {
		f.named = w.nameLayer(d, m.named())
		w.doc.Files = append(w.doc.Files, f)
	}
}

// inlineFile adds a string that is a file, or the name of one.
func (w *walk) inlineFile(d *jsonDoc, i int) bool {
	t := d.tree
	n := &t.Nodes[i]
	raw := t.Raw(i)
	obj := n.Parent
	uri := len(raw) > 5 && strings.EqualFold(string(raw[:5]), "data:")
	long := len(raw) >= 16 && bytes.IndexByte(raw[:16], ' ') < 0
	if !uri && n.Mark != markFile && !long {
		return false
	}
	m := membersOf(t, obj)
	if n.Mark == markFile && m.data == i && plainSource(t, obj) {
		n.Mark = markUser
		return false
	}
	described := m.data == i && (m.mime >= 0 || m.name >= 0)
	magic := fileMagic(raw)
	if !uri && n.Mark != markFile && !described && !magic {
		return false
	}
	value := t.Str(i)
	enc, bytes64, ok := decodeBase64(value)
	if uri || ok && (described && m.name != i || magic || n.Mark == markFile && (m.data == i || len(value) > 64)) {
		l := w.add(layer{parent: d.layer, codec: jsonText, start: n.Start, end: n.End, data: value})
		var f UploadedFile
		m.describe(t, &f)
		name := m.named()
		if f.Name == "" && obj >= 0 {
			if up := t.Nodes[obj].Parent; up >= 0 {
				o := membersOf(t, up)
				o.mime, o.size = -1, -1
				o.describe(t, &f)
				name = o.named()
			}
		}
		h := fileHint{f.full, f.Type, w.fullPath(d, i), w.nameLayer(d, name)}
		if uri {
			return w.dataURI(l, h)
		}
		if !w.left.Expand(len(bytes64)) {
			w.limitGap(h.path, "expanded")
			return true
		}
		w.file(h, w.add(layer{parent: l, codec: encoded, end: len(value), data: bytes64, base64: enc}))
		return n.Mark != markUser || !magic || described // what a person typed stays a text as well
	}
	if n.Mark != markFile || bytes.Contains(value[:min(len(value), 12)], []byte("://")) {
		return n.Mark == markFile // an address: the bytes are not in this request
	}
	f := UploadedFile{Name: string(value), Path: w.fullPath(d, i), Outcome: Complete, full: string(value), named: w.nameLayer(d, i)}
	m.describe(t, &f)
	if obj >= 0 && t.Nodes[obj].Kind == jsontree.Array {
		besides(t, obj, i, &f)
	}
	f.Name = f.Name[:min(len(f.Name), maxName)]
	w.doc.Files = append(w.doc.Files, f)
	return true
}

// plainSource reports an object that holds a document as plain text: the source of an
// Anthropic document, for one.
func plainSource(t *jsontree.Tree, obj int) bool {
	c := t.Child(obj, "type")
	return c >= 0 && string(t.Str(c)) == "text"
}

// besides looks for the type of a file among the elements beside its name.
func besides(t *jsontree.Tree, list, name int, f *UploadedFile) {
	for c := list + 1; c < t.Nodes[list].Skip; c = t.Nodes[c].Skip {
		v := t.Raw(c)
		if t.Nodes[c].Index == maxMembers {
			return
		}
		if c == name || t.Nodes[c].Kind != jsontree.String || len(v) > 128 {
			continue
		}
		if kind, _, ok := bytes.Cut(v, []byte("/")); ok {
			switch string(kind) {
			case "application", "text", "image", "audio", "video":
				f.Type = string(v)
			}
		}
	}
}
