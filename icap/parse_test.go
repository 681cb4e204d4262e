package icap

import (
	"bytes"
	"io"
	"net/http/httputil"
	"slices"
	"strings"
	"testing"
)

func TestParseEncapsulated(t *testing.T) {
	cases := map[string]struct {
		in   string
		want encapsulated
		ok   bool
	}{
		"a request without a body":          {"req-hdr=0, null-body=170", encapsulated{170, 0, nullBody}, true},
		"a request with a body":             {"req-hdr=0, req-body=412", encapsulated{412, 0, reqBody}, true},
		"a request and its response":        {"req-hdr=0, res-hdr=137, res-body=296", encapsulated{137, 159, resBody}, true},
		"a response alone":                  {"res-hdr=0, res-body=296", encapsulated{0, 296, resBody}, true},
		"a body alone":                      {"req-body=0", encapsulated{0, 0, reqBody}, true},
		"nothing":                           {"null-body=0", encapsulated{0, 0, nullBody}, true},
		"OPTIONS with a body":               {"opt-body=0", encapsulated{0, 0, optBody}, true},
		"no blanks":                         {"req-hdr=0,req-body=412", encapsulated{412, 0, reqBody}, true},
		"tabs":                              {"req-hdr=0,\treq-body=412 ", encapsulated{412, 0, reqBody}, true},
		"empty":                             {"", encapsulated{}, false},
		"no number":                         {"req-hdr=, null-body=170", encapsulated{}, false},
		"no value":                          {"req-hdr, null-body=170", encapsulated{}, false},
		"no name":                           {"=0", encapsulated{}, false},
		"unknown section":                   {"req-hdr=0, foo-body=170", encapsulated{}, false},
		"negative":                          {"req-hdr=0, null-body=-1", encapsulated{}, false},
		"signed":                            {"req-hdr=+0, null-body=+170", encapsulated{}, false},
		"hexadecimal":                       {"req-hdr=0x0, null-body=170", encapsulated{}, false},
		"a number too long to read":         {"req-hdr=0, null-body=18446744073709551617", encapsulated{}, false},
		"semicolon":                         {"req-hdr=0; null-body=170", encapsulated{}, false},
		"first offset not 0":                {"req-hdr=5, null-body=170", encapsulated{}, false},
		"offsets that do not grow":          {"req-hdr=0, res-hdr=10, res-body=10", encapsulated{}, false},
		"the same section twice":            {"req-hdr=0, req-hdr=10, null-body=170", encapsulated{}, false},
		"response header before request's":  {"res-hdr=0, req-hdr=10, res-body=20", encapsulated{}, false},
		"two bodies":                        {"req-hdr=0, req-body=10, null-body=20", encapsulated{}, false},
		"header behind the body":            {"req-body=0, req-hdr=10", encapsulated{}, false},
		"no body entry":                     {"req-hdr=0", encapsulated{}, false},
		"an empty item":                     {"req-hdr=0,, null-body=170", encapsulated{}, false},
		"header of no length before a body": {"req-hdr=0, req-body=0", encapsulated{}, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, ok := parseEncapsulated([]byte(tc.in))
			if ok != tc.ok || ok && got != tc.want {
				t.Errorf("%q: %+v %v, want %+v %v", tc.in, got, ok, tc.want, tc.ok)
			}
		})
	}
}

func TestHasIEOF(t *testing.T) {
	cases := map[string]bool{
		"; ieof": true, ";ieof": true, " ; ieof ": true, "; IEOF": true, "; x=1; ieof": true, "; ieof; x": true, `; x="a;b"; ieof`: true,
		"": false, ";": false, "; zieof": false, "; ieof=1": false, "; x=ieof": false, `; x=";ieof;"`: false, `; x="\";ieof;"`: false, "; ieofx": false,
	}
	for in, want := range cases {
		if got := hasIEOF([]byte(strings.TrimLeft(in, " "))); got != want {
			t.Errorf("hasIEOF(%q) = %v", in, got)
		}
	}
}

// decodeAll decodes b, given in pieces of n bytes.
func decodeAll(b []byte, n int) (payload []byte, rest int, d dechunker, err error) {
	var v window
	for {
		done, err := d.decode(b, &v)
		if done || err != nil {
			return b[v.start:v.end], len(b) - v.r, d, err
		}
		if v.w == len(b) {
			return b[v.start:v.end], 0, d, io.ErrUnexpectedEOF
		}
		v.w = min(v.w+n, len(b))
	}
}

