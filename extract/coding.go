package extract

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"

	"github.com/sluice-dlp/sluice/extract/internal/budget"
)

// coding is a content coding (RFC 9110 §8.4.1).
type coding uint8

const (
	identity coding = iota
	gzipped
	zlibbed  // "deflate" as the RFC means it
	deflated // "deflate" as some clients send it: without the zlib wrapper
	brotlied
	zstded
	snapped
)

// maxStack bounds how many codings may lie one upon the other.
const maxStack = 6

// zstdWindow bounds the memory that one zstd frame may ask for.
const zstdWindow = 16 << 20

// sniffCoding recognises a coding by its magic number.
func sniffCoding(b []byte) coding {
	switch {
	case len(b) > 10 && b[0] == 0x1f && b[1] == 0x8b && b[2] == 8:
		return gzipped
	case len(b) > 4 && string(b[:4]) == "\x28\xb5\x2f\xfd":
		return zstded
	case len(b) > 6 && b[0]&0x0f == 8 && b[0]>>4 <= 7 && (int(b[0])<<8|int(b[1]))%31 == 0 && b[1]&0x20 == 0:
		return zlibbed
	}
	return identity
}

// namedCodings returns the codings that the name of one may mean, the likeliest first.
func namedCodings(name string) []coding {
	switch name {
	case "gzip", "x-gzip":
		return []coding{gzipped}
	case "deflate":
		return []coding{zlibbed, deflated}
	case "br":
		return []coding{brotlied}
	case "zstd":
		return []coding{zstded}
	case "snappy":
		return []coding{snapped}
	}
	return nil
}

// expand decompresses b within the budget. Its error says that b is not of this coding;
// what came before the mistake is returned too.
func (c coding) expand(b []byte, left *budget.Budget) ([]byte, budget.Limit, error) {
	var r io.Reader
	switch c {
	case identity:
		return b, budget.None, nil
	case gzipped:
		z, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			return nil, budget.None, fmt.Errorf("read gzip: %w", err)
		}
		r = z
	case zlibbed:
		z, err := zlib.NewReader(bytes.NewReader(b))
		if err != nil {
			return nil, budget.None, fmt.Errorf("read zlib: %w", err)
		}
		r = z
	case deflated:
		r = flate.NewReader(bytes.NewReader(b))
	case brotlied:
		r = brotli.NewReader(bytes.NewReader(b))
	case zstded:
		z, err := zstd.NewReader(bytes.NewReader(b), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(zstdWindow))
		if err != nil {
			return nil, budget.None, fmt.Errorf("read zstd: %w", err)
		}
		defer z.Close()
		r = z
	case snapped:
		n, err := snappy.DecodedLen(b)
		if err != nil || int64(n) > left.Member {
			return nil, budget.None, fmt.Errorf("read snappy: %w", snappy.ErrCorrupt)
		}
		out, err := snappy.Decode(nil, b)
		if err != nil {
			return nil, budget.None, fmt.Errorf("read snappy: %w", err)
		}
		if !left.Expand(len(out)) {
			return out, budget.Expanded, nil
		}
		return out, budget.None, nil
	}
	out, limit, err := left.Read(r)
	if err != nil {
		return out, limit, fmt.Errorf("expand: %w", err)
	}
	return out, limit, nil
}

// compress is the way back of expand.
func (c coding) compress(b []byte) ([]byte, error) {
	var buf bytes.Buffer
	var w io.WriteCloser
	switch c {
	case identity:
		return b, nil
	case gzipped:
		w = gzip.NewWriter(&buf)
	case zlibbed:
		w = zlib.NewWriter(&buf)
	case deflated:
		z, err := flate.NewWriter(&buf, flate.DefaultCompression)
		if err != nil {
			return nil, fmt.Errorf("compress: %w", err)
		}
		w = z
	case brotlied:
		w = brotli.NewWriterLevel(&buf, 5)
	case zstded:
		z, err := zstd.NewWriter(&buf, zstd.WithEncoderConcurrency(1))
		if err != nil {
			return nil, fmt.Errorf("compress: %w", err)
		}
		w = z
	case snapped:
		return snappy.Encode(nil, b), nil
	}
	if _, err := w.Write(b); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	return buf.Bytes(), nil
}
