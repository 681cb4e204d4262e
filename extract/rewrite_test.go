package extract_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"github.com/sluice-dlp/sluice/extract"
)

const label = "[masked]"

// cutsOf asks for every occurrence of the values in every text to be replaced.
func cutsOf(d *extract.Doc, values []string) []extract.Cut {
	var cuts []extract.Cut
	for i, text := range d.Texts {
		for _, v := range values {
			for at := 0; ; {
				k := strings.Index(string(text.Data[at:]), v)
				if k < 0 {
					break
				}
				cuts = append(cuts, extract.Cut{Text: i, Start: at + k, End: at + k + len(v), With: label})
				at += k + len(v)
			}
		}
	}
	return cuts
}

// TestRewriteCases masks every planted value of every case: the result must still be read,
// hold none of the values, and differ from what was sent in the masked texts only.
func TestRewriteCases(t *testing.T) {
	x, cat := extract.New(extract.Options{}), catalogue(t)
	edited := 0
	for _, c := range loadCases(t) {
		if len(c.Sensitive) == 0 {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			in := c.input(t, cat)
			d := x.Extract(t.Context(), in)
			out, err := d.Rewrite(cutsOf(d, c.Sensitive))
			if why := notEditable(c); why != "" {
				if !errors.Is(err, extract.ErrNotEditable) {
					t.Fatalf("got %v, want ErrNotEditable: %s", err, why)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			edited++
			in.Body = memory{strings.NewReader(string(out))}
			wantMasked(t, d, x.Extract(t.Context(), in), c.Sensitive)
			wantWellFormed(t, c, out)
		})
	}
	if edited < 25 {
		t.Fatalf("rewrote %d cases, want 25", edited)
	}
}

// notEditable says why a case cannot be rewritten.
func notEditable(c labelled) string {
	switch {
	case strings.Contains(c.ID, "poe-send"), strings.Contains(c.ID, "bedrock"):
		return "the request is signed"
	case strings.Contains(c.ID, "blob-put-pdf"), strings.Contains(c.ID, "upload-finalize"), strings.Contains(c.ID, "grok-upload-file"):
		return "documents are not rewritten"
	case strings.Contains(c.ID, "get-query"), strings.Contains(c.ID, "bing-create"):
		return "the value is in the URL as well"
	}
	return ""
}

// wantMasked compares the texts of a rewritten request with what the first one should have
// become.
func wantMasked(t *testing.T, before, after *extract.Doc, values []string) {
	t.Helper()
	if len(after.Texts) != len(before.Texts) {
		t.Fatalf("%d texts after, %d before", len(after.Texts), len(before.Texts))
	}
	for i, text := range before.Texts {
		want := string(text.Data)
		for _, v := range values {
			want = strings.ReplaceAll(want, v, label)
		}
		got := after.Texts[i]
		if string(got.Data) != want || got.Path != text.Path && got.Role != extract.File || got.Role != text.Role {
			t.Errorf("text %d at %s is not the masked one at %s", i, got.Path, text.Path)
		}
	}
}

func wantWellFormed(t *testing.T, c labelled, out []byte) {
	t.Helper()
	ctype := c.Headers["Content-Type"]
	kind, params, err := mime.ParseMediaType(ctype)
	if err != nil {
		t.Fatal(err)
	}
	switch kind {
	case "application/json":
		if !json.Valid(out) {
			t.Error("the result is no JSON")
		}
	case "application/x-www-form-urlencoded":
		if _, err := url.ParseQuery(string(out)); err != nil {
			t.Error(err)
		}
	case "multipart/form-data":
		if _, err := multipart.NewReader(bytes.NewReader(out), params["boundary"]).ReadForm(1 << 20); err != nil {
			t.Error(err)
		}
	}
}

func jsonRule(t testing.TB) *extract.Rule {
	t.Helper()
	r, err := extract.CompileRule(extract.RuleSpec{Activity: "prompt", Carrier: "json", Text: "messages[*].content", Role: "messages[*].role"})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func headers(pairs ...string) func(string) []byte {
	h := http.Header{}
	for i := 0; i+1 < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return func(name string) []byte { return []byte(h.Get(name)) }
}

func packers(t testing.TB) map[string]func([]byte) []byte {
	through := func(open func(io.Writer) io.WriteCloser) func([]byte) []byte {
		return func(b []byte) []byte {
			var buf bytes.Buffer
			w := open(&buf)
			if _, err := w.Write(b); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			return buf.Bytes()
		}
	}
	return map[string]func([]byte) []byte{
		"gzip": through(func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }),
		"zlib": through(func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }),
		"raw":  through(func(w io.Writer) io.WriteCloser { z, _ := flate.NewWriter(w, 6); return z }),
		"br":   through(func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) }),
		"zstd": through(func(w io.Writer) io.WriteCloser { z, _ := zstd.NewWriter(w); return z }),
		"none": func(b []byte) []byte { return b },
	}
}

