package extract

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/sluice-dlp/sluice/extract/internal/budget"
	"github.com/sluice-dlp/sluice/extract/internal/document"
	"github.com/sluice-dlp/sluice/extract/internal/pdf"
	"github.com/sluice-dlp/sluice/extract/internal/worker"
)

// helper reads PDF files in child processes and pictures by OCR.
type helper struct {
	pool  *worker.Pool // nil without a command
	ocr   string       // path of tesseract, or ""
	turns chan struct{}
}

const (
	ocrTime   = 15 * time.Second
	ocrAtOnce = 2
	maxOutput = 96 << 20 // bytes that one file may yield in a child
)

// newHelper returns nil when there is nothing that can help.
func newHelper(o Options) *helper {
	h := &helper{turns: make(chan struct{}, ocrAtOnce)}
	if len(o.Worker) > 0 {
		h.pool = worker.New(worker.Options{Command: o.Worker})
	}
	if o.OCR {
		h.ocr, _ = exec.LookPath("tesseract")
	}
	return h
}

// PDF implements [document.Helper]. A fifth of the time that is left is kept for what can
// be read without PDFium.
func (h *helper) PDF(ctx context.Context, deadline time.Time, data []byte) (document.PDF, bool) {
	if h.pool == nil {
		return document.PDF{}, false
	}
	until := deadline.Add(-time.Until(deadline) / 5)
	r, ok := h.pool.Read(ctx, until, worker.Job{Data: data, Render: h.ocr != ""}, maxOutput)
	if !ok { // none was free in time
		return document.PDF{Limit: budget.Time}, true
	}
	p := document.PDF{Pages: r.Pages, Info: r.Info, Encrypted: r.Encrypted, Limit: budget.Limit(r.Limit), Cut: r.Failed}
	if r.Late {
		p.Limit = budget.Time
	}
	for _, f := range r.Files {
		p.Files = append(p.Files, document.File{Name: f.Name, Data: f.Data})
	}
	return p, true
}

// SevenZip implements [document.Helper].
func (h *helper) SevenZip(left *budget.Budget, data []byte) (document.Archive, bool) {
	if h.pool == nil {
		return document.Archive{}, false
	}
	job := worker.Job{Data: data, Expanded: left.Room(), Member: left.Member}
	r, ok := h.pool.Read(left.Context(), left.Deadline(), job, maxOutput)
	if !ok {
		return document.Archive{Outcome: document.Complete, Limit: budget.Time}, true
	}
	a := document.Archive{Outcome: document.Complete, Limit: budget.Limit(r.Limit)}
	switch {
	case r.Late:
		a.Limit = budget.Time
	case r.Encrypted:
		a.Outcome = document.Encrypted
	case r.Failed:
		a.Outcome = document.Broken
	}
	for _, f := range r.Files {
		a.Files = append(a.Files, document.File{Name: f.Name, Data: f.Data})
	}
	return a, true
}

// Picture implements [document.Helper] with tesseract, where it is installed.
func (h *helper) Picture(ctx context.Context, data []byte) ([]byte, bool) {
	if h.ocr == "" {
		return nil, false
	}
	ctx, cancel := context.WithTimeout(ctx, ocrTime)
	defer cancel()
	select {
	case h.turns <- struct{}{}:
		defer func() { <-h.turns }()
	case <-ctx.Done():
		return nil, false
	}
	cmd := exec.CommandContext(ctx, h.ocr, "stdin", "stdout", "--psm", "6")
	cmd.Env = []string{"OMP_THREAD_LIMIT=1", "PATH=" + os.Getenv("PATH")}
	cmd.Stdin = bytes.NewReader(data)
	out, err := cmd.Output()
	return out, err == nil
}

// Warm starts the child processes, so that the first PDF file need not wait for them.
func (x *Extractor) Warm() {
	if x.help.pool != nil {
		x.help.pool.Warm()
	}
}

// Wait starts the child processes and waits until one can work: where their code is not
// compiled yet, longer than one file may take. Without child processes, and when none can
// be started, it returns at once.
func (x *Extractor) Wait(ctx context.Context) error {
	if x.help.pool == nil {
		return nil
	}
	return x.help.pool.Wait(ctx)
}

// Close ends the child processes. The Extractor must not be used after it.
func (x *Extractor) Close() error {
	if x.help.pool != nil {
		x.help.pool.Close()
	}
	return nil
}

// ServeWorker is what a child process runs (see [Options.Worker]): it reads files from in
// and writes what it finds to out, until in ends. cacheDir keeps compiled code, which
// takes seconds to make; it must be writable by nobody else, and "" means not to keep it.
func ServeWorker(in io.Reader, out io.Writer, cacheDir string) error {
	return worker.Serve(in, out, func() (worker.Reader, error) {
		r, err := pdf.Open(cacheDir)
		return inChild{r}, err
	})
}

// inChild reads the files whose readers are not trusted with this process.
type inChild struct{ pdf *pdf.Reader }

// Read implements [worker.Reader].
func (c inChild) Read(j worker.Job, to worker.Sink) error {
	if !bytes.HasPrefix(j.Data, []byte("7z\xbc\xaf\x27\x1c")) {
		return c.pdf.Read(j.Data, j.Render, to)
	}
	left := budget.New(context.Background(), budget.Limits{Expanded: j.Expanded, Member: j.Member, Time: time.Hour}, nil)
	var failed error
	outcome, limit := document.SevenZip(&left, j.Data, func(name string, content []byte) bool {
		failed = to.File(name, content)
		return failed == nil
	})
	if failed != nil {
		return failed
	}
	if limit != budget.None {
		failed = to.Limit(string(limit))
	}
	switch outcome {
	case document.Encrypted:
		return errors.Join(failed, to.Encrypted())
	case document.Broken:
		return errBroken
	case document.Complete, document.Partial, document.Unsupported:
	}
	return failed
}

var errBroken = errors.New("archive is broken")
