// Package outbound speaks to receivers that an administrator names, as sinks do: TLS as it
// is set, and HTTP whose errors show no credential.
package outbound

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"
)

// answerBytes is what is read of an answer, so that its connection can be used again.
const answerBytes = 4 << 10

// TLS trusts the authorities in the PEM file ca, or the system's where it is empty, and
// shows the certificate of the files cert and key, if there is one.
func TLS(ca, cert, key string) (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("ca: %w", err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca %s: no certificate in it; want PEM", ca)
		}
	}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("cert: %w", err)
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	return conf, nil
}

// Client returns a client for one receiver, whose requests take timeout at most. It is safe
// for concurrent use.
func Client(conf *tls.Config, timeout time.Duration) *http.Client {
	return &http.Client{
		Timeout:   timeout,
		Transport: &http.Transport{TLSClientConfig: conf, Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute},
		// A redirect would carry what is sent, and the token, to somewhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Post posts JSON with the fields of header, and returns the answer's status and header;
// its body is passed over. An error shows neither the URL, which may hold a credential, nor
// a field.
func Post(ctx context.Context, client *http.Client, to string, header map[string]string, body []byte) (int, http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return 0, nil, errors.New("the URL cannot be used") // its own error would show it
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "sluice")
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := client.Do(req)
	if err != nil {
		var u *url.Error // shows the URL
		if errors.As(err, &u) {
			err = u.Err
		}
		return 0, nil, fmt.Errorf("post: %w", err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, answerBytes)); err != nil {
		return 0, nil, fmt.Errorf("post: read answer: %w", err)
	}
	return resp.StatusCode, resp.Header, nil
}
