package blackbox

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/internal/blackbox/proc"
)

// oddRequest is a request that holds a sensitive value where one does not expect it.
type oddRequest struct {
	method, url, header string
	body                string
}

// TestNothingSensitiveInTheClear sends values in every corner of a request, with the log at its
// most talkative, kills the node, and searches what it left: database, write-ahead log, spilled
// bodies, log, and what the commands print.
func TestNothingSensitiveInTheClear(t *testing.T) {
	var secrets planted
	node := newSluice(t, settings{
		policy: "defaults:\n  unreviewed: {profiles: [default], on_match: log}\ngaps: {unreviewed: log}\n",
		extra:  "identity: {headers: {device: X-Device-Id}}\n",
	})
	node.start()
	cases := oddRequests(t, &secrets)
	c := &icap.Client{Addr: node.icap}
	defer c.Close()
	answered := 0
	for name, r := range cases {
		t.Run(name, func(t *testing.T) {
			id := send(t, c, r)
			if id == "" {
				t.Fatal("no event id in the answer: the request is not one to an AI app")
			}
			answered++
		})
	}
	if answered < len(cases) {
		t.Fatalf("%d of %d requests were answered", answered, len(cases))
	}
	proc.Eventually(t, 10*time.Second, "the matches are events", func() error {
		if n := len(node.events()); n < len(cases)*2/3 {
			return fmt.Errorf("%d events of %d requests", n, len(cases))
		}
		return nil
	})
	texts := map[string]string{
		"the log":                node.serving.Output(),
		"events list":            node.must("events", "list", "--limit", "0"),
		"events export, JSON":    node.must("events", "export", "--format", "jsonl"),
		"events export, CSV":     node.must("events", "export", "--format", "csv"),
		"events export, OCSF":    node.must("events", "export", "--format", "ocsf"),
		"errors of the commands": node.stderr.String(),
	}
	secrets.add("YWxpY2U6b3BlbiBzZXNhbWU=") // the proxy's password, as the proxy sends it
	secrets.absentFrom(t, texts, node.dir)
	node.serving.Kill() // nothing is tidied up
	secrets.absentFrom(t, nil, node.dir)
	node.start()
	node.stop()
	secrets.absentFrom(t, map[string]string{"the log": node.stderr.String()}, node.dir)
}

// oddRequests returns requests with a planted value each, by where it is.
func oddRequests(t *testing.T, secrets *planted) map[string]oddRequest {
	t.Helper()
	const json = "Content-Type: application/json\r\n"
	chat := func(text string) oddRequest { return oddRequest{"POST", openAIURL, json, openAIChat(text)} }
	upload := func(name, content string) oddRequest {
		const boundary = "----blackbox"
		return oddRequest{
			"POST", "https://api.openai.com/v1/files", "Content-Type: multipart/form-data; boundary=" + boundary + "\r\n",
			"--" + boundary + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + name + "\"\r\nContent-Type: application/octet-stream\r\n\r\n" + content + "\r\n--" + boundary + "--\r\n",
		}
	}
	aws := secrets.add("AKIA" + "QYLPMN5HFIQR7XYA")
	iban := secrets.add("DE89 3704 0044 " + "0532 0130 00")
	ssn := secrets.add("515-06-" + "9705")
	key := secrets.add("MIIEvQIBADANBgkqhkiG9w0BAQ" + "EFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj")
	token := secrets.add("ghp_" + "R4nD0mT0kenV4lu3F0rTheT3stSu1te00aBc")
	return map[string]oddRequest{
		"many values close together":       chat("card " + secrets.card() + ", then " + aws + " and " + iban + ", SSN " + ssn + ", card " + secrets.card()),
		"a private key":                    chat("-----BEGIN PRIVATE " + "KEY-----\n" + key + "\n-----END PRIVATE " + "KEY-----"),
		"a token in code":                  chat("export GITHUB_TOKEN=" + token),
		"the name of a file":               upload("card "+secrets.card()+".txt", "nothing of interest"),
		"a file":                           upload("notes.txt", "the card is "+secrets.card()),
		"a large file":                     upload("report.txt", strings.Repeat("nothing of interest\n", 100_000)+"the card is "+secrets.card()),
		"the name of a file in an archive": upload("a.zip", zipped(t, "card "+secrets.card()+".txt", "nothing of interest")),
		"a file in an archive":             upload("b.zip", zipped(t, "notes.txt", "the card is "+secrets.card())),
		"a broken archive":                 upload("c.zip", zipped(t, "card "+secrets.card()+".txt", "the card is "+secrets.card())[:60]),
		"broken JSON":                      {"POST", openAIURL, json, `{"messages":[{"role":"user","content":"card ` + secrets.card() + `"`},
		"the name of a JSON field":         {"POST", openAIURL, json, `{"card ` + secrets.card() + `":"x","messages":[{"role":"user","content":"hello"}]}`},
		"the role of a message":            {"POST", openAIURL, json, `{"messages":[{"role":"card ` + secrets.card() + `","content":"hello"}]}`},
		"gzip":                             {"POST", openAIURL, json + "Content-Encoding: gzip\r\n", gzipped(t, openAIChat("card "+secrets.card()))},
		"text that claims to be gzip":      {"POST", openAIURL, json + "Content-Encoding: gzip\r\n", openAIChat("card " + secrets.card())},
		"an encoding nobody knows":         {"POST", openAIURL, json + "Content-Encoding: card " + secrets.card() + "\r\n", openAIChat("hello")},
		"a query":                          {"POST", "https://chatgpt.com/backend-api/f/conversation?q=" + url.QueryEscape("card "+secrets.card()), json, `{"messages":[]}`},
		"a path":                           {"POST", "https://chatgpt.com/backend-api/card%20" + url.PathEscape(secrets.card()) + "/conversation", json, openAIChat("card " + secrets.card())},
		"a form":                           {"POST", "https://chatgpt.com/backend-api/form", "Content-Type: application/x-www-form-urlencoded\r\n", url.Values{"q": {"card " + secrets.card()}}.Encode()},
		"the browser's name":               {"POST", openAIURL, json + "User-Agent: card " + secrets.card() + "\r\n", openAIChat("card " + secrets.card())},
		"a cookie and an API key":          {"POST", openAIURL, json + "Cookie: session=" + secrets.add("c00kie-of-the-pers0n") + "\r\nAuthorization: Bearer " + secrets.add("sk-"+"proj-n0tAKeyButL00ksLike1") + "\r\n", openAIChat("hello")},
		"a content type":                   {"POST", openAIURL, "Content-Type: text/card" + strings.ReplaceAll(secrets.card(), " ", "") + "\r\n", openAIChat("card " + secrets.card())},
	}
}

// send sends a request as REQMOD and returns the id of its event.
func send(t *testing.T, c *icap.Client, r oddRequest) string {
	t.Helper()
	u, err := url.Parse(r.url)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	reply, err := c.Do(ctx, icap.Message{
		Method: icap.MethodReqmod, Service: "/reqmod",
		Header: []icap.Field{
			{Name: "X-Client-IP", Value: "10.1.2.3"},
			{Name: "X-Authenticated-User", Value: "alice"},
			{Name: "Proxy-Authorization", Value: "Basic YWxpY2U6b3BlbiBzZXNhbWU="},
		},
		RequestHead: fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\n%sContent-Length: %d\r\n\r\n", r.method, r.url, u.Host, r.header, len(r.body)),
		Body:        []byte(r.body), HasBody: true, Preview: 65535, Allow204: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(reply.Header.Get("X-Sluice-Id"))
}

func zipped(t *testing.T, name, content string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipped(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, s); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
