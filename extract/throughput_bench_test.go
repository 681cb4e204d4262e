package extract_test

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/extract"
)

// largeSize is how large the bodies of BenchmarkThirtyMegabytes are, about.
const largeSize = 30 << 20

// largeBody is a request body of one kind.
type largeBody struct {
	ctype string
	body  func() string
}

// again repeats s to the size of a large body.
func again(s string) string { return strings.Repeat(s, largeSize/len(s)) }

func ofText(before, between, after string) func() string {
	return func() string { return before + strings.Join(lines(largeSize), between) + after }
}

// largeBodies are bodies as people send them, and bodies made to be slow.
func largeBodies(tb testing.TB) map[string]largeBody {
	pack := packers(tb)
	text := ofText("", "\n", "")
	out := map[string]largeBody{
		"text":                          {"text/plain", text},
		"text, UTF-16":                  {"text/plain", func() string { return "\xff\xfe" + again("a\x00b\x00 \x00") }},
		"text, Latin-1":                 {"text/plain", func() string { return again("Stra\xdfe und Wei\xdf\n") }},
		"csv":                           {"text/csv", func() string { return again("Roe,Jane,\"12, Hill Road\",4500,2026-01-31\r\n") }},
		"json, turns":                   {"application/json", func() string { return chat(largeSize) }},
		"json, numbers":                 {"application/json", func() string { return `{"a":[` + again("1,") + `1]}` }},
		"json, short strings":           {"application/json", func() string { return `{"a":[` + again(`"b",`) + `1]}` }},
		"json, objects":                 {"application/json", func() string { return `[` + again(`{"a":1},`) + `1]` }},
		"json, brackets":                {"application/json", func() string { return again("[") }},
		"json, lines":                   {"application/x-ndjson", func() string { return again(`{"text":"a line of the log","n":1}` + "\n") }},
		"json, escapes":                 {"application/json", func() string { return `{"prompt":"` + again(`\u0061`) + `"}` }},
		"form":                          {"application/x-www-form-urlencoded", func() string { return "q=" + strings.ReplaceAll(text(), " ", "+") }},
		"form, escapes":                 {"application/x-www-form-urlencoded", func() string { return "q=" + again("%61") }},
		"multipart, fields":             {formType, func() string { return again(onePart("", "", "a line of the minutes with Jane Roe")) }},
		"multipart, files":              {formType, func() string { return again(onePart("a.txt", "8bit", strings.Join(lines(3000), "\n"))) }},
		"uuencode":                      {"text/plain", func() string { return uuencoded([]byte(strings.Join(lines(largeSize*3/4), "\n"))) }},
		"html, paragraphs":              {"text/html", ofText("<html><p>", "</p><p>", "</p></html>")},
		"html, tags":                    {"text/html", func() string { return "<html>" + again("<b>a</b>") }},
		"html, entities":                {"text/html", func() string { return "<html>" + again("&amp;") }},
		"html, brackets":                {"text/html", func() string { return "<html>" + again("<") }},
		"html, open tag":                {"text/html", func() string { return "<html>" + again("<a ") }},
		"html, open comment":            {"text/html", func() string { return "<html><!--" + again("- ") }},
		"html, attributes":              {"text/html", func() string { return "<html>" + again("<p title=x>") }},
		"html, open script":             {"text/html", func() string { return "<html><script>" + again("</scrip ") }},
		"rtf":                           {"text/rtf", ofText(`{\rtf1\ansi `, `\par `, "}")},
		"rtf, bytes":                    {"text/rtf", func() string { return `{\rtf1\ansi ` + again(`\'e4`) }},
		"rtf, unicode":                  {"text/rtf", func() string { return `{\rtf1\ansi ` + again(`\u228?`) }},
		"rtf, groups":                   {"text/rtf", func() string { return `{\rtf1\ansi ` + again(`{a}`) }},
		"rtf, object":                   {"text/rtf", func() string { return `{\rtf1\ansi {\object{\*\objdata ` + again("41") }},
		"xml, elements":                 {"application/xml", ofText(`<?xml version="1.0"?><p>`, "</p><p>", "</p>")},
		"xml, tags":                     {"application/xml", func() string { return `<?xml version="1.0"?>` + again("<p>a</p>") }},
		"xml, attributes":               {"application/xml", func() string { return `<?xml version="1.0"?>` + again(`<p title="x" b="y"/>`) }},
		"xml, one tag":                  {"application/xml", func() string { return `<?xml version="1.0"?><a` + again(` b="y"`) + `/>` }},
		"xml, quotes":                   {"application/xml", func() string { return `<?xml version="1.0"?>` + again(`<a "`) }},
		"xml, entities":                 {"application/xml", func() string { return `<?xml version="1.0"?>` + again(`&#65;`) }},
		"xml, document types":           {"application/xml", func() string { return `<?xml version="1.0"?>` + again(`<!DOCTYPE [`) }},
		"text, begin":                   {"text/plain", func() string { return again("begin ") }},
		"text, begin in lines":          {"text/plain", func() string { return again("begin 644 a\n") }},
		"mail, folded header":           {"", func() string { return mailHead[:len(mailHead)-2] + "X-Note: a" + again("\r\n a") }},
		"mail, names in its header":     {"", func() string { return mailHead[:len(mailHead)-2] + again("a:b\r\n") }},
		"mail, boundaries":              {mailType, func() string { return again("--XX\r\n") }},
		"mail part, 7bit":               {mailType, func() string { return onePart("", "7bit", text()) }},
		"mail part, dashes":             {mailType, func() string { return onePart("", "7bit", again("\r\n--X")) }},
		"mail part, base64, short":      {mailType, func() string { return onePart("", "base64", again("A\r\n")) }},
		"zip, 10,000 members":           {"", func() string { return string(zipMembers(tb)) }},
		"zip, no directory":             {"", func() string { return strings.Split(string(zipMembers(tb)), "PK\x01\x02")[0] }},
		"zip, end records":              {"", func() string { return "PK\x03\x04" + again("PK\x05\x06") }},
		"zip, headers":                  {"", func() string { return again("PK\x03\x04\x00\x00\x00\x00\x08\x00") }},
		"tar, 10,000 members":           {"", func() string { return tarMembers(10_000) }},
		"gzip":                          {"", func() string { return string(pack["gzip"]([]byte(text()))) }},
		"gzip, members of a byte":       {"", func() string { return again(string(pack["gzip"]([]byte("a")))) }},
		"zstd":                          {"", func() string { return string(pack["zstd"]([]byte(text()))) }},
		"pdf, 10,000 objects, no child": {"application/pdf", func() string { return pdfStreams(10_000) }},
		"binary":                        {"", func() string { return again("\x00\x01abcdef\x80\xff") }},
		"binary, zeros":                 {"", func() string { return again("\x00") }},
	}
	inLines := func() string {
		return wrapped(base64.StdEncoding.EncodeToString([]byte(strings.Join(lines(largeSize*3/4), "\n"))))
	}
	for name, c := range map[string]struct {
		transfer string
		body     func() string
	}{
		"base64":                        {"base64", inLines},
		"quoted-printable, words":       {"quoted-printable", func() string { return strings.ReplaceAll(text(), "account", "acc=6Funt=\r\n") }},
		"quoted-printable, every byte":  {"quoted-printable", func() string { return again(strings.Repeat("=4A", 25) + "=\r\n") }},
		"quoted-printable, soft breaks": {"quoted-printable", func() string { return again("=\r\n") }},
		"quoted-printable, short lines": {"quoted-printable", func() string { return again("a\r\n") }},
	} {
		out["part, "+name] = largeBody{formType, func() string { return onePart("a.txt", c.transfer, c.body()) }}
		out["mail part, "+name] = largeBody{mailType, func() string { return onePart("", c.transfer, c.body()) }}
	}
	return out
}

