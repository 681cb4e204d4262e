package blackbox

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/internal/blackbox/pki"
	"github.com/sluice-dlp/sluice/internal/blackbox/proc"
)

// TestWrongSettingsSayWhatToDo starts and checks nodes whose settings cannot work, each of which
// must say what is wrong with what, and what to do.
func TestWrongSettingsSayWhatToDo(t *testing.T) {
	cases := map[string]struct {
		env, text string
		serves    bool // check cannot know
		want      string
	}{
		"a tab": {text: "icap:\n\tlisten: ':0'\n", want: "sluice.yaml:2: not valid YAML: found character that cannot start any token; a line is indented with blanks"},
		"an address of another machine": {
			env: "SLUICE_ICAP_LISTEN=192.0.2.7:0", serves: true, want: "name an address of this machine, or none before the port, in icap.listen",
		},
		"a directory that cannot be": {
			env: "SLUICE_DATA_DIR=/proc/nowhere/data", want: "make data_dir: mkdir /proc/nowhere: no such file or directory; ",
		},
		"a database that does not answer": {
			env:  "SLUICE_DATABASE_URL=postgres://u:geheim@127.0.0.1:1/x?connect_timeout=2",
			want: "connection refused; check that Postgres runs there, that the database exists, and user and password",
		},
		"a certificate that is none": {
			env:  "SLUICE_ICAP_TLS_LISTEN=127.0.0.1:0 SLUICE_ICAP_TLS_CERT=sluice.yaml SLUICE_ICAP_TLS_KEY=sluice.yaml",
			want: "sluice.yaml: load certificate: tls: failed to find any PEM data in certificate input; both are PEM files",
		},
		"a variable that is no duration": {env: "SLUICE_ICAP_DEADLINE=5", want: `SLUICE_ICAP_DEADLINE: "5" is not a duration`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			for _, pair := range strings.Fields(c.env) {
				name, value, _ := strings.Cut(pair, "=")
				t.Setenv(name, value)
			}
			node := newSluice(t, settings{})
			if c.text != "" {
				node.write("sluice.yaml", c.text)
			}
			for _, command := range []string{"check", "serve"} {
				if command == "check" && c.serves {
					continue
				}
				_, errOut, code := node.run(command)
				if code != 1 || !strings.Contains(errOut, c.want) || strings.Contains(errOut, "geheim") {
					t.Errorf("%s: exit code %d, want 1 and %q in %q", command, code, c.want, errOut)
				}
				if strings.Contains(errOut, "database.url: database.url") {
					t.Errorf("%s names the place twice: %q", command, errOut)
				}
			}
		})
	}
}

// TestAFirstStartOnAFullDiskSaysSo: it needs room, and says where, however little is missing.
func TestAFirstStartOnAFullDiskSaysSo(t *testing.T) {
	for _, room := range []int64{0, 40 << 10, 200 << 10} {
		disk := newVolume(t, 8)
		t.Setenv("SLUICE_DATA_DIR", disk.dir)
		node := newSluice(t, settings{})
		disk.fill()
		if err := os.Truncate(disk.ballast(), 8<<20-room); err != nil {
			t.Fatal(err)
		}
		_, errOut, code := node.run("serve")
		if code != 1 || !strings.Contains(errOut, "no space left on device") && !strings.Contains(errOut, "; make room on the disk of "+disk.dir) {
			t.Errorf("%d bytes of room: exit code %d, %q; want 1 and what the disk lacks", room, code, errOut)
		}
		disk.free()
		node.start()
		node.stop()
	}
}