func TestDechunk(t *testing.T) {
	cases := map[string]struct {
		in, want, trailer string
		ieof, bad         bool
	}{
		"one chunk":                      {in: "5\r\nhello\r\n0\r\n\r\n", want: "hello"},
		"several":                        {in: "5\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\n\r\n", want: "hello world"},
		"empty":                          {in: "0\r\n\r\n"},
		"upper case and leading zeros":   {in: "0000A\r\n0123456789\r\n00\r\n\r\n", want: "0123456789"},
		"extensions":                     {in: "5;a=b\r\nhello\r\n0 ; x=\"y;z\"\r\n\r\n", want: "hello"},
		"ieof":                           {in: "5\r\nhello\r\n0; ieof\r\n\r\n", want: "hello", ieof: true},
		"a trailer":                      {in: "0\r\nX-A: b\r\nX-C: d\r\n\r\n", trailer: "X-A: b\r\nX-C: d\r\n"},
		"payload that looks like chunks": {in: "7\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n", want: "0\r\n\r\n\r\n"},
		"an empty size":                  {in: "\r\nhello", bad: true},
		"an extension without a size":    {in: ";ieof\r\n\r\n", bad: true},
		"a sign":                         {in: "-5\r\nhello\r\n0\r\n\r\n", bad: true},
		"a blank before the size":        {in: " 5\r\nhello\r\n0\r\n\r\n", bad: true},
		"hexadecimal with a prefix":      {in: "0x5\r\nhello\r\n0\r\n\r\n", bad: true},
		"junk behind the size":           {in: "5 x\r\nhello\r\n0\r\n\r\n", bad: true},
		"a size that would wrap":         {in: "10000000000000005\r\nhello\r\n0\r\n\r\n", bad: true},
		"a size that would be negative":  {in: "8000000000000005\r\nhello\r\n0\r\n\r\n", bad: true},
		"the largest size":               {in: "ffffffffffffffff\r\nhello\r\n0\r\n\r\n", bad: true},
		"bare LF":                        {in: "5\nhello\r\n0\r\n\r\n", bad: true},
		"data longer than its size":      {in: "4\r\nhello\r\n0\r\n\r\n", bad: true},
		"a line without end":             {in: strings.Repeat("0", 8<<10), bad: true},
		"junk with ieof":                 {in: "5\r\nhello\r\nzzieof\r\n\r\n", want: "hello", bad: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			for n := 1; n <= len(tc.in); n += 1 + n/8 {
				got, _, d, err := decodeAll([]byte(tc.in), n)
				if (err != nil) != tc.bad {
					t.Fatalf("pieces of %d: %v", n, err)
				}
				if !tc.bad && (string(got) != tc.want || d.ieof != tc.ieof || string(d.trailer) != tc.trailer || d.total != int64(len(tc.want))) {
					t.Fatalf("pieces of %d: %q ieof %v trailer %q", n, got, d.ieof, d.trailer)
				}
			}
		})
	}
}

func TestHeader(t *testing.T) {
	h := ParseHeader([]byte("Host: a\r\nX-Two:  b \r\nx-two: c\r\nFolded: one\r\n\ttwo\r\nno colon\r\nEmpty:\r\nLast: z"))
	for name, want := range map[string]string{"host": "a", "X-TWO": "b", "folded": "one\r\n\ttwo", "empty": "", "last": "z"} {
		got := h.Get(name)
		if got == nil || string(got) != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if h.Get("absent") != nil {
		t.Error("absent field found")
	}
	var names []string
	h.Each(func(name, _ []byte) bool {
		names = append(names, string(name))
		return len(names) < 6
	})
	if want := []string{"Host", "X-Two", "x-two", "Folded", "", "Empty"}; !slices.Equal(names, want) {
		t.Errorf("fields %q, want %q", names, want)
	}
	if n := testing.AllocsPerRun(100, func() { h.Get("last") }); n != 0 {
		t.Errorf("Get allocates %v times", n)
	}
}

func TestSplice(t *testing.T) {
	head := "POST /x HTTP/1.1\r\nhOsT: a\r\nX-A: 1\r\nX-Fold: one\r\n two\r\nContent-LENGTH: 5\r\nX-A: 2\r\nContent-Length: 5\r\nX-Z:\r\n\r\n"
	cases := map[string]struct {
		m      Modification
		length int64
		via    string
		want   string
	}{
		"nothing":           {Modification{}, unsized, "", head},
		"one field set":     {Modification{Set: []Field{{"x-a", "9"}}}, unsized, "", strings.NewReplacer("X-A: 1", "x-a: 9", "X-A: 2\r\n", "").Replace(head)},
		"a folded one set":  {Modification{Set: []Field{{"X-Fold", "f"}}}, unsized, "", strings.Replace(head, "one\r\n two", "f", 1)},
		"a new field":       {Modification{Set: []Field{{"X-New", "n"}}}, unsized, "", strings.Replace(head, "X-Z:\r\n", "X-Z:\r\nX-New: n\r\n", 1)},
		"fields deleted":    {Modification{Del: []string{"x-FOLD", "X-a"}}, unsized, "", "POST /x HTTP/1.1\r\nhOsT: a\r\nContent-LENGTH: 5\r\nContent-Length: 5\r\nX-Z:\r\n\r\n"},
		"another length":    {Modification{}, 12, "", strings.NewReplacer("Content-LENGTH: 5", "Content-Length: 12", "Content-Length: 5\r\n", "").Replace(head)},
		"a line end inside": {Modification{Set: []Field{{"X-New", "n\r\nEvil: 1"}, {"Bad name", "x"}}}, unsized, "", head},
		"a length set":      {Modification{Set: []Field{{"Content-Length", "99"}}}, 12, "", strings.NewReplacer("Content-LENGTH: 5", "Content-Length: 12", "Content-Length: 5\r\n", "").Replace(head)},
		"Via":               {Modification{}, unsized, "gate (Sluice)", strings.Replace(head, "X-Z:\r\n", "X-Z:\r\nVia: ICAP/1.0 gate (Sluice)\r\n", 1)},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := splice(nil, []byte(head), &tc.m, tc.length, tc.via); string(got) != tc.want {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
		})
	}
	chunked := "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
	if got := splice(nil, []byte(chunked), &Modification{}, 5, ""); string(got) != chunked {
		t.Errorf("Content-Length beside Transfer-Encoding: %q", got)
	}
	none := "POST / HTTP/1.1\r\n\r\n"
	if got := splice(nil, []byte(none), &Modification{}, 5, ""); string(got) != "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n" {
		t.Errorf("no Content-Length: %q", got)
	}
}

