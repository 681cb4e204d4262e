package main

import (
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/coreos/go-systemd/v22/activation"
)

// sockets are the listeners that systemd opened before it started us, by the name of
// their FileDescriptorName: icap, icaps, ops, console. While one process drains and the next one
// starts, connections wait in them, so that a restart refuses nobody.
type sockets map[string][]net.Listener

func inheritedSockets() (sockets, error) {
	named, err := activation.ListenersWithNames()
	if err != nil {
		return nil, fmt.Errorf("socket activation: %w", err)
	}
	return named, nil
}

// listen returns the inherited listeners of that name, or opens addr.
func (s sockets) listen(name, addr string) ([]net.Listener, error) {
	if inherited := s[name]; len(inherited) > 0 {
		return inherited, nil
	}
	if addr == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		key := name
		if name == "icaps" {
			key = "icap.tls"
		}
		return nil, fmt.Errorf("listen for %s: %w; %s", name, err, listenRemedy(err, key+".listen"))
	}
	return []net.Listener{l}, nil
}

// listenRemedy says what to do about err, which may be to change the setting key.
func listenRemedy(err error, key string) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "end what listens there, or change " + key
	case errors.Is(err, syscall.EACCES):
		return "name a port from 1024 on in " + key + ", or give the process CAP_NET_BIND_SERVICE"
	}
	return "name an address of this machine, or none before the port, in " + key // EADDRNOTAVAIL, and names that do not resolve
}
