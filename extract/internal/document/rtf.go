package document

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/sluice-dlp/sluice/extract/internal/budget"
	"github.com/sluice-dlp/sluice/extract/internal/charset"
)

// rtfState is what a group of an RTF file inherits.
type rtfState struct {
	skip   bool // nothing in this group is shown
	object bool // the hex digits of an embedded file
	uc     int  // characters that stand for \u where it is not known
}

// rtfReader reads RTF (Rich Text Format Specification 1.9.1).
type rtfReader struct {
	data     []byte
	at       int
	out      []byte
	bytes8   []byte // of the code page, not yet decoded
	objects  []byte // hex digits
	aside    []byte // what is not shown, a group a line
	state    rtfState
	stack    []rtfState
	page     charset.Charset
	pending  rune // first half of a surrogate pair
	fallback int  // characters to pass over after \u
	star     bool
}

const maxGroups = 1 << 16

func (w *walk) rtf(path string, data []byte, depth int) {
	page, _ := charset.Label("windows-1252")
	r := rtfReader{data: data, page: page, state: rtfState{uc: 1}}
	r.read()
	if r.at < len(data) { // it is no document any more
		w.limit(budget.Depth)
		w.text(path, runs(data[r.at:], leastRun))
	}
	w.text(path, append(r.out, r.hidden()...))
	if len(r.objects) > 32 && w.left.Expand(len(r.objects)/2) {
		obj := make([]byte, hex.DecodedLen(len(r.objects)))
		n, _ := hex.Decode(obj, r.objects)
		w.embedded(path, obj[:n], depth)
	}
}

// embedded looks for a file in an OLE 1.0 stream ([MS-OLEDS] 2.2).
func (w *walk) embedded(path string, obj []byte, depth int) {
	for _, magic := range [...]string{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", localMagic, "%PDF-"} {
		if i := strings.Index(string(obj), magic); i >= 0 {
			w.member(path, "object", obj[i:], depth)
			return
		}
	}
	w.text(join(path, "object"), runs(obj, leastRun))
}

func (r *rtfReader) read() {
	for r.at < len(r.data) && len(r.stack) < maxGroups {
		c := r.data[r.at]
		r.at++
		switch c {
		case '{':
			r.flush()
			r.stack, r.star, r.fallback = append(r.stack, r.state), false, 0
		case '}':
			r.flush()
			if n := len(r.stack); n > 0 {
				r.state, r.stack = r.stack[n-1], r.stack[:n-1]
			}
			r.star, r.fallback = false, 0
			r.aside = append(r.aside, '\n')
		case '\\':
			r.control()
		case '\r', '\n':
		default:
			r.char(c)
		}
	}
	r.flush()
}

// char takes a character of text.
func (r *rtfReader) char(c byte) {
	switch {
	case r.fallback > 0:
		r.fallback--
	case r.state.object:
		if _, ok := Unhex(c); ok {
			r.objects = append(r.objects, c)
		}
	case !r.state.skip:
		r.bytes8 = append(r.bytes8, c)
	default:
		r.aside = append(r.aside, c)
	}
}

// hidden returns the groups that are not shown and hold an address or a long number: the rest
// are names of fonts and styles, and pictures in hex digits.
func (r *rtfReader) hidden() (out []byte) {
	for line := range bytes.Lines(r.aside) {
		if bytes.IndexByte(line, '@') >= 0 || digitsIn(line) >= leastDigits && !allHex(bytes.TrimSpace(line)) {
			out = append(out, line...)
		}
	}
	return out
}

func allHex(s []byte) bool {
	for _, c := range s {
		if _, ok := Unhex(c); !ok {
			return false
		}
	}
	return true
}

// flush decodes what has gathered in the code page.
func (r *rtfReader) flush() {
	for _, c := range r.bytes8 {
		if c >= 0x80 {
			r.out = append(r.out, r.page.Decode(r.bytes8)...)
			r.bytes8 = r.bytes8[:0]
			return
		}
	}
	r.out = append(r.out, r.bytes8...)
	r.bytes8 = r.bytes8[:0]
}

func (r *rtfReader) rune(c rune) {
	if r.state.skip || r.state.object {
		return
	}
	r.flush()
	if r.pending != 0 {
		if pair := utf16.DecodeRune(r.pending, c); pair != utf8.RuneError {
			c = pair
		}
		r.pending = 0
	} else if utf16.IsSurrogate(c) {
		r.pending = c
		return
	}
	r.out = utf8.AppendRune(r.out, c)
}

