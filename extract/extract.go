// Package extract turns a request body into the texts and files that a person or agent
// sent, and back into a body with parts of them replaced.
package extract

import (
	"cmp"
	"context"
	"io"
	"runtime"
	"sync"
	"time"

	"github.com/sluice-dlp/sluice/extract/internal/budget"
)

// Role says whose words a text is.
type Role string

// The roles.
const (
	User    Role = "user"    // what the person typed
	Context Role = "context" // replayed history, tool output, editor context
	System  Role = "system"
	File    Role = "file"
)

// Outcome says how far a body or a file could be read.
type Outcome string

// The outcomes.
const (
	Complete    Outcome = "complete"
	Partial     Outcome = "partial" // a limit stopped the reading
	Encrypted   Outcome = "encrypted"
	Broken      Outcome = "broken"
	Unsupported Outcome = "unsupported"
)

// Text is one piece of text in UTF-8. Data is what dlp scans; offsets of cuts are
// offsets in Data. A raw body too large for memory has Reader and Size instead of Data.
type Text struct {
	Role   Role
	Path   string // "messages[0].content", "part file", "file letter.docx > word/document.xml"
	Data   []byte
	Reader io.ReaderAt
	Size   int64
	Next   int  // index of the text of the next part of the same message, which goes on with this one; 0: none
	Blank  bool // a part that is blank stands before this one, which goes on with another

	edit edit
}

// edit is the way back from a Text to the body; its zero value cannot be edited.
type edit struct{ layer int } // 1 + index in Doc.layers

// UploadedFile is one file, inline or as a body of its own.
type UploadedFile struct {
	Name, Type string
	Size       int64
	SHA256     string // hex; "" when the bytes are not in this request
	Path       string
	Outcome    Outcome
	Limit      string // the limit that made it Partial

	head, tail []byte // of its bytes
	full       string // its name, where Name is the beginning of it
	named      int    // 1 + the layer of its name; 0: it cannot be edited
}

// Gap is something that could not be inspected.
type Gap struct {
	Reason string // too_large | undecodable | encrypted | deadline
	Path   string // where
	Limit  string // the limit that was hit, or ""
}

// Doc is one extracted request. It is used by one goroutine.
type Doc struct {
	Texts []Text
	Files []UploadedFile
	Gaps  []Gap
	Drift bool // a known prompt endpoint yielded no user text

	left      *budget.Budget
	layers    []layer
	signed    string // the header that signs the body, or ""
	fixedSize bool   // the size of the body was announced before
}

// Close gives back what the Doc holds of the memory for large bodies, of which only a few
// are read at a time. Its texts and files must not be used afterwards.
func (d *Doc) Close() {
	if d.left != nil {
		d.left.Release()
	}
}

// Cut asks for a range of a Text's Data to be replaced.
type Cut struct {
	Text       int // index into Doc.Texts
	Start, End int
	With       string
}

// Rewrite returns the body with cuts applied: it still parses, and only the cut leaves
// differ. Its error wraps [ErrNotEditable] when a carrier cannot be edited or is signed.
// The body is in the encoding in which it came. Overlapping cuts become one.
func (d *Doc) Rewrite(cuts []Cut) ([]byte, error) { return d.rewrite(cuts) }

// FixedSize reports whether the body must keep its length: an earlier request, or a header
// of this one, has told the size of the whole. Then only cuts that keep it can be applied.
func (d *Doc) FixedSize() bool { return d.fixedSize }

// Options are the limits of 4.10 `extract`. Zero fields mean their defaults.
type Options struct {
	Expanded int64         // bytes after decompression, in all; default 64 MiB
	Member   int64         // bytes of one archive member; default 32 MiB
	Text     int64         // bytes of text out of documents; default 16 MiB
	Depth    int           // nesting; default 6
	Members  int           // archive members; default 2,000
	Time     time.Duration // default 5 s
	OCR      bool          // read pictures, where tesseract is installed

	// Worker is the command of the child processes that read PDF files: it must call
	// [ServeWorker]. Without one only what the streams of a PDF file hold is read.
	Worker []string
}

// Body is the bytes of a request body, in memory or not.
type Body interface {
	io.ReaderAt
	Size() int64
	Bytes() (data []byte, ok bool)
}

// Input is one request. Rule is nil when no endpoint is known.
type Input struct {
	Method, Host, Path, Query string
	Header                    func(name string) []byte
	Body                      Body // nil when there is none
	Rule                      *Rule
}

// Rule is a compiled endpoint rule of the catalogue: immutable and safe for concurrent use.
type Rule struct {
	activity, carrier string
	routes            []route
}

// RuleSpec is a rule as the catalogue writes it. Text, Role, System, Context, Files and
// Noise are alternatives separated by " | "; an alternative is steps of decoding separated
// by " > ", each one of
//
//	json:PATH  form:NAME  part:NAME  query:NAME  connect  pb  pb:PATH  raw  b64
//
// A PATH is like messages[*].content.parts[0]: ["0"] quotes a name, * is any name, [*] any
// index, ** any depth; in protobuf its names are field numbers. "json:" may be left out. A
// path that ends at an object or list yields the texts of the content blocks within.
// The value at Role decides whose words the texts within the same list element are.
type RuleSpec struct {
	Activity, Carrier                         string
	Text, Role, System, Context, Files, Noise string
}

// CompileRule checks and compiles a rule; its error says what is wrong with which field.
func CompileRule(s RuleSpec) (*Rule, error) {
	r := &Rule{activity: s.Activity, carrier: s.Carrier}
	if err := r.check(s); err != nil {
		return nil, err
	}
	return r, nil
}

// Extractor is safe for concurrent use.
type Extractor struct {
	limits budget.Limits
	slots  budget.Slots
	trees  sync.Pool // of *jsontree.Tree
	help   *helper
}

// slots is how many large bodies are read at a time: reading is work for processors, and
// each may take what the limits allow.
func slots() budget.Slots { return make(budget.Slots, max(4, 2*runtime.GOMAXPROCS(0))) }

// New returns an Extractor with limits o. With [Options.Worker] it must be closed.
func New(o Options) *Extractor {
	return &Extractor{help: newHelper(o), slots: slots(), limits: budget.Limits{
		Expanded: cmp.Or(o.Expanded, 64<<20), Member: cmp.Or(o.Member, 32<<20), Text: cmp.Or(o.Text, 16<<20),
		Depth: cmp.Or(o.Depth, 6), Members: cmp.Or(o.Members, 2000), Time: cmp.Or(o.Time, 5*time.Second),
	}}
}

// Extract reads a request. It never fails: what could not be read is in Doc.Gaps. The Doc
// must be closed. A body that takes much memory waits for others to be closed, at most
// until its time is up.
func (x *Extractor) Extract(ctx context.Context, in Input) *Doc { return x.extract(ctx, &in) }

// Peek returns the body with its content codings undone, at most limit bytes of what is
// in memory: what a look-up may see of it. It is nil when there is no body in memory.
func (x *Extractor) Peek(ctx context.Context, in Input, limit int64) []byte {
	return x.peek(ctx, &in, limit)
}

// Document is the text found in one file.
type Document struct {
	Outcome Outcome
	Limit   string
	Texts   []Part
}

// Part is the text of one part of a document.
type Part struct {
	Part string // "word/document.xml", "page 3", "archive.zip > a.txt"
	Text string
}

// ExtractFile reads a file as `sluice extract` shows it. What it is shows in its bytes,
// not in its name.
func (x *Extractor) ExtractFile(ctx context.Context, _ string, data []byte) Document {
	return x.extractFile(ctx, data)
}
