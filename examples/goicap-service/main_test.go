package main

import (
	"bytes"
	"fmt"
	"net"
	"testing"

	"github.com/sluice-dlp/sluice/icap"
)

func TestService(t *testing.T) {
	server, err := newServer()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(l)
	t.Cleanup(func() {
		if err := server.Shutdown(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	c := &icap.Client{Addr: l.Addr().String()}
	t.Cleanup(func() { c.Close() })
	options, err := c.Options(t.Context(), "/antivirus")
	if err != nil || string(options.Header.Get("Service")) != "upload scanner" || string(options.Header.Get("ISTag")) != `"scan-1"` {
		t.Fatalf("%+v %v", options, err)
	}
	for name, tc := range map[string]struct {
		upload  []byte
		blocked bool
	}{
		"a clean upload passes":        {bytes.Repeat([]byte("clean "), 20_000), false},
		"a virus at the end is caught": {append(bytes.Repeat([]byte("clean "), 20_000), eicar...), true},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := c.Do(t.Context(), icap.Message{
				Method: icap.MethodReqmod, Service: "/antivirus", HasBody: true, Body: tc.upload, Preview: 1024, Allow204: true,
				RequestHead: fmt.Appendf(nil, "POST http://e.example/ HTTP/1.1\r\nHost: e.example\r\nContent-Length: %d\r\n\r\n", len(tc.upload)),
			})
			if err != nil {
				t.Fatal(err)
			}
			if blocked := bytes.HasPrefix(r.ResponseHead, []byte("HTTP/1.1 403 ")); blocked != tc.blocked || !blocked && r.Status != 204 {
				t.Errorf("status %d, %q", r.Status, r.ResponseHead)
			}
		})
	}
}