// TestAProxyWithWrongSettingsIsTold: its administrator finds the reason in Sluice's log, at the
// usual level and not with every request.
func TestAProxyWithWrongSettingsIsTold(t *testing.T) {
	t.Setenv("SLUICE_LOG_LEVEL", "info")
	node := newSluice(t, settings{})
	node.start()
	for range 3 {
		for path, want := range map[string]int{"/request": 404, "/respmod": 405} {
			c := &icap.Client{Addr: node.icap}
			m := prompt("alice", openAIChat("Write a haiku about the first snow."))
			m.Service = path
			if r, err := c.Do(t.Context(), m); err != nil || r.Status != want {
				t.Fatalf("REQMOD of %s: %v, %v; want %d", path, r, err, want)
			}
			c.Close()
		}
	}
	node.stop()
	log := node.stderr.String()
	if n := strings.Count(log, `level=WARN msg="icap request refused"`); n != 1 {
		t.Errorf("%d warnings of 6 requests, want 1:\n%s", n, log)
	}
	if !strings.Contains(log, `unknown service \"/request\"; known: /reqmod, /respmod`) && !strings.Contains(log, "REQMOD is not the method of /respmod") {
		t.Errorf("the warning does not say why:\n%s", log)
	}

	stranger := newSluice(t, settings{})
	stranger.write("sluice.yaml", fmt.Sprintf("data_dir: data\nicap: {listen: %q, allow: [192.0.2.0/24]}\nops: {listen: %q}\nconsole: {listen: \"\"}\n", stranger.icap, stranger.ops))
	stranger.start()
	for range 3 {
		c := &icap.Client{Addr: stranger.icap, Timeout: 5 * time.Second}
		if r, err := c.Options(t.Context(), "/reqmod"); err == nil {
			t.Fatalf("a stranger is answered: %d", r.Status)
		}
		c.Close()
	}
	stranger.stop()
	if n := strings.Count(stranger.stderr.String(), `level=WARN msg="icap client refused: it is in none of the networks of icap.allow" client=127.0.0.1:`); n != 1 {
		t.Errorf("%d warnings of 3 connections, want 1:\n%s", n, stranger.stderr.String())
	}
}

// TestABadNewCertificateIsTold renews the certificate of a running node with a file that is
// none: the old one goes on, and the log says so, once.
func TestABadNewCertificateIsTold(t *testing.T) {
	authority, err := pki.NewAuthority("Sluice test")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.Issue("sluice.example")
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	addr := proc.FreeAddr(t)
	node := newSluice(t, settings{files: map[string]string{
		"cert.pem": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})),
		"key.pem":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	}})
	t.Setenv("SLUICE_ICAP_TLS_LISTEN", addr)
	t.Setenv("SLUICE_ICAP_TLS_CERT", filepath.Join(node.dir, "cert.pem"))
	t.Setenv("SLUICE_ICAP_TLS_KEY", filepath.Join(node.dir, "key.pem"))
	node.start()
	shake := func() error {
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(authority.CertPEM())
		c, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: roots, ServerName: "sluice.example"})
		if err != nil {
			return err
		}
		return c.Close()
	}
	if err := shake(); err != nil {
		t.Fatal(err)
	}
	node.write("cert.pem", "not a certificate")
	proc.Eventually(t, 30*time.Second, "the log says that the new certificate is bad", func() error {
		if err := shake(); err != nil {
			t.Fatalf("the old certificate does not go on: %v", err)
		}
		if !strings.Contains(node.stderr.String(), "the new certificate is not taken: the old one stays") {
			return errors.New("not yet")
		}
		return nil
	})
	if err := shake(); err != nil {
		t.Fatal(err)
	}
	node.stop()
	if n := strings.Count(node.stderr.String(), "the new certificate is not taken"); n != 1 {
		t.Errorf("told %d times, want once", n)
	}
}

// TestChangedSettingsAreToldAtSIGHUP: it reloads rules alone, and whoever expects more reads
// what to do.
func TestChangedSettingsAreToldAtSIGHUP(t *testing.T) {
	node := newSluice(t, settings{})
	node.start()
	text, err := os.ReadFile(node.config)
	if err != nil {
		t.Fatal(err)
	}
	const bad, changed, reloaded = "the settings have mistakes: the running ones stay", "the settings have changed: a restart takes them over", "rules reloaded"
	for _, c := range []struct{ more, says string }{
		{"", reloaded},
		{"retention: {events: 30d}\n", changed},
		{"retention: {evnts: 30d}\n", bad},
	} {
		node.write("sluice.yaml", string(text)+c.more)
		before := node.stderr.String()
		node.serving.Signal(syscall.SIGHUP)
		proc.Eventually(t, 20*time.Second, "the log says: "+c.says, func() error {
			log := strings.TrimPrefix(node.stderr.String(), before)
			if !strings.Contains(log, reloaded) || !strings.Contains(log, c.says) {
				return errors.New("not yet")
			}
			return nil
		})
	}
	node.stop()
	if log := node.stderr.String(); strings.Count(log, bad) != 1 || strings.Count(log, changed) != 1 {
		t.Errorf("want one line of each change:\n%s", log)
	}
}