func FuzzHead(f *testing.F) {
	s := newServer(f, Options{}, findMarker)
	for _, seed := range []string{
		"REQMOD icap://h/reqmod ICAP/1.0\r\nHost: h\r\nAllow: 204, 206, trailers\r\nPreview: 1024\r\nEncapsulated: req-hdr=0, req-body=41\r\n\r\n",
		"OPTIONS /reqmod?a=b ICAP/1.0\r\nhost: h\r\nconnection: x, close\r\n\r\n",
		"RESPMOD icaps://h:1/respmod ICAP/1.0\r\nHost:\r\nEncapsulated: req-hdr=0, res-hdr=9, res-body=33\r\n\r\n",
		"\r\n\r\n", "A\r\n\r\n", " \r\n\r\n", "REQMOD  ICAP/1.0\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if i := bytes.Index(b, crlfcrlf); i < 0 {
			b = append(b, crlfcrlf...)
		} else {
			b = b[:i+4]
		}
		hopeless(b)
		parseRequestHead(b)
		parseResponseHead(b)
		var h icapHead
		if err := h.parse(b, s.services); err != nil {
			return
		}
		if h.service == nil || h.method == 0 || !h.hasHost || !h.encap.fits(h.method) {
			t.Fatalf("accepted without what it needs: %q", b)
		}
		if !bytes.Contains(b, h.uri.of(b)) || !bytes.HasSuffix(b, append(h.fields.of(b), crlf...)) {
			t.Fatalf("spans are off in %q", b)
		}
	})
}

func FuzzEncapsulated(f *testing.F) {
	for _, seed := range []string{"req-hdr=0, res-hdr=137, res-body=296", "null-body=0", "req-hdr=0,,null-body=1", "req-body=0,", "=", "opt-body=00000000000000000"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, ok := parseEncapsulated(b)
		if !ok {
			return
		}
		if e.reqLen < 0 || e.resLen < 0 || e.length() > 2e15 || !e.body.isBody() {
			t.Fatalf("%q: %+v", b, e)
		}
	})
}

// FuzzChunked compares one-step and piecewise decoding, and what is accepted with the
// standard library's decoder, which is more lenient.
func FuzzChunked(f *testing.F) {
	for _, seed := range []string{
		"5\r\nhello\r\n0\r\n\r\n", "5;x=\"a;b\"\r\nhello\r\n0; ieof\r\n\r\n", "0\r\nX: y\r\n\r\nrest", "10000000000000000\r\n", "\r\n", "1\r\na\r\n1\r\nb\r\n0\r\n\r\n",
	} {
		f.Add([]byte(seed), uint8(1))
	}
	f.Fuzz(func(t *testing.T, b []byte, piece uint8) {
		whole, rest, d, err := decodeAll(bytes.Clone(b), len(b)+1)
		parts, rest2, d2, err2 := decodeAll(bytes.Clone(b), int(piece)+1)
		if (err == nil) != (err2 == nil) {
			t.Fatalf("whole: %v, in pieces: %v", err, err2)
		}
		if err != nil {
			return
		}
		if !bytes.Equal(whole, parts) || rest != rest2 || d.ieof != d2.ieof || !bytes.Equal(d.trailer, d2.trailer) {
			t.Fatalf("pieces of %d decode %q to %q, the whole to %q", piece+1, b, parts, whole)
		}
		std, err := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(b)))
		if err == nil && !bytes.Equal(std, whole) {
			t.Fatalf("%q: %q, the standard library reads %q", b, whole, std)
		}
	})
}
