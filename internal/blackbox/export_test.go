package blackbox

import (
	"compress/gzip"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/internal/blackbox/pki"
	"github.com/sluice-dlp/sluice/internal/blackbox/proc"
)

// rsyslogConf takes syslog over TLS and writes the bare messages to a file.
const rsyslogConf = `
module(load="imtcp" StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")
global(workDirectory="%[1]s" DefaultNetstreamDriverCAFile="%[1]s/ca.pem" DefaultNetstreamDriverCertFile="%[1]s/cert.pem" DefaultNetstreamDriverKeyFile="%[1]s/key.pem")
template(name="bare" type="string" string="%%pri%%|%%hostname%%|%%app-name%%|%%msgid%%|%%msg%%\n")
ruleset(name="all") { action(type="omfile" file="%[1]s/got.log" template="bare" flushInterval="1") }
input(type="imtcp" port="%[2]s" address="127.0.0.1" ruleset="all")
`

// rsyslog is a real receiver of syslog over TLS.
type rsyslog struct {
	dir, port string
	process   *proc.Process
}

func newRsyslog(t *testing.T, authority *pki.Authority) *rsyslog {
	t.Helper()
	r := &rsyslog{dir: proc.Dir(t)}
	_, r.port, _ = strings.Cut(proc.FreeAddr(t), ":")
	cert, err := authority.Issue("localhost")
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"ca.pem": authority.CertPEM(), "cert.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}),
		"key.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), "rsyslog.conf": fmt.Appendf(nil, rsyslogConf, r.dir, r.port),
	} {
		if err := os.WriteFile(filepath.Join(r.dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r.start(t)
	return r
}

func (r *rsyslog) start(t *testing.T) {
	t.Helper()
	path, err := exec.LookPath("rsyslogd")
	if err != nil {
		path = "/usr/sbin/rsyslogd"
	}
	r.process = proc.Start(t, "rsyslogd", exec.Command(path, "-n", "-f", filepath.Join(r.dir, "rsyslog.conf"), "-i", filepath.Join(r.dir, "pid")))
	r.process.WaitPort(t, "127.0.0.1:"+r.port, 20*time.Second)
}

// records returns what has arrived: id of the event to how often.
func (r *rsyslog) records(t *testing.T) map[string]int {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(r.dir, "got.log"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for line := range strings.Lines(string(data)) {
		f := strings.SplitN(strings.TrimSpace(line), "|", 5)
		if len(f) != 5 || f[0] != "107" || f[1] != "blackbox" || f[2] != "sluice" || f[3] != "finding" {
			t.Fatalf("rsyslog understood %.100q", line)
		}
		seen[uid(t, []byte(f[4]))]++
	}
	return seen
}

// uid returns the event's id of a record of OCSF.
func uid(t *testing.T, record []byte) string {
	t.Helper()
	var o struct {
		ClassUID int `json:"class_uid"`
		Metadata struct{ UID, Version string }
	}
	if err := json.Unmarshal(record, &o); err != nil || o.ClassUID != 2006 || o.Metadata.Version != "1.8.0" {
		t.Fatalf("no Data Security Finding of OCSF 1.8 (%v): %.100s", err, record)
	}
	return o.Metadata.UID
}

// TestExportersDeliverEverything exports by file, syslog over TLS to a real rsyslog, and HTTP
// to a receiver of this test in the form of Splunk's collector, while receivers come and go
// and the node is killed: every event arrives everywhere.
func TestExportersDeliverEverything(t *testing.T) {
	authority, err := pki.NewAuthority("Export test")
	if err != nil {
		t.Fatal(err)
	}
	rsys := newRsyslog(t, authority)
	var mu sync.Mutex
	hec, away := map[string]int{}, false
	splunk := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if away || r.Header.Get("Authorization") != "Splunk made-up-token" {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		for _, record := range unpack(t, r) {
			hec[uid(t, record)]++
		}
	}))
	defer splunk.Close()

	node := newSluice(t, settings{
		policy: "defaults:\n  unreviewed: {profiles: [default], on_match: block}\n",
		extra: fmt.Sprintf("export:\n  - {type: file, path: events.jsonl}\n  - {type: syslog, url: 'tls://localhost:%s', ca: ca.pem}\n"+
			"  - {type: http, url: %q, token_file: token}\n", rsys.port, splunk.URL),
		files: map[string]string{"ca.pem": string(authority.CertPEM()), "token": "made-up-token\n"},
	})
	node.start()
	var secrets planted
	message := prompt("alice", openAIChat("Refund the card "+secrets.card()))
	want := map[string]bool{}
	ask := func(n int) {
		t.Helper()
		c := &icap.Client{Addr: node.icap}
		defer c.Close()
		for range n {
			r, err := c.Do(t.Context(), message)
			if err != nil {
				t.Fatal(err)
			}
			want[string(r.Header.Get("X-Sluice-Id"))] = true
		}
	}
	inFile := func() map[string]int {
		data, err := os.ReadFile(filepath.Join(node.dir, "events.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]int{}
		for line := range strings.Lines(string(data)) {
			seen[uid(t, []byte(line))]++
		}
		return seen
	}
	inHEC := func() map[string]int {
		mu.Lock()
		defer mu.Unlock()
		seen := map[string]int{}
		for id, n := range hec {
			seen[id] = n
		}
		return seen
	}
	arrived := func(when string) {
		t.Helper()
		for name, get := range map[string]func() map[string]int{"the file": inFile, "rsyslog": func() map[string]int { return rsys.records(t) }, "the collector": inHEC} {
			proc.Eventually(t, 40*time.Second, when+": every event is in "+name, func() error {
				seen := get()
				for id := range want {
					if seen[id] == 0 {
						return fmt.Errorf("%d of %d are there", len(seen), len(want))
					}
				}
				return nil
			})
		}
	}
	ask(20)
	arrived("in peace")

	rsys.process.Kill()
	mu.Lock()
	away = true
	mu.Unlock()
	ask(20)
	node.serving.Kill()
	node.start()
	ask(20)
	rsys.start(t)
	mu.Lock()
	away = false
	mu.Unlock()
	arrived("after an absence")
	node.stop()
	for id, n := range inFile() {
		if n > 1 { // only a kill between file and cursor may repeat
			t.Logf("event %s is in the file %d times", id, n)
		}
	}
	secrets.absentFrom(t, map[string]string{"what sluice printed": node.stderr.String()}, node.dir, rsys.dir)
	if strings.Contains(node.stderr.String(), "made-up-token") {
		t.Error("the token is in the log")
	}
}

// unpack returns the events of a request to Splunk's collector.
func unpack(t *testing.T, r *http.Request) (records []json.RawMessage) {
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		t.Errorf("collector: %v", err)
		return nil
	}
	for dec := json.NewDecoder(z); ; {
		var e struct {
			Time  float64
			Host  string
			Event json.RawMessage
		}
		err := dec.Decode(&e)
		if errors.Is(err, io.EOF) {
			return records
		}
		if err != nil || e.Time < 1e9 || e.Host != "blackbox" {
			t.Errorf("collector: %v: time %v, host %q", err, e.Time, e.Host)
			return records
		}
		records = append(records, e.Event)
	}
}
