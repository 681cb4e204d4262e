package extract

import (
	"encoding/binary"
	"strings"

	"github.com/sluice-dlp/sluice/extract/internal/budget"
)

// envelopes reads a stream of Connect or gRPC-Web messages: a byte of flags, four bytes
// of length, the message (connectrpc.com/docs/protocol, PROTOCOL-WEB.md of gRPC).
func (w *walk) envelopes(l int, prefix string, routes []route, ctype string) bool {
	data := w.data(l)
	ends, ok := frameEnds(data)
	if !ok {
		return false
	}
	inside := make([]route, 0, len(routes))
	for _, r := range routes {
		if len(r.steps) > 0 && r.steps[0].does == stepConnect {
			r = r.next()
		}
		inside = append(inside, r)
	}
	start := 0
	for _, end := range ends {
		if data[start]&0x80 == 0 { // 0x80: the trailers of gRPC-Web
			w.envelope(l, prefix, inside, ctype, start, end)
		}
		start = end
	}
	return true
}

const maxFrames = 4096 // envelopes of one body

// frameEnds returns where each envelope ends, if the body is envelopes to its last byte.
func frameEnds(data []byte) (ends []int, ok bool) {
	for at := 0; at < len(data); {
		if len(data)-at < 5 || data[at] > 3 && data[at]&^3 != 0x80 || len(ends) == maxFrames {
			return nil, false
		}
		n := int(binary.BigEndian.Uint32(data[at+1:]))
		if n > len(data)-at-5 {
			return nil, false
		}
		at += 5 + n
		ends = append(ends, at)
	}
	return ends, len(ends) > 0
}

func (w *walk) envelope(l int, prefix string, routes []route, ctype string, start, end int) {
	payload := w.data(l)[start+5 : end]
	f := layer{parent: l, codec: frame, start: start, end: end, data: payload}
	if w.data(l)[start]&1 != 0 {
		out, c, limit := w.expandFrame(payload)
		if c == identity {
			w.gap("undecodable", pathOf(prefix), budget.None)
			return
		}
		w.limitGap(pathOf(prefix), limit)
		f.data, f.coding = out, c
		if limit != budget.None {
			f.codec = sealed
		}
	} else if w.data(l)[start] != 0 {
		f.codec = sealed // an end-of-stream message: flags that encode does not write
	}
	inner := w.add(f)
	w.deeper(pathOf(prefix), func() {
		switch {
		case w.json(inner, prefix, routes):
		case w.protobuf(inner, prefix, routes, "application/proto"):
		default:
			w.raw(inner, prefix, routes, strings.TrimPrefix(ctype, "application/connect+"))
		}
	})
}

// expandFrame expands a compressed message with the coding that the headers name, or
// with the one that it shows.
func (w *walk) expandFrame(payload []byte) ([]byte, coding, budget.Limit) {
	var candidates []coding
	if c := sniffCoding(payload); c != identity {
		candidates = append(candidates, c)
	}
	for _, h := range [...]string{"Connect-Content-Encoding", "Grpc-Encoding"} {
		candidates = append(candidates, namedCodings(strings.ToLower(string(w.header(h))))...)
	}
	candidates = append(candidates, gzipped, brotlied, zstded, snapped)
	for _, c := range candidates {
		if out, limit, err := c.expand(payload, &w.left); err == nil {
			return out, c, limit
		}
	}
	return nil, identity, budget.None
}
