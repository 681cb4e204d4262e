package extract

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/sluice-dlp/sluice/extract/internal/charset"
	"github.com/sluice-dlp/sluice/extract/internal/document"
	"github.com/sluice-dlp/sluice/extract/internal/jsontree"
)

// codec says how the bytes of a layer stand in the layer that holds it.
type codec uint8

const (
	slice    codec = iota // as they are
	jsonText              // the inside of a JSON string
	jsonFile              // JSON as a whole, with the strings in it decoded
	jsonBare              // a JSON number: an edited one becomes a string
	percent               // a value of a form or query
	encoded               // base64, in one of its spellings
	packed                // a content coding
	wide                  // another character encoding
	frame                 // a Connect or gRPC-Web envelope, header and payload
	field                 // a length-delimited protobuf field: length and payload
	sealed                // derived in a way that has no way back
)

// layer is one decoding of a span of its parent. Layers form the tree from the body down
// to the texts; a parent has a smaller index than its children.
type layer struct {
	parent     int // index in Doc.layers; -1 for the body itself
	codec      codec
	coding     coding // packed, and frame when its payload is compressed
	start, end int    // the span in the parent's data
	data       []byte

	base64  *base64.Encoding // encoded
	charset *charset.Charset // wide
	stated  *spot            // slice: the length that a multipart part states of itself
	splices []splice
}

// spot is where something stands in the parent's data.
type spot struct{ start, end int }

// splice replaces a span of a layer's data.
type splice struct {
	start, end int
	with       []byte
}

// apply returns data with sorted, disjoint splices applied.
func apply(data []byte, splices []splice) []byte {
	size := len(data)
	for _, s := range splices {
		size += len(s.with) - (s.end - s.start)
	}
	out, at := make([]byte, 0, size), 0
	for _, s := range splices {
		out = append(out, data[at:s.start]...)
		out = append(out, s.with...)
		at = s.end
	}
	return append(out, data[at:]...)
}

// merge sorts splices and joins those that overlap: the same bytes may be reached by
// two texts. The replacement of the first one stands for the whole.
func merge(splices []splice) []splice {
	slices.SortStableFunc(splices, func(a, b splice) int {
		if a.start != b.start {
			return a.start - b.start
		}
		return b.end - a.end
	})
	out := splices[:0]
	for _, s := range splices {
		if n := len(out); n > 0 && s.start < out[n-1].end {
			out[n-1].end = max(out[n-1].end, s.end)
			continue
		}
		out = append(out, s)
	}
	return out
}

// lift turns the splices of layer l into splices of its parent, whose data is outer.
func (l *layer) lift(outer []byte) ([]splice, error) {
	switch l.codec {
	case slice:
		return l.liftSlice(), nil
	case jsonText:
		return liftSteps(l, outer, jsontree.Step, jsontree.AppendEscaped), nil
	case jsonFile:
		return l.liftFile(outer)
	case percent:
		return liftSteps(l, outer, percentStep, appendPercent), nil
	case jsonBare, encoded, packed, wide, frame, field:
		with, err := l.encode(outer[l.start:l.end], apply(l.data, l.splices))
		if err != nil {
			return nil, err
		}
		return []splice{{l.start, l.end, with}}, nil
	case sealed:
	}
	return nil, fmt.Errorf("%w: part of the text has no way back", ErrNotEditable)
}

func (l *layer) liftSlice() []splice {
	out := make([]splice, 0, len(l.splices)+1)
	grown := 0
	for _, s := range l.splices {
		grown += len(s.with) - (s.end - s.start)
		out = append(out, splice{s.start + l.start, s.end + l.start, s.with})
	}
	if l.stated != nil {
		out = append(out, splice{l.stated.start, l.stated.end, fmt.Append(nil, len(l.data)+grown)})
	}
	return out
}

// liftSteps maps offsets of the decoded text to the encoded one by decoding it again: a
// map would cost the many texts that are never edited.
func liftSteps(l *layer, outer []byte, step func([]byte) (n, m int, out [4]byte), escape func(dst, s []byte) []byte) []splice {
	out := make([]splice, 0, len(l.splices))
	raw := outer[l.start:l.end]
	at, decoded := 0, 0 // offsets in raw and in data
	// seek goes to the unit that holds decoded offset to, or past it when over is set.
	seek := func(to int, over bool) int {
		for at < len(raw) {
			n, m, _ := step(raw[at:])
			if decoded+m > to && (!over || decoded >= to) {
				break
			}
			at, decoded = at+n, decoded+m
		}
		return l.start + at
	}
	for _, s := range l.splices {
		from := seek(s.start, false)
		to := seek(s.end, true)
		out = append(out, splice{from, to, escape(nil, s.with)})
	}
	return out
}

// liftFile is liftSteps for a whole JSON document: what replaces a bare number must
// become a string, and a cut that holds a quotation mark would break the document.
func (l *layer) liftFile(outer []byte) ([]splice, error) {
	out := liftSteps(l, outer, jsontree.Step, jsontree.AppendEscaped)
	raw := outer[l.start:l.end]
	at, inside := 0, false
	scan := func(to int) (crossed bool) {
		for at < to {
			switch raw[at] {
			case '\\':
				at++
			case '"':
				inside, crossed = !inside, true
			}
			at++
		}
		return crossed
	}
	for i := range out {
		scan(out[i].start - l.start)
		begun := inside
		if scan(out[i].end - l.start) {
			return nil, fmt.Errorf("%w: a value reaches over the strings of a JSON file", ErrNotEditable)
		}
		if !begun {
			out[i].with = append(append([]byte{'"'}, out[i].with...), '"')
		}
	}
	return out, nil
}

// encode returns the bytes that stand for data in the parent, where raw stood for the
// data before.
func (l *layer) encode(raw, data []byte) ([]byte, error) {
	switch l.codec {
	case jsonBare:
		return append(jsontree.AppendEscaped([]byte{'"'}, data), '"'), nil
	case encoded:
		return l.base64.AppendEncode(nil, data), nil
	case packed:
		return l.coding.compress(data)
	case wide:
		out, err := l.charset.Encode(raw, l.data, data)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNotEditable, err)
		}
		return out, nil
	case field:
		return append(binary.AppendUvarint(nil, uint64(len(data))), data...), nil
	case frame:
		flags := byte(0)
		if l.coding != identity {
			flags = 1
			var err error
			if data, err = l.coding.compress(data); err != nil {
				return nil, err
			}
		}
		return append(binary.BigEndian.AppendUint32([]byte{flags}, uint32(len(data))), data...), nil
	case slice, jsonText, jsonFile, percent, sealed:
	}
	return data, nil
}

// percentStep decodes the beginning of a form value (WHATWG URL, urlencoded parsing).
func percentStep(raw []byte) (n, m int, out [4]byte) {
	switch {
	case raw[0] == '+':
		out[0] = ' '
		return 1, 1, out
	case raw[0] == '%' && len(raw) > 2:
		high, ok1 := document.Unhex(raw[1])
		low, ok2 := document.Unhex(raw[2])
		if ok1 && ok2 {
			out[0] = high<<4 | low
			return 3, 1, out
		}
	}
	out[0] = raw[0]
	return 1, 1, out
}

func appendPercent(dst, s []byte) []byte {
	const hex = "0123456789ABCDEF"
	for _, c := range s {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.', c == '_', c == '*':
			dst = append(dst, c)
		default:
			dst = append(dst, '%', hex[c>>4], hex[c&15])
		}
	}
	return dst
}
