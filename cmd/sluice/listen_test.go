package main

import (
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
)

func TestRemediesOfListeners(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for addr, want := range map[string]string{
		taken.Addr().String(): "address already in use; end what listens there, or change icap.tls.listen",
		"192.0.2.7:0":         "; name an address of this machine, or none before the port, in icap.tls.listen",
		"nowhere.invalid:0":   "; name an address of this machine, or none before the port, in icap.tls.listen",
	} {
		if _, err := (sockets{}).listen("icaps", addr); err == nil || !strings.HasPrefix(err.Error(), "listen for icaps: ") || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v, want %q", addr, err, want)
		}
	}
	denied := &net.OpError{Op: "listen", Err: errors.Join(syscall.EACCES)}
	if got, want := listenRemedy(denied, "icap.listen"), "name a port from 1024 on in icap.listen, or give the process CAP_NET_BIND_SERVICE"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
