package document

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"github.com/sluice-dlp/sluice/extract/internal/charset"
	"github.com/sluice-dlp/sluice/extract/internal/jsontree"
)

// Plain reports whether data is text, and in which charset.
func Plain(data []byte) (charset.Charset, bool) {
	if cs, ok := charset.Unicode(data); ok {
		return cs, true
	}
	head := data[:min(len(data), 64<<10)]
	controls := 0
	for _, c := range head {
		switch {
		case c == 0:
			return charset.Charset{}, false
		case c < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 0x1b && c != '\b' && c != 0x1e, c == 0x7f:
			controls++
		}
	}
	if controls*50 > len(head) || controls > 0 && !utf8.Valid(head[:max(0, len(head)-utf8.UTFMax)]) {
		return charset.Charset{}, false
	}
	if bytes.IndexByte(data[len(head):], 0) >= 0 {
		return charset.Charset{}, false
	}
	return charset.Detect(data, ""), true
}

// isPacked reports a text that is a file in base64, as tools write it that may send text
// only: it begins as a document or an archive does, and holds nothing else.
func isPacked(data []byte) bool {
	if len(data) < leastPacked || !slices.ContainsFunc(packedMagic[:], func(magic string) bool { return has(data, magic) }) {
		return false
	}
	for _, c := range data {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/' || c == '=' || c == '\r' || c == '\n') {
			return false
		}
	}
	return true
}

const leastPacked = 40 // bytes

// packedMagic is how PDF, zip, gzip, OLE, 7z, RAR, xz and OpenSSL's encrypted files begin in base64.
var packedMagic = [...]string{"JVBERi0", "UEsDB", "H4sI", "0M8R4KGx", "N3q8ryc", "UmFyIRo", "/Td6WFo", "U2FsdGVkX1"}

// maxJSON bounds the JSON files whose escapes are decoded.
const maxJSON = 1 << 20

// UnescapeJSON returns a JSON file without the escapes in its strings, so that what they
// hide shows; anything else as it is.
func UnescapeJSON(data []byte) []byte {
	head := bytes.TrimLeft(data[:min(len(data), 64)], " \t\r\n")
	if len(head) == 0 || head[0] != '{' && head[0] != '[' || bytes.IndexByte(data, '\\') < 0 {
		return data
	}
	var t jsontree.Tree
	if t.Parse(data, maxJSON); !t.OK {
		return data
	}
	return jsontree.AppendUnescaped(make([]byte, 0, len(data)), data)
}

// runs is the reading of last resort: what is printable in ASCII or UTF-8, and in UTF-16,
// at least `least` characters in a row.
func runs(data []byte, least int) []byte {
	return runs16(runs8(nil, data, least), data, least)
}

func runs8(out, data []byte, least int) []byte {
	start, count := -1, 0
	for i := 0; i <= len(data); {
		r, n := utf8.RuneError, 1
		if i < len(data) {
			r, n = utf8.DecodeRune(data[i:])
		}
		if r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r != 0x7f && r != utf8.RuneError {
			if start < 0 {
				start, count = i, 0
			}
			count++
			i += n
			continue
		}
		if start >= 0 && count >= least {
			out = append(append(out, data[start:i]...), '\n')
		}
		start = -1
		i += n
	}
	return out
}

// runs16 looks at both alignments of UTF-16LE for characters of the Basic Latin to
// Cyrillic blocks; a wider range would take machine code for Chinese.
func runs16(out, data []byte, least int) []byte {
	if bytes.IndexByte(data, 0) < 0 {
		return out
	}
	for align := range 2 {
		start := -1
		for i := align; i <= len(data); i += 2 {
			ok := i+1 < len(data) && printable16(data[i], data[i+1])
			switch {
			case ok && start < 0:
				start = i
			case !ok && start >= 0:
				if (i-start)/2 >= least {
					out = append(appendUTF16(out, data[start:i]), '\n')
				}
				start = -1
			}
		}
	}
	return out
}

func printable16(low, high byte) bool {
	return high == 0 && (low >= 0x20 && low < 0x7f || low >= 0xa0 || low == '\t' || low == '\n' || low == '\r') ||
		high == 1 || high == 3 || high == 4
}

// appendUTF16 appends UTF-16LE as UTF-8.
func appendUTF16(out, b []byte) []byte {
	for i := 0; i+1 < len(b); i += 2 {
		r := rune(b[i]) | rune(b[i+1])<<8
		if r&0xfc00 == 0xd800 && i+3 < len(b) && b[i+3]&0xfc == 0xdc {
			low := rune(b[i+2]) | rune(b[i+3])<<8
			r = 0x10000 + (r&0x3ff)<<10 + low&0x3ff
			i += 2
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}
