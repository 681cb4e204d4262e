package extract_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/sluice-dlp/sluice/extract"
)

// zeros is n bytes of nothing, as a gzip file.
func zeros(t testing.TB, n int64) []byte {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := io.CopyN(w, nothing{}, n); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

type nothing struct{}

func (nothing) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type member struct {
	name string
	data []byte
}

func zipOf(t testing.TB, members ...member) []byte {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, m := range members {
		f, err := w.Create(m.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(m.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// overlapping is a zip whose directory names one member many times.
func overlapping(t testing.TB, times int) []byte {
	one := zipOf(t, member{"a", bytes.Repeat([]byte("x"), 30<<20)})
	end := bytes.LastIndex(one, []byte("PK\x05\x06"))
	start := int(binary.LittleEndian.Uint32(one[end+16:]))
	entry := one[start:end]
	out := append(bytes.Clone(one[:start]), bytes.Repeat(entry, times)...)
	tail := bytes.Clone(one[end:])
	binary.LittleEndian.PutUint16(tail[8:], uint16(times))
	binary.LittleEndian.PutUint16(tail[10:], uint16(times))
	binary.LittleEndian.PutUint32(tail[12:], uint32(times*len(entry)))
	return append(out, tail...)
}

// pdfObjects is a PDF file of these objects.
func pdfObjects(objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	var at []int
	for i, o := range objects {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, a := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", a)
	}
	fmt.Fprintf(&b, "trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, start)
	return b.Bytes()
}

func flateStream(gz []byte) string {
	return "<</Length 1/Filter/FlateDecode>>stream\nx\x9c" + string(gz[10:]) + "\nendstream"
}

func bombs(t testing.TB) map[string]struct {
	data  []byte
	limit string // "" when the file is read to its end in time
} {
	nested := []byte("secret at the bottom")
	for range 12 {
		nested = zipOf(t, member{"inner.zip", nested})
	}
	many := make([]member, 3000)
	for i := range many {
		many[i] = member{fmt.Sprintf("%d.txt", i), []byte("x")}
	}
	var tarred bytes.Buffer
	tw := tar.NewWriter(&tarred)
	for i := range 3000 {
		if err := tw.WriteHeader(&tar.Header{Name: fmt.Sprint(i), Size: 1, Mode: 0o600}); err != nil {
			t.Fatal(err)
		}
		_, _ = tw.Write([]byte("x"))
	}
	_ = tw.Close()
	mail := "x"
	for i := range 40 {
		mail = fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n%s\r\n--b%d--\r\n", i, i, mail, i)
	}
	var window bytes.Buffer
	zw, err := zstd.NewWriter(&window, zstd.WithWindowSize(64<<20), zstd.WithSingleSegment(false))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.CopyN(zw, nothing{}, 70<<20)
	_ = zw.Close()
	xz := append([]byte("\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4\x46"), 0x02, 0x00, 0x21, 0x01, 0x28, 0, 0, 0, 0, 0, 0, 0)
	gz := zeros(t, 256<<20)
	sheet := []byte(`<worksheet><sheetData>` + strings.Repeat(`<row><c t="inlineStr"><is><t>`+strings.Repeat("y", 1000)+`</t></is></c></row>`, 25000) + `</sheetData></worksheet>`)
	return map[string]struct {
		data  []byte
		limit string
	}{
		"a quarter gibibyte of zeros":       {gz, "member"},
		"gzip in gzip in gzip":              {zeros(t, 40<<20), "member"},
		"archives nested too deep":          {nested, "depth"},
		"too many members in a zip":         {zipOf(t, many...), "members"},
		"too many members in a tar":         {tarred.Bytes(), "members"},
		"one member under a thousand names": {overlapping(t, 1000), "text"},
		"members that are large together":   {zipOf(t, member{"a", make([]byte, 30<<20)}, member{"b", make([]byte, 30<<20)}, member{"c", make([]byte, 30<<20)}), "expanded"},
		"a zstd frame that wants 64 MiB":    {window.Bytes(), "window"},
		"an xz stream that wants 4 GiB":     {xz, "window"},
		"mail in mail in mail":              {[]byte("From: a\r\nTo: b\r\nSubject: c\r\n" + mail), "depth"},
		"more text than anyone reads":       {zipOf(t, member{"[Content_Types].xml", []byte("<x/>")}, member{"xl/worksheets/sheet1.xml", sheet}), "text"},
		"entities of entities":              {zipOf(t, member{"[Content_Types].xml", []byte("<x/>")}, member{"word/document.xml", []byte(`<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><x>` + strings.Repeat("&b;", 1<<20) + `</x>`)}), ""},
		"a million groups of RTF":           {[]byte(`{\rtf1 ` + strings.Repeat("{", 1<<20) + "x" + strings.Repeat("}", 1<<20)), "depth"},
		"tags without an end":               {[]byte("<html>" + strings.Repeat("<a '", 1<<20)), ""},
		"XML tags with open quotes":         {[]byte("<?xml version='1.0'?>" + strings.Repeat("<a '>", 1<<20)), ""},
		"pages that are their own parents":  {pdfObjects("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[2 0 R 2 0 R 2 0 R]/Count 1000000>>"), "?"},
		"zeros in a PDF stream":             {pdfObjects("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>", flateStream(gz)), "?"},
	}
}

// TestBombs asks that nothing takes more than its time and memory, and that what stopped
// the reading has a name.
func TestBombs(t *testing.T) {
	x := newWithWorkers(t, 0)
	for name, b := range bombs(t) {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			d := x.ExtractFile(t.Context(), name, b.data)
			took := time.Since(start)
			if took > mayTake {
				t.Errorf("took %v", took)
			}
			switch {
			case b.limit == "?": // whichever comes first
				if d.Outcome == extract.Complete && d.Limit == "" && len(d.Texts) > 0 {
					t.Errorf("outcome %s, limit %q", d.Outcome, d.Limit)
				}
			case b.limit != "" && d.Limit == "time" && took > 4*time.Second: // a limit as good as the other, on a busy machine
			case d.Limit != b.limit || b.limit != "" && d.Outcome != extract.Partial:
				t.Errorf("outcome %s, limit %q, want limit %q", d.Outcome, d.Limit, b.limit)
			}
			t.Logf("%v, outcome %s, limit %q", took, d.Outcome, d.Limit)
		})
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if m.Sys > 1<<30 {
		t.Errorf("the process took %d MiB from the system", m.Sys>>20)
	}
}

// TestCarrierBombs does the same for bodies.
func TestCarrierBombs(t *testing.T) {
	stack := []byte(`{"prompt":"hello"}`)
	for range 12 {
		stack = gzipOf(t, stack)
	}
	quoted := `"bottom"`
	for range 9 {
		quoted = fmt.Sprintf(`{"content":%q}`, quoted)
	}
	docs := zipOf(t, member{"a.txt", []byte("x")})
	cases := map[string]struct {
		header []string
		body   string
		limit  string
	}{
		"a quarter gibibyte behind gzip":  {[]string{"Content-Encoding", "gzip"}, string(zeros(t, 256<<20)), "member"},
		"codings upon codings":            {[]string{"Content-Encoding", strings.Repeat("gzip,", 11) + "gzip"}, string(stack), ""},
		"JSON in JSON in JSON":            {nil, quoted, "depth"},
		"a million brackets":              {nil, strings.Repeat("[", 1<<20), ""},
		"a million objects in each other": {nil, strings.Repeat(`{"content":`, 1<<19) + "1" + strings.Repeat("}", 1<<19), ""},
		"two million values":              {nil, "[" + strings.Repeat(`"x",`, 1<<21) + `"x"]`, "values"},
		"a hundred thousand fields":       {[]string{"Content-Type", "application/x-www-form-urlencoded"}, strings.Repeat("prompt=x&", 100_000), "values"},
		"frames that promise gigabytes":   {[]string{"Content-Type", "application/connect+proto"}, "\x00\xff\xff\xff\xffabc", ""},
		"ten thousand files in base64":    {nil, "[" + strings.Repeat(`"`+base64.StdEncoding.EncodeToString(docs)+`",`, 10_000) + `""]`, "members"},
	}
	x := extract.New(extract.Options{})
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			d := x.Extract(t.Context(), extract.Input{Method: "POST", Header: headers(c.header...), Body: memory{strings.NewReader(c.body)}})
			if took := time.Since(start); took > mayTake {
				t.Errorf("took %v", took)
			}
			found := c.limit == ""
			for _, g := range d.Gaps {
				found = found || g.Limit == c.limit || g.Limit == "time"
			}
			if !found {
				t.Errorf("gaps %v, want the limit %q", d.Gaps, c.limit)
			}
		})
	}
}

func gzipOf(t testing.TB, data []byte) []byte {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}
