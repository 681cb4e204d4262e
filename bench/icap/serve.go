package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"

	goicap "github.com/go-icap/icap"

	"github.com/sluice-dlp/sluice/icap"
)

// serve runs one of the servers that are compared, until it is killed.
func serve(args []string) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	addr := flags.String("addr", "", "address to listen on")
	engine := flags.String("engine", "", "bare, goicap, floor or origin")
	if err := flags.Parse(args); err != nil {
		return err
	}
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	switch *engine {
	case "bare":
		return serveBare(l)
	case "goicap":
		log.SetOutput(io.Discard)
		return goicap.Serve(l, goicap.HandlerFunc(echo))
	case "floor":
		return serveFloor(l)
	case "origin":
		return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n, _ := io.Copy(io.Discard, r.Body)
			fmt.Fprintf(w, `{"bytes":%d}`, n)
		}))
	}
	return fmt.Errorf("no engine %q", *engine)
}

// serveBare is Sluice's engine with a handler that lets everything pass.
func serveBare(l net.Listener) error {
	pass := icap.HandlerFunc(func(context.Context, *icap.Request) icap.Answer { return icap.Unmodified() })
	s, err := icap.New(icap.Options{Services: []icap.Service{{Path: "/reqmod", Method: icap.MethodReqmod, Handler: pass, Preview: 65535}}})
	if err != nil {
		return err
	}
	return s.Serve(l)
}

// echo is the service that go-icap's documentation suggests.
func echo(w goicap.ResponseWriter, r *goicap.Request) {
	h := w.Header()
	h.Set("ISTag", `"bench"`)
	if r.Method == "OPTIONS" {
		h.Set("Methods", "REQMOD")
		h.Set("Allow", "204")
		h.Set("Preview", "65535")
		h.Set("Transfer-Preview", "*")
		w.WriteHeader(200, nil, false)
		return
	}
	body, err := io.ReadAll(r.Request.Body)
	switch {
	case err != nil:
		w.WriteHeader(400, nil, false)
	case r.Header.Get("Allow") != "" || r.Header.Get("Preview") != "":
		w.WriteHeader(204, nil, false)
	default:
		w.WriteHeader(200, r.Request, len(body) > 0)
		w.Write(body)
	}
}

// serveFloor answers 204 to whatever ends as a request does: what a Go server costs that
// reads and writes and does nothing else. It is only right for requests in one write.
func serveFloor(l net.Listener) error {
	answer := []byte("ICAP/1.0 204 No Modifications\r\nISTag: \"x\"\r\nEncapsulated: null-body=0\r\n\r\n")
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			buf := make([]byte, 64<<10)
			for {
				n, err := c.Read(buf)
				if err != nil {
					return
				}
				if !bytes.HasSuffix(buf[:n], []byte("\r\n\r\n")) {
					continue
				}
				if _, err := c.Write(answer); err != nil {
					return
				}
			}
		}()
	}
}
