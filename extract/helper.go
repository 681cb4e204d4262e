package extract

import (
	"bytes"
	"context"
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
	ocrTime    = 15 * time.Second
	ocrAtOnce  = 2
	maxOutput  = 96 << 20 // bytes that one file may yield in a child
	warmUpTime = 30 * time.Second
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
	r, ok := h.pool.Read(ctx, until, data, h.ocr != "", maxOutput)
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
// compiled yet, longer than one file may take. Without child processes it returns at once.
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
	return worker.Serve(in, out, func() (worker.Reader, error) { return pdf.Open(cacheDir) })
}
