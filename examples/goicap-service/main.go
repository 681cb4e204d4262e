// Command goicap-service is an ICAP service written for github.com/go-icap/icap that runs
// on Sluice's engine. The handler knows nothing of it; one line differs from a service on
// go-icap's own server (see serve).
//
//	go run ./examples/goicap-service -listen 127.0.0.1:1344
//	sluice icap options icap://127.0.0.1:1344/antivirus
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	goicap "github.com/go-icap/icap"

	"github.com/sluice-dlp/sluice/icap"
)

// eicar is the start of the EICAR test file, in two parts so that scanners leave this
// source alone.
var eicar = []byte(`X5O!P%@AP[4\PZX54(P^)7CC)7}$` + `EICAR-STANDARD-ANTIVIRUS-TEST-FILE`)

// scan is a go-icap handler like any other.
func scan(w goicap.ResponseWriter, r *goicap.Request) {
	if r.Method == "OPTIONS" {
		w.Header().Set("Service", "upload scanner")
		w.Header().Set("ISTag", `"scan-1"`)
		w.WriteHeader(http.StatusOK, nil, false)
		return
	}
	if r.Request == nil {
		w.WriteHeader(http.StatusBadRequest, nil, false)
		return
	}
	upload, err := io.ReadAll(r.Request.Body)
	if err != nil {
		log.Printf("read upload: %v", err)
		w.WriteHeader(http.StatusInternalServerError, nil, false)
		return
	}
	if bytes.Contains(upload, eicar) {
		page := goicap.NewBridgedResponseWriter(w)
		page.WriteHeader(http.StatusForbidden)
		fmt.Fprintln(page, "<h1>This upload holds a virus.</h1>")
		return
	}
	// Servers other than Sluice's get the answer that go-icap knows.
	if u, ok := w.(icap.Unmodifier); ok {
		u.Unmodified()
		return
	}
	w.WriteHeader(http.StatusOK, r.Request, len(upload) > 0)
	if _, err := w.Write(upload); err != nil {
		log.Printf("answer: %v", err)
	}
}

// newServer is where the engine comes in. Before, it was:
//
//	goicap.HandleFunc("/antivirus", scan)
//	log.Fatal(goicap.ListenAndServe(*listen, nil))
func newServer() (*icap.Server, error) {
	return icap.New(icap.Options{Services: []icap.Service{
		{Path: "/antivirus", Method: icap.MethodReqmod, Handler: icap.GoICAP(goicap.HandlerFunc(scan)), Preview: 65535},
	}})
}

func main() {
	listen := flag.String("listen", "127.0.0.1:1344", "address to serve ICAP on")
	flag.Parse()
	if err := run(*listen); err != nil {
		log.Fatal(err)
	}
}

// run serves until SIGTERM or Ctrl-C, then completes the answers in flight.
func run(listen string) error {
	server, err := newServer()
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	drained := make(chan error, 1)
	go func() {
		<-ctx.Done()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		drained <- server.Shutdown(ctx)
	}()
	if err := server.Serve(l); !errors.Is(err, icap.ErrServerClosed) {
		return err
	}
	return <-drained
}
