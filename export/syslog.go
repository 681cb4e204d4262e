package export

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/internal/outbound"
)

const (
	dialTime  = 5 * time.Second
	writeTime = 10 * time.Second
	// RFC 5425 §4.3.1: receivers should take messages of 8192 octets; many cut longer ones.
	maxMessage = 8192
)

// syslog sends RFC 5424 messages over TLS. The protocol has no acknowledgement: an event
// counts as arrived when the receiver's kernel has all its bytes and the connection lives.
type syslog struct {
	addr string
	conf *tls.Config
	conn *tls.Conn     // nil: not connected
	dead chan struct{} // closed when the receiver has closed conn
}

func newSyslog(o Options) (*syslog, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Scheme != "tls" || u.Hostname() == "" {
		return nil, errors.New("url: want tls://host:port")
	}
	conf, err := outbound.TLS(o.CA, o.Cert, o.Key)
	if err != nil {
		return nil, err
	}
	conf.ServerName = u.Hostname()
	port := u.Port()
	if port == "" {
		port = "6514" // RFC 5425 §4.1
	}
	return &syslog{addr: net.JoinHostPort(u.Hostname(), port), conf: conf}, nil
}

func (s *syslog) send(ctx context.Context, list []entry) (int, error) {
	if err := s.connect(ctx); err != nil {
		return 0, fmt.Errorf("syslog: %w", err)
	}
	var out bytes.Buffer
	for _, r := range list {
		m, err := message(r)
		if err != nil {
			return 0, err
		}
		out.WriteString(strconv.Itoa(len(m))) // RFC 5425 §4.3: MSG-LEN SP SYSLOG-MSG
		out.WriteByte(' ')
		out.Write(m)
	}
	if err := s.deliver(ctx, out.Bytes()); err != nil {
		return 0, fmt.Errorf("syslog: %w", errors.Join(err, s.close()))
	}
	return len(list), nil
}

func (s *syslog) connect(ctx context.Context) error {
	if s.conn != nil {
		select {
		case <-s.dead:
			_ = s.close() // the other side has closed it already
		default:
			return nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	c, err := (&tls.Dialer{Config: s.conf}).DialContext(ctx, "tcp", s.addr)
	if err != nil {
		return err
	}
	s.conn, s.dead = c.(*tls.Conn), make(chan struct{})
	go func(c net.Conn, dead chan<- struct{}) {
		defer close(dead)
		// Receivers send nothing: a read returns when they close.
		for buf := make([]byte, 512); ; {
			if _, err := c.Read(buf); err != nil {
				return
			}
		}
	}(s.conn, s.dead)
	return nil
}

// deliver writes and waits until the receiver's kernel has everything.
func (s *syslog) deliver(ctx context.Context, frames []byte) error {
	deadline := time.Now().Add(writeTime)
	if err := s.conn.SetWriteDeadline(deadline); err != nil {
		return err
	}
	if _, err := s.conn.Write(frames); err != nil {
		return err
	}
	for pause := 200 * time.Microsecond; ; pause = min(2*pause, 20*time.Millisecond) {
		left, err := unsent(s.conn.NetConn())
		if err != nil {
			return err
		}
		select {
		case <-s.dead:
			return errors.New("the receiver closed the connection")
		case <-ctx.Done():
			return ctx.Err()
		default:
		}
		if left == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return errors.New("the receiver does not take what is sent")
		}
		time.Sleep(pause)
	}
}

func (s *syslog) close() error {
	if s.conn == nil {
		return nil
	}
	c := s.conn
	s.conn = nil
	_ = c.Close() // of a broken connection fails, and nothing is lost by that
	<-s.dead
	return nil
}

// Facility "log audit" (RFC 5424 §6.2.1).
const facility = 13

// message renders RFC 5424: <PRI>1 TIME HOST APP PROCID MSGID SD MSG. MSG is JSON without a
// byte order mark, which collectors do not expect before JSON.
func message(r entry) ([]byte, error) {
	kind := "activity"
	if len(r.e.Matches) > 0 {
		kind = "finding"
	}
	head := fmt.Sprintf("<%d>1 %s %s sluice - %s - ", facility*8+severity(r.e), r.e.Time.UTC().Format("2006-01-02T15:04:05.000000Z"), hostName(r.e.Node), kind)
	body := r.body
	for keep := 8; len(head)+len(body) > maxMessage; keep /= 2 {
		short, err := OCSF(shorter(r.e, keep))
		if err != nil {
			return nil, fmt.Errorf("render event %s: %w", r.e.ID, err)
		}
		if body = short; keep == 0 {
			break
		}
	}
	return append([]byte(head), body...), nil
}

// shorter returns a copy of e with lists cut to keep entries.
func shorter(e *event.Event, keep int) *event.Event {
	c := *e
	c.Groups, c.Files = first(c.Groups, 4*keep), first(c.Files, keep)
	matches := append([]event.Match(nil), first(c.Matches, max(keep, 1))...) // one, or it would be no finding
	for i := range matches {
		m := &matches[i]
		m.Masked, m.Fingerprints, m.Profiles = first(m.Masked, keep), first(m.Fingerprints, keep), first(m.Profiles, keep)
		if keep < 4 {
			m.Excerpt = ""
		}
	}
	c.Matches = matches
	if keep < 4 {
		c.Decision.Reason, c.Path = cutText(c.Decision.Reason, 256), cutText(c.Path, 256)
	}
	return &c
}

func first[T any](s []T, n int) []T { return s[:min(len(s), n)] }

func cutText(s string, n int) string { return strings.ToValidUTF8(s[:min(len(s), n)], "") }

// severity is syslog's (RFC 5424 §6.2.1).
func severity(e *event.Event) int {
	const critical, fault, warning, notice, informational = 2, 3, 4, 5, 6
	worst := ""
	for _, m := range e.Matches {
		worst = stronger(worst, m.Severity)
	}
	switch worst {
	case "critical":
		return critical
	case "high":
		return fault
	case "medium":
		return warning
	}
	if notable(e) {
		return notice
	}
	return informational
}

// hostName is a node's label as HOSTNAME: printable ASCII without blanks.
func hostName(node string) string {
	name := strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '_'
		}
		return r
	}, node)
	if name == "" {
		return "-"
	}
	return name[:min(len(name), 255)]
}
