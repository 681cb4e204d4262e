package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/internal/outbound"
)

// mailer sends mail, on a connection of its own for each message.
type mailer struct {
	o          Options
	host, port string
	implicit   bool          // TLS from the first byte
	user       *url.Userinfo // nil: the server asks for no password
	tls        *tls.Config
	from       string
	to         []string
}

func newMailer(o Options) (*mailer, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" {
		return nil, errors.New("url: want smtp://host or smtps://host") // its own error would show a password
	}
	m := &mailer{o: o, host: u.Hostname(), port: u.Port(), implicit: u.Scheme == "smtps"}
	if m.port == "" {
		m.port = map[bool]string{false: "587", true: "465"}[m.implicit]
	}
	if m.tls, err = outbound.TLS(o.CA, "", ""); err != nil {
		return nil, err
	}
	m.tls.ServerName = m.host
	if _, ok := u.User.Password(); ok {
		m.user = u.User
	}
	from, err := mail.ParseAddress(o.From)
	if err != nil {
		return nil, fmt.Errorf("from: %w", err)
	}
	m.from = from.Address
	for _, to := range o.To {
		a, err := mail.ParseAddress(to)
		if err != nil {
			return nil, fmt.Errorf("to: %w", err)
		}
		m.to = append(m.to, a.Address)
	}
	if len(m.to) == 0 {
		return nil, errors.New("to: nobody; name at least one address")
	}
	return m, nil
}

// deliver implements carrier.
func (m *mailer) deliver(ctx context.Context, n *Notice) error {
	ctx, cancel := context.WithTimeout(ctx, deliverTime)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(m.host, m.port))
	if err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	unhook := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer unhook()
	if m.implicit {
		conn = tls.Client(conn, m.tls)
	}
	c, err := smtp.NewClient(conn, m.host)
	if err != nil {
		return errors.Join(fmt.Errorf("mail: %w", err), conn.Close())
	}
	defer c.Close()
	if err := m.session(c, n); err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	return nil
}

// auth is the way to show the password that the server knows: PLAIN, or LOGIN, which is all
// that some have.
func (m *mailer) auth(c *smtp.Client) smtp.Auth {
	password, _ := m.user.Password()
	plain := smtp.PlainAuth("", m.user.Username(), password, m.host)
	if _, ways := c.Extension("AUTH"); ways != "" && !slices.Contains(strings.Fields(ways), "PLAIN") && slices.Contains(strings.Fields(ways), "LOGIN") {
		return &loginAuth{Auth: plain, answers: []string{m.user.Username(), password}}
	}
	return plain
}

// loginAuth is LOGIN: the server asks for the name, then for the password
// (draft-murchison-sasl-login-00). Whether the server may see them is for PLAIN to say.
type loginAuth struct {
	smtp.Auth
	answers []string
}

func (l *loginAuth) Start(server *smtp.ServerInfo) (string, []byte, error) {
	_, _, err := l.Auth.Start(server)
	return "LOGIN", nil, err
}

func (l *loginAuth) Next(_ []byte, more bool) ([]byte, error) {
	if !more {
		return nil, nil
	}
	if len(l.answers) == 0 {
		return nil, errors.New("the server asks for more than name and password")
	}
	answer := l.answers[0]
	l.answers = l.answers[1:]
	return []byte(answer), nil
}

// forGood marks an answer that will not change.
func forGood(err error) error {
	var answer *textproto.Error
	if errors.As(err, &answer) && answer.Code/100 == 5 {
		return fmt.Errorf("%w: %w", errRefused, err)
	}
	return err
}

// session speaks SMTP (RFC 5321 §3). A password only goes over TLS; net/smtp refuses else.
func (m *mailer) session(c *smtp.Client, n *Notice) error {
	if ok, _ := c.Extension("STARTTLS"); ok && !m.implicit {
		if err := c.StartTLS(m.tls); err != nil {
			return err
		}
	}
	if m.user != nil {
		if err := c.Auth(m.auth(c)); err != nil {
			return err
		}
	}
	if err := c.Mail(m.from); err != nil {
		return err
	}
	var refusals []error
	for _, to := range m.to {
		err := forGood(c.Rcpt(to))
		if err != nil && !errors.Is(err, errRefused) {
			return err
		}
		if err != nil {
			refusals = append(refusals, err)
		}
	}
	if len(refusals) == len(m.to) {
		return errors.Join(refusals...)
	}
	for _, err := range refusals { // the others get it
		m.o.Log.Warn("a recipient is refused", "channel", m.o.Name, "error", err)
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(m.message(n)); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return forGood(err)
	}
	if err := c.Quit(); err != nil {
		m.o.Log.Debug("the mail server did not say goodbye", "channel", m.o.Name, "error", err)
	}
	return nil
}

// message is the mail (RFC 5322). Names in it are encoded, so that none can add a header.
func (m *mailer) message(n *Notice) []byte {
	var b bytes.Buffer
	subject := fmt.Sprintf("Sluice: %s, %s", n.AppName, strings.ToLower(outcome(n.Action)))
	if n.Severity != "" {
		subject += " (" + n.Severity + ")"
	}
	for _, h := range [][2]string{
		{"From", m.o.From},
		{"To", strings.Join(m.o.To, ", ")},
		{"Subject", mime.QEncoding.Encode("utf-8", oneLine(subject))},
		{"Date", m.o.Now().UTC().Format(time.RFC1123Z)},
		{"Message-ID", "<" + n.ID + "@sluice.invalid>"},
		{"Auto-Submitted", "auto-generated"}, // RFC 3834: no answers of absent people
		{"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Transfer-Encoding", "quoted-printable"},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	b.WriteString("\r\n")
	text := n.Text + "\n\n" + n.Reason + "\nTime: " + n.Time.UTC().Format(time.RFC3339) + "\nIncident: " + n.ID + "\n"
	if n.Link != "" {
		text += n.Link + "\n"
	}
	q := quotedprintable.NewWriter(&b)
	_, _ = q.Write([]byte(strings.ReplaceAll(text, "\n", "\r\n"))) // into memory
	_ = q.Close()
	return b.Bytes()
}

// oneLine drops what could end a header.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}
