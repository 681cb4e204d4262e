package notify

import (
	"bufio"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
)

// post office is an SMTP server that takes mail for everybody but nobody@.
type postOffice struct {
	addr string
	mu   sync.Mutex
	to   []string
	mail []string
}

func newPostOffice(t *testing.T) *postOffice {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &postOffice{addr: l.Addr().String()}
	var served sync.WaitGroup
	served.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			p.serve(conn)
		}
	})
	t.Cleanup(func() { _ = l.Close(); served.Wait() })
	return p
}

func (p *postOffice) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	say := func(line string) { fmt.Fprintf(conn, "%s\r\n", line) }
	say("220 here")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch verb := strings.ToUpper(strings.Fields(line + " x")[0]); verb {
		case "EHLO":
			say("250 here")
		case "RCPT":
			if strings.Contains(line, "nobody@") {
				say("550 no such box")
				continue
			}
			p.mu.Lock()
			p.to = append(p.to, strings.TrimSpace(line))
			p.mu.Unlock()
			say("250 ok")
		case "DATA":
			say("354 go on")
			var b strings.Builder
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				b.WriteString(line)
			}
			p.mu.Lock()
			p.mail = append(p.mail, b.String())
			p.mu.Unlock()
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func TestMailIsReadableAndCannotBeForged(t *testing.T) {
	p := newPostOffice(t)
	c := newChannel(t, Options{
		Name: "mail", Type: SMTP, URL: "smtp://" + p.addr, From: "Sluice <sluice@example.com>", To: []string{"nobody@example.com", "Security <sec@example.com>"},
		Link: func(string) string { return "https://sluice.example.com/events/1" },
	}, nil)
	e := c.event("jörg\r\nBcc: all@example.com", "notify", "card")
	e.Event.App.Name = "Chät\r\nX-Forged: yes"
	c.must(e)
	if len(p.mail) != 1 || len(p.to) != 1 || !strings.Contains(p.to[0], "<sec@example.com>") {
		t.Fatalf("%d mails to %q, want one to sec@example.com", len(p.mail), p.to)
	}
	m, err := mail.ReadMessage(strings.NewReader(p.mail[0]))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != "Sluice: ChätX-Forged: yes, let through (high)" {
		t.Errorf("subject %q: %v", subject, err)
	}
	for _, h := range []string{"Bcc", "X-Forged"} {
		if m.Header.Get(h) != "" {
			t.Errorf("a name became the header %s", h)
		}
	}
	if m.Header.Get("Auto-Submitted") != "auto-generated" || !strings.Contains(m.Header.Get("Message-Id"), e.Event.ID) {
		t.Error("headers are missing")
	}
	body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil || !strings.Contains(string(body), "jörg") || !strings.Contains(string(body), "card ×2") || !strings.Contains(string(body), "https://sluice.example.com/events/1") {
		t.Errorf("body %q: %v", body, err)
	}
}

func TestMailThatNobodyTakesIsDropped(t *testing.T) {
	p := newPostOffice(t)
	c := newChannel(t, Options{Name: "mail", Type: SMTP, URL: "smtp://" + p.addr, From: "a@example.com", To: []string{"nobody@example.com"}}, nil)
	c.must(c.event("alice", "notify", "card"))
	if len(p.mail) != 0 || !strings.Contains(c.log.String(), "refused and dropped") {
		t.Errorf("%d mails; log: %s", len(p.mail), c.log.String())
	}
}

func TestAPasswordIsNotSentInTheClear(t *testing.T) {
	p := newPostOffice(t)
	_, port, _ := net.SplitHostPort(p.addr)
	c := newChannel(t, Options{Name: "mail", Type: SMTP, URL: "smtp://u:hunter2@localhost.localdomain:" + port, From: "a@example.com", To: []string{"b@example.com"}}, nil)
	c.Sink.out.(*mailer).host = "127.0.0.1" // where the name would lead
	err := c.write(c.event("alice", "notify", "card"))
	if err == nil || strings.Contains(err.Error(), "hunter2") || len(p.mail) != 0 {
		t.Errorf("error %v with %d mails, want an error and none", err, len(p.mail))
	}
}

func TestOverTLSFromTheFirstByte(t *testing.T) {
	p := newPostOffice(t)
	c := newChannel(t, Options{Name: "mail", Type: SMTP, URL: "smtps://" + p.addr, From: "a@example.com", To: []string{"b@example.com"}}, nil)
	if err := c.write(c.event("alice", "notify", "card")); err == nil || !strings.Contains(err.Error(), "tls") {
		t.Errorf("error %v, want one of TLS: the server speaks none", err)
	}
}
