// Package squid runs a real Squid with the documented example configuration, so that the
// example is tested as it stands.
package squid

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-dlp/sluice/internal/blackbox/origin"
	"github.com/sluice-dlp/sluice/internal/blackbox/pki"
	"github.com/sluice-dlp/sluice/internal/blackbox/proc"
)

// The people that the proxy knows. Both have the password [Password]; Alice is in the group
// engineering.
const (
	Alice    = "alice"
	Bob      = "bob"
	Password = "open sesame"
)

// Options say where Squid's neighbours are.
type Options struct {
	Example    string   // folder of the example configuration
	ICAP       string   // address of the Sluice node
	SecondICAP string   // of the second one: uses two-nodes.conf
	Parent     string   // address of the proxy that leads to the origin
	OriginCA   []byte   // PEM
	Hosts      []string // names that lead to the origin
	Include    string   // further lines, before everything else
	NoRespmod  bool     // responses are not shown to Sluice
	IOTimeout  string   // instead of the example's icap_io_timeout
}

// Squid is a running Squid.
type Squid struct {
	Addr   string // of the proxy port
	CAFile string // the certificate that its clients must trust
	dir    string
	proc   *proc.Process
}

// Start starts a Squid, and stops it when the test ends.
func Start(tb testing.TB, o Options) *Squid {
	tb.Helper()
	s := &Squid{Addr: proc.FreeAddr(tb), dir: proc.Dir(tb)}
	s.CAFile = s.path("ca.crt")
	bin := proc.Look(tb, "squid")
	certgen := proc.Look(tb, "security_file_certgen", "/usr/lib/squid", "/usr/lib64/squid", "/usr/libexec/squid")
	conf := filepath.Join(s.dir, "squid.conf")
	s.prepare(tb, o, conf)
	cred := s.giveAway(tb)

	if out, err := command(tb, cred, certgen, "-c", "-s", s.path("ssl_db"), "-M", "4MB").CombinedOutput(); err != nil {
		tb.Fatalf("make the certificate store: %v\n%s", err, out)
	}
	if out, err := command(tb, cred, bin, "-k", "parse", "-f", conf).CombinedOutput(); err != nil || complaint.Match(out) {
		tb.Fatalf("squid complains about the configuration: %v\n%s", err, out)
	}
	name := "sluicebb" + s.Addr[strings.LastIndexByte(s.Addr, ':')+1:] // of its shared memory
	s.proc = proc.Start(tb, "squid", command(tb, cred, bin, "-N", "-n", name, "-f", conf))
	tb.Cleanup(func() {
		s.proc.Kill() // SIGTERM takes two seconds even with nothing to do
		leftovers, _ := filepath.Glob("/dev/shm/" + name + "-*")
		for _, f := range leftovers {
			_ = os.Remove(f)
		}
		if tb.Failed() {
			tb.Logf("squid's cache.log:\n%s", tail(s.path("cache.log"), 4<<10))
		}
	})
	s.proc.WaitPort(tb, s.Addr, 20*time.Second)
	return s
}

// complaint is what Squid writes when it accepts a line but does not like it.
var complaint = regexp.MustCompile(`(?i)error:|warning:|obsolete|deprecated`)

// Proxy returns the URL of the proxy for a person.
func (s *Squid) Proxy(person string) string {
	return (&url.URL{Scheme: "http", User: url.UserPassword(person, Password), Host: s.Addr}).String()
}

// Access is one line of the access log.
type Access struct {
	Case, ClientIP, User, Method, URL string
	Status                            int
}

// Accesses returns what the proxy has logged for a test case, tunnels left out.
func (s *Squid) Accesses(tb testing.TB, testCase string) []Access {
	tb.Helper()
	data, err := os.ReadFile(s.path("access.log"))
	if err != nil {
		tb.Fatal(err)
	}
	var out []Access
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line)
		if len(f) != 6 {
			tb.Fatalf("access log: %d fields in a line, want 6", len(f))
		}
		if f[0] != testCase || f[3] == "CONNECT" {
			continue
		}
		status, err := strconv.Atoi(f[5])
		if err != nil {
			tb.Fatalf("access log: status: %v", err)
		}
		out = append(out, Access{Case: f[0], ClientIP: f[1], User: f[2], Method: f[3], URL: f[4], Status: status})
	}
	return out
}

// Logs returns the folder that holds everything Squid wrote.
func (s *Squid) Logs() string { return s.dir }

func (s *Squid) path(name string) string { return filepath.Join(s.dir, name) }

