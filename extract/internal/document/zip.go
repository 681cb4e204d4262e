package document

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz/lzma"

	"github.com/sluice-dlp/sluice/extract/internal/budget"
)

// A zip file ends with this record and a comment of up to 64 KiB (APPNOTE.TXT 4.3.16).
const (
	endMagic   = "PK\x05\x06"
	endSize    = 22
	maxComment = 1<<16 - 1
	localMagic = "PK\x03\x04"
	localSize  = 30
)

// maxDirectory bounds the directory that is read into memory.
const maxDirectory = 20_000

// endRecord returns where the end record of a zip archive is, or -1. Whatever a body
// begins with, a reader of archives opens it by its end.
func endRecord(data []byte) int {
	from := max(0, len(data)-endSize-maxComment)
	tail := data[from:]
	for {
		i := bytes.LastIndex(tail, []byte(endMagic))
		if i < 0 {
			return -1
		}
		if from+i+endSize <= len(data) {
			return from + i
		}
		tail = tail[:i]
	}
}

// IsArchive reports whether a reader of zip archives would open data.
func IsArchive(data []byte) bool {
	end := endRecord(data)
	return end >= 0 && bytes.Contains(data[:end], []byte(localMagic))
}

// zip reads the archive whose end record is at end.
func (w *walk) zip(path string, data []byte, end, depth int) {
	if comment := data[end+endSize:]; len(comment) > 0 {
		w.text(join(path, "comment"), runs(comment, leastRun))
	}
	if bytes.Count(data, []byte("PK\x01\x02")) > maxDirectory {
		w.zipCut(path, data, depth)
		w.limit(budget.Members)
		return
	}
	zr, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		w.note(Broken)
		w.zipCut(path, data, depth)
		return
	}
	a := &zipArchive{files: zr.File, data: data}
	switch {
	case a.find("[Content_Types].xml") != nil:
		w.ooxml(path, a, depth)
	default:
		w.zipMembers(path, a, depth)
	}
	w.zipHidden(path, a, depth)
}

// zipArchive is the members that the central directory names.
type zipArchive struct {
	files []*zip.File
	data  []byte
	known []extent // where the data of members is, sorted
}

// extent is a span of the archive.
type extent struct{ start, end int64 }

func byStart(e extent, start int64) int { return cmp.Compare(e.start, start) }

