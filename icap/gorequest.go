package icap

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"net/url"

	goicap "github.com/go-icap/icap"
)

// goMessage is a request in go-icap's types, and what it was before the handler had it.
type goMessage struct {
	native  *Request
	request *goicap.Request
	body    *goBody

	header http.Header // the message's, as parsed
	host   string
	url    string
	method string
	proto  string
	status string
	code   int
}

// newGoMessage builds go-icap's view of r.
func newGoMessage(ctx context.Context, r *Request) *goMessage {
	ctx = context.WithValue(ctx, requestKey{}, r)
	m := &goMessage{native: r, body: &goBody{ctx: ctx, body: r.Body}}
	m.request = &goicap.Request{
		Method: r.Method.String(), RawURL: string(r.URI), Proto: "ICAP/1.0", Header: textproto.MIMEHeader(headerMap(r.Header)),
	}
	if r.RemoteAddr != nil {
		m.request.RemoteAddr = r.RemoteAddr.String()
	}
	var err error
	if m.request.URL, err = url.ParseRequestURI(m.request.RawURL); err != nil {
		m.request.URL = &url.URL{Path: r.Service}
	}
	if r.Header.Get("Preview") != nil && !r.Body.None() {
		m.request.Preview = r.Body.Preview()
	}
	if len(r.HTTP.Method) > 0 {
		m.request.Request = parseHTTPRequest(&r.HTTP).WithContext(ctx)
	}
	if len(r.Response.Proto) > 0 {
		m.request.Response = parseHTTPResponse(&r.Response, m.request.Request)
	}
	m.remember()
	return m
}

// remember gives the body to its message and notes what the message is like.
func (m *goMessage) remember() {
	req, resp := m.request.Request, m.request.Response
	if req != nil {
		req.Body = http.NoBody
	}
	switch {
	case m.native.Method == MethodRespmod && resp != nil:
		resp.Body = m.body
		m.header, m.proto, m.status, m.code = resp.Header.Clone(), resp.Proto, resp.Status, resp.StatusCode
	case m.native.Method == MethodReqmod && req != nil:
		req.Body = m.body
		m.header, m.proto, m.host, m.url, m.method = req.Header.Clone(), req.Proto, req.Host, req.URL.String(), req.Method
	}
}

func headerMap(h Header) http.Header {
	out := http.Header{}
	h.Each(func(name, value []byte) bool {
		if len(name) > 0 {
			out.Add(string(name), string(bytes.Join(bytes.FieldsFunc(value, func(c rune) bool { return c == '\r' || c == '\n' }), nil)))
		}
		return true
	})
	return out
}

// parseHTTPRequest reads a request head as net/http does, and where net/http refuses it,
// as far as it can be read.
func parseHTTPRequest(r *RequestHead) *http.Request {
	var head bytes.Buffer
	for _, part := range [][]byte{r.Method, space, r.Target, space, r.Proto, crlf, r.Header.Raw(), crlf} {
		head.Write(part)
	}
	if req, err := http.ReadRequest(bufio.NewReader(&head)); err == nil {
		return req
	}
	target := string(r.Target)
	req := &http.Request{
		Method: string(r.Method), RequestURI: target, Proto: string(r.Proto), Header: headerMap(r.Header), URL: &url.URL{Opaque: target},
	}
	if u, err := url.Parse(target); err == nil {
		req.URL = u
	}
	req.Host = req.Header.Get("Host")
	if req.Host == "" {
		req.Host = req.URL.Host
	}
	req.Header.Del("Host")
	req.ProtoMajor, req.ProtoMinor, _ = http.ParseHTTPVersion(req.Proto)
	return req
}

// parseHTTPResponse is parseHTTPRequest for a response. req may be nil.
func parseHTTPResponse(r *ResponseHead, req *http.Request) *http.Response {
	var head bytes.Buffer
	status := statusText(r)
	for _, part := range [][]byte{r.Proto, space, []byte(status), crlf, r.Header.Raw(), crlf} {
		head.Write(part)
	}
	if resp, err := http.ReadResponse(bufio.NewReader(&head), req); err == nil {
		return resp
	}
	resp := &http.Response{Status: status, StatusCode: r.Status, Proto: string(r.Proto), Header: headerMap(r.Header), Request: req}
	resp.ProtoMajor, resp.ProtoMinor, _ = http.ParseHTTPVersion(resp.Proto)
	return resp
}

// statusText returns "404 Not Found".
func statusText(r *ResponseHead) string {
	b := []byte{byte('0' + r.Status/100%10), byte('0' + r.Status/10%10), byte('0' + r.Status%10), ' '}
	return string(append(b, r.Reason...))
}

// goBody reads a body: the preview first, and behind it what the client sends then.
type goBody struct {
	ctx     context.Context
	body    *Body
	off     int64
	content *Content
	err     error
}

// Read implements [io.Reader].
func (b *goBody) Read(p []byte) (int, error) {
	if b.content == nil {
		preview := b.body.Preview()
		if b.off < int64(len(preview)) {
			n := copy(p, preview[b.off:])
			b.off += int64(n)
			return n, nil
		}
		if b.body.Complete() {
			return 0, io.EOF
		}
		b.content, b.err = b.body.ReadAll(b.ctx)
	}
	n, err := b.content.ReadAt(p, b.off)
	b.off += int64(n)
	if errors.Is(err, io.EOF) {
		if err = nil; n == 0 && len(p) > 0 {
			err = io.EOF
			if b.err != nil { // a body that was cut off has no end
				err = b.err
			}
		}
	}
	return n, err
}

// Close implements [io.Closer].
func (b *goBody) Close() error { return nil }
