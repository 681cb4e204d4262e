package icap

import "bytes"

const (
	maxChunkLine = 4 << 10  // bytes of a chunk-size line with its extensions, or of a trailer line
	maxTrailer   = 16 << 10 // bytes of a trailer section
)

// window names stretches of one buffer: decoded payload in [start:end), bytes not yet
// decoded in [r:w). start <= end <= r <= w.
type window struct{ start, end, r, w int }

type chunkState uint8

const (
	chunkSize chunkState = iota
	chunkData
	chunkCRLF
	chunkTrailer
	chunkDone
)

// dechunker decodes a chunked body (RFC 9112 §7.1) in place, in as many steps as its
// bytes arrive in. The zero dechunker is at the start of a body.
type dechunker struct {
	state   chunkState
	left    int64  // payload bytes missing from the current chunk
	total   int64  // payload bytes decoded
	ieof    bool   // RFC 3507 §4.5: the last chunk said that the preview is the whole body
	trailer []byte // raw lines, each with CRLF
}

// again prepares for the chunks that follow a preview. What was decoded stays counted.
func (d *dechunker) again() { *d = dechunker{total: d.total} }

// decode consumes what it can of buf[v.r:v.w] and moves the payload down to v.end. It
// reports whether the last chunk and its trailer are complete; if not, it needs more
// bytes behind v.w. Its error is a refusal.
func (d *dechunker) decode(buf []byte, v *window) (done bool, err error) {
	for {
		switch d.state {
		case chunkSize:
			line, ok, err := takeLine(buf, v)
			if !ok || err != nil {
				return false, err
			}
			n, ext, ok := parseChunkSize(line)
			if !ok {
				return false, refuse(400, "bad chunk size")
			}
			d.left, d.state = n, chunkData
			if n == 0 {
				d.ieof, d.state = hasIEOF(ext), chunkTrailer
			}
		case chunkData:
			n := int(min(int64(v.w-v.r), d.left))
			if n == 0 {
				return false, nil
			}
			if v.start == v.end { // nothing decoded yet: the payload may stay where it is
				v.start, v.end = v.r, v.r
			}
			if v.end != v.r {
				copy(buf[v.end:], buf[v.r:v.r+n])
			}
			v.end += n
			v.r += n
			d.total += int64(n)
			if d.left -= int64(n); d.left == 0 {
				d.state = chunkCRLF
			}
		case chunkCRLF:
			if v.w-v.r < 2 {
				return false, nil
			}
			if buf[v.r] != '\r' || buf[v.r+1] != '\n' {
				return false, refuse(400, "chunk without line end")
			}
			v.r += 2
			d.state = chunkSize
		case chunkTrailer:
			line, ok, err := takeLine(buf, v)
			if !ok || err != nil {
				return false, err
			}
			if len(line) == 0 {
				d.state = chunkDone
				return true, nil
			}
			if len(d.trailer)+len(line)+2 > maxTrailer {
				return false, refuse(400, "trailer over the limit")
			}
			d.trailer = append(append(d.trailer, line...), crlf...)
		case chunkDone:
			return true, nil
		}
	}
}

// takeLine cuts a line off the undecoded bytes; ok is false while it is incomplete.
func takeLine(buf []byte, v *window) (line []byte, ok bool, err error) {
	i := bytes.IndexByte(buf[v.r:v.w], '\n')
	if i < 0 {
		if v.w-v.r > maxChunkLine {
			return nil, false, refuse(400, "chunk line over the limit")
		}
		return nil, false, nil
	}
	if i == 0 || buf[v.r+i-1] != '\r' || i > maxChunkLine {
		return nil, false, refuse(400, "bad chunk line")
	}
	line = buf[v.r : v.r+i-1]
	v.r += i + 1
	return line, true, nil
}

// parseChunkSize reads "1a3; ext". Sizes of more than 15 significant digits are
// refused, so no size can wrap.
func parseChunkSize(line []byte) (n int64, ext []byte, ok bool) {
	i, significant := 0, 0
	for ; i < len(line); i++ {
		c := line[i]
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			c = 0xff
		}
		if c == 0xff {
			break
		}
		if n = n<<4 | int64(c); n != 0 {
			significant++
		}
		if significant > 15 {
			return 0, nil, false
		}
	}
	if i == 0 {
		return 0, nil, false
	}
	for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
		i++
	}
	ext = line[i:]
	return n, ext, len(ext) == 0 || ext[0] == ';'
}

// hasIEOF looks for the extension of RFC 3507 §4.5 among chunk extensions. What
// stands in a quoted string is not one.
func hasIEOF(ext []byte) bool {
	start, quoted := 0, false
	for i := 0; i <= len(ext); i++ {
		switch {
		case i < len(ext) && quoted && ext[i] == '\\':
			i++
		case i < len(ext) && ext[i] == '"':
			quoted = !quoted
		case i == len(ext) || ext[i] == ';' && !quoted:
			if equalFold(trim(ext[start:min(i, len(ext))]), "ieof") {
				return true
			}
			start = i + 1
		}
	}
	return false
}
