package icap

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// requestHead returns the head of msg, or nil when it is the original one.
func (w *goWriter) requestHead(msg *http.Request) []byte {
	r := &w.m.native.HTTP
	url, host := "", msg.Host
	if msg.URL != nil {
		url = msg.URL.String()
	}
	if url != w.m.url && msg.URL != nil && msg.URL.Host != "" {
		host = msg.URL.Host
	}
	line := ""
	if url != w.m.url || msg.Method != w.m.method || msg.Proto != w.m.proto {
		line = fmt.Sprintf("%s %s %s", orElse(msg.Method, "GET"), orElse(url, "/"), orElse(msg.Proto, "HTTP/1.1"))
	}
	before, after := w.m.header.Clone(), canonical(msg.Header)
	before["Host"], after["Host"] = []string{w.m.host}, []string{host}
	original := fmt.Sprintf("%s %s %s", r.Method, r.Target, r.Proto)
	return changedHead(original, line, r.Header, before, after)
}

// responseHead returns the head of msg, or nil when it is the original one.
func (w *goWriter) responseHead(msg *http.Response) []byte {
	r := &w.m.native.Response
	line := ""
	if msg.Status != w.m.status || msg.StatusCode != w.m.code || msg.Proto != w.m.proto {
		text := strings.TrimPrefix(msg.Status, fmt.Sprintf("%d ", msg.StatusCode))
		line = fmt.Sprintf("%s %03d %s", orElse(msg.Proto, "HTTP/1.1"), msg.StatusCode, orElse(text, http.StatusText(msg.StatusCode)))
	}
	return changedHead(fmt.Sprintf("%s %s", r.Proto, statusText(r)), line, r.Header, w.m.header, canonical(msg.Header))
}

func orElse(s, d string) string {
	if s == "" {
		return d
	}
	return s
}

// canonical returns h with canonical names; handlers may assign to the map directly.
func canonical(h http.Header) http.Header {
	out := make(http.Header, len(h))
	for name, values := range h {
		name = http.CanonicalHeaderKey(name)
		out[name] = append(out[name], values...)
	}
	return out
}

// changedHead returns the original head with the fields that differ between before and
// after replaced, and with another start line where line is not empty. It returns nil
// when nothing differs. Content-Length is the engine's.
func changedHead(original, line string, raw Header, before, after http.Header) []byte {
	changed := map[string]bool{}
	for _, h := range []http.Header{before, after} {
		for name := range h {
			if name != "Content-Length" && !slices.Equal(before[name], after[name]) {
				changed[name] = true
			}
		}
	}
	if len(changed) == 0 && line == "" {
		return nil
	}
	if !validValue(line) || strings.Count(line, " ") < 2 {
		line = ""
	}
	out := append([]byte(orElse(line, original)), crlf...)
	for rest := raw.Raw(); len(rest) > 0; {
		key, _, _ := nextField(rest)
		var lines []byte
		lines, rest = nextLines(rest)
		name := http.CanonicalHeaderKey(string(key))
		if _, touched := changed[name]; !touched {
			out = append(out, lines...)
			continue
		}
		if changed[name] { // where the first one stood
			out = appendValues(out, name, after[name])
			changed[name] = false
		}
	}
	for _, name := range slices.Sorted(maps.Keys(changed)) {
		if changed[name] {
			out = appendValues(out, name, after[name])
		}
	}
	return append(out, crlf...)
}

func appendValues(dst []byte, name string, values []string) []byte {
	for _, v := range values {
		dst = appendField(dst, Field{name, v})
	}
	return dst
}
