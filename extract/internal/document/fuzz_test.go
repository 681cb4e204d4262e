package document

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/extract/internal/budget"
	"github.com/sluice-dlp/sluice/extract/internal/charset"
)

func newWalk(tb testing.TB) *walk {
	left := budget.New(tb.Context(), budget.Limits{
		Expanded: 4 << 20, Member: 1 << 20, Text: 1 << 20, Depth: 6, Members: 200, Time: 2 * time.Second,
	}, nil)
	return &walk{left: &left, result: Result{Outcome: Complete}}
}

// seed adds the documents of the corpus with one of these endings, or all.
func seed(f *testing.F, endings ...string) {
	f.Helper()
	names, err := filepath.Glob("../../testdata/documents/*")
	if err != nil || len(names) < 70 {
		f.Fatalf("%d documents: %v", len(names), err)
	}
	for _, name := range names {
		if len(endings) > 0 && !contains(endings, filepath.Ext(name)) {
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		if filepath.Ext(name) == ".gz" && contains(endings, ".ppt") {
			if z, err := gzip.NewReader(bytes.NewReader(data)); err == nil {
				var b bytes.Buffer
				_, _ = b.ReadFrom(z)
				data = b.Bytes()
			}
		}
		if len(data) < 100_000 {
			f.Add(data)
		}
	}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// within asks that the reading stayed within its budget.
func within(t *testing.T, w *walk, start time.Time) {
	t.Helper()
	total := 0
	for _, p := range w.result.Parts {
		total += len(p.Text)
	}
	if total > 1<<20 {
		t.Fatalf("%d bytes of text, more than the limit", total)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Fatalf("took %v", took)
	}
}

// The readers of our own are fuzzed without the recover that stands around them.
func fuzzReader(f *testing.F, read func(w *walk, data []byte), endings ...string) {
	seed(f, endings...)
	f.Fuzz(func(t *testing.T, data []byte) {
		w, start := newWalk(t), time.Now()
		read(w, data)
		within(t, w, start)
	})
}

func FuzzRead(f *testing.F) {
	fuzzReader(f, func(w *walk, data []byte) { w.file("", data, 0) })
}

func FuzzZip(f *testing.F) {
	fuzzReader(f, func(w *walk, data []byte) {
		if end := endRecord(data); end >= 0 {
			w.zip("", data, end, 0)
		}
		w.zipCut("", data, 0)
	}, ".zip", ".docx", ".odt", ".xlsx")
}

func FuzzArchives(f *testing.F) {
	fuzzReader(f, func(w *walk, data []byte) { w.file("", data, 0) }, ".7z", ".rar", ".tar", ".gz", ".bz2", ".xz", ".zst")
}

func FuzzRTF(f *testing.F) {
	fuzzReader(f, func(w *walk, data []byte) {
		w.rtf("", data, 0)
		decompressRTF(data, 1<<20)
	}, ".rtf")
}

func FuzzHTML(f *testing.F) {
	fuzzReader(f, func(w *walk, data []byte) { w.html("", data, charset.Detect(data, ""), 0) }, ".html")
}

func FuzzXML(f *testing.F) {
	fuzzReader(f, func(w *walk, data []byte) {
		w.text("", xmlText(data))
		b := workbook{formats: numberFormats(data)}
		b.share(data)
		w.text("", b.sheet(data))
		w.text("", b.left())
	}, ".fodt", ".fods", ".svg")
}

func FuzzMail(f *testing.F) {
	fuzzReader(f, func(w *walk, data []byte) { w.mail("", data, 0) }, ".eml")
}

func FuzzPDFStreams(f *testing.F) {
	fuzzReader(f, func(w *walk, data []byte) { w.pdfStreams("", data, 0) }, ".pdf")
}

func FuzzOffice97(f *testing.F) {
	fuzzReader(f, func(w *walk, data []byte) {
		w.excel97("", data)
		w.powerpoint97("", data)
		w.ole10("", data, 0)
		w.word97("", data, data[len(data)/2:])
	}, ".doc", ".xls", ".ppt", ".msg", ".gz")
}

func FuzzPlain(f *testing.F) {
	fuzzReader(f, func(w *walk, data []byte) {
		if cs, ok := Plain(data); ok {
			w.text("", UnescapeJSON(cs.Decode(data)))
		}
		w.text("", runs(data, 3))
	}, ".txt", ".csv", ".json", ".bin")
}
