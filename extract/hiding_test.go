package extract_test

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/sluice-dlp/sluice/extract"
)

// TestNothingHides puts one value into places of a body where a reader of its documented
// format would not look.
func TestNothingHides(t *testing.T) {
	const value = "my card is 4111 1111 1111 1111"
	archive := string(zipOf(t, member{"a.txt", []byte(value)}))
	pack := packers(t)
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	prompt := func(s string) string { return fmt.Sprintf(`{"messages":[{"role":"user","content":%q}]}`, s) }
	const png = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
	chunk := func(kind, body string) string { // the checksum is one that goes on with a number
		return string(binary.BigEndian.AppendUint32(nil, uint32(len(body)))) + kind + body + "5555"
	}
	zlib := func(s string) string {
		var b bytes.Buffer
		z := zlib.NewWriter(&b)
		if _, err := io.WriteString(z, s); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	end := chunk("IEND", "")
	const mpType = "multipart/form-data; boundary=XX"
	quoted := func(s string) string {
		return strings.Replace(mp(`name="prompt"`, s), "\r\n\r\n", "\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", 1)
	}
	const head = "From: a@example.org\r\nTo: b@example.org\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
	parts := func(n int) string {
		return strings.Repeat(strings.TrimSuffix(mp(`name="p"`, "x"), "--XX--\r\n"), n)
	}
	uu := uuencoded([]byte(strings.Repeat("words ", 20) + value))
	cases := map[string]struct{ ctype, coding, body string }{
		"an archive behind a JSON body":              {"application/json", "", prompt("hello") + archive},
		"an archive behind a text":                   {"text/plain", "", strings.Repeat("hello there ", 50) + archive},
		"an archive in the field of a form":          {"application/x-www-form-urlencoded", "", "prompt=hello&x=" + url.QueryEscape(archive)},
		"an archive in a form that is not encoded":   {"application/x-www-form-urlencoded", "", "prompt=hello&x=" + archive},
		"an archive in the field of a multipart":     {mpType, "", mp(`name="prompt"`, archive)},
		"a file that is an archive in base64":        {mpType, "", mp(`name="file"; filename="a.txt"`, b64(archive)[:40]+"\r\n"+b64(archive)[40:]+"\r\n")},
		"quoted-printable in a part":                 {mpType, "", strings.Replace(mp(`name="prompt"`, strings.ReplaceAll(value, "4111", "4=\r\n=3111")), "\r\n\r\n", "\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", 1)},
		"quoted-printable without line breaks":       {mpType, "", quoted(strings.Repeat("=41", 3000) + "=34=3111 1111 1111 1111")},
		"quoted-printable behind a wrong escape":     {mpType, "", quoted("a =ZZ 4=\r\n111 1111 1=31=31= \t\r\n1 1111 1=311=")},
		"a mail in quoted-printable, one long line":  {"message/rfc822", "", head + "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + strings.Repeat("=41", 3000) + "=34=3111 1111 1111 1111"},
		"a page with a very long text":               {"text/html", "", "<html><body>" + strings.Repeat("long ", 1<<20) + "<p>" + value},
		"a page with a very long tag":                {"text/html", "", "<html><body><a " + strings.Repeat("long ", 1<<20) + "><p>" + value},
		"a page with a very long comment":            {"text/html", "", "<html><body><!-- " + strings.Repeat("long ", 1<<20) + "--><p>" + value},
		"an attribute of a page that it made up":     {"text/html", "", `<!doctype html><html><body><p data-note="4111 1111 1111 1111">x</p></body></html>`},
		"XML with a bracket that opens no tag":       {"text/xml", "", `<?xml version="1.0"?><p>1 < 2 and ` + value},
		"a processing instruction of XML":            {"text/xml", "", `<?xml version="1.0"?><?note ` + value + `?><p>x</p>`},
		"a comment in a document type of XML":        {"text/xml", "", `<?xml version="1.0"?><!DOCTYPE p [<!-- ` + value + ` -->]><p>x</p>`},
		"a document type of XML that does not end":   {"text/xml", "", `<?xml version="1.0"?><!DOCTYPE p [ ` + value},
		"an XML declaration that does not end":       {"text/xml", "", `<?xml version="1.0" ` + value},
		"a uuencoded file in a prompt":               {"application/json", "", prompt("see\n" + uu)},
		"a uuencoded file in a text body":            {"text/plain", "", "see\n" + uu},
		"a uuencoded file in a file":                 {mpType, "", mp(`name="file"; filename="a.txt"`, "see\r\n"+strings.ReplaceAll(uu, "\n", "\r\n"))},
		"a uuencoded file in a mail":                 {"message/rfc822", "", head + "\r\n" + uu},
		"the name of a field of a form":              {"application/x-www-form-urlencoded", "", "prompt=hi&4111+1111+1111+1111=x"},
		"a field of a form without a value":          {"application/x-www-form-urlencoded", "", "prompt=hi&4111+1111+1111+1111"},
		"the name of a part":                         {mpType, "", mp(`name="4111 1111 1111 1111"`, "x")},
		"a part without an empty line in it":         {mpType, "", "--XX\r\n" + value + "\r\n--XX--\r\n"},
		"a page that ends within a tag":              {"text/html", "", `<html><body>hello <a name="` + value},
		"the last of a hundred thousand strings":     {"application/json", "", "[" + strings.Repeat(`"a b c",`, 100_000) + `"` + value + `"]`},
		"the same behind gzip":                       {"application/json", "gzip", string(pack["gzip"]([]byte("[" + strings.Repeat(`"a b c",`, 100_000) + `"` + value + `"]`)))},
		"the last of many fields of a form":          {"application/x-www-form-urlencoded", "", strings.Repeat("prompt=x&", 20_000) + "prompt=" + value},
		"the last of many parts":                     {mpType, "", parts(20_000) + mp(`name="prompt"`, value)},
		"an archive behind a multipart body":         {mpType, "", mp(`name="prompt"`, "hello") + archive},
		"an archive behind a picture, in base64":     {"application/json", "", `{"image_url":{"url":"data:image/png;base64,` + b64(png+archive) + `"}}`},
		"a text before a multipart body":             {mpType, "", value + "\r\n" + mp(`name="prompt"`, "hello")},
		"a text behind a multipart body":             {mpType, "", mp(`name="prompt"`, "hello") + value},
		"base64 of an archive under any name":        {"application/json", "", `{"zz":"` + b64(archive) + `"}`},
		"base64 of gzip as a prompt":                 {"application/json", "", prompt(b64(string(pack["gzip"]([]byte(value)))))},
		"a data: URI in Markdown":                    {"application/json", "", prompt("look ![x](data:text/plain;base64," + b64(value) + ") please")},
		"a data: URI that is not base64":             {"application/json", "", `{"image_url":{"url":"data:text/plain,` + url.PathEscape(value) + `"}}`},
		"the name of a member of a tool's arguments": {"application/json", "", `{"messages":[{"role":"assistant","tool_calls":[{"function":{"arguments":{"` + value + `":1}}}]}]}`},
		"the name of a member of a turn":             {"application/json", "", `{"messages":[{"role":"user","content":{"` + value + `":true}}]}`},
		"a second JSON document":                     {"application/json", "", prompt("hello") + prompt(value)},
		"a text behind JSON":                         {"application/json", "", prompt("hello") + "\n" + value},
		"JSON that breaks off":                       {"application/json", "", prompt(value + " and more")[:72]},
		"JSON in JSON in JSON in JSON":               {"application/json", "", prompt(fmt.Sprintf(`{"a":%q}`, fmt.Sprintf(`{"b":%q}`, fmt.Sprintf(`{"c":%q}`, value))))},
		"JSON with a byte order mark":                {"application/json", "", "\xef\xbb\xbf" + prompt(value)},
		"a frame that says it is longer":             {"application/connect+json", "", "\x00\x00\x00\x02\x00" + prompt(value)},
		"the second frame":                           {"application/connect+json", "", framed(0, prompt("hello")) + framed(0, prompt(value))},
		"MessagePack":                                {"application/msgpack", "", "\x82\xa6prompt\xbe" + value + "\xa5model\xa1m"},
		"gzip in gzip, named twice":                  {"application/json", "gzip, gzip", string(pack["gzip"](pack["gzip"]([]byte(prompt(value)))))},
		"gzip in two members":                        {"application/json", "gzip", string(pack["gzip"]([]byte(prompt(value)[:30]))) + string(pack["gzip"]([]byte(prompt(value)[30:])))},
		"zstd that is called br":                     {"application/json", "br", string(pack["zstd"]([]byte(prompt(value))))},
		"a data: URI in percent-encoded base64":      {"application/json", "", `{"image_url":{"url":"data:text/plain;base64,` + strings.ReplaceAll(url.QueryEscape(b64(value)), "D", "%44") + `"}}`},
		"a data: URI with blanks in base64":          {"application/json", "", `{"image_url":{"url":"data:text/plain;base64,` + b64(value)[:6] + " " + b64(value)[6:] + `"}}`},
		"a data: URI with a percent sign at its end": {"application/json", "", `{"image_url":{"url":"data:text/plain,` + url.PathEscape(value) + `%"}}`},
		"a data: URI in a page":                      {"text/html", "", `<!doctype html><html><body><a href="data:text/plain;base64,` + b64(value) + `">x</a></body></html>`},
		"a data: URI in a page, percent-encoded":     {"text/html", "", `<!doctype html><html><body><img alt="x" src="DATA:,` + url.PathEscape(value) + `"></body></html>`},
		"an archive in the data: URI of a page":      {"text/html", "", `<!doctype html><html><body><object data="data:;base64,` + b64(archive) + `"></object></body></html>`},
		"a comment in the styles of a page":          {"text/html", "", "<html><style>p {color: red} /* " + value + " */</style><p>x</p></html>"},
		"a string in the styles of a page":           {"text/html", "", "<html><style>p::after {content: '" + value + "'}</style><p>x</p></html>"},
		"a value in the styles of a page":            {"text/html", "", "<html><style>:root {--n: 4111 1111 1111 1111}</style><p>x</p></html>"},
		"a selector in the styles of a page":         {"text/html", "", "<html><style>" + value + " {color: red}</style><p>x</p></html>"},
		"a text that is no style":                    {"text/html", "", "<html><style>p {color: red} " + value + "</style><p>x</p></html>"},
		"a string in styles that does not end":       {"text/html", "", "<html><style>p {content: '" + value + "</style><p>x</p></html>"},
		"a data: URI in the styles of a page":        {"text/html", "", "<html><style>p {background: url(data:text/plain;base64," + b64(value) + ")}</style><p>x</p></html>"},
		"a data: URI in a string in styles":          {"text/html", "", "<html><style>p {background: url('data:," + url.PathEscape(value) + "')}</style><p>x</p></html>"},
		"a text in a picture":                        {"image/png", "", png + chunk("tEXt", "Comment\x00"+value) + end},
		"a packed text in a picture":                 {"image/png", "", png + chunk("zTXt", "Comment\x00\x00"+zlib(value)) + end},
		"a text in UTF-8 in a picture":               {"image/png", "", png + chunk("iTXt", "Comment\x00\x00\x00de\x00Notiz\x00"+value) + end},
		"a packed text in UTF-8 in a picture":        {"image/png", "", png + chunk("iTXt", "Comment\x00\x01\x00\x00\x00"+zlib(value)) + end},
		"the keyword of a text in a picture":         {"image/png", "", png + chunk("tEXt", value+"\x00x") + end},
		"a packed text in a picture that breaks off": {"image/png", "", png + chunk("zTXt", "Comment\x00\x00"+zlib(value))[:40]},
		"a text behind the end of a picture":         {"image/png", "", png + end + value},
		"gzip of a text that no header names":        {"text/plain", "", string(pack["gzip"]([]byte(value)))},
	}
	x := extract.New(extract.Options{})
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := x.Extract(t.Context(), extract.Input{
				Method: "POST", Header: headers("Content-Type", c.ctype, "Content-Encoding", c.coding), Body: memory{strings.NewReader(c.body)},
			})
			defer d.Close()
			for _, text := range d.Texts {
				if strings.Contains(string(text.Data), "4111 1111 1111 1111") {
					return
				}
			}
			t.Errorf("the value is in none of %d texts; gaps %v", len(d.Texts), d.Gaps)
			for _, text := range d.Texts[:min(len(d.Texts), 20)] {
				t.Logf("%s %s: %.100q", text.Role, text.Path, text.Data)
			}
		})
	}
}