func TestContentEncodings(t *testing.T) {
	const body = `{"messages":[{"role":"user","content":"say \"4111 1111 1111 1111\" to J\u00f6rg"}]}`
	const want = `{"messages":[{"role":"user","content":"say \"[masked]\" to J\u00f6rg"}]}`
	pack := packers(t)
	cases := map[string]struct {
		header string
		body   []byte
	}{
		"gzip":                         {"gzip", pack["gzip"]([]byte(body))},
		"deflate as the RFC means it":  {"deflate", pack["zlib"]([]byte(body))},
		"deflate without its wrapper":  {"deflate", pack["raw"]([]byte(body))},
		"brotli":                       {"br", pack["br"]([]byte(body))},
		"zstd":                         {"zstd", pack["zstd"]([]byte(body))},
		"brotli upon gzip":             {"gzip, br", pack["br"](pack["gzip"]([]byte(body)))},
		"gzip that is called brotli":   {"br", pack["gzip"]([]byte(body))},
		"brotli that is called gzip":   {"gzip", pack["br"]([]byte(body))},
		"plain text that says gzip":    {"gzip", []byte(body)},
		"gzip that nobody names":       {"", pack["gzip"]([]byte(body))},
		"zstd that nobody names":       {"", pack["zstd"]([]byte(body))},
		"zlib that nobody names":       {"identity", pack["zlib"]([]byte(body))},
		"a coding nobody has heard of": {"dcb, UTF-8", []byte(body)},
		"gzip twice, named once":       {"gzip", pack["gzip"](pack["gzip"]([]byte(body)))},
	}
	x := extract.New(extract.Options{})
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in := extract.Input{
				Method: "POST", Header: headers("Content-Encoding", c.header, "Content-Type", "application/json"),
				Body: memory{strings.NewReader(string(c.body))}, Rule: jsonRule(t),
			}
			d := x.Extract(t.Context(), in)
			if len(d.Texts) != 1 || string(d.Texts[0].Data) != `say "4111 1111 1111 1111" to Jörg` || len(d.Gaps) > 0 {
				t.Fatalf("%d texts, gaps %v", len(d.Texts), d.Gaps)
			}
			out, err := d.Rewrite(cutsOf(d, []string{"4111 1111 1111 1111"}))
			if err != nil {
				t.Fatal(err)
			}
			in.Body = memory{strings.NewReader(string(out))}
			if peeked := x.Peek(t.Context(), in, 1<<20); string(peeked) != want {
				t.Errorf("rewritten as %s", peeked)
			}
		})
	}
}

