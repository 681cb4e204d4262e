package blackbox

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/internal/blackbox/squid"
)

// TestAppsAreRefusedBeforeDecryption gives a real Squid what `sluice apps export` writes: an
// unapproved app is refused at CONNECT, and by its server name where the client asked for an
// address; everything else passes.
func TestAppsAreRefusedBeforeDecryption(t *testing.T) {
	node := newSluice(t, settings{})
	node.must("apps", "status", "claude", "unapproved")
	node.must("apps", "status", "bedrock", "unapproved") // its hosts have wildcards
	acl := node.must("apps", "export", "--status", "unapproved", "--format", "squid-acl")
	if !strings.Contains(acl, "dstdom_regex") {
		t.Fatal("the list has no pattern: the test does not show that Squid takes one")
	}
	node.start()
	w := startWorldWith(t, squid.Options{ICAP: node.icap, Include: acl})

	client := httpClient(t, w.squid)
	// Squid opens the tunnel that it refuses, to show its own page in it.
	for url, want := range map[string]int{"https://claude.ai/chats": http.StatusForbidden, "https://chatgpt.com/": http.StatusOK} {
		resp, err := client.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}
		refusedBySquid := strings.Contains(resp.Header.Get("X-Squid-Error"), "ERR_ACCESS_DENIED")
		if resp.StatusCode != want || refusedBySquid != (want == http.StatusForbidden) {
			t.Errorf("%s: status %d, refused by Squid: %v; want %d", url, resp.StatusCode, refusedBySquid, want)
		}
	}
	for name, refused := range map[string]bool{"claude.ai": true, "bedrock-runtime.eu-central-1.amazonaws.com": true, "api.openai.com": false} {
		err := handshake(t, w.squid, "192.0.2.1:443", name)
		if (err != nil) != refused {
			t.Errorf("a tunnel to an address with the server name %s: error %v, want one: %v", name, err, refused)
		}
	}
	for _, e := range node.events() {
		if e.App.ID == "claude" {
			t.Error("a refused CONNECT reached Sluice")
		}
	}
}

// handshake opens a tunnel to an address and begins TLS with a server name.
func handshake(t *testing.T, s *squid.Squid, addr, name string) error {
	t.Helper()
	conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(t.Context(), "tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	credentials := base64.StdEncoding.EncodeToString([]byte(squid.Alice + ":" + squid.Password))
	fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %[1]s\r\nProxy-Authorization: Basic %s\r\n\r\n", addr, credentials)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("CONNECT to an address was not accepted: %v", err)
	}
	return tls.Client(conn, &tls.Config{ServerName: name, InsecureSkipVerify: true}).Handshake() //nolint:gosec // only whether there is one
}
