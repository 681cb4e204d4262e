// Package pdf reads PDF files with PDFium, compiled to WebAssembly. It runs in a child
// process: PDFium cannot be stopped from within without making it several times slower.
package pdf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"io"
	"runtime"
	"strings"
	"time"

	"github.com/klippa-app/go-pdfium"
	pdferrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/sluice-dlp/sluice/extract/internal/budget"
	"github.com/sluice-dlp/sluice/extract/internal/worker"
)

const (
	memory   = 128 << 20 // of one instance
	page     = 64 << 10  // of WebAssembly
	maxPages = 2000
	maxNotes = 2000 // annotations of one page
	maxFiles = 200  // attachments
	dpi      = 150  // of the pictures for OCR
)

// Reader reads PDF files, each in a fresh instance: one that a file has broken is never
// used again. It is used by one goroutine.
type Reader struct{ pool pdfium.Pool }

// Open compiles PDFium, or takes it from cacheDir, which holds machine code and must be
// writable by nobody else.
func Open(cacheDir string) (*Reader, error) {
	rc := wazero.NewRuntimeConfig().
		WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
		WithMemoryLimitPages(memory / page)
	if cacheDir != "" {
		cache, err := wazero.NewCompilationCacheWithDir(cacheDir)
		if err != nil {
			return nil, fmt.Errorf("open cache of compiled code: %w", err)
		}
		rc = rc.WithCompilationCache(cache)
	}
	pool, err := webassembly.Init(webassembly.Config{
		Context:  experimental.WithCompilationWorkers(context.Background(), runtime.GOMAXPROCS(0)),
		MaxTotal: 1, RuntimeConfig: rc, Stdout: io.Discard, Stderr: io.Discard,
		FSConfig: wazero.NewFSConfig(), // the default would mount the whole file system
	})
	if err != nil {
		return nil, fmt.Errorf("start pdfium: %w", err)
	}
	return &Reader{pool}, nil
}

// job is the reading of one file.
type job struct {
	in     pdfium.Pdfium
	doc    references.FPDF_DOCUMENT
	to     worker.Sink
	render bool
}

// Read sends what is in the file to the Sink, page by page.
func (r *Reader) Read(data []byte, render bool, to worker.Sink) error {
	in, err := r.pool.GetInstance(time.Minute)
	if err != nil {
		return fmt.Errorf("start pdfium: %w", err)
	}
	defer func() {
		defer func() { _ = recover() }() // an instance that has trapped cannot be closed
		_ = in.Close()
	}()
	doc, err := in.OpenDocument(&requests.OpenDocument{File: &data})
	if errors.Is(err, pdferrors.ErrPassword) || errors.Is(err, pdferrors.ErrSecurity) {
		return to.Encrypted()
	}
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	j := &job{in, doc.Document, to, render}
	for _, step := range []func() error{j.info, j.pages, j.files} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (j *job) info() error {
	var b strings.Builder
	for _, tag := range []string{"Title", "Author", "Subject", "Keywords", "Creator"} {
		m, err := j.in.FPDF_GetMetaText(&requests.FPDF_GetMetaText{Document: j.doc, Tag: tag})
		if err == nil && m.Value != "" {
			fmt.Fprintf(&b, "%s: %s\n", tag, m.Value)
		}
	}
	if b.Len() == 0 {
		return nil
	}
	return j.to.Info(b.String())
}

func (j *job) pages() error {
	n, err := j.in.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: j.doc})
	if err != nil {
		return fmt.Errorf("count pages: %w", err)
	}
	for i := range min(n.PageCount, maxPages) {
		if err := j.page(i); err != nil {
			return err
		}
	}
	if n.PageCount > maxPages {
		return j.to.Limit(string(budget.Pages))
	}
	return nil
}

func (j *job) page(i int) error {
	p, err := j.in.FPDF_LoadPage(&requests.FPDF_LoadPage{Document: j.doc, Index: i})
	if err != nil {
		return fmt.Errorf("load page: %w", err)
	}
	ref := requests.Page{ByReference: &p.Page}
	text := j.text(ref) + j.annotations(ref)
	if err := j.to.Page(strings.ReplaceAll(text, "\x00", "")); err != nil {
		return err
	}
	if j.render && strings.TrimSpace(text) == "" {
		if err := j.picture(ref, i); err != nil {
			return err
		}
	}
	_, err = j.in.FPDF_ClosePage(&requests.FPDF_ClosePage{Page: p.Page})
	return err
}

// text returns the text of a page at once; asked for character by character it would
// take twice as long.
func (j *job) text(ref requests.Page) string {
	tp, err := j.in.FPDFText_LoadPage(&requests.FPDFText_LoadPage{Page: ref})
	if err != nil {
		return ""
	}
	defer func() { _, _ = j.in.FPDFText_ClosePage(&requests.FPDFText_ClosePage{TextPage: tp.TextPage}) }()
	count, err := j.in.FPDFText_CountChars(&requests.FPDFText_CountChars{TextPage: tp.TextPage})
	if err != nil || count.Count <= 0 {
		return ""
	}
	t, err := j.in.FPDFText_GetText(&requests.FPDFText_GetText{TextPage: tp.TextPage, Count: count.Count})
	if err != nil {
		return ""
	}
	return t.Text + "\n"
}

// annotations returns notes and the values of form fields.
func (j *job) annotations(ref requests.Page) string {
	n, err := j.in.FPDFPage_GetAnnotCount(&requests.FPDFPage_GetAnnotCount{Page: ref})
	if err != nil {
		return ""
	}
	var b strings.Builder
	for i := range min(n.Count, maxNotes) {
		a, err := j.in.FPDFPage_GetAnnot(&requests.FPDFPage_GetAnnot{Page: ref, Index: i})
		if err != nil {
			continue
		}
		for _, key := range []string{"Contents", "V", "T", "TU"} {
			v, err := j.in.FPDFAnnot_GetStringValue(&requests.FPDFAnnot_GetStringValue{Annotation: a.Annotation, Key: key})
			if err == nil && v.Value != "" {
				b.WriteString(v.Value + "\n")
			}
		}
		_, _ = j.in.FPDFPage_CloseAnnot(&requests.FPDFPage_CloseAnnot{Annotation: a.Annotation})
	}
	return b.String()
}

// picture sends a page without text as a picture.
func (j *job) picture(ref requests.Page, i int) error {
	objects, err := j.in.FPDFPage_CountObjects(&requests.FPDFPage_CountObjects{Page: ref})
	if err != nil || objects.Count == 0 {
		return nil
	}
	r, err := j.in.RenderPageInDPI(&requests.RenderPageInDPI{DPI: dpi, Page: ref})
	if err != nil {
		return nil // a page that cannot be painted has no text to find
	}
	defer r.Cleanup()
	var buf bytes.Buffer
	if err := png.Encode(&buf, r.Result.RenderedImage); err != nil {
		return fmt.Errorf("encode page: %w", err)
	}
	return j.to.File(fmt.Sprintf("page %d.png", i+1), buf.Bytes())
}

func (j *job) files() error {
	at, err := j.in.GetAttachments(&requests.GetAttachments{Document: j.doc})
	if err != nil {
		return nil //nolint:nilerr // most files have none
	}
	for _, f := range at.Attachments[:min(len(at.Attachments), maxFiles)] {
		if err := j.to.File(f.Name, f.Content); err != nil {
			return err
		}
	}
	return nil
}