func (a *zipArchive) find(name string) *zip.File {
	for _, f := range a.files {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// know notes where the data of a member is; it is false when another one is there.
func (a *zipArchive) know(f *zip.File, offset int64) bool {
	i, seen := slices.BinarySearchFunc(a.known, offset, byStart)
	if seen {
		return false
	}
	size := int64(min(f.CompressedSize64, uint64(len(a.data))))
	a.known = slices.Insert(a.known, i, extent{offset, offset + size})
	return true
}

// zipMembers reads each member as a file of its own.
func (w *walk) zipMembers(path string, a *zipArchive, depth int) {
	if f := a.find("META-INF/manifest.xml"); f != nil {
		if m, _ := w.zipMember(a, f); bytes.Contains(m, []byte("encryption-data")) { // OpenDocument
			w.note(Encrypted)
		}
	}
	names := make([]byte, 0, 256)
	for _, f := range a.files {
		if w.over {
			break
		}
		if strings.HasSuffix(f.Name, "/") && f.CompressedSize64 == 0 {
			continue
		}
		if names = append(append(names, f.Name...), '\n'); f.Comment != "" {
			names = append(append(names, f.Comment...), '\n')
		}
		names = append(names, runs(f.Extra, leastInBlob)...)
		if f.Flags&1 != 0 {
			w.note(Encrypted)
			continue
		}
		member, ok := w.zipMember(a, f)
		if ok && !(strings.HasPrefix(f.Name, "Thumbnails/") && isMedia(member)) {
			w.member(path, f.Name, member, depth)
		}
	}
	w.text(join(path, "names"), names)
}

// zipMember reads one member. Sizes in headers are not trusted: the compressed data is
// inflated as far as it goes. Two members over one place are read once.
func (w *walk) zipMember(a *zipArchive, f *zip.File) ([]byte, bool) {
	offset, err := f.DataOffset()
	if err != nil {
		w.note(Broken)
		return nil, false
	}
	if !a.know(f, offset) {
		return nil, false
	}
	raw, err := f.OpenRaw()
	if err != nil {
		w.note(Broken)
		return nil, false
	}
	return w.inflate(local{method: f.Method, flags: f.Flags, full: f.UncompressedSize64}, raw)
}

// inflate reads the compressed data of a member.
func (w *walk) inflate(h local, raw io.Reader) ([]byte, bool) {
	switch h.method {
	case zip.Store:
		return w.read(raw), true
	case zip.Deflate:
		return w.read(w.inflater(raw)), true
	case 12:
		return w.read(newBzip2(raw)), true
	case 14:
		return w.zipLZMA(h, raw)
	case 93:
		z, err := zstd.NewReader(raw, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err == nil {
			defer z.Close()
			return w.read(z), true
		}
	}
	w.note(Broken) // of a method that is not read here
	return nil, false
}

// inflater returns a reader of deflated data, which is good until the next one is asked for.
func (w *walk) inflater(r io.Reader) io.Reader {
	if w.flate == nil {
		w.flate = flate.NewReader(r)
		return w.flate
	}
	if again, ok := w.flate.(flate.Resetter); !ok || again.Reset(r, nil) != nil {
		w.flate = flate.NewReader(r)
	}
	return w.flate
}

// zipLZMA reads LZMA as zip has it (APPNOTE.TXT 5.8): version, size of the properties, the
// properties, and data to its end marker or, without one, to the size that the header
// states. Data behind that is a member that hides something.
func (w *walk) zipLZMA(h local, raw io.Reader) ([]byte, bool) {
	const (
		marker     = 1 << 1 // flag: the data has one
		coderBytes = 5      // that the coder may leave behind the last symbol
	)
	var head [17]byte // 4 of zip's, then as a .lzma file begins
	if _, err := io.ReadFull(raw, head[:9]); err != nil || binary.LittleEndian.Uint16(head[2:]) != 5 {
		w.note(Broken)
		return nil, false
	}
	if binary.LittleEndian.Uint32(head[5:]) > maxXZ {
		w.limit(budget.Window)
		return nil, false
	}
	size := h.full
	if h.flags&marker != 0 {
		size = math.MaxUint64 // unknown
	}
	binary.LittleEndian.PutUint64(head[9:], size)
	in := bufio.NewReader(io.MultiReader(bytes.NewReader(head[4:]), raw)) // a ByteReader, as lzma wants it: nothing is read ahead elsewhere
	z, err := lzma.NewReader(in)
	if err != nil {
		w.note(Broken)
		return nil, false
	}
	out := w.read(z)
	if n, _ := in.Discard(coderBytes + 1); n > coderBytes && h.flags&marker == 0 {
		w.note(Broken)
	}
	return out, true
}

// zipHidden reads members that stand in the archive and that its directory does not name.
func (w *walk) zipHidden(path string, a *zipArchive, depth int) {
	for _, f := range a.files { // those that were left out are named all the same
		if offset, err := f.DataOffset(); err == nil {
			a.know(f, offset)
		}
	}
	at, before := 0, 0
	for n := 0; n < maxHidden && !w.over; n++ {
		i := bytes.Index(a.data[at:], []byte(localMagic))
		if i < 0 {
			return
		}
		at += i
		h, ok := localHeader(a.data[at:])
		if !ok || h.flags&1 != 0 {
			at += len(localMagic)
			continue
		}
		start := int64(at + h.size)
		k, named := slices.BinarySearchFunc(a.known, start, byStart)
		inside := k > 0 && a.known[k-1].start <= int64(at) && int64(at) < a.known[k-1].end
		if named || inside || at < before {
			at += len(localMagic)
			continue
		}
		member, used := w.inflateHere(h, a.data[start:])
		w.member(path, h.name, member, depth)
		at = min(int(start)+max(used, 1), len(a.data))
		before = at
	}
}

// maxHidden bounds how many local headers are looked at.
const maxHidden = 1 << 16

// zipCut reads an archive without a directory, from header to header.
func (w *walk) zipCut(path string, data []byte, depth int) {
	w.note(Broken)
	at := 0
	for n := 0; n < maxHidden && !w.over; n++ {
		i := bytes.Index(data[at:], []byte(localMagic))
		if i < 0 {
			return
		}
		at += i
		h, ok := localHeader(data[at:])
		if !ok {
			at += len(localMagic)
			continue
		}
		if h.flags&1 != 0 {
			w.note(Encrypted)
			at += h.size
			continue
		}
		member, used := w.inflateHere(h, data[at+h.size:])
		w.member(path, h.name, member, depth)
		at += h.size + max(used, 1)
		at = min(at, len(data))
	}
}

// local is a local file header (APPNOTE.TXT 4.3.7).
type local struct {
	flags, method uint16
	packed        int    // size of the compressed data, 0 when it follows the data
	full          uint64 // size that the data is said to have
	name          string
	size          int // of the header
}

func localHeader(b []byte) (local, bool) {
	if len(b) < localSize || !has(b, localMagic) {
		return local{}, false
	}
	le := binary.LittleEndian
	name, extra := int(le.Uint16(b[26:])), int(le.Uint16(b[28:]))
	h := local{flags: le.Uint16(b[6:]), method: le.Uint16(b[8:]), packed: int(le.Uint32(b[18:])), full: uint64(le.Uint32(b[22:])), size: localSize + name + extra}
	if h.size > len(b) || name == 0 {
		return local{}, false
	}
	h.name = string(b[localSize : localSize+name])
	return h, true
}

// inflateHere reads a member from its data on and returns how much of it was used.
func (w *walk) inflateHere(h local, data []byte) ([]byte, int) {
	if h.packed > 0 && h.packed <= len(data) {
		out, _ := w.inflate(h, bytes.NewReader(data[:h.packed]))
		return out, h.packed
	}
	if h.method != zip.Deflate {
		end := bytes.Index(data, []byte("PK"))
		if end < 0 {
			end = len(data)
		}
		out, _ := w.inflate(h, bytes.NewReader(data[:end]))
		return out, end
	}
	r := bytes.NewReader(data)
	counted := bufio.NewReader(r) // a ByteReader: flate reads no further than it must
	out, limit, err := w.left.Read(w.inflater(counted))
	w.limit(limit)
	if err != nil && limit == budget.None && len(out) == 0 {
		return nil, 1
	}
	return out, len(data) - r.Len() - counted.Buffered()
}