const (
	formType = "multipart/form-data; boundary=XX"
	mailType = "message/rfc822"
	mailHead = "From: a@example.org\r\nTo: b@example.org\r\nSubject: minutes\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=XX\r\n\r\n"
)

// onePart is a part of a multipart body.
func onePart(file, transfer, body string) string {
	head := "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n"
	if file != "" {
		head = "--XX\r\nContent-Disposition: form-data; name=\"a\"; filename=\"" + file + "\"\r\n"
	}
	if transfer != "" {
		head += "Content-Type: text/plain\r\nContent-Transfer-Encoding: " + transfer + "\r\n"
	}
	return head + "\r\n" + body + "\r\n"
}

func wrapped(s string) string {
	var out strings.Builder
	for line := range slices.Chunk([]byte(s), 76) {
		out.Write(line)
		out.WriteString("\r\n")
	}
	return out.String()
}

func uuencoded(data []byte) string {
	var out strings.Builder
	out.WriteString("begin 644 a.txt\n")
	for line := range slices.Chunk(data, 45) {
		out.WriteByte(byte(' ' + len(line)))
		for group := range slices.Chunk(line, 3) {
			var g [3]byte
			copy(g[:], group)
			for _, six := range [...]byte{g[0] >> 2, g[0]<<4&0x3f | g[1]>>4, g[1]<<2&0x3f | g[2]>>6, g[2] & 0x3f} {
				out.WriteByte(' ' + six)
			}
		}
		out.WriteByte('\n')
	}
	return out.String() + "`\nend\n"
}

