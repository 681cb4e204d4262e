package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
)

// answering is an ICAP server that gives every request the same answer.
func answering(t *testing.T, answer string) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			for r := bufio.NewReader(c); ; {
				if line, err := r.ReadString('\n'); err != nil || line == "\r\n" {
					break
				}
			}
			_, _ = io.WriteString(c, answer)
			c.Close()
		}
	}()
	return l.Addr().String()
}

func TestTheClientExitsWithOneUnlessTheServerAgrees(t *testing.T) {
	inDir(t)
	const request = "GET http://example.org/ HTTP/1.1\r\nHost: example.org\r\n\r\n"
	if err := os.WriteFile("r.http", []byte(request), 0o600); err != nil {
		t.Fatal(err)
	}
	head := func(request string) string {
		return fmt.Sprintf("ICAP/1.0 200 OK\r\nISTag: \"a\"\r\nEncapsulated: req-hdr=0, null-body=%d\r\n\r\n%s", len(request), request)
	}
	for name, c := range map[string]struct {
		answer        string
		options, send int
	}{
		"no such service":  {"ICAP/1.0 404 Service not found\r\nISTag: \"a\"\r\nEncapsulated: null-body=0\r\n\r\n", exitFound, exitFound},
		"nothing to offer": {"ICAP/1.0 200 OK\r\nISTag: \"a\"\r\nMethods: REQMOD\r\nEncapsulated: null-body=0\r\n\r\n", exitFine, exitFound},
		"unmodified":       {"ICAP/1.0 204 No Content\r\nISTag: \"a\"\r\nEncapsulated: null-body=0\r\n\r\n", exitFound, exitFine},
		"sent back":        {head(request), exitFine, exitFine},
		"modified":         {head(strings.Replace(request, "org/ ", "org/abc ", 1)), exitFine, exitFound},
	} {
		t.Run(name, func(t *testing.T) {
			url := "icap://" + answering(t, c.answer) + "/reqmod"
			if code, out, errOut := sluice(t, "", "icap", "options", url); code != c.options || !strings.HasPrefix(out, "ICAP/1.0 ") {
				t.Errorf("options: exit %d, want %d\n%s%s", code, c.options, out, errOut)
			}
			if code, out, errOut := sluice(t, "", "icap", "send", url, "r.http"); code != c.send || !strings.HasPrefix(out, "ICAP/1.0 ") {
				t.Errorf("send: exit %d, want %d\n%s%s", code, c.send, out, errOut)
			}
		})
	}
}

func TestWhatIsNoArchiveIsRefused(t *testing.T) {
	inDir(t)
	for text, want := range map[string]string{
		"{}":                               "x.har: not an HTTP Archive: it has no log.entries",
		"nonsense":                         "x.har: not an HTTP Archive: ",
		`{"log":{"entries":[]}}`:           "",
		`{"log":{"entries":{}}}`:           "x.har: not an HTTP Archive: log.entries is a JSON object, which does not belong there",
		"\ufeff{\"log\":{\"entries\":[]}}": "",
	} {
		if err := os.WriteFile("x.har", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		code, out, errOut := sluice(t, "", "explain", "x.har")
		if out != "" || (code == exitFine) != (want == "") || !strings.Contains(errOut, want) {
			t.Errorf("%s: exit %d: %s%s", text, code, out, errOut)
		}
	}
}

func TestExplainReadsWhatABrowserExports(t *testing.T) {
	inDir(t)
	entry := func(url, post string) string {
		return `{"request":{"method":"POST","url":"` + url + `","headers":[{"name":":authority","value":"x"},{"name":"content-encoding","value":"gzip"}]` + post + `}}`
	}
	archive := `{"log":{"entries":[` + strings.Join([]string{
		entry("data:image/png;base64,AAAA", ""), entry("blob:https://chatgpt.com/1", ""), entry("chrome-extension://abc/x.js", ""), entry("about:blank", ""),
		entry("", ""), "5", `{"request":{"url":{}}}`, entry("wss://chatgpt.com/ws", ""), entry("https://api.openai.com/v1/embeddings", `,"postData":null`),
		entry("https://api.openai.com/v1/chat/completions", `,"postData":{"text":"{\"messages\":[{\"role\":\"user\",\"content\":\"4111 1111 1111 1111\"}]}"}`),
	}, ",") + `]}}`
	if err := os.WriteFile("x.har", []byte(archive), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errOut := sluice(t, "", "explain", "x.har")
	if want := "sluice: x.har: entry 4: \"\" is not an absolute URL\nentry 5: it is a JSON number, which does not belong there\n" +
		"entry 6: request.url is a JSON object, which does not belong there\n"; code != exitFound || errOut != want {
		t.Errorf("exit %d: %s, want %s", code, errOut, want)
	}
	if strings.Count(out, "\n") != 3 || !strings.Contains(out, `{"url":"https://chatgpt.com/ws"`) || strings.Count(out, `"detector":"credit_card"`) != 1 {
		t.Errorf("got %s", out)
	}
}
