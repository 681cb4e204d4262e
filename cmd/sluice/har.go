package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"

	"github.com/sluice-dlp/sluice/icap"
)

// har is what Sluice reads of an HTTP Archive 1.2. HAR has no binary bodies; the
// "encoding" of content is accepted in postData too.
type har struct {
	Log struct {
		Entries []json.RawMessage `json:"entries"` // one that is no entry must not keep others from being read
	} `json:"log"`
}

type harEntry struct {
	Request harRequest `json:"request"`
}

type harRequest struct {
	Method  string    `json:"method"`
	URL     string    `json:"url"`
	Headers []harPair `json:"headers"`
	Post    *struct {
		MIME     string    `json:"mimeType"`
		Text     string    `json:"text"`
		Encoding string    `json:"encoding"`
		Params   []harPair `json:"params"`
	} `json:"postData"`

	raw []byte // a body that is bytes already
}

type harPair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// replayHAR calls f for every request of an archive, as ICAP would have brought it. What no
// proxy sees, such as data: and blob:, is passed over; a request that cannot be read does not
// keep it from the rest.
func replayHAR(data []byte, f func(*icap.Request) error) error {
	var h har
	if err := json.Unmarshal(data, &h); err != nil {
		return fmt.Errorf("not an HTTP Archive: %w", harMistake(err))
	}
	if h.Log.Entries == nil {
		return errors.New("not an HTTP Archive: it has no log.entries")
	}
	var errs []error
	for i, data := range h.Log.Entries {
		var e harEntry
		var r *icap.Request
		err := harMistake(json.Unmarshal(data, &e))
		if err == nil {
			if local(e.Request.URL) {
				continue
			}
			r, err = e.Request.icap()
		}
		if err != nil {
			if len(errs) < mostTold {
				errs = append(errs, fmt.Errorf("entry %d: %w", i, err))
			}
			continue
		}
		if err := f(r); err != nil {
			return err
		}
	}
	return errors.Join(errs...)
}

// harMistake says of JSON that is not an archive's what is wrong, in its own terms.
func harMistake(err error) error {
	var kind *json.UnmarshalTypeError
	if !errors.As(err, &kind) {
		return err
	}
	place := kind.Field
	if place == "" {
		place = "it"
	}
	return fmt.Errorf("%s is a JSON %s, which does not belong there", place, kind.Value)
}

// mostTold bounds how many requests of an archive are named that cannot be read.
const mostTold = 20

// local reports addresses that a browser resolves by itself.
func local(address string) bool {
	scheme, _, ok := strings.Cut(address, ":")
	if !ok {
		return false
	}
	switch strings.ToLower(scheme) {
	case "data", "blob", "about", "file", "filesystem", "javascript", "view-source":
		return true
	}
	return strings.HasSuffix(scheme, "-extension") || scheme == "chrome" || scheme == "devtools"
}

func (r *harRequest) icap() (*icap.Request, error) {
	u, err := url.Parse(r.URL)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%q is not an absolute URL", r.URL)
	}
	switch u.Scheme { // a WebSocket begins as a request of HTTP
	case "ws":
		u.Scheme = "http"
	case "wss":
		u.Scheme = "https"
	}
	body, has, err := r.body()
	if err != nil {
		return nil, err
	}
	var head bytes.Buffer
	known := map[string]bool{}
	field := func(name, value string) {
		if strings.HasPrefix(name, ":") || strings.ContainsAny(name+value, "\r\n") { // HTTP/2 pseudo-headers; nothing may forge a line
			return
		}
		known[strings.ToLower(name)] = true
		fmt.Fprintf(&head, "%s: %s\r\n", name, value)
	}
	for _, p := range r.Headers {
		field(p.Name, p.Value)
	}
	if !known["host"] {
		field("Host", u.Host)
	}
	if r.Post != nil && !known["content-type"] && r.Post.MIME != "" {
		field("Content-Type", r.Post.MIME)
	}
	u.Fragment = ""
	out := &icap.Request{
		Method: icap.MethodReqmod, Service: "/reqmod",
		HTTP: icap.RequestHead{Method: []byte(r.Method), Target: []byte(u.String()), Proto: []byte("HTTP/1.1"), Header: icap.ParseHeader(head.Bytes())},
		Body: icap.NewBody(nil),
	}
	if has {
		out.Body = icap.NewBody(body)
	}
	return out, nil
}

func (r *harRequest) body() (body []byte, has bool, err error) {
	p := r.Post
	switch {
	case r.raw != nil:
		return r.raw, true, nil
	case p == nil:
		return nil, false, nil
	case p.Encoding == "base64":
		body, err = base64.StdEncoding.DecodeString(p.Text)
		if err != nil {
			return nil, false, fmt.Errorf("postData: %w", err)
		}
	case p.Text == "" && len(p.Params) > 0:
		form := url.Values{}
		for _, v := range p.Params {
			form.Add(v.Name, v.Value)
		}
		body = []byte(form.Encode())
	default:
		body = []byte(p.Text)
	}
	return append([]byte{}, body...), true, nil
}

// replayICAP sends recorded bytes of an ICAP client through the real engine, and calls f
// for every REQMOD in them.
func replayICAP(ctx context.Context, data []byte, f func(context.Context, *icap.Request) error) error {
	var failed error
	seen := 0
	handler := icap.HandlerFunc(func(ctx context.Context, r *icap.Request) icap.Answer {
		seen++
		failed = errors.Join(failed, f(ctx, r))
		return icap.Unmodified()
	})
	service := func(path string, m icap.Method) icap.Service {
		return icap.Service{Path: path, Method: m, Handler: handler, Preview: reqmodPreview, ISTag: func() string { return "explain" }}
	}
	skip := service("/respmod", icap.MethodRespmod)
	skip.Handler = icap.HandlerFunc(func(context.Context, *icap.Request) icap.Answer { seen++; return icap.Unmodified() })
	server, err := icap.New(icap.Options{Services: []icap.Service{service("/reqmod", icap.MethodReqmod), skip}})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	answers, err := exchange(ctx, l.Addr().String(), data)
	if err = errors.Join(err, server.Shutdown(ctx)); err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	if err := <-served; !errors.Is(err, icap.ErrServerClosed) {
		return fmt.Errorf("replay: %w", err)
	}
	if failed == nil && seen == 0 && !bytes.HasPrefix(data, []byte("OPTIONS ")) {
		line, _, _ := bytes.Cut(answers, []byte("\r\n"))
		if len(line) == 0 {
			return errors.New("not an ICAP request: want its head, the encapsulated heads and the body in chunks, as a proxy sends them")
		}
		return fmt.Errorf("no ICAP request could be read: the engine answered %q", line)
	}
	return failed
}

// exchange sends all of data and returns all that comes back.
func exchange(ctx context.Context, addr string, data []byte) ([]byte, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	sent := make(chan error, 1)
	go func() {
		_, err := conn.Write(data)
		sent <- errors.Join(err, conn.(*net.TCPConn).CloseWrite())
	}()
	answers, err := io.ReadAll(conn)
	return answers, errors.Join(err, <-sent)
}