func zipMembers(tb testing.TB) []byte {
	text := []byte(strings.Join(lines(largeSize/10_000), "\n"))
	members := make([]member, 10_000)
	for i := range members {
		members[i] = member{fmt.Sprintf("%d.txt", i), text}
	}
	return zipOf(tb, members...)
}

func tarMembers(n int) string {
	text := strings.Join(lines(largeSize/n), "\n")
	var out bytes.Buffer
	tw := tar.NewWriter(&out)
	for i := range n {
		_ = tw.WriteHeader(&tar.Header{Name: fmt.Sprintf("%d.txt", i), Size: int64(len(text)), Mode: 0o600})
		_, _ = io.WriteString(tw, text)
	}
	_ = tw.Close()
	return out.String()
}

func pdfStreams(n int) string {
	text := "BT (" + strings.Join(lines(largeSize/n), ") Tj (") + ") Tj ET"
	stream := fmt.Sprintf("<</Length %d>>stream\n%s\nendstream", len(text), text)
	return string(pdfObjects(slices.Repeat([]string{stream}, n)...))
}

// BenchmarkThirtyMegabytes reads bodies of 30 MB with limits that let all of them be read.
// MB/s are of the body, or of what is in it when that is more, by the processor time of the
// thread.
func BenchmarkThirtyMegabytes(b *testing.B) {
	x := extract.New(extract.Options{Expanded: 1 << 30, Member: 1 << 30, Text: 1 << 30, Members: 1 << 20, Time: time.Minute})
	bodies := largeBodies(b)
	for _, name := range slices.Sorted(maps.Keys(bodies)) {
		b.Run(name, func(b *testing.B) {
			c := bodies[name]
			data := []byte(c.body())
			switch c.ctype {
			case formType:
				data = append(data, "--XX--\r\n"...)
			case mailType:
				data = append(append([]byte(mailHead), data...), "--XX--\r\n"...)
			}
			in := extract.Input{Method: "PUT", Header: headers("Content-Type", c.ctype), Body: inMemory(data)}
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			b.ReportAllocs()
			began, text := cpuTime(b), int64(0)
			for b.Loop() {
				d := x.Extract(context.Background(), in)
				text = 0
				for _, t := range d.Texts {
					text += t.Size
				}
				d.Close()
			}
			took := (cpuTime(b) - began).Seconds() / float64(b.N)
			b.ReportMetric(float64(max(text, int64(len(data))))/1e6/took, "cpu-MB/s")
			b.ReportMetric(float64(text)/1e6, "MB-text")
		})
	}
}
