package browser

import (
	"bufio"
	"context"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// startDoor starts a proxy before the proxy, which says who the person is: Chromium would ask
// for the password in a window. It returns its address. Only tunnels lead through it.
func startDoor(tb testing.TB, o Options) string {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(tb.Context()))
	var tunnels sync.WaitGroup
	tunnels.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			tunnels.Go(func() { o.pass(ctx, client) })
		}
	})
	tb.Cleanup(func() {
		stop()
		_ = l.Close()
		tunnels.Wait()
	})
	return l.Addr().String()
}

// pass leads one tunnel to the proxy.
func (o Options) pass(ctx context.Context, client net.Conn) {
	defer client.Close()
	unhook := context.AfterFunc(ctx, func() { _ = client.Close() })
	defer unhook()
	in := bufio.NewReader(client)
	req, err := http.ReadRequest(in)
	if err != nil || req.Method != http.MethodConnect {
		_, _ = io.WriteString(client, "HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		return
	}
	proxy, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "tcp", o.Proxy)
	if err != nil {
		return // Chromium shows that the proxy is gone
	}
	defer proxy.Close()
	credentials := base64.StdEncoding.EncodeToString([]byte(o.User + ":" + o.Password))
	head := "CONNECT " + req.Host + " HTTP/1.1\r\nHost: " + req.Host + "\r\nProxy-Authorization: Basic " + credentials + "\r\n\r\n"
	if _, err := io.WriteString(proxy, head); err != nil {
		return
	}
	ended := make(chan struct{}, 2)
	join := func(to io.Writer, from io.Reader) {
		_, _ = io.Copy(to, from)
		ended <- struct{}{}
	}
	go join(proxy, in)
	go join(client, proxy)
	select {
	case <-ended:
	case <-ctx.Done():
	}
}
