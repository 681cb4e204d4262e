// Package charset tells in which character encoding a text is, and turns it into UTF-8
// and back.
package charset

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/gogs/chardet"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// Charset is a character encoding; the zero Charset is UTF-8. It is immutable.
type Charset struct {
	Name string
	enc  encoding.Encoding
	bom  []byte
}

// UTF8 reports whether text in c needs no decoding.
func (c Charset) UTF8() bool { return c.enc == nil }

const (
	sampleBytes = 64 << 10  // what the guess is made from
	searchBytes = 256 << 10 // where the sample is looked for
)

// Label returns the charset with that name (as in a Content-Type), if it is known.
func Label(name string) (Charset, bool) {
	name = strings.ToLower(strings.Trim(strings.TrimSpace(name), `"'`))
	switch name {
	case "":
		return Charset{}, false
	case "utf-8", "utf8", "us-ascii", "ascii":
		return Charset{}, true
	case "utf-32", "utf-32le":
		return Charset{Name: "utf-32le", enc: utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)}, true
	case "utf-32be":
		return Charset{Name: name, enc: utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)}, true
	case "utf-7": // not in the index, and never what a sender of today means
		return Charset{}, false
	}
	enc, err := htmlindex.Get(name)
	if err != nil {
		return Charset{}, false
	}
	return Charset{Name: name, enc: enc}, true
}

// Unicode recognises UTF-16 and UTF-32 by byte order mark, or by where the zero bytes
// are, so that text in them is not taken for a binary.
func Unicode(b []byte) (Charset, bool) {
	marks := [...]struct{ bom, name string }{
		{"\xff\xfe\x00\x00", "utf-32le"},
		{"\x00\x00\xfe\xff", "utf-32be"},
		{"\xff\xfe", "utf-16le"},
		{"\xfe\xff", "utf-16be"},
	}
	for _, m := range marks {
		if bytes.HasPrefix(b, []byte(m.bom)) {
			c := unicodeCharset(m.name)
			c.bom = []byte(m.bom)
			return c, true
		}
	}
	n := min(len(b), 4096) &^ 1
	if bytes.IndexByte(b[:n], 0) < 0 {
		return Charset{}, false
	}
	var even, odd int
	for i := 0; i < n; i += 2 {
		if b[i] == 0 {
			even++
		}
		if b[i+1] == 0 {
			odd++
		}
	}
	switch {
	case n < 4:
	case odd*10 > n*3 && even*50 < n:
		return unicodeCharset("utf-16le"), true
	case even*10 > n*3 && odd*50 < n:
		return unicodeCharset("utf-16be"), true
	}
	return Charset{}, false
}

func unicodeCharset(name string) Charset {
	switch name {
	case "utf-16le":
		return Charset{Name: name, enc: unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)}
	case "utf-16be":
		return Charset{Name: name, enc: unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)}
	}
	c, _ := Label(name)
	return c
}

// Detect returns the charset of a text that may be labelled. What is valid UTF-8 is
// UTF-8, whatever the label says, unless it is plainly UTF-16.
func Detect(b []byte, label string) Charset {
	if c, ok := Unicode(b); ok {
		return c
	}
	if utf8.Valid(b) && !escaped(b) {
		return Charset{}
	}
	if c, ok := Label(label); ok && !c.UTF8() {
		return c
	}
	return guess(b)
}

// escaped reports the escape sequences of ISO-2022-JP, which is otherwise plain ASCII.
func escaped(b []byte) bool {
	i := bytes.Index(b[:min(len(b), searchBytes)], []byte("\x1b$"))
	return i >= 0 && i+2 < len(b) && (b[i+2] == 'B' || b[i+2] == '@')
}

// guess asks the detector, and shows it only lines with bytes over 0x7e: the ASCII ones
// say nothing, and drown the others.
func guess(b []byte) Charset {
	var sample []byte
	for line := range bytes.Lines(b[:min(len(b), searchBytes)]) {
		if len(sample) < sampleBytes && (bytes.IndexFunc(line, func(r rune) bool { return r > 0x7e || r == 0x1b }) >= 0) {
			sample = append(sample, line[:min(len(line), sampleBytes)]...)
		}
	}
	if r, err := chardet.NewTextDetector().DetectBest(sample); err == nil {
		name := r.Charset
		if name == "GB-18030" {
			name = "gb18030"
		}
		if c, ok := Label(name); ok && !c.UTF8() {
			return c
		}
	}
	c, _ := Label("windows-1252")
	return c
}

// Decode returns b in UTF-8, without a byte order mark. Bytes that the charset does not
// know become U+FFFD.
func (c Charset) Decode(b []byte) []byte {
	if c.enc == nil {
		return bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	}
	out, err := c.enc.NewDecoder().Bytes(bytes.TrimPrefix(b, c.bom))
	if err != nil {
		return b
	}
	return out
}

// Encode returns text in c. old is what Decode gave before it was edited, and raw what it
// was decoded from: where they are not each other's image, or a character has no place in
// c, there is no way back.
func (c Charset) Encode(raw, old, text []byte) ([]byte, error) {
	if c.enc == nil {
		return text, nil
	}
	same, err := c.enc.NewEncoder().Bytes(old)
	if err != nil || !bytes.Equal(same, bytes.TrimPrefix(raw, c.bom)) {
		return nil, fmt.Errorf("text in %s cannot be written as it was read", c.Name)
	}
	out, err := c.enc.NewEncoder().Bytes(text)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", c.Name, err)
	}
	return append(bytes.Clone(c.bom), out...), nil
}
