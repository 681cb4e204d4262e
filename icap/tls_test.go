package icap

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
)

// scrape returns the server's metrics as text.
func scrape(t *testing.T, s *Server) string {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	if err := reg.Register(s.Collector()); err != nil {
		t.Fatal(err)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b textBuffer
	enc := expfmt.NewEncoder(&b, expfmt.NewFormat(expfmt.TypeTextPlain))
	for _, f := range families {
		if err := enc.Encode(f); err != nil {
			t.Fatal(err)
		}
	}
	return string(b)
}

type textBuffer []byte

func (w *textBuffer) Write(p []byte) (int, error) {
	*w = append(*w, p...)
	return len(p), nil
}

// writePair makes a self-signed certificate for localhost and writes it to dir.
func writePair(t *testing.T, dir, name string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

func TestICAPS(t *testing.T) {
	serverCert, serverKey := writePair(t, t.TempDir(), "server")
	clientCert, clientKey := writePair(t, t.TempDir(), "client")
	cert, err := LoadCertificate(serverCert, serverKey)
	if err != nil {
		t.Fatal(err)
	}
	pool := func(file string) *x509.CertPool {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p := x509.NewCertPool()
		p.AppendCertsFromPEM(raw)
		return p
	}
	s := newServer(t, Options{HeadTime: time.Second, TLS: &tls.Config{
		GetCertificate: cert.GetCertificate, ClientCAs: pool(clientCert), ClientAuth: tls.RequireAndVerifyClientCert,
	}}, findMarker)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.ServeTLS(l) }()
	pair, err := tls.LoadX509KeyPair(clientCert, clientKey)
	if err != nil {
		t.Fatal(err)
	}
	conf := &tls.Config{RootCAs: pool(serverCert), ServerName: "localhost", Certificates: []tls.Certificate{pair}}
	c := &Client{Addr: l.Addr().String(), TLS: conf}
	for _, n := range []int{100, 5000, 200_000, 3 << 20} {
		for _, preview := range []int{-1, 0, 65535} {
			b := body(n)
			m := Message{Method: MethodReqmod, Service: "/reqmod", RequestHead: post(n), HasBody: true, Body: b, Preview: preview}
			r, err := c.Do(t.Context(), m)
			if err != nil || r.Status == 200 && string(r.Body) != string(b) || r.Status != 200 && r.Status != 204 {
				t.Fatalf("%d bytes, preview %d: %v", n, preview, err)
			}
		}
	}
	if n := s.Stats().Accepted; n != 1 {
		t.Errorf("%d connections", n)
	}
	c.Close()
	stranger := &Client{Addr: l.Addr().String(), TLS: &tls.Config{RootCAs: conf.RootCAs, ServerName: "localhost"}}
	if _, err := stranger.Options(t.Context(), "/reqmod"); err == nil {
		t.Error("a client without a certificate was served")
	}
	plain := dial(t, l.Addr().String())
	plain.Write([]byte("OPTIONS icap://h/reqmod ICAP/1.0\r\nHost: h\r\n\r\n"))
	if b := make([]byte, 100); true {
		if n, _ := plain.Read(b); n > 4 && string(b[:4]) == "ICAP" {
			t.Error("a plain client was served on the icaps port")
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	<-ended
	if err := newServer(t, Options{}, findMarker).ServeTLS(l); err == nil {
		t.Error("ServeTLS without Options.TLS")
	}
}

func TestCertificateReloads(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := writePair(t, dir, "first")
	c, err := LoadCertificate(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	c.now = func() time.Time { return now }
	name := func() string {
		pair, err := c.GetCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		return pair.Leaf.Subject.CommonName
	}
	replace := func(cn string, at time.Duration) {
		writePair(t, dir, cn)
		for _, f := range []string{certFile, keyFile} {
			if err := os.Chtimes(f, now.Add(at), now.Add(at)); err != nil {
				t.Fatal(err)
			}
		}
	}
	replace("second", time.Hour)
	if got := name(); got != "first" {
		t.Errorf("%s within the check interval", got)
	}
	now = now.Add(certificateCheck)
	if got := name(); got != "second" {
		t.Errorf("%s after the files changed", got)
	}
	if err := os.WriteFile(keyFile, []byte("not a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	now = now.Add(certificateCheck)
	if got := name(); got != "second" || c.Err() == nil {
		t.Errorf("%s with a broken key, %v", got, c.Err())
	}
	replace("third", 2*time.Hour)
	if err := c.Reload(); err != nil || name() != "third" || c.Err() != nil {
		t.Errorf("%s after Reload, %v", name(), err)
	}
	if _, err := LoadCertificate(certFile, filepath.Join(dir, "none")); err == nil {
		t.Error("loaded without a key")
	}
}