// prepare writes every file that the configuration names, and the configuration itself.
func (s *Squid) prepare(tb testing.TB, o Options, conf string) {
	tb.Helper()
	ca, err := pki.NewAuthority("Test proxy CA")
	if err != nil {
		tb.Fatal(err)
	}
	key, err := ca.KeyPEM()
	if err != nil {
		tb.Fatal(err)
	}
	hash, err := exec.CommandContext(tb.Context(), proc.Look(tb, "openssl"), "passwd", "-apr1", Password).Output()
	if err != nil {
		tb.Fatalf("hash the password: %v", err)
	}
	var passwd, hosts strings.Builder
	for _, person := range []string{Alice, Bob} {
		fmt.Fprintf(&passwd, "%s:%s", person, hash)
	}
	for _, h := range o.Hosts {
		// A test network (RFC 5737): the example refuses loopback addresses, and the
		// traffic goes to the parent, wherever the name points.
		fmt.Fprintf(&hosts, "192.0.2.1 %s\n", h)
	}
	for name, data := range map[string]string{
		"ca.crt": string(ca.CertPEM()), "ca.pem": string(key) + string(ca.CertPEM()),
		"origin-ca.crt": string(o.OriginCA), "passwd": passwd.String(), "engineering": Alice + "\n",
		"hosts": hosts.String(), "squid.conf": s.configuration(tb, o),
	} {
		if err := os.WriteFile(filepath.Join(filepath.Dir(conf), name), []byte(data), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
}

// configuration returns the example with this run's paths and ports, and what a test needs
// besides: where names and traffic lead, and where the logs go.
func (s *Squid) configuration(tb testing.TB, o Options) string {
	tb.Helper()
	conf := read(tb, filepath.Join(o.Example, "squid.conf"))
	if o.SecondICAP != "" {
		conf = without(conf, "icap_service ", "adaptation_access ") + read(tb, filepath.Join(o.Example, "two-nodes.conf"))
		conf = replace(tb, conf, "127.0.0.1:1345", o.SecondICAP)
	}
	if o.NoRespmod {
		conf = without(conf, "icap_service sluice_resp", "adaptation_access sluice_resp")
	}
	if o.IOTimeout != "" {
		conf = replace(tb, conf, "icap_io_timeout 60 seconds", "icap_io_timeout "+o.IOTimeout)
	}
	for old, now := range map[string]string{
		"http_port 3128 ":                    "http_port " + s.Addr + " ",
		"/etc/squid/sluice-ca.pem":           s.path("ca.pem"),
		"/etc/squid/passwd":                  s.path("passwd"),
		"/etc/squid/groups/engineering":      s.path("engineering"),
		"/var/lib/squid/ssl_db":              s.path("ssl_db"),
		"127.0.0.1:1344":                     o.ICAP,
		"tls_outgoing_options default-ca=on": "tls_outgoing_options default-ca=off cafile=" + s.path("origin-ca.crt"),
	} {
		conf = replace(tb, conf, old, now)
	}
	host, port, err := net.SplitHostPort(o.Parent)
	if err != nil {
		tb.Fatal(err)
	}
	return o.Include + conf + fmt.Sprintf(`
# --- Added by the test ---
pid_filename %[1]s/squid.pid
cache_log %[1]s/cache.log
logformat blackbox %%{%[4]s}>h %%>a %%un %%rm %%ru %%>Hs
access_log stdio:%[1]s/access.log blackbox
icap_log stdio:%[1]s/icap.log
netdb_filename none
pinger_enable off
logfile_rotate 0
visible_hostname proxy.test
shutdown_lifetime 0 seconds
max_filedescriptors 4096
hosts_file %[1]s/hosts
dns_nameservers 127.0.0.1
cache_peer %[2]s parent %[3]s 0 no-query no-digest no-netdb-exchange default
never_direct allow all
acl localnet src 127.0.0.0/8
`, s.dir, host, port, origin.CaseHeader)
}

func read(tb testing.TB, path string) string {
	tb.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return string(data)
}

// replace fails the test when the example no longer holds what the test has to change.
func replace(tb testing.TB, conf, old, now string) string {
	tb.Helper()
	if !strings.Contains(conf, old) {
		tb.Fatalf("the example squid.conf no longer holds %q: change the test with it", old)
	}
	return strings.ReplaceAll(conf, old, now)
}

// without returns conf without the lines that begin with one of prefixes.
func without(conf string, prefixes ...string) string {
	var b strings.Builder
next:
	for line := range strings.Lines(conf) {
		for _, p := range prefixes {
			if strings.HasPrefix(line, p) {
				continue next
			}
		}
		b.WriteString(line)
	}
	return b.String()
}

// giveAway gives the folder to the user that Squid runs as: never root.
func (s *Squid) giveAway(tb testing.TB) *syscall.Credential {
	tb.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		tb.Fatal(err)
	}
	uid, err := strconv.ParseUint(nobody.Uid, 10, 32)
	if err != nil {
		tb.Fatal(err)
	}
	gid, err := strconv.ParseUint(nobody.Gid, 10, 32)
	if err != nil {
		tb.Fatal(err)
	}
	files, err := filepath.Glob(s.path("*"))
	if err != nil {
		tb.Fatal(err)
	}
	for _, f := range append(files, s.dir) {
		if err := os.Chown(f, int(uid), int(gid)); err != nil {
			tb.Fatal(err)
		}
	}
	if err := os.Chmod(s.CAFile, 0o644); err != nil {
		tb.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func command(tb testing.TB, cred *syscall.Credential, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(tb.Context(), name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
	cmd.Dir = "/"
	return cmd
}

func tail(path string, n int) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(data[max(0, len(data)-n):])
}
