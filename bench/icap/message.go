package main

import (
	"bytes"
	"fmt"
	"strings"
)

// A prompt as the OpenAI API takes it, size bytes long, of prose without findings.
func prompt(size int) []byte {
	const (
		start = `{"model":"gpt-4o","messages":[{"role":"user","content":"`
		end   = `"}]}`
		prose = "Please summarise the notes of our last meeting, and keep the list of open questions at the end. "
	)
	n := max(size-len(start)-len(end), 0)
	return []byte(start + strings.Repeat(prose, n/len(prose)+1)[:n] + end)
}

const browser = "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36\r\n" +
	"Accept: application/json, text/plain, */*\r\nAccept-Encoding: gzip, deflate, br\r\nAccept-Language: en-US,en;q=0.9\r\n"

// httpRequest returns the head of a request to an AI app, and its body (nil: a GET).
func httpRequest(target, host string, size int) (head, body []byte) {
	if size == 0 {
		return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", target, host, browser), nil
	}
	body = prompt(size)
	head = fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\n%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", target, host, browser, len(body))
	return head, body
}

// icapRequest encodes a REQMOD as Squid would send it: with a preview of up to 65,535
// bytes when preview is set, else with the body at once. Bodies over the preview are not
// previewed, so that a request is one write.
func icapRequest(addr, service string, size int, preview, allow204 bool) []byte {
	head, body := httpRequest("http://api.openai.com/v1/chat/completions", "api.openai.com", size)
	var b bytes.Buffer
	fmt.Fprintf(&b, "REQMOD icap://%s/%s ICAP/1.0\r\nHost: %s\r\nX-Client-IP: 10.1.2.3\r\n", addr, service, addr)
	if allow204 {
		b.WriteString("Allow: 204\r\n")
	}
	kind, end := "null-body", ""
	if body != nil {
		kind, end = "req-body", "0\r\n\r\n"
	}
	if preview && len(body) <= 65535 {
		fmt.Fprintf(&b, "Preview: %d\r\n", len(body))
		if body != nil {
			end = "0; ieof\r\n\r\n"
		}
	}
	fmt.Fprintf(&b, "Encapsulated: req-hdr=0, %s=%d\r\n\r\n%s", kind, len(head), head)
	for len(body) > 0 {
		n := min(len(body), 64<<10)
		fmt.Fprintf(&b, "%x\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	b.WriteString(end)
	return b.Bytes()
}
