package notify

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/sluice-dlp/sluice/internal/blackbox/pki"
)

// mailServer is a real SMTP server that takes mail of whoever knows the password.
type mailServer struct {
	ways []string // of showing it

	mu   sync.Mutex
	mail []string
}

// mailbox is one session of it.
type mailbox struct {
	server *mailServer
	known  bool
}

const mailPassword = "correct horse/battery@staple"

func (s *mailServer) NewSession(*smtp.Conn) (smtp.Session, error) { return &mailbox{server: s}, nil }

func (m *mailbox) AuthMechanisms() []string { return m.server.ways }

func (m *mailbox) Auth(way string) (sasl.Server, error) {
	check := func(name, password string) error {
		if m.known = name == "sluice" && password == mailPassword; !m.known {
			return smtp.ErrAuthFailed
		}
		return nil
	}
	if !slices.Contains(m.server.ways, way) {
		return nil, smtp.ErrAuthUnknownMechanism
	}
	if way == "LOGIN" {
		return &loginServer{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, name, password string) error { return check(name, password) }), nil
}

// loginServer is the server's side of LOGIN.
type loginServer struct {
	check func(name, password string) error
	asked int
	name  string
}

func (l *loginServer) Next(answer []byte) (challenge []byte, done bool, err error) {
	l.asked++
	switch l.asked {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.name = string(answer)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.name, string(answer))
}

func (m *mailbox) Mail(string, *smtp.MailOptions) error {
	if !m.known {
		return smtp.ErrAuthRequired
	}
	return nil
}

func (m *mailbox) Rcpt(string, *smtp.RcptOptions) error { return nil }

func (m *mailbox) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	m.server.mu.Lock()
	defer m.server.mu.Unlock()
	m.server.mail = append(m.server.mail, string(text))
	return err
}

func (m *mailbox) Reset()        {}
func (m *mailbox) Logout() error { return nil }

// startMailServer returns the server, its port, and a file with the authority that its
// certificate is of. implicit: TLS from the first byte, else by STARTTLS.
func startMailServer(t *testing.T, implicit bool, ways ...string) (s *mailServer, port, ca string) {
	t.Helper()
	authority, err := pki.NewAuthority("Test mail CA")
	if err != nil {
		t.Fatal(err)
	}
	cert, err := authority.Issue("localhost")
	if err != nil {
		t.Fatal(err)
	}
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, authority.CertPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ = net.SplitHostPort(l.Addr().String())
	s = &mailServer{ways: ways}
	server := smtp.NewServer(s)
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	if implicit {
		l = tls.NewListener(l, server.TLSConfig)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	return s, port, ca
}

func TestMailOverTLSWithAPassword(t *testing.T) {
	const secret = "sluice:correct%20horse%2Fbattery%40staple@"
	cases := map[string]struct {
		scheme, user string
		ways         []string
		stranger     bool // the server's certificate is of nobody we trust
		wrong        string
	}{
		"from the first byte":                 {"smtps", secret, []string{"PLAIN"}, false, ""},
		"by STARTTLS":                         {"smtp", secret, []string{"PLAIN"}, false, ""},
		"to a server that knows only LOGIN":   {"smtp", secret, []string{"LOGIN"}, false, ""},
		"to a server that knows both":         {"smtps", secret, []string{"LOGIN", "PLAIN"}, false, ""},
		"with a wrong password":               {"smtps", "sluice:hunter2@", []string{"PLAIN"}, false, "535"},
		"with a wrong password and LOGIN":     {"smtp", "sluice:hunter2@", []string{"LOGIN"}, false, "535"},
		"without a password":                  {"smtp", "", []string{"PLAIN"}, false, "502"},
		"to a server that is somebody else":   {"smtps", secret, []string{"PLAIN"}, true, "certificate"},
		"the same by STARTTLS":                {"smtp", secret, []string{"PLAIN"}, true, "certificate"},
		"to a server that knows no way of it": {"smtps", secret, []string{"X-OTHER"}, false, "504"},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			s, port, ca := startMailServer(t, k.scheme == "smtps", k.ways...)
			if k.stranger {
				ca = ""
			}
			c := newChannel(t, Options{
				Name: "mail", Type: SMTP, URL: k.scheme + "://" + k.user + "localhost:" + port, CA: ca, From: "sluice@example.com", To: []string{"sec@example.com"},
			}, nil)
			err := c.write(c.event("alice", "notify", "card"))
			s.mu.Lock()
			defer s.mu.Unlock()
			if k.wrong == "" {
				if err != nil || len(s.mail) != 1 || !strings.Contains(s.mail[0], "Subject: Sluice: ChatGPT, let through") {
					t.Fatalf("%d mails: %v", len(s.mail), err)
				}
				return
			}
			if len(s.mail) != 0 || err == nil || !strings.Contains(err.Error(), k.wrong) {
				t.Errorf("%d mails, error %v; want none, and one with %q", len(s.mail), err, k.wrong)
			}
			for _, hidden := range []string{"hunter2", mailPassword, "aHVudGVyMg"} {
				if strings.Contains(c.log.String(), hidden) || err != nil && strings.Contains(err.Error(), hidden) {
					t.Error("the password is in the log or in the error")
				}
			}
		})
	}
}
