package extract

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"

	"github.com/sluice-dlp/sluice/extract/internal/budget"
	"github.com/sluice-dlp/sluice/extract/internal/document"
)

// A body that does not fit in memory is not rewritten. Its multipart fields are read as
// ever; what is large in it is hashed, read as far as the limits go, and given to the
// scanner in full as it is.

const (
	headBytes  = 64 << 10 // what the kind of a large body is told from
	chunkBytes = 1 << 20  // what is read at once while looking for a delimiter
)

// spilled reads a body that is not in memory.
func (w *walk) spilled() {
	body := w.in.Body
	head := make([]byte, min(headBytes, body.Size()))
	if n, err := body.ReadAt(head, 0); n < len(head) && err != nil {
		w.gap("undecodable", "body", budget.None)
		return
	}
	ctype := string(w.header("Content-Type"))
	upload := w.rule != nil && (w.rule.carrier == "raw" || w.rule.activity == "upload") || w.in.Method == "PUT"
	boundary := parameter(ctype, "boundary")
	if boundary == "" || !bytes.Contains(head, []byte("--"+boundary)) {
		boundary = sniffBoundary(head)
	}
	switch {
	case boundary != "" && (w.rule == nil || w.rule.carrier != "raw"):
		w.largeParts(boundary)
	case upload && !jsonLike(head) && len(w.header("Content-Encoding")) == 0:
		w.largeFile(fileHint{name: w.uploadName(), ctype: ctype, path: "body"}, io.NewSectionReader(body, 0, body.Size()))
	default:
		w.largeBody()
	}
	w.doc.layers = nil
	for i := range w.doc.Texts {
		w.doc.Texts[i].edit = edit{}
	}
}

// largeBody reads the beginning of a large JSON, form or compressed body by the rule, and
// gives the whole of it to the scanner.
func (w *walk) largeBody() {
	body := w.in.Body
	w.gap("too_large", "body", budget.Expanded)
	data := make([]byte, min(body.Size(), maxInMemory, w.left.Expanded))
	n, err := body.ReadAt(data, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		w.gap("undecodable", "body", budget.None)
	}
	w.doc.layers[0].data = data[:n]
	w.body()
	w.doc.Texts = append(w.doc.Texts, Text{Role: Context, Path: "body", Reader: body, Size: body.Size()})
}

// largeParts reads a large multipart body part by part.
func (w *walk) largeParts(boundary string) {
	body := w.in.Body
	var routes []route
	if w.rule != nil {
		routes = w.rule.routes
	}
	delimiter := []byte("--" + boundary)
	at := findIn(body, 0, delimiter)
	for n := 0; at >= 0 && n < maxFields && !w.left.Late(); n++ {
		start := at + int64(len(delimiter))
		next := findIn(body, start, append([]byte("\n"), delimiter...))
		end := next
		if next < 0 {
			end = body.Size()
		}
		if !w.largePart(start, end, routes) {
			return // the closing delimiter
		}
		if next < 0 {
			w.gap("undecodable", "body", budget.None)
			return
		}
		at = next + 1
	}
	if w.left.Late() {
		w.limitGap("body", budget.Time)
	}
}

// largePart reads the part whose delimiter ends at start; it is false at the last one.
func (w *walk) largePart(start, end int64, routes []route) bool {
	head := make([]byte, min(headBytes, end-start))
	if n, err := w.in.Body.ReadAt(head, start); n < len(head) && err != nil {
		w.gap("undecodable", "body", budget.None)
		return false
	}
	if bytes.HasPrefix(head, []byte("--")) {
		return false
	}
	nl := bytes.IndexByte(head, '\n') + 1
	p := readPart(head, nl, len(head))
	size := end - start - int64(p.start)
	if c := make([]byte, 1); size > 0 {
		if _, err := w.in.Body.ReadAt(c, end-1); err == nil && c[0] == '\r' {
			size--
		}
	}
	section := io.NewSectionReader(w.in.Body, start+int64(p.start), max(0, size))
	if section.Size() > w.left.Member || !w.left.Expand(int(section.Size())) {
		w.largeFile(fileHint{name: strings.TrimPrefix(p.file, "base64;"), ctype: p.ctype, path: "part " + p.name}, section)
		return true
	}
	data := make([]byte, section.Size())
	if n, err := section.ReadAt(data, 0); n < len(data) && err != nil {
		w.gap("undecodable", "part "+p.name, budget.None)
		return true
	}
	p.start, p.end = 0, len(data)
	w.part(w.add(layer{parent: 0, codec: sealed, data: data}), "", &p, routes)
	return true
}

// largeFile adds a file that is not brought to memory as a whole.
func (w *walk) largeFile(h fileHint, r *io.SectionReader) {
	head := make([]byte, min(headBytes, r.Size()))
	if n, err := r.ReadAt(head, 0); n < len(head) && err != nil {
		w.gap("undecodable", h.path, budget.None)
		return
	}
	f := UploadedFile{
		Name: h.name[:min(len(h.name), maxName)], Type: fileType(h.ctype, head), Size: r.Size(),
		SHA256: w.hash(r), Path: h.path, Outcome: Complete, full: h.name, named: h.named,
	}
	f.readEdges(head, r)
	path := filePath(f.Name)
	w.doc.Texts = append(w.doc.Texts, Text{Role: File, Path: path, Reader: r, Size: r.Size()})
	if !textual(head) {
		f.Outcome, f.Limit = Partial, string(budget.Expanded)
		w.limitGap(path, budget.Expanded)
		w.beginning(path, r)
	}
	w.doc.Files = append(w.doc.Files, f)
}

// beginning reads a document that is too large as far as the budget goes.
func (w *walk) beginning(path string, r *io.SectionReader) {
	data, _, err := w.left.Read(r)
	if err != nil || len(data) == 0 {
		return
	}
	for _, p := range document.Read(&w.left, w.x.help, data).Parts {
		at := path
		if p.Name != "" {
			at += " > " + p.Name
		}
		w.doc.Texts = append(w.doc.Texts, Text{Role: File, Path: at, Data: p.Text, Size: int64(len(p.Text))})
	}
}

// hash returns the SHA-256 of a large file, or "" when the time is up before its end.
func (w *walk) hash(r *io.SectionReader) string {
	sum := sha256.New()
	buf := make([]byte, chunkBytes)
	for at := int64(0); at < r.Size(); {
		n, err := r.ReadAt(buf, at)
		sum.Write(buf[:n])
		at += int64(n)
		if n == 0 && err != nil || w.left.Late() {
			w.limitGap(filePath(""), budget.Time)
			return ""
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// findIn returns where needle is in r at or after from, or -1.
func findIn(r Body, from int64, needle []byte) int64 {
	buf := make([]byte, chunkBytes)
	for from < r.Size() {
		n, err := r.ReadAt(buf, from)
		if i := bytes.Index(buf[:n], needle); i >= 0 {
			return from + int64(i)
		}
		if n < len(needle) || err != nil {
			return -1
		}
		from += int64(n - len(needle) + 1)
	}
	return -1
}
