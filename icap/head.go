package icap

import (
	"bytes"
	"fmt"
	"strings"
)

const (
	noPreview  = -1
	maxPreview = 1 << 20 // bytes of a preview, whatever was announced
)

// span is a stretch of a message, relative to its first byte, so that it stays true
// when the buffer moves.
type span struct{ a, b int }

func (s span) of(b []byte) []byte { return b[s.a:s.b] }

// icapHead is a parsed ICAP request head (RFC 3507 §4.3.2).
type icapHead struct {
	method                       Method
	uri, fields                  span
	service                      *service
	allow204, allow206, trailers bool
	close, hasHost, hasEncap     bool
	preview                      int64
	encap                        encapsulated
}

// parse reads a head that ends in its blank line. Its error is a refusal.
func (h *icapHead) parse(b []byte, services []*service) error {
	*h = icapHead{preview: noPreview}
	line, rest := cutLine(b)
	path, err := h.parseLine(line)
	if err != nil {
		return err
	}
	h.fields = span{len(b) - len(rest), len(b) - 2}
	for rest = rest[:len(rest)-2]; len(rest) > 0; {
		if line, rest = cutLine(rest); !h.parseField(line) {
			return refuse(400, "bad ICAP header field")
		}
	}
	if h.method == 0 {
		return refuse(501, "unknown method")
	}
	if !h.hasHost { // RFC 3507 §4.3.2
		return refuse(400, "no Host")
	}
	if h.service = serviceAt(path, services); h.service == nil {
		return refuse(404, fmt.Sprintf("unknown service %.64q; known: %s", path, known(services)))
	}
	if h.method != MethodOptions && h.method != h.service.Method {
		return refuse(405, h.method.String()+" is not the method of "+h.service.Path)
	}
	if h.method != MethodOptions && !h.hasEncap || !h.encap.fits(h.method) {
		return refuse(400, "bad Encapsulated")
	}
	return nil
}

// serviceAt returns the service at path, or nil. RFC 3507 §4.2 leaves paths to the server;
// people write a slash behind them, so one is passed over where nothing has that path.
func serviceAt(path []byte, services []*service) *service {
	for _, s := range services {
		if string(path) == s.Path {
			return s
		}
	}
	if short, ok := bytes.CutSuffix(path, slash); ok && len(short) > 0 && short[len(short)-1] != '/' {
		return serviceAt(short, services)
	}
	return nil
}

// known lists services for the log.
func known(services []*service) string {
	var list []string
	for _, s := range services {
		list = append(list, s.Path)
	}
	return strings.Join(list, ", ")
}

// cutLine cuts a line, without its LF, off b, in which there is one.
func cutLine(b []byte) (line, rest []byte) {
	i := bytes.IndexByte(b, '\n')
	return b[:i], b[i+1:]
}

// parseLine reads "REQMOD icap://host/path?query ICAP/1.0" and returns the path.
func (h *icapHead) parseLine(line []byte) (path []byte, err error) {
	line, ok := bytes.CutSuffix(line, []byte("\r"))
	method, rest, ok1 := bytes.Cut(line, space)
	uri, version, ok2 := bytes.Cut(rest, space)
	if !ok || !ok1 || !ok2 || !isToken(method) || len(uri) == 0 || !bytes.HasPrefix(version, []byte("ICAP/")) || bytes.IndexByte(uri, 0) >= 0 {
		return nil, refuse(400, "bad request line")
	}
	if string(version) != "ICAP/1.0" {
		return nil, refuse(505, "unsupported ICAP version")
	}
	switch string(method) {
	case "OPTIONS":
		h.method = MethodOptions
	case "REQMOD":
		h.method = MethodReqmod
	case "RESPMOD":
		h.method = MethodRespmod
	}
	h.uri = span{len(method) + 1, len(method) + 1 + len(uri)}
	return uriPath(uri), nil
}

// uriPath returns the path of an ICAP URI (RFC 3507 §4.2) without its query. A bare
// path is taken as it is.
func uriPath(uri []byte) []byte {
	if i := bytes.Index(uri, []byte("://")); i >= 0 && (equalFold(uri[:i], "icap") || equalFold(uri[:i], "icaps")) {
		uri = uri[i+3:]
		i = bytes.IndexByte(uri, '/')
		if i < 0 {
			return nil
		}
		uri = uri[i:]
	}
	path, _, _ := bytes.Cut(uri, question)
	return path
}

