package reqmod

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/sluice-dlp/sluice/icap"
)

// target is where an HTTP request goes.
type target struct {
	method            string
	scheme            string // "https", "http"; "" for CONNECT
	host, path, query string // host in lower case, without port
}

// parseTarget reads the request line in absolute form (as proxies send it), origin form
// with Host, or authority form (RFC 9112 §3.2).
func parseTarget(head icap.RequestHead) target {
	t := target{method: methodName(head.Method)}
	whole := string(head.Target)
	if t.method == "CONNECT" {
		t.host = hostName(whole)
		return t
	}
	scheme, rest, absolute := strings.Cut(whole, "://")
	authority := ""
	if absolute && !strings.ContainsAny(scheme, "/?#") {
		t.scheme = strings.ToLower(scheme)
		end := strings.IndexAny(rest, "/?#")
		if end < 0 {
			end = len(rest)
		}
		authority, rest = rest[:end], rest[end:]
	} else {
		t.scheme, rest = "https", whole
		authority = string(head.Header.Get("Host"))
	}
	t.host = hostName(authority)
	rest, _, _ = strings.Cut(rest, "#")
	t.path, t.query, _ = strings.Cut(rest, "?")
	if t.path == "" {
		t.path = "/"
	}
	return t
}

// hostName takes user information and port off an authority, and the dot of the root.
func hostName(authority string) string {
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		authority = authority[at+1:]
	}
	if strings.HasPrefix(authority, "[") { // an IPv6 address
		if end := strings.IndexByte(authority, ']'); end > 0 {
			return strings.ToLower(authority[1:end])
		}
	}
	if colon := strings.LastIndexByte(authority, ':'); colon >= 0 && strings.IndexByte(authority, ':') == colon {
		authority = authority[:colon]
	}
	return strings.ToLower(strings.TrimSuffix(authority, "."))
}

// methodName spares the allocation for usual methods.
func methodName(method []byte) string {
	switch string(method) {
	case "GET":
		return "GET"
	case "POST":
		return "POST"
	case "PUT":
		return "PUT"
	case "OPTIONS":
		return "OPTIONS"
	case "CONNECT":
		return "CONNECT"
	}
	return strings.ToUpper(string(method))
}

// url is the address without user information, for `sluice explain`.
func (t target) url() string {
	u := t.scheme + "://" + t.host + t.path
	if t.query != "" {
		u += "?" + t.query
	}
	return u
}

// isPreflight reports whether a request is a CORS preflight: the browser's own question,
// which carries nothing, and whose refusal nobody could read.
func isPreflight(t target, h fields) bool {
	return t.method == "OPTIONS" && h.get("Access-Control-Request-Method") != nil
}

// isNavigation reports whether a person will see the answer as a page.
func isNavigation(h fields) bool {
	if dest := h.get("Sec-Fetch-Dest"); dest != nil {
		switch string(bytes.ToLower(dest)) {
		case "document", "iframe", "frame":
			return true
		}
		return false
	}
	if mode := h.get("Sec-Fetch-Mode"); mode != nil {
		return bytes.EqualFold(mode, []byte("navigate"))
	}
	return prefersHTML(string(h.get("Accept")))
}

// prefersHTML reports whether an Accept field asks for a page rather than for anything else
// (RFC 9110 §12.5.1).
func prefersHTML(accept string) bool {
	page, other := 0.0, 0.0
	for one := range strings.SplitSeq(accept, ",") {
		kind, params, _ := strings.Cut(one, ";")
		kind = strings.ToLower(strings.TrimSpace(kind))
		weight := 1.0
		for param := range strings.SplitSeq(params, ";") {
			if q, ok := strings.CutPrefix(strings.TrimSpace(param), "q="); ok {
				weight, _ = strconv.ParseFloat(q, 64) // what is no number weighs nothing
			}
		}
		switch kind {
		case "text/html", "application/xhtml+xml":
			page = max(page, weight)
		case "application/json", "text/event-stream", "application/x-ndjson":
			other = max(other, weight)
		}
	}
	return page > 0 && page > other
}