func TestUndecodable(t *testing.T) {
	whole := packers(t)["gzip"]([]byte(`{"messages":[{"role":"user","content":"` + strings.Repeat("secret words ", 2000) + `"}]}`))
	cases := map[string]struct {
		header string
		body   []byte
		texts  int
	}{
		"noise that says gzip":  {"gzip", []byte(strings.Repeat("\x00\xff\x17\x91", 50)), 0},
		"gzip that was cut off": {"gzip", whole[:len(whole)-20], 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := extract.New(extract.Options{}).Extract(t.Context(), extract.Input{
				Method: "POST", Header: headers("Content-Encoding", c.header),
				Body: memory{strings.NewReader(string(c.body))}, Rule: jsonRule(t),
			})
			if len(d.Gaps) == 0 || d.Gaps[0].Reason != "undecodable" || d.Gaps[0].Path != "body" {
				t.Errorf("gaps %v, want an undecodable body", d.Gaps)
			}
			if len(d.Texts) < c.texts {
				t.Errorf("%d texts, want %d: what came before the mistake counts", len(d.Texts), c.texts)
			}
		})
	}
}

func TestSignedRequests(t *testing.T) {
	const body = `{"messages":[{"role":"user","content":"card 4111"}]}`
	cases := map[string]struct {
		header   []string
		editable bool
		with     string
	}{
		"nothing is signed":                      {nil, true, label},
		"Content-MD5":                            {[]string{"Content-MD5", "x"}, false, label},
		"a digest of RFC 9530":                   {[]string{"Content-Digest", "sha-256=:x:"}, false, label},
		"SigV4":                                  {[]string{"Authorization", "AWS4-HMAC-SHA256 Credential=x"}, false, label},
		"SigV4 that leaves the body out":         {[]string{"Authorization", "AWS4-HMAC-SHA256 Credential=x", "X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"}, true, label},
		"Poe":                                    {[]string{"poe-tag-id", "x"}, false, label},
		"Hailuo":                                 {[]string{"yy", "x"}, false, label},
		"a part of an upload of known size":      {[]string{"Content-Range", "bytes 0-9/100"}, false, label},
		"a mask of the same length in such part": {[]string{"Content-Range", "bytes 0-9/100"}, true, "••"[:4]},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := extract.New(extract.Options{}).Extract(t.Context(), extract.Input{
				Method: "POST", Header: headers(c.header...), Body: memory{strings.NewReader(body)}, Rule: jsonRule(t),
			})
			_, err := d.Rewrite([]extract.Cut{{Text: 0, Start: 5, End: 9, With: c.with}})
			if c.editable != (err == nil) || !c.editable && !errors.Is(err, extract.ErrNotEditable) {
				t.Errorf("error %v, editable should be %v", err, c.editable)
			}
		})
	}
}

