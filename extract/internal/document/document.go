// Package document finds the text in the bytes of one file: office documents, mail,
// archives and whatever is nested in them, within one budget.
package document

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/extract/internal/budget"
	"github.com/sluice-dlp/sluice/extract/internal/charset"
)

// Outcome says how far a file could be read.
type Outcome string

// The outcomes.
const (
	Complete    Outcome = "complete"
	Unsupported Outcome = "unsupported"
	Broken      Outcome = "broken"
	Partial     Outcome = "partial"
	Encrypted   Outcome = "encrypted"
)

// rank orders outcomes: the worst in a file is the file's.
func (o Outcome) rank() int {
	switch o {
	case Complete:
		return 0
	case Unsupported:
		return 1
	case Broken:
		return 2
	case Partial:
		return 3
	case Encrypted:
		return 4
	}
	return 0
}

// Part is the text of one part; Name is "" for the file itself.
type Part struct {
	Name string
	Text []byte
}

// Result is what was found in one file.
type Result struct {
	Outcome Outcome
	Limit   budget.Limit
	Parts   []Part
	Plain   bool            // the file is plain text in Charset: it has no Parts
	Charset charset.Charset // of a plain text
}

// Helper reads kinds of files that are read outside of this process, if at all. Its
// methods are safe for concurrent use, end by the deadline, and report whether they could
// do the work: when not, the file is read here, as far as that goes.
type Helper interface {
	PDF(ctx context.Context, deadline time.Time, data []byte) (PDF, bool)
	Picture(ctx context.Context, data []byte) (text []byte, ok bool)
	SevenZip(left *budget.Budget, data []byte) (Archive, bool)
}

// Archive is what a Helper has found in an archive.
type Archive struct {
	Files   []File
	Outcome Outcome
	Limit   budget.Limit
}

// PDF is what a Helper has found in a PDF file.
type PDF struct {
	Pages     []string // text of each page, with its annotations and form fields
	Info      string   // title, author and the like
	Files     []File   // attachments
	Encrypted bool
	Cut       bool // the reading broke off
	Limit     budget.Limit
}

// File is one file within another.
type File struct {
	Name string
	Data []byte
}

// walk is the reading of one file with all that is nested in it.
type walk struct {
	left   *budget.Budget
	help   Helper // may be nil
	result Result
	over   bool      // a limit was hit that ends everything
	flate  io.Reader // used again: 40 KB for each small member would be most of its cost
}

// Read reads one file. It never fails; what stopped it is in the Result. help may be nil.
func Read(left *budget.Budget, help Helper, data []byte) Result {
	w := &walk{left: left, help: help, result: Result{Outcome: Complete}}
	if len(data) > 0 {
		w.file("", data, 0)
	}
	return w.result
}

// note keeps the worst outcome.
func (w *walk) note(o Outcome) {
	if o.rank() > w.result.Outcome.rank() {
		w.result.Outcome = o
	}
}

// limit notes a limit; those that count the whole file end the reading.
func (w *walk) limit(l budget.Limit) {
	if l == budget.None {
		return
	}
	if w.result.Limit == budget.None {
		w.result.Limit = l
	}
	w.note(Partial)
	switch l {
	case budget.Expanded, budget.Text, budget.Members, budget.Time:
		w.over = true
	case budget.None, budget.Member, budget.Depth, budget.Pages, budget.Window, budget.Values, budget.Pixels:
	}
}

// text adds the text of a part within the budget.
func (w *walk) text(part string, text []byte) {
	if len(bytes.TrimSpace(text)) == 0 {
		return
	}
	n := w.left.Write(len(text))
	if n < len(text) {
		w.limit(budget.Text)
	}
	if n > 0 {
		w.result.Parts = append(w.result.Parts, Part{part, text[:n]})
	}
}

// read reads a member to its end or to a limit.
func (w *walk) read(r io.Reader) []byte {
	data, limit, err := w.left.Read(r)
	w.limit(limit)
	if err != nil && limit == budget.None {
		w.note(Broken)
	}
	return data
}

