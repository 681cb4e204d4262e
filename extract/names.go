package extract

import (
	"bytes"
	"cmp"
	"path"
	"strings"

	"github.com/sluice-dlp/sluice/extract/internal/budget"
	"github.com/sluice-dlp/sluice/extract/internal/jsontree"
)

// fileNames adds the names of the files as texts of their own, unless they only name a thing
// or have been read where they stand.
func (w *walk) fileNames() {
	if len(w.doc.Files) == 0 {
		return
	}
	read := make(map[string]bool, len(w.doc.Files)) // of the names
	for i := range w.doc.Files {
		read[w.doc.Files[i].whole()] = false
	}
	for i := range w.doc.Texts {
		if _, ok := read[string(w.doc.Texts[i].Data)]; ok {
			read[string(w.doc.Texts[i].Data)] = true
		}
	}
	for i := range w.doc.Files {
		f := &w.doc.Files[i]
		name := f.whole()
		if bareName(name) || read[name] {
			continue
		}
		if w.full() {
			w.limitGap(f.Path, budget.Values)
			return
		}
		read[name] = true
		data := ReadName([]byte(name))
		w.doc.Texts = append(w.doc.Texts, Text{Role: File, Path: f.Path + " (name)", Data: data, Size: int64(len(data)), edit: edit{f.named}})
	}
}

// whole returns the name with what is cut off of Name.
func (f *UploadedFile) whole() string { return cmp.Or(f.full, f.Name) }

// bareName reports a name that tells nothing: none, an id or a number. Scanners, cameras and
// apps give such names to whatever they make.
func bareName(name string) bool {
	stem := strings.TrimSuffix(path.Base(name), path.Ext(name))
	return strings.TrimSpace(name) == "" || strings.Trim(stem, "0123456789") == "" || idLike([]byte(stem))
}

// Name returns the name of a file as a text of its own, as that of an upload is one; false for
// a name that tells nothing.
func Name(name string) (Part, bool) {
	if bareName(name) {
		return Part{}, false
	}
	return Part{Part: "(name)", Text: string(ReadName([]byte(name)))}, true
}

// ReadName returns a name as people read it: one with a word in it has blanks for underscores.
// It has the same length; where nothing changes it is name itself.
func ReadName(name []byte) []byte {
	if !worded(name) {
		return name
	}
	return bytes.ReplaceAll(name, []byte("_"), []byte(" "))
}

// worded reports a name with a word in it: its underscores stand for blanks.
func worded(name []byte) bool {
	letters := 0
	for _, c := range name[:max(0, bytes.LastIndexByte(name, '_'))] {
		if letter := c >= 0x80 || c|0x20 >= 'a' && c|0x20 <= 'z'; !letter {
			letters = 0
		} else if letters++; letters == 2 {
			return true
		}
	}
	return false
}

// nameLayer returns 1 + the layer of a name that stands in JSON, 0 for none.
func (w *walk) nameLayer(d *jsonDoc, node int) int {
	if node < 0 || d.tree.Nodes[node].Kind != jsontree.String {
		return 0
	}
	n := &d.tree.Nodes[node]
	return 1 + w.add(layer{parent: d.layer, codec: jsonText, start: n.Start, end: n.End, data: d.tree.Str(node)})
}