func TestRewriteRefusesCutsOutOfRange(t *testing.T) {
	d := extract.New(extract.Options{}).Extract(t.Context(), extract.Input{
		Method: "POST", Body: memory{strings.NewReader(`{"messages":[{"role":"user","content":"card"}]}`)}, Rule: jsonRule(t),
	})
	for _, c := range []extract.Cut{{Text: 1, End: 1}, {Text: -1}, {Start: -1}, {Start: 3, End: 2}, {End: 5}} {
		if _, err := d.Rewrite([]extract.Cut{c}); err == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
}

// TestRewriteCarriers masks a card number in every carrier that can be edited, and
// compares the whole of the result.
func TestRewriteCarriers(t *testing.T) {
	const card = "4111 1111 1111 1111"
	utf16 := func(s string) string {
		out := "\xff\xfe"
		for _, c := range s {
			out += string([]byte{byte(c), 0})
		}
		return out
	}
	cases := map[string]struct{ ctype, body, want string }{
		"JSON with escapes around": {
			"application/json", `{"prompt":"\u00fc\ud83d\ude00 4111 \u0031111 1111 1111\n", "n":1}`, `{"prompt":"\u00fc\ud83d\ude00 [masked]\n", "n":1}`,
		},
		"JSON in JSON": {
			"application/json", `{"content":"{\"text\": \"\\u00fc 4111 1111 1111 1111\"}"}`, `{"content":"{\"text\": \"\\u00fc [masked]\"}"}`,
		},
		"NDJSON": {
			"application/x-ndjson", "{\"text\":\"a\"}\n{\"text\":\"4111 1111 1111 1111\"}\n", "{\"text\":\"a\"}\n{\"text\":\"[masked]\"}\n",
		},
		"form > JSON > JSON": {
			"application/x-www-form-urlencoded",
			"f.req=" + url.QueryEscape(`[null,"[[\"card `+card+`, ü\",0],[\"text `+card+`\"]]"]`) + "&at=x%3A1",
			"f.req=" + url.QueryEscape(`[null,"[[\"card @, ü\",0],[\"text @\"]]"]`) + "&at=x%3A1",
		},
		"a form": {"application/x-www-form-urlencoded", "q=a+4111%201111+1111+1111&x=%31", "q=a+%5Bmasked%5D&x=%31"},
		"multipart": {
			"multipart/form-data; boundary=XX",
			"--XX\r\nContent-Disposition: form-data; name=\"prompt\"\r\nContent-Length: 24\r\n\r\ncard 4111 1111 1111 1111\r\n--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.csv\"\r\n\r\nx;4111 1111 1111 1111\n\r\n--XX--\r\n",
			"--XX\r\nContent-Disposition: form-data; name=\"prompt\"\r\nContent-Length: 13\r\n\r\ncard [masked]\r\n--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.csv\"\r\n\r\nx;[masked]\n\r\n--XX--\r\n",
		},
		"UTF-16": {"application/json", utf16(`{"prompt":"4111 1111 1111 1111!"}`), utf16(`{"prompt":"[masked]!"}`)},
		"a UTF-16 file in multipart": {
			"multipart/form-data; boundary=XX",
			mp(`name="f"; filename="a.txt"`, utf16("long words before it 4111 1111 1111 1111 and many more words behind it, for there is more of the file than of its header")),
			mp(`name="f"; filename="a.txt"`, utf16("long words before it [masked] and many more words behind it, for there is more of the file than of its header")),
		},
		"a text file in base64": {
			"application/json", `{"file_name":"a.txt","mime_type":"text/plain","data":"bnIgNDExMSAxMTExIDExMTEgMTExMQo="}`, `{"file_name":"a.txt","mime_type":"text/plain","data":"bnIgW21hc2tlZF0K"}`,
		},
		"a data: URI": {
			"application/json", `{"url":"data:text/plain;base64,bnIgNDExMSAxMTExIDExMTEgMTExMQo="}`, `{"url":"data:text/plain;base64,bnIgW21hc2tlZF0K"}`,
		},
		"a JSON file": {
			"multipart/form-data; boundary=XX",
			"--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.json\"\r\n\r\n{\"a\":\"\\u00fc 4111 1111 \\u0031111 1111\",\"b\":4111}\r\n--XX--\r\n",
			"--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.json\"\r\n\r\n{\"a\":\"\\u00fc [masked]\",\"b\":4111}\r\n--XX--\r\n",
		},
		"JSON that a person pasted": {
			"application/json", `{"prompt":"{\"a\": \"\\u00fc 4111 1111 1111 1111\"}"}`, `{"prompt":"{\"a\": \"\\u00fc [masked]\"}"}`,
		},
		"Connect with JSON": {
			"application/connect+json", framed(0, `{"text":"card 4111 1111 1111 1111"}`), framed(0, `{"text":"card [masked]"}`),
		},
		"two gRPC-Web messages of protobuf, and the trailers": {
			"application/grpc-web+proto",
			framed(0, pb(1, pb(2, "card 4111 1111 1111 1111 of ü", 3, 7), 2, "other words")) + framed(0, pb(1, "more words")) + framed(0x80, "grpc-status:0\r\n"),
			framed(0, pb(1, pb(2, "card [masked] of ü", 3, 7), 2, "other words")) + framed(0, pb(1, "more words")) + framed(0x80, "grpc-status:0\r\n"),
		},
		"gRPC-Web as text": {
			"application/grpc-web-text",
			base64.StdEncoding.EncodeToString([]byte(framed(0, pb(1, "card 4111 1111 1111 1111")))),
			base64.StdEncoding.EncodeToString([]byte(framed(0, pb(1, "card [masked]")))),
		},
		"protobuf": {
			"application/x-protobuf", pb(1, pb(1, pb(1, strings.Repeat("long words ", 20)+"4111 1111 1111 1111"))), pb(1, pb(1, pb(1, strings.Repeat("long words ", 20)+"[masked]"))),
		},
		"a CSV file in Latin-1": {
			"multipart/form-data; boundary=XX",
			mp(`name="f"; filename="a.csv"`, "Stra\xdfe;Karte\nJ\xf6rg M\xfcller;4111 1111 1111 1111\n"),
			mp(`name="f"; filename="a.csv"`, "Stra\xdfe;Karte\nJ\xf6rg M\xfcller;[masked]\n"),
		},
		"multipart in multipart": {
			"multipart/form-data; boundary=XX",
			mp(`name="files"`+"\r\nContent-Type: multipart/mixed; boundary=YY", "--YY\r\nContent-Disposition: file; filename=\"a.txt\"\r\n\r\nx 4111 1111 1111 1111\r\n--YY--\r\n"),
			mp(`name="files"`+"\r\nContent-Type: multipart/mixed; boundary=YY", "--YY\r\nContent-Disposition: file; filename=\"a.txt\"\r\n\r\nx [masked]\r\n--YY--\r\n"),
		},
		"plain text": {"text/plain", "card 4111 1111 1111 1111\n", "card [masked]\n"},
	}
	x := extract.New(extract.Options{})
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in := extract.Input{Method: "POST", Header: headers("Content-Type", c.ctype), Body: memory{strings.NewReader(c.body)}}
			d := x.Extract(t.Context(), in)
			cuts := cutsOf(d, []string{card})
			if len(cuts) == 0 {
				t.Fatalf("the value was not found among %d texts", len(d.Texts))
			}
			out, err := d.Rewrite(cuts)
			if err != nil {
				t.Fatal(err)
			}
			want := strings.ReplaceAll(c.want, "%40", url.QueryEscape(label))
			if string(out) != want {
				t.Errorf("got  %q\nwant %q", out, want)
			}
			again, err := d.Rewrite(cuts)
			if err != nil || !bytes.Equal(again, out) {
				t.Errorf("a second rewrite differs: %v", err)
			}
			if same, err := d.Rewrite(nil); err != nil || string(same) != c.body {
				t.Errorf("without cuts the body changes: %v", err)
			}
		})
	}
}

func TestBareNumbersBecomeStrings(t *testing.T) {
	in := extract.Input{Method: "POST", Body: memory{strings.NewReader(`{"messages":[{"role":"assistant","tool_calls":[{"function":{"arguments":{"card":4111111111111111,"n":1}}}]}]}`)}}
	d := extract.New(extract.Options{}).Extract(t.Context(), in)
	out, err := d.Rewrite(cutsOf(d, []string{"4111111111111111"}))
	if err != nil || !json.Valid(out) || !strings.Contains(string(out), `"card":"[masked]","n":1`) {
		t.Errorf("%v: %s", err, out)
	}
}

func ExampleDoc_Rewrite() {
	x := extract.New(extract.Options{})
	d := x.Extract(exampleContext(), extract.Input{
		Method: "POST", Body: memory{strings.NewReader(`{"prompt":"call \u0031555-0100"}`)},
	})
	out, err := d.Rewrite([]extract.Cut{{Text: 0, Start: 5, End: 14, With: "[phone]"}})
	fmt.Println(string(out), err)
	// Output: {"prompt":"call [phone]"} <nil>
}
