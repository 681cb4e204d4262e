package console

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// clientAddress is who speaks to the console: behind a proxy on this machine, whom that
// proxy names.
func clientAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	peer, err := netip.ParseAddr(host)
	named := r.Header.Values("X-Forwarded-For")
	if err != nil || !peer.IsLoopback() || len(named) == 0 {
		return host
	}
	last := named[len(named)-1] // what the proxy itself added; the client may have sent the rest
	if a, err := netip.ParseAddr(strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])); err == nil {
		return a.Unmap().String()
	}
	return host
}

// limitedAddress is the address that attempts count for: one customer of a provider has a
// whole /64 of IPv6.
func limitedAddress(r *http.Request) string {
	address := clientAddress(r)
	a, err := netip.ParseAddr(address)
	if err != nil || a.Is4() {
		return address
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return p.String()
}
