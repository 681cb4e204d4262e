package document

import (
	"archive/tar"
	"bytes"
	"compress/bzip2"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/bodgit/sevenzip"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/nwaples/rardecode/v2"
	"github.com/ulikunitz/xz"

	"github.com/sluice-dlp/sluice/extract/internal/budget"
)

const (
	maxWindow = 16 << 20 // what one zstd frame may ask for
	maxRAR    = 64 << 20 // dictionary of a RAR archive
	maxXZ     = 64 << 20 // dictionary of an xz stream
)

func newBzip2(r io.Reader) io.Reader { return bzip2.NewReader(r) }

// stream reads what is in a compressed file that holds one file.
func (w *walk) stream(path, name string, r io.Reader, depth int) {
	w.member(path, name, w.read(r), depth)
}

func (w *walk) gzip(path string, data []byte, depth int) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		w.note(Broken)
		w.text(path, runs(data, leastRun))
		return
	}
	w.text(join(path, "names"), append([]byte(z.Name+"\n"+z.Comment+"\n"), runs(z.Extra, leastInBlob)...))
	w.stream(path, z.Name, z, depth)
}

func (w *walk) bzip2(path string, data []byte, depth int) {
	w.stream(path, "", newBzip2(bytes.NewReader(data)), depth)
}

func (w *walk) xz(path string, data []byte, depth int) {
	if xzDictionary(data) > maxXZ {
		w.limit(budget.Window)
		return
	}
	z, err := xz.NewReader(bytes.NewReader(data))
	if err != nil {
		w.note(Broken)
		return
	}
	w.stream(path, "", z, depth)
}

// xzDictionary returns the size of the dictionary that the first block asks for (xz file
// format 1.2.0, 3.1 and 5.3.1).
func xzDictionary(data []byte) int64 {
	const stream = 12
	if len(data) < stream+4 || data[stream] == 0 {
		return 0
	}
	header := data[stream:min(len(data), stream+(int(data[stream])+1)*4)]
	i := bytes.Index(header, []byte{0x21, 0x01})
	if i < 0 || i+2 >= len(header) {
		return 0
	}
	bits := header[i+2] & 0x3f
	return int64(2|bits&1) << (bits/2 + 11)
}

func (w *walk) zstd(path string, data []byte, depth int) {
	z, err := zstd.NewReader(bytes.NewReader(data), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		w.note(Broken)
		return
	}
	defer z.Close()
	out, limit, err := w.left.Read(z)
	w.limit(limit)
	switch {
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		w.limit(budget.Window)
	case err != nil:
		w.note(Broken)
	}
	w.member(path, "", out, depth)
}

// isTar recognises the magic of POSIX, and by its checksum the older format without one.
func isTar(data []byte) bool {
	if len(data) < 512 {
		return false
	}
	if string(data[257:262]) == "ustar" {
		return true
	}
	sum := 0
	for i, c := range data[:512] {
		if i >= 148 && i < 156 {
			c = ' '
		}
		sum += int(c)
	}
	stated, digits := 0, 0
	for _, c := range data[148:156] {
		if c >= '0' && c <= '7' {
			stated, digits = stated<<3|int(c-'0'), digits+1
		}
	}
	return digits >= 3 && stated == sum && data[0] != 0
}

func (w *walk) tar(path string, data []byte, depth int) {
	var names []byte
	r := bytes.NewReader(data)
	for tr := tar.NewReader(r); !w.over; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			w.member(path, "", bytes.TrimLeft(data[len(data)-r.Len():], "\x00"), depth) // readers stop at the end mark
			break
		}
		if err != nil {
			w.note(Broken)
			break
		}
		names = appendTarNames(names, h)
		w.member(path, h.Name, w.read(tr), depth) // of whatever type: some readers take others for files
	}
	w.text(join(path, "names"), names)
}

// appendTarNames appends what a header says of a member in words.
func appendTarNames(names []byte, h *tar.Header) []byte {
	for _, s := range []string{h.Name, h.Linkname, h.Uname, h.Gname} {
		if s != "" {
			names = append(append(names, s...), '\n')
		}
	}
	for _, key := range slices.Sorted(maps.Keys(h.PAXRecords)) {
		if key != "path" && key != "linkpath" {
			names = append(append(names, h.PAXRecords[key]...), '\n')
		}
	}
	return names
}

// sevenZip reads an archive by the Helper: its header may ask for a dictionary of
// gigabytes before anything is known of it.
func (w *walk) sevenZip(path string, data []byte, depth int) {
	var names []byte
	each := func(name string, content []byte) bool {
		names = append(append(names, name...), '\n')
		w.member(path, name, content, depth)
		return !w.over
	}
	var outcome Outcome
	var limit budget.Limit
	var a Archive
	ok := false
	if w.help != nil {
		a, ok = w.help.SevenZip(w.left, data)
	}
	if ok {
		outcome, limit = a.Outcome, a.Limit
		for _, f := range a.Files {
			if !w.left.Expand(len(f.Data)) {
				limit = budget.Expanded
				break
			}
			if !each(f.Name, f.Data) {
				break
			}
		}
	} else {
		outcome, limit = SevenZip(w.left, data, each)
	}
	w.note(outcome)
	w.limit(limit)
	w.text(join(path, "names"), names)
}

// SevenZip calls each with every member of a 7z archive, until it returns false.
func SevenZip(left *budget.Budget, data []byte, each func(name string, content []byte) bool) (Outcome, budget.Limit) {
	zr, err := sevenzip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return sevenZipError(err), budget.None
	}
	worst, first := Complete, budget.None
	worse := func(o Outcome) {
		if o.rank() > worst.rank() {
			worst = o
		}
	}
	for _, f := range zr.File {
		if f.FileInfo().IsDir() {
			continue
		}
		rc, err := f.Open()
		if err != nil {
			worse(sevenZipError(err))
			if !each(f.Name, nil) {
				break
			}
			continue
		}
		content, limit, err := left.Read(rc)
		_ = rc.Close()
		if err != nil && limit == budget.None {
			worse(sevenZipError(err))
		}
		if first == budget.None {
			first = limit
		}
		if !each(f.Name, content) || limit == budget.Expanded || limit == budget.Time {
			break
		}
	}
	return worst, first
}

func sevenZipError(err error) Outcome {
	var re *sevenzip.ReadError
	if errors.As(err, &re) && re.Encrypted {
		return Encrypted
	}
	return Broken
}

func (w *walk) rar(path string, data []byte, depth int) {
	rr, err := rardecode.NewReader(bytes.NewReader(data), rardecode.MaxDictionarySize(maxRAR))
	if err != nil {
		w.rarError(err)
		return
	}
	var names []byte
	for !w.over {
		h, err := rr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			w.rarError(err)
			break
		}
		names = append(append(names, h.Name...), '\n')
		if h.IsDir {
			continue
		}
		member, limit, err := w.left.Read(rr)
		w.limit(limit)
		if err != nil && limit == budget.None {
			w.rarError(err)
		}
		w.member(path, h.Name, member, depth)
	}
	w.text(join(path, "names"), names)
}

func (w *walk) rarError(err error) {
	switch {
	case errors.Is(err, rardecode.ErrArchiveEncrypted), errors.Is(err, rardecode.ErrArchivedFileEncrypted), errors.Is(err, rardecode.ErrBadPassword):
		w.note(Encrypted)
	case errors.Is(err, rardecode.ErrDictionaryTooLarge), strings.Contains(err.Error(), "dictionary"):
		w.limit(budget.Window)
	default:
		w.note(Broken)
	}
}
