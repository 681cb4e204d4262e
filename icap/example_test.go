package icap_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"net"

	"github.com/sluice-dlp/sluice/icap"
)

// A service that refuses uploads which hold a code name, and a client that tries it.
func Example() {
	refuse := func(ctx context.Context, r *icap.Request) icap.Answer {
		body, err := r.Body.ReadAll(ctx)
		if err != nil {
			return icap.Fail(503)
		}
		if data, ok := body.Bytes(); ok && bytes.Contains(data, []byte("Project Nightjar")) {
			return icap.Respond(icap.Response{Status: 403, Body: []byte("That project is not to be named.\n")})
		}
		return icap.Unmodified()
	}
	server, err := icap.New(icap.Options{Services: []icap.Service{
		{Path: "/reqmod", Method: icap.MethodReqmod, Handler: icap.HandlerFunc(refuse), Preview: 65535},
	}})
	if err != nil {
		log.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go server.Serve(l)

	client := icap.Client{Addr: l.Addr().String()}
	for _, text := range []string{"good morning", "about Project Nightjar"} {
		reply, err := client.Do(context.Background(), icap.Message{
			Method: icap.MethodReqmod, Service: "/reqmod", HasBody: true, Body: []byte(text), Preview: 1024,
			RequestHead: []byte("POST http://ai.example/ HTTP/1.1\r\nHost: ai.example\r\n\r\n"),
		})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d %q\n", reply.Status, reply.Body)
	}
	client.Close()
	if err := server.Shutdown(context.Background()); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 204 ""
	// 200 "That project is not to be named.\n"
}
