package extract_test

import (
	"context"
	"fmt"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/extract"
)

// inMemory is a body that costs nothing to read.
type inMemory []byte

func (b inMemory) Size() int64           { return int64(len(b)) }
func (b inMemory) Bytes() ([]byte, bool) { return b, true }
func (b inMemory) ReadAt(p []byte, at int64) (int, error) {
	return strings.NewReader(string(b)).ReadAt(p, at)
}

// chat is a clean conversation of about size bytes.
func chat(size int) string {
	const turn = `{"role":"user","content":"Please explain how the settlement of an account works when its balance is below zero, and what to tell the customer."}`
	const answer = `{"role":"assistant","content":"An account below zero is not settled; tell the customer that the balance must be cleared first."}`
	var b strings.Builder
	b.WriteString(`{"model":"gpt-5","stream":true,"temperature":0.7,"messages":[`)
	for b.Len() < size-2*len(turn) {
		b.WriteString(turn + "," + answer + ",")
	}
	return b.String() + turn + `]}`
}

func cleanInput(t testing.TB, body string) extract.Input {
	return extract.Input{
		Method: "POST", Host: "api.openai.com", Path: "/v1/chat/completions",
		Header: func(string) []byte { return nil }, Body: inMemory(body), Rule: jsonRule(t),
	}
}

// TestCleanJSONAllocations holds the price of the commonest request: a clean JSON prompt of
// 4 KB.
func TestCleanJSONAllocations(t *testing.T) {
	x, in := extract.New(extract.Options{}), cleanInput(t, chat(4096))
	ctx := context.Background()
	if n := testing.AllocsPerRun(200, func() { x.Extract(ctx, in) }); n > 16 {
		t.Errorf("%v allocations for a clean prompt of 4 KB, want at most 16", n)
	}
}

func BenchmarkExtract(b *testing.B) {
	pack := packers(b)
	body := chat(4096)
	form := "f.req=" + url.QueryEscape(fmt.Sprintf("[null,%q]", fmt.Sprintf("[[%q]]", strings.Repeat("Please explain it in words. ", 140))))
	formRule, err := extract.CompileRule(extract.RuleSpec{Activity: "prompt", Carrier: "form", Text: "form:f.req > json:[1] > json:[0][0]"})
	if err != nil {
		b.Fatal(err)
	}
	multipart := "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\n" + strings.Repeat("Plain words in a file. ", 3000) + "\r\n--X--\r\n"
	cases := []struct {
		name string
		in   extract.Input
	}{
		{"json-4k", cleanInput(b, body)},
		{"json-16k", cleanInput(b, chat(16<<10))},
		{"json-256k", cleanInput(b, chat(256<<10))},
		{"json-16k-gzip", extract.Input{Method: "POST", Header: headers("Content-Encoding", "gzip"), Body: inMemory(pack["gzip"]([]byte(chat(16 << 10)))), Rule: jsonRule(b)}},
		{"form-4k", extract.Input{Method: "POST", Header: headers("Content-Type", "application/x-www-form-urlencoded"), Body: inMemory(form), Rule: formRule}},
		{"multipart-69k", extract.Input{Method: "POST", Header: headers("Content-Type", "multipart/form-data; boundary=X"), Body: inMemory(multipart)}},
		{"raw-69k", extract.Input{Method: "PUT", Header: headers(), Body: inMemory(strings.Repeat("Plain words in a file. ", 3000))}},
	}
	x := extract.New(extract.Options{})
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(c.in.Body.Size())
			b.ReportAllocs()
			perOp(b, func() { x.Extract(context.Background(), c.in) })
		})
	}
}

// perOp runs f and reports, beside the time on the clock, the processor time of its thread:
// MB/s of it, and what 99 of 100 runs stay under.
func perOp(b *testing.B, f func()) {
	b.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	took, total := make([]time.Duration, 0, 1<<16), time.Duration(0)
	for b.Loop() {
		began := cpuTime(b)
		f()
		took = append(took, cpuTime(b)-began)
	}
	for _, d := range took {
		total += d
	}
	slices.Sort(took)
	b.ReportMetric(float64(total.Nanoseconds())/float64(len(took)), "cpu-ns/op")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "cpu-p99-ns")
}

// BenchmarkRewrite16K is one finding in a prompt of 16 KiB, extracted and masked.
func BenchmarkRewrite16K(b *testing.B) {
	body := strings.Replace(chat(16<<10), "clean", "4111 1111 1111 1111 clean", 1)
	in := cleanInput(b, strings.Replace(body, "settlement", "settle 4111 1111 1111 1111 \\u0041", 1))
	x := extract.New(extract.Options{})
	b.SetBytes(in.Body.Size())
	b.ReportAllocs()
	perOp(b, func() {
		d := x.Extract(context.Background(), in)
		if _, err := d.Rewrite(cutsOf(d, []string{"4111 1111 1111 1111"})); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkDocuments reads files of the corpus; PDF files in child processes.
func BenchmarkDocuments(b *testing.B) {
	x := newWithWorkers(b, patience)
	for _, name := range []string{"letter.docx", "letter.odt", "letter.doc", "letter.rtf", "letter.html", "letter.pdf", "book.xlsx", "book.xls", "talk.pptx", "message.eml", "message.msg", "lzma2.7z", "plain.zip", "stored.rar", "t.tar.gz"} {
		data := readDocument(b, name)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				x.ExtractFile(context.Background(), name, data)
			}
		})
	}
}
