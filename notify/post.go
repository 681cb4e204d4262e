package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

const (
	deliverTime = 20 * time.Second
	answerBytes = 4 << 10
)

// poster posts to a webhook.
type poster struct {
	o      Options
	client *http.Client
}

func newPoster(o Options) (*poster, error) {
	conf, err := clientTLS(o.CA)
	if err != nil {
		return nil, err
	}
	return &poster{o: o, client: &http.Client{
		Timeout:   deliverTime,
		Transport: &http.Transport{TLSClientConfig: conf, Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute},
		// A redirect would carry the message, and the token, to somewhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// clientTLS trusts the authorities of a file, or the system's where there is none.
func clientTLS(ca string) (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca == "" {
		return conf, nil
	}
	pem, err := os.ReadFile(ca)
	if err != nil {
		return nil, fmt.Errorf("ca: %w", err)
	}
	conf.RootCAs = x509.NewCertPool()
	if !conf.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("ca %s: no certificate in it; want PEM", ca)
	}
	return conf, nil
}

// deliver implements carrier. An error never shows the URL, which is a credential of many
// chats.
func (p *poster) deliver(ctx context.Context, n *Notice) error {
	body, err := p.body(n)
	if err != nil {
		return fmt.Errorf("%w: %w", errRefused, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.o.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("the URL cannot be used")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "sluice")
	if p.o.Token != "" {
		req.Header.Set("Authorization", "Bearer "+p.o.Token)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return fmt.Errorf("post: %w", err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, answerBytes)); err != nil {
		return fmt.Errorf("post: read answer: %w", err)
	}
	switch code := resp.StatusCode; {
	case code/100 == 2:
		return nil
	case code == http.StatusBadRequest || code == http.StatusRequestEntityTooLarge || code == http.StatusUnprocessableEntity:
		return fmt.Errorf("%w: status %d", errRefused, code)
	default: // also what an administrator can mend: a wrong address or token
		return fmt.Errorf("post: status %d", code)
	}
}

func (p *poster) body(n *Notice) ([]byte, error) {
	if p.o.Type == Slack {
		return json.Marshal(map[string]string{"text": slackText(n)})
	}
	return json.Marshal(n)
}

// slackText is the sentence in Slack's markup, in which names cannot become links or
// mentions.
func slackText(n *Notice) string {
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace
	text := escape(n.Text)
	if n.Severity == "critical" || n.Severity == "high" {
		text = ":rotating_light: " + text
	}
	if n.Link != "" {
		return text + " <" + escape(n.Link) + "|Incident " + n.ID + ">"
	}
	return text + " Incident " + n.ID
}
