package extract

import (
	"bytes"
	"context"

	"github.com/sluice-dlp/sluice/extract/internal/budget"
	"github.com/sluice-dlp/sluice/extract/internal/document"
	"github.com/sluice-dlp/sluice/extract/internal/jsontree"
)

// fileTexts adds the texts in a file, whose bytes are the data of layer l.
func (w *walk) fileTexts(f *UploadedFile, l int) (Outcome, string) {
	data := w.data(l)
	path := filePath(f.Name)
	r := document.Read(&w.left, w.x.help, data)
	if r.Plain {
		if !r.Charset.UTF8() {
			cs := r.Charset
			l = w.add(layer{parent: l, codec: wide, end: len(data), data: r.Charset.Decode(data), charset: &cs})
		}
		w.text(File, path, w.jsonLayer(l))
	}
	for _, p := range r.Parts {
		if len(p.Text) == 0 {
			continue
		}
		if w.full() {
			w.limitGap(path, budget.Values)
			break
		}
		at := path
		if p.Name != "" {
			at += " > " + p.Name
		}
		w.doc.Texts = append(w.doc.Texts, Text{Role: File, Path: at, Data: p.Text, Size: int64(len(p.Text))})
	}
	switch r.Outcome {
	case document.Encrypted:
		w.gap("encrypted", path, budget.None)
	case document.Broken:
		w.gap("undecodable", path, budget.None)
	case document.Partial:
		w.limitGap(path, r.Limit)
	case document.Complete, document.Unsupported:
	}
	return Outcome(r.Outcome), string(r.Limit)
}

// maxJSONFile bounds the JSON files that are read as such; larger ones are text.
const maxJSONFile = 8 << 20

// jsonLayer returns a layer without the escapes that hide text in a JSON file.
func (w *walk) jsonLayer(l int) int {
	data := w.data(l)
	if len(data) > maxJSONFile || !jsonLike(data) || !w.parse(data).OK {
		return l
	}
	plain := data
	if bytes.IndexByte(data, '\\') >= 0 {
		plain = jsontree.AppendUnescaped(make([]byte, 0, len(data)), data)
	}
	return w.add(layer{parent: l, codec: jsonFile, end: len(data), data: plain})
}

func (x *Extractor) extractFile(ctx context.Context, data []byte) Document {
	left := budget.New(ctx, x.limits, nil)
	r := document.Read(&left, x.help, data)
	d := Document{Outcome: Outcome(r.Outcome), Limit: string(r.Limit)}
	if r.Plain {
		d.Texts = append(d.Texts, Part{Text: string(document.UnescapeJSON(r.Charset.Decode(data)))})
	}
	for _, p := range r.Parts {
		d.Texts = append(d.Texts, Part{Part: p.Name, Text: string(p.Text)})
	}
	return d
}
