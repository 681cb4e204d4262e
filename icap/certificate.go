package icap

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"
)

// certificateCheck is how often a [Certificate] looks whether its files have changed.
const certificateCheck = 10 * time.Second

// Certificate is a TLS certificate in two PEM files that may be replaced while the server
// runs: a handshake uses what the files held at most ten seconds before. When the new files
// cannot be loaded, the old certificate stays. Set it as tls.Config.GetCertificate. Its
// methods may be called from any goroutine.
type Certificate struct {
	certFile, keyFile string
	now               func() time.Time

	mu      sync.Mutex
	checked time.Time
	changed [2]time.Time
	current *tls.Certificate
	err     error
}

// LoadCertificate loads a certificate and its key.
func LoadCertificate(certFile, keyFile string) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, now: time.Now}
	if err := c.Reload(); err != nil {
		return nil, err
	}
	return c, nil
}

// Reload loads the files now, whether they have changed or not.
func (c *Certificate) Reload() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.checked = c.now()
	c.changed = c.times()
	c.load()
	return c.err
}

// Err returns why the files could not be loaded the last time, or nil.
func (c *Certificate) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// GetCertificate returns the certificate; it never fails. It is for tls.Config.GetCertificate.
func (c *Certificate) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.Sub(c.checked) >= certificateCheck {
		c.checked = now
		if t := c.times(); t != c.changed {
			c.changed = t
			c.load()
		}
	}
	return c.current, nil
}

func (c *Certificate) load() {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		c.err = fmt.Errorf("load certificate: %w", err)
		return
	}
	c.current, c.err = &pair, nil
}

func (c *Certificate) times() (t [2]time.Time) {
	for i, name := range []string{c.certFile, c.keyFile} {
		if info, err := os.Stat(name); err == nil {
			t[i] = info.ModTime()
		}
	}
	return t
}
