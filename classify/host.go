package classify

import (
	"errors"
	"strings"
)

// maxHost is the longest host name there is (RFC 1035 §2.3.4), and room for a port.
const maxHost = 262

// hostPattern is a compiled host name: "a.example", "*.a.example", or with * for a part
// of a label.
type hostPattern struct {
	name  string // without a leading "*."
	below bool   // names below it match
	self  bool   // the name itself matches
	glob  bool   // name holds *
}

var errHost = errors.New("is no host name; write the name alone, without scheme and port, and one of other letters as xn--…")

// parseHost compiles a host pattern; suffix makes a plain name match what is below it too.
func parseHost(s string, suffix bool) (hostPattern, error) {
	p := hostPattern{name: s, self: true, below: suffix}
	if cut, ok := strings.CutPrefix(s, "*."); ok {
		p = hostPattern{name: cut, below: true}
	}
	if p.name == "" || len(p.name) > maxHost || strings.Contains(p.name, "..") ||
		p.name[0] == '.' || p.name[len(p.name)-1] == '.' {
		return p, errHost
	}
	for i := range len(p.name) {
		switch c := p.name[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '.', c == '_':
		case c == '*':
			p.glob = true
		case 'A' <= c && c <= 'Z':
			return p, errors.New("must be lower case")
		case c == '/':
			return p, errors.New("holds a path; write it as the path of an endpoint")
		default:
			return p, errHost
		}
	}
	if p.anchor() == "" {
		return p, errors.New("needs a name without * at its end")
	}
	return p, nil
}

// anchor returns the labels at the end that hold no wildcard: where the index keeps it.
func (p hostPattern) anchor() string {
	i := strings.LastIndexByte(p.name, '*')
	if i < 0 {
		return p.name
	}
	_, after, ok := strings.Cut(p.name[i:], ".")
	if !ok {
		return ""
	}
	return after
}

// match reports whether a normal host name fits.
func (p hostPattern) match(host []byte) bool {
	if p.glob {
		return globHost(p.name, host) || (p.below && globBelow(p.name, host))
	}
	if p.self && string(host) == p.name {
		return true
	}
	n := len(host) - len(p.name)
	return p.below && n > 1 && host[n-1] == '.' && string(host[n:]) == p.name
}

func globBelow(pattern string, host []byte) bool {
	for i, c := range host {
		if c == '.' && globHost(pattern, host[i+1:]) {
			return true
		}
	}
	return false
}

// globHost matches * with any part of one label. Only the latest * needs another try:
// what an earlier one took can never have to grow past its label.
func globHost(pattern string, host []byte) bool {
	p, h, backP, backH := 0, 0, -1, 0
	for h < len(host) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			backP, backH = p, h
			p++
		case p < len(pattern) && pattern[p] == host[h]:
			p, h = p+1, h+1
		case backP >= 0 && host[backH] != '.':
			backH++
			p, h = backP+1, backH
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// normal writes host to buf in lower case, without port and final dot. It returns nil
// for what is no host name or address.
func normal(buf *[maxHost]byte, host string) []byte {
	host = withoutPort(host)
	host = strings.TrimSuffix(host, ".")
	if host == "" || len(host) > len(buf) {
		return nil
	}
	for i := range len(host) {
		c := host[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	return buf[:len(host)]
}

func withoutPort(host string) string {
	if strings.HasPrefix(host, "[") {
		if end := strings.IndexByte(host, ']'); end > 0 {
			return host[1:end]
		}
		return ""
	}
	if i := strings.LastIndexByte(host, ':'); i >= 0 && strings.IndexByte(host, ':') == i {
		return host[:i]
	}
	return host
}
