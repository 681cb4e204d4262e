package document

import (
	"bytes"
	"compress/zlib"
	"encoding/ascii85"

	"github.com/klauspost/compress/flate"

	"github.com/sluice-dlp/sluice/extract/internal/budget"
)

// inflatePDF expands a Flate stream, also one that is cut or has no checksum.
func (w *walk) inflatePDF(body []byte) []byte {
	if len(body) < 3 {
		return nil
	}
	var out []byte
	var limit budget.Limit
	if z, err := zlib.NewReader(bytes.NewReader(body)); err == nil {
		out, limit, _ = w.left.Read(z)
	} else {
		out, limit, _ = w.left.Read(flate.NewReader(bytes.NewReader(body)))
	}
	w.limit(limit)
	return out
}

func hexString(b []byte) []byte {
	out := make([]byte, 0, len(b)/2)
	high, half := byte(0), false
	for _, c := range b {
		v, ok := Unhex(c)
		if !ok {
			continue
		}
		if half {
			out = append(out, high<<4|v)
		}
		high, half = v, !half
	}
	if half {
		out = append(out, high<<4)
	}
	return out
}

func ascii85Bytes(b []byte) []byte {
	b, _, _ = bytes.Cut(b, []byte("~>"))
	out := make([]byte, len(b)+8)
	n, _, err := ascii85.Decode(out, bytes.TrimPrefix(b, []byte("<~")), true)
	if err != nil {
		return b
	}
	return out[:n]
}
