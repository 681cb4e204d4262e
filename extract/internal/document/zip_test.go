package document

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/ulikunitz/xz/lzma"

	"github.com/sluice-dlp/sluice/extract/internal/budget"
)

// zipOf returns an archive with one member, packed by a method as pack writes it.
func zipOf(t *testing.T, method uint16, text string, pack func(io.Writer) io.WriteCloser) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	z.RegisterCompressor(method, func(w io.Writer) (io.WriteCloser, error) { return pack(w), nil })
	w, err := z.CreateHeader(&zip.FileHeader{Name: "a.txt", Method: method})
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// zipLZMAWriter writes LZMA with the header that zip gives it.
type zipLZMAWriter struct {
	out    io.Writer
	marker bool
	dict   uint32 // what the header claims; 0: the truth
	text   bytes.Buffer
}

func (w *zipLZMAWriter) Write(b []byte) (int, error) { return w.text.Write(b) }

func (w *zipLZMAWriter) Close() error {
	var packed bytes.Buffer
	c := lzma.WriterConfig{EOSMarker: w.marker}
	if !w.marker {
		c.SizeInHeader, c.Size = true, int64(w.text.Len())
	}
	l, err := c.NewWriter(&packed)
	if err != nil {
		return err
	}
	if _, err := l.Write(w.text.Bytes()); err != nil {
		return err
	}
	if err := l.Close(); err != nil {
		return err
	}
	head, data := packed.Bytes()[:5], packed.Bytes()[13:]
	if w.dict > 0 {
		head = []byte{head[0], byte(w.dict), byte(w.dict >> 8), byte(w.dict >> 16), byte(w.dict >> 24)}
	}
	_, err = w.out.Write(append(append([]byte{9, 20, 5, 0}, head...), data...))
	return err
}

func TestZipMembersOfRareMethodsAreReadOrSaidToBeBroken(t *testing.T) {
	var b strings.Builder
	for i := range 50 {
		fmt.Fprintf(&b, "%d: the plan of the board, line by line\n", i*i*7919)
	}
	text := b.String()
	for name, c := range map[string]struct {
		method  uint16
		pack    func(io.Writer) io.WriteCloser
		says    uint32 // the size in the directory; 0: the truth
		text    bool
		outcome Outcome
		limit   budget.Limit
	}{
		"LZMA":                                {14, func(w io.Writer) io.WriteCloser { return &zipLZMAWriter{out: w, marker: true} }, 0, true, Complete, budget.None},
		"LZMA without a marker":               {14, func(w io.Writer) io.WriteCloser { return &zipLZMAWriter{out: w} }, 0, true, Complete, budget.None},
		"LZMA that is longer than it says":    {14, func(w io.Writer) io.WriteCloser { return &zipLZMAWriter{out: w} }, 900, false, Broken, budget.None},
		"LZMA that asks for 4 GiB":            {14, func(w io.Writer) io.WriteCloser { return &zipLZMAWriter{out: w, marker: true, dict: 1<<32 - 1} }, 0, false, Partial, budget.Window},
		"LZMA without data":                   {14, func(w io.Writer) io.WriteCloser { return nopCloser{io.Discard} }, 0, false, Broken, budget.None},
		"a method that nothing here can read": {9, func(w io.Writer) io.WriteCloser { return nopCloser{w} }, 0, false, Broken, budget.None},
	} {
		t.Run(name, func(t *testing.T) {
			left := budget.New(t.Context(), budget.Limits{Expanded: 1 << 20, Member: 1 << 20, Text: 1 << 20, Depth: 6, Members: 100, Time: time.Minute}, nil)
			data := zipOf(t, c.method, text, c.pack)
			if c.says > 0 {
				size := binary.LittleEndian.AppendUint32(nil, uint32(len(text)))
				data = bytes.ReplaceAll(data, size, binary.LittleEndian.AppendUint32(nil, c.says))
			}
			r := Read(&left, nil, data)
			var got strings.Builder
			for _, p := range r.Parts {
				got.Write(p.Text)
			}
			if r.Outcome != c.outcome || r.Limit != c.limit || strings.Contains(got.String(), "7919: the plan of the board, line by line\n") != c.text {
				t.Errorf("outcome %s, limit %q, %d bytes of text; want %s, %q", r.Outcome, r.Limit, got.Len(), c.outcome, c.limit)
			}
		})
	}
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
