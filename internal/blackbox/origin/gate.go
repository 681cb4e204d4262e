package origin

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// StartGate starts a proxy that leads every CONNECT to the server, whatever host it asks for,
// and returns its address. A Squid that has it as its parent speaks TLS to the server as if to
// each host's own port 443, which only root may listen on.
func StartGate(tb testing.TB, addr string, s *Server) string {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", addr)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(tb.Context()))
	var tunnels sync.WaitGroup
	srv := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			http.Error(w, "only tunnels lead to the fake origin", http.StatusNotImplemented)
			return
		}
		client, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		tunnels.Go(func() { tunnel(ctx, client, s.Addr) })
	})}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	tb.Cleanup(func() {
		stop()
		_ = srv.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			tb.Errorf("gate: %v", err)
		}
		tunnels.Wait()
	})
	return l.Addr().String()
}

// tunnel joins client and addr until one of them ends or ctx does.
func tunnel(ctx context.Context, client net.Conn, addr string) {
	defer client.Close()
	server, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return // Squid sees the tunnel end and reports it
	}
	defer server.Close()
	if _, err := io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	ended := make(chan struct{}, 2)
	join := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		ended <- struct{}{}
	}
	go join(server, client)
	go join(client, server)
	select {
	case <-ended:
	case <-ctx.Done():
	}
}