// parseField reads one header field line. Names must be tokens and folds are refused,
// as RFC 9112 §5.1 and §5.2 allow a server to do.
func (h *icapHead) parseField(line []byte) bool {
	i := bytes.IndexByte(line, ':')
	if i < 0 || line[len(line)-1] != '\r' {
		return false
	}
	name, value := line[:i], line[i+1:len(line)-1]
	if !isToken(name) || bytes.IndexByte(value, '\r') >= 0 || bytes.IndexByte(value, 0) >= 0 {
		return false
	}
	value = trim(value)
	switch len(name) {
	case len("Host"):
		h.hasHost = h.hasHost || equalFold(name, "host")
	case len("Allow"):
		if equalFold(name, "allow") {
			h.parseAllow(value)
		}
	case len("Preview"):
		if equalFold(name, "preview") {
			n, ok := number(value)
			if !ok || h.preview != noPreview && h.preview != n {
				return false
			}
			h.preview = n
		}
	case len("Connection"):
		if equalFold(name, "connection") {
			for len(value) > 0 {
				var item []byte
				item, value = nextItem(value)
				h.close = h.close || equalFold(item, "close")
			}
		}
	case len("Encapsulated"):
		if equalFold(name, "encapsulated") {
			if h.hasEncap {
				return false
			}
			h.encap, h.hasEncap = parseEncapsulated(value)
			return h.hasEncap
		}
	}
	return true
}

func (h *icapHead) parseAllow(value []byte) {
	for len(value) > 0 {
		var item []byte
		item, value = nextItem(value)
		switch {
		case string(item) == "204":
			h.allow204 = true
		case string(item) == "206":
			h.allow206 = true
		case equalFold(item, "trailers"):
			h.trailers = true
		}
	}
}

var (
	space    = []byte(" ")
	question = []byte("?")
	slash    = []byte("/")
)

// hopeless reports that what has arrived cannot be the start of an ICAP request, so
// that waiting for the rest would only hold a connection: TLS on a plain port, HTTP,
// lines that end in a bare LF.
func hopeless(b []byte) bool {
	i := bytes.IndexByte(b, '\n')
	if i >= 0 && (i == 0 || b[i-1] != '\r') {
		return true
	}
	if i < 0 {
		i = len(b)
	}
	method, _, _ := bytes.Cut(b[:i], space)
	method = bytes.TrimSuffix(method, []byte("\r"))
	return len(method) > 0 && !isToken(method)
}

// parseRequestHead reads an encapsulated HTTP request head, blank line included.
func parseRequestHead(b []byte) (r RequestHead, err error) {
	line, rest, ok := headLines(b)
	i, j := bytes.IndexByte(line, ' '), bytes.LastIndexByte(line, ' ')
	if !ok || i <= 0 || j <= i+1 || !bytes.HasPrefix(line[j+1:], []byte("HTTP/")) {
		return RequestHead{}, refuse(400, "bad encapsulated request head")
	}
	return RequestHead{Method: line[:i], Target: line[i+1 : j], Proto: line[j+1:], Header: Header{raw: rest}}, nil
}

// parseResponseHead reads an encapsulated HTTP response head, blank line included.
func parseResponseHead(b []byte) (r ResponseHead, err error) {
	line, rest, ok := headLines(b)
	proto, after, found := bytes.Cut(line, space)
	if !ok || !found || len(after) < 3 || len(after) > 3 && after[3] != ' ' {
		return ResponseHead{}, refuse(400, "bad encapsulated response head")
	}
	status, good := number(after[:3])
	if !good {
		return ResponseHead{}, refuse(400, "bad encapsulated response head")
	}
	r = ResponseHead{Proto: proto, Status: int(status), Header: Header{raw: rest}}
	if len(after) > 4 {
		r.Reason = after[4:]
	}
	return r, nil
}

// headLines splits a head into its start line and its field lines. The first blank
// line must be where the section ends, or the two sides would see different bodies.
func headLines(b []byte) (line, fields []byte, ok bool) {
	if i := bytes.Index(b, crlfcrlf); i < 0 || i != len(b)-4 {
		return nil, nil, false
	}
	line, fields, _ = bytes.Cut(b[:len(b)-2], crlf)
	for _, c := range line {
		if c == '\r' || c == '\n' || c == 0 { // where one parser sees a line and another one two
			return nil, nil, false
		}
	}
	return line, fields, true
}
