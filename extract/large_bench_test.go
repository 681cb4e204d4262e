package extract_test

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/ulikunitz/xz"

	"github.com/sluice-dlp/sluice/extract"
)

// lines is about size bytes of text, no two lines alike.
func lines(size int) []string {
	var out []string
	for n := 0; n < size; n += len(out[len(out)-1]) {
		out = append(out, fmt.Sprintf("Line %d of the minutes: account %d was settled with Jane Roe on day %d of the month.", len(out), 7919*len(out)%100_003, len(out)%31))
	}
	return out
}

// largeDocuments is the same text in every format that a test can write.
func largeDocuments(b *testing.B) map[string][]byte {
	all := lines(1 << 20)
	text := []byte(strings.Join(all, "\n"))
	pack := packers(b)
	var xzed, tarred bytes.Buffer
	xw, err := xz.NewWriter(&xzed)
	if err != nil {
		b.Fatal(err)
	}
	_, _ = xw.Write(text)
	_ = xw.Close()
	tw := tar.NewWriter(&tarred)
	_ = tw.WriteHeader(&tar.Header{Name: "a.txt", Size: int64(len(text)), Mode: 0o600})
	_, _ = io.Copy(tw, bytes.NewReader(text))
	_ = tw.Close()
	return map[string][]byte{
		"txt":  text,
		"json": []byte(`["` + strings.Join(all, `\n","`) + `"]`),
		"html": []byte("<html><body><p>" + strings.Join(all, "</p><p>") + "</p></body></html>"),
		"rtf":  []byte(`{\rtf1\ansi ` + strings.Join(all, `\par `) + `}`),
		"docx": zipOf(b, member{"[Content_Types].xml", []byte("<Types/>")}, member{"word/document.xml", []byte(`<w:document><w:body><w:p><w:r><w:t>` + strings.Join(all, `</w:t></w:r></w:p><w:p><w:r><w:t>`) + `</w:t></w:r></w:p></w:body></w:document>`)}),
		"xlsx": zipOf(b, member{"[Content_Types].xml", []byte("<Types/>")}, member{"xl/sharedStrings.xml", []byte(`<sst><si><t>` + strings.Join(all, `</t></si><si><t>`) + `</t></si></sst>`)}),
		"odt":  zipOf(b, member{"mimetype", []byte("application/vnd.oasis.opendocument.text")}, member{"content.xml", []byte(`<office:document-content><text:p>` + strings.Join(all, `</text:p><text:p>`) + `</text:p></office:document-content>`)}),
		"eml":  []byte("From: a@example.org\r\nTo: b@example.org\r\nSubject: minutes\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString(text)),
		"zip":  zipOf(b, member{"a.txt", text}),
		"tar":  tarred.Bytes(),
		"gzip": pack["gzip"](text),
		"zstd": pack["zstd"](text),
		"xz":   xzed.Bytes(),
		"pdf":  pdfOf(all),
	}
}

// pdfOf is a PDF file with forty lines on a page.
func pdfOf(all []string) []byte {
	const perPage = 40
	objects := []string{"<</Type/Catalog/Pages 2 0 R>>", "", "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"}
	var kids strings.Builder
	for at := 0; at < len(all); at += perPage {
		var s strings.Builder
		s.WriteString("BT /F1 9 Tf 12 TL 20 800 Td\n")
		for _, line := range all[at:min(len(all), at+perPage)] {
			s.WriteString("(" + line + ") Tj T*\n")
		}
		s.WriteString("ET")
		objects = append(objects, fmt.Sprintf("<</Length %d>>stream\n%s\nendstream", s.Len(), s.String()),
			fmt.Sprintf("<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 850]/Resources<</Font<</F1 3 0 R>>>>/Contents %d 0 R>>", len(objects)+1))
		fmt.Fprintf(&kids, "%d 0 R ", len(objects))
	}
	objects[1] = fmt.Sprintf("<</Type/Pages/Kids[%s]/Count %d>>", kids.String(), (len(objects)-3)/2)
	return pdfObjects(objects...)
}

// BenchmarkLargeDocuments reads a megabyte of text out of each format; MB/s are of text.
func BenchmarkLargeDocuments(b *testing.B) {
	x := newWithWorkers(b, patience)
	for name, data := range largeDocuments(b) {
		b.Run(name, func(b *testing.B) {
			var d extract.Document
			b.ReportAllocs()
			perOp(b, func() { d = x.ExtractFile(context.Background(), name, data) })
			text := 0
			for _, part := range d.Texts {
				text += len(part.Text)
			}
			if text < 1<<20 || d.Outcome != extract.Complete {
				b.Fatalf("%d bytes of text, outcome %s %s", text, d.Outcome, d.Limit)
			}
			b.SetBytes(int64(text))
		})
	}
}
