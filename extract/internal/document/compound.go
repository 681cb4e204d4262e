package document

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/richardlehane/mscfb"
)

// compound reads an OLE compound file ([MS-CFB]): Word, Excel and PowerPoint of 97-2003,
// Outlook messages, and the wrapper of encrypted Office files.
func (w *walk) compound(path string, data []byte, depth int) {
	r, err := mscfb.New(bytes.NewReader(data))
	if err != nil {
		w.note(Broken)
		w.text(path, runs(data, leastRun))
		return
	}
	var word, table []byte
	for n := 0; !w.over; n++ {
		e, err := r.Next()
		if err != nil || n > maxStreams {
			break
		}
		if e.FileInfo().IsDir() || e.Size == 0 {
			continue
		}
		if e.Name == "EncryptedPackage" {
			w.note(Encrypted)
			return
		}
		stream := w.read(e)
		switch e.Name {
		case "WordDocument":
			word = stream
		case "0Table", "1Table":
			if e.Name == "1Table" || len(table) == 0 {
				table = stream
			}
		default:
			w.stream97(join(path, e.Name), e.Name, stream, depth)
		}
	}
	if len(word) > 0 {
		w.word97(join(path, "WordDocument"), word, table)
	}
}

const maxStreams = 10_000

// stream97 reads one stream by its name.
func (w *walk) stream97(path, name string, stream []byte, depth int) {
	switch {
	case strings.HasPrefix(name, "__substg1.0_"):
		w.property(path, name, stream, depth)
	case name == "Workbook", name == "Book":
		w.excel97(path, stream)
	case name == "PowerPoint Document":
		w.powerpoint97(path, stream)
	case strings.HasSuffix(name, "Ole10Native"):
		w.ole10(path, stream, depth)
	case name == "CONTENTS", name == "Package":
		w.member(path, "", stream, depth)
	case name == "Pictures", name == "Data": // pictures
	default:
		w.text(path, runs(stream, leastRun))
	}
}

// property reads a property of an Outlook message ([MS-OXMSG] 2.1.3): its name ends in
// the property's number and type.
func (w *walk) property(path, name string, stream []byte, depth int) {
	tag := strings.ToUpper(strings.TrimPrefix(name, "__substg1.0_"))
	if len(tag) < 8 {
		return
	}
	number, typ := tag[:4], tag[4:8]
	switch {
	case typ == "001F":
		w.text(path, appendUTF16(nil, stream))
	case typ == "001E":
		w.text(path, latin1(stream))
	case number == "3701": // the data of an attachment
		w.member(path, "", stream, depth)
	case number == "1013": // the body as HTML
		w.member(path, "body.html", stream, depth)
	case number == "1009": // the body as compressed RTF
		if rtf, ok := decompressRTF(stream, int(w.left.Member)); ok {
			w.member(path, "body.rtf", rtf, depth)
		}
	}
}

// ole10 reads an embedded file as old Office keeps it ([MS-OLEDS] 2.3.6).
func (w *walk) ole10(path string, stream []byte, depth int) {
	if len(stream) < 6 {
		return
	}
	rest := stream[6:]
	name, rest, _ := bytes.Cut(rest, []byte{0})
	_, rest, _ = bytes.Cut(rest, []byte{0}) // its path
	if len(rest) > 8 {
		skip := 8 + le32(rest, 4)
		if skip > 0 && skip+4 <= len(rest) {
			size := le32(rest, skip)
			body := rest[skip+4:]
			if size > 0 && size <= len(body) {
				w.text(join(path, "names"), latin1(name))
				w.member(path, string(name), body[:size], depth)
				return
			}
		}
	}
	w.text(path, runs(stream, leastRun))
}

func le16(b []byte, i int) int {
	if i < 0 || i+2 > len(b) {
		return 0
	}
	return int(binary.LittleEndian.Uint16(b[i:]))
}

// le32 reads a number; one over 2 GiB, which no offset can be, is negative.
func le32(b []byte, i int) int {
	if i < 0 || i+4 > len(b) {
		return 0
	}
	return int(int32(binary.LittleEndian.Uint32(b[i:])))
}

// word97 reads the text of a Word 97-2003 document by its piece table ([MS-DOC] 2.4.1):
// the body with footnotes, headers, comments and text boxes.
func (w *walk) word97(path string, word, table []byte) {
	const (
		flags     = 0x0a // FibBase
		encrypted = 1 << 8
		fcClx     = 0x1a2
		lcbClx    = 0x1a6
	)
	if le16(word, flags)&encrypted != 0 {
		w.note(Encrypted)
		return
	}
	fc, lcb := le32(word, fcClx), le32(word, lcbClx)
	if le16(word, 0) != 0xa5ec || fc < 0 || lcb <= 0 || fc+lcb > len(table) {
		w.text(path, runs(word, leastRun))
		return
	}
	clx := table[fc : fc+lcb]
	for len(clx) > 3 && clx[0] == 1 { // Prc
		clx = clx[min(len(clx), 3+le16(clx, 1)):]
	}
	if len(clx) < 5 || clx[0] != 2 { // Pcdt
		w.text(path, runs(word, leastRun))
		return
	}
	w.text(path, wordText(word, clx[5:]))
}

// wordText joins the pieces of a PlcPcd ([MS-DOC] 2.8.35).
func wordText(word, plc []byte) []byte {
	n := max(0, (len(plc)-4)/12)
	var out []byte
	for i := range n {
		count := le32(plc, 4*i+4) - le32(plc, 4*i)
		at := le32(plc, 4*(n+1)+8*i+2)
		if count <= 0 || len(out) > 4*len(word) {
			continue
		}
		const compressed = 1 << 30
		if at&compressed != 0 {
			if at = (at &^ compressed) / 2; at >= 0 && at+count <= len(word) {
				out = append(out, latin1(word[at:at+count])...)
			}
			continue
		}
		if at >= 0 && at+2*count <= len(word) {
			out = appendUTF16(out, word[at:at+2*count])
		}
	}
	for i, c := range out { // the marks of paragraphs, cells, lines and fields
		switch c {
		case '\r', '\v', '\f':
			out[i] = '\n'
		case 7:
			out[i] = '\t'
		case 0x13, 0x14, 0x15, 1, 2, 5, 8:
			out[i] = ' '
		case 0x1e:
			out[i] = '-'
		}
	}
	return out
}

// powerpoint97 reads the text atoms of a presentation ([MS-PPT] 2.9).
func (w *walk) powerpoint97(path string, data []byte) {
	const (
		textChars  = 0x0fa0
		textBytes  = 0x0fa8
		cString    = 0x0fba
		cryptBegin = 0x2f14
	)
	var out []byte
	for len(data) >= 8 {
		version, kind, n := le16(data, 0), le16(data, 2), le32(data, 4)
		body := data[8:]
		if version&0xf == 0xf { // a container: its records follow
			if kind == cryptBegin {
				w.note(Encrypted)
			}
			data = body
			continue
		}
		if n < 0 || n > len(body) {
			break
		}
		switch kind {
		case textChars, cString:
			out = append(appendUTF16(out, body[:n]), '\n')
		case textBytes:
			out = append(append(out, latin1(body[:n])...), '\n')
		}
		data = body[n:]
	}
	w.text(path, bytes.ReplaceAll(out, []byte("\r"), []byte("\n")))
}