// join writes the path of a part within a part.
func join(path, name string) string {
	name = strings.ToValidUTF8(name[:min(len(name), 256)], "\ufffd")
	if path == "" || name == "" {
		return path + name
	}
	return path + " > " + name
}

// member reads one file within another.
func (w *walk) member(path, name string, data []byte, depth int) {
	if len(data) > 0 && !w.over {
		w.file(join(path, name), data, depth+1)
	}
}

// file finds out what data is and reads it. path is "" for the outermost file. The
// decoders of others may panic on a file made for it: that breaks this file only.
func (w *walk) file(path string, data []byte, depth int) {
	if l := w.left.Enter(depth); l != budget.None {
		w.limit(l)
		return
	}
	defer func() {
		if recover() != nil {
			w.note(Broken)
			w.text(path, runs(data, leastRun))
		}
	}()
	if read := w.byMagic(path, data, depth); read {
		return
	}
	if end := endRecord(data); end >= 0 { // a zip behind whatever comes first
		if first := bytes.Index(data, []byte(localMagic)); first > 0 {
			w.text(join(path, "before"), runs(data[:first], leastRun))
		}
		w.zip(path, data, end, depth)
		return
	}
	w.byText(path, data, depth)
}

const (
	leastRun    = 5  // characters of a run in a binary
	leastInBlob = 12 // in compressed data, where short runs are noise
)

func has(data []byte, magic string) bool {
	return len(data) >= len(magic) && string(data[:len(magic)]) == magic
}

// byMagic reads the formats that show themselves at their beginning.
func (w *walk) byMagic(path string, data []byte, depth int) bool {
	switch {
	case bytes.Contains(data[:min(1024, len(data))], []byte("%PDF-")):
		w.pdf(path, data, depth)
		w.zipBehind(path, data, depth)
	case has(data, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
		w.compound(path, data, depth)
		w.zipBehind(path, data, depth)
	case has(data, `{\rtf`):
		w.rtf(path, data, depth)
	case has(data, "\x1f\x8b"):
		w.gzip(path, data, depth)
	case has(data, "BZh") && len(data) > 10 && data[3] >= '1' && data[3] <= '9':
		w.bzip2(path, data, depth)
	case has(data, "\xfd7zXZ\x00"):
		w.xz(path, data, depth)
	case has(data, "\x28\xb5\x2f\xfd"):
		w.zstd(path, data, depth)
	case has(data, "7z\xbc\xaf\x27\x1c"):
		w.sevenZip(path, data, depth)
	case has(data, "Rar!\x1a\x07"):
		w.rar(path, data, depth)
	case isTar(data):
		w.tar(path, data, depth)
	case has(data, sqliteMagic):
		w.sqlite(path, data)
	case isMedia(data):
		w.picture(path, data)
		w.zipBehind(path, data, depth)
	case has(data, "PK\x03\x04") && endRecord(data) < 0:
		w.zipCut(path, data, depth)
	default:
		return false
	}
	return true
}

// zipBehind reads the zip archive that a file of another kind may end with.
func (w *walk) zipBehind(path string, data []byte, depth int) {
	if end := endRecord(data); end >= 0 && !w.over {
		w.zip(path, data, end, depth)
	}
}

// byText reads what has no magic number: markup, mail, plain text, unknown binaries.
func (w *walk) byText(path string, data []byte, depth int) {
	if isSealed(data) {
		w.note(Encrypted)
	}
	cs, ok := Plain(data)
	if ok && isPacked(data) {
		packed := bytes.TrimRight(data, "=\r\n")
		w.member(path, "", w.read(base64.NewDecoder(base64.RawStdEncoding, bytes.NewReader(packed))), depth)
	}
	if ok {
		w.insideText(path, data, depth)
		w.diagrams(path, data, depth)
	}
	switch {
	case !ok:
		w.unsupported(path)
		w.text(path, runs(data, leastRun))
	case isMail(data):
		w.mail(path, data, depth)
	case isHTML(data):
		w.html(path, data, cs, depth)
	case isXML(data):
		w.text(path, xmlText(cs.Decode(data)))
	case depth == 0:
		w.result.Plain, w.result.Charset = true, cs
	default:
		w.text(path, UnescapeJSON(cs.Decode(data)))
	}
}