// control reads what follows a backslash.
func (r *rtfReader) control() {
	if r.at >= len(r.data) {
		return
	}
	c := r.data[r.at]
	if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
		r.word()
		return
	}
	r.at++
	switch c {
	case '\'':
		if r.at+2 <= len(r.data) {
			if v, err := strconv.ParseUint(string(r.data[r.at:r.at+2]), 16, 8); err == nil {
				r.char(byte(v))
			}
			r.at += 2
		}
	case '*':
		r.star = true
	case '~':
		r.rune(' ')
	case '_':
		r.rune('-')
	case '\\', '{', '}':
		r.char(c)
	case '\r', '\n':
		r.rune('\n')
	}
}

// word reads a control word with its number.
func (r *rtfReader) word() {
	start := r.at
	for r.at < len(r.data) && (r.data[r.at]|0x20 >= 'a' && r.data[r.at]|0x20 <= 'z') {
		r.at++
	}
	name := string(r.data[start:r.at])
	digits := r.at
	if r.at < len(r.data) && r.data[r.at] == '-' {
		r.at++
	}
	for r.at < len(r.data) && r.data[r.at] >= '0' && r.data[r.at] <= '9' {
		r.at++
	}
	n, err := strconv.Atoi(string(r.data[digits:r.at]))
	if r.at < len(r.data) && r.data[r.at] == ' ' {
		r.at++
	}
	r.apply(name, n, err == nil)
}

func (r *rtfReader) apply(name string, n int, has bool) {
	if r.star && !shownDestination(name) || hiddenDestination(name) {
		r.state.skip = true
	}
	r.star = false
	switch name {
	case "par", "line", "row", "sect", "page", "column":
		r.rune('\n')
	case "cell", "tab", "nestcell":
		r.rune('\t')
	case "emdash", "endash":
		r.rune('-')
	case "lquote", "rquote":
		r.rune('\'')
	case "ldblquote", "rdblquote":
		r.rune('"')
	case "u":
		r.rune(rune(uint16(n)))
		r.fallback = r.state.uc
	case "uc":
		r.state.uc = max(0, min(n, 16))
	case "ansicpg":
		if cs, ok := charset.Label("windows-" + strconv.Itoa(n)); ok && has {
			r.page = cs
		} else if cs, ok := charset.Label(map[int]string{932: "shift_jis", 936: "gbk", 949: "euc-kr", 950: "big5"}[n]); ok {
			r.page = cs
		}
	case "bin":
		from := r.at
		r.at = min(len(r.data), r.at+max(0, n))
		r.aside = append(append(r.aside, runs(r.data[from:r.at], leastRun)...), '\n')
	case "objdata":
		r.state.object, r.state.skip = true, false
	case "result":
		r.state.object, r.state.skip = false, false
	}
}

// hiddenDestination reports groups that hold tables and pictures.
func hiddenDestination(name string) bool {
	switch name {
	case "fonttbl", "colortbl", "stylesheet", "pict", "themedata", "datastore", "listtable", "listoverridetable",
		"rsidtbl", "generator", "latentstyles", "xmlnstbl", "colorschememapping", "filetbl", "revtbl":
		return true
	}
	return false
}

// shownDestination reports the groups behind \* that hold text all the same.
func shownDestination(name string) bool {
	switch name {
	case "annotation", "footnote", "header", "footer", "shptxt", "shpinst", "atnid", "atnauthor", "fldinst", "bkmkstart",
		"objdata", "userprops", "propname", "staticval", "company", "manager", "ud":
		return true
	}
	return false
}

// lzfuStart is what the dictionary of compressed RTF begins with ([MS-OXRTFCP] 2.1.2.1).
const lzfuStart = "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript " +
	"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par " +
	"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"

// decompressRTF expands the RTF body of an Outlook message ([MS-OXRTFCP] 2.2).
func decompressRTF(b []byte, limit int) ([]byte, bool) {
	if len(b) < 16 {
		return nil, false
	}
	kind := binary.LittleEndian.Uint32(b[8:])
	size := int(binary.LittleEndian.Uint32(b[4:]))
	b = b[16:]
	if kind == 0x414c454d { // stored
		return b[:min(len(b), size)], true
	}
	if kind != 0x75465a4c {
		return nil, false
	}
	var dict [4096]byte
	at := copy(dict[:], lzfuStart)
	out := make([]byte, 0, min(size, limit, 1<<20))
	put := func(c byte) {
		out = append(out, c)
		dict[at] = c
		at = (at + 1) % len(dict)
	}
	for len(b) > 0 && len(out) < limit {
		flags := b[0]
		b = b[1:]
		for bit := range 8 {
			if flags>>bit&1 == 0 {
				if len(b) == 0 {
					return out, true
				}
				put(b[0])
				b = b[1:]
				continue
			}
			if len(b) < 2 {
				return out, true
			}
			ref := int(b[0])<<8 | int(b[1])
			b = b[2:]
			from := ref >> 4
			if from == at {
				return out, true
			}
			for range ref&15 + 2 {
				put(dict[from])
				from = (from + 1) % len(dict)
			}
		}
	}
	return out, true
}
