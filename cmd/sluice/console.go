package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/console"
	"github.com/sluice-dlp/sluice/icap"
	"github.com/sluice-dlp/sluice/reqmod"
	"github.com/sluice-dlp/sluice/store"
)

// webConsole is the console with its listener.
type webConsole struct {
	*console.Server
	http *http.Server
	addr net.Addr
	url  string // where people reach it
	stop context.CancelFunc
}

// String returns the address for the log.
func (c *webConsole) String() string {
	if c == nil {
		return "off"
	}
	return c.addr.String()
}

func (c *webConsole) shutdown(ctx context.Context) error {
	c.stop() // live pages would keep it waiting
	defer c.Close()
	if err := c.http.Shutdown(ctx); err != nil {
		return errors.Join(err, c.http.Close())
	}
	return nil
}

// openConsole serves the console on its listener, where one is set.
func (n *node) openConsole(s sockets) error {
	f := n.config
	if f.Console.Listen == "" && len(s["console"]) == 0 {
		return nil
	}
	coach, err := n.newCoach()
	if err != nil {
		return err
	}
	oidc, err := f.OIDCOptions()
	if err != nil {
		return err
	}
	server, err := console.New(console.Options{
		Store: n.store, Rules: func() console.Rules { return *n.running.Load() },
		Explainer: explainer{n}, Prober: prober{n}, Coach: coach,
		OIDC: oidc, URL: f.Console.URL, Key: n.keys.derive(useConsole), Log: n.log, Registry: n.ops.registry,
		Profiles: func() ([]fs.FS, error) { return profileSources(f.Profiles.Dirs) }, Policy: n.policyText, Reader: reader{n},
		Node: console.Node{Name: f.Node, Build: build(), ICAP: addrString(n.icapAddr)}, Settings: n.consoleSettings(),
	})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	c := &webConsole{Server: server, stop: stop, http: &http.Server{
		Handler: server.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(n.log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return ctx },
	}}
	if c.addr, err = n.open(s, "console", f.Console.Listen, c.http.Serve, http.ErrServerClosed); err != nil {
		stop()
		return err
	}
	c.url = strings.TrimSuffix(f.Console.URL, "/")
	if c.url == "" {
		c.url = "http://" + c.addr.String()
	}
	n.console = c
	server.KeepReports()
	return nil
}

// announceSetup tells, while there is no account, where the first is made.
func (n *node) announceSetup(ctx context.Context, w io.Writer) error {
	if n.console == nil || n.config.Console.OIDC.Issuer != "" {
		return nil
	}
	path, err := n.console.SetupLink(ctx)
	if err == nil && path != "" {
		fmt.Fprintf(w, "The console has no account yet. Make the first one within 24 hours at\n\n  %s%s\n\n", n.console.url, path)
	}
	return err
}

// demoUser is the account of the demo's console.
const demoUser = "demo"

// demoAccount makes the demo's account with a password of its own, and a link that signs it
// in without.
func (n *node) demoAccount(ctx context.Context) (link, password string, err error) {
	password = rand.Text()
	a := store.Account{Name: demoUser, Role: string(console.Admin)}
	for _, r := range console.ExtraRights() {
		a.Rights = append(a.Rights, string(r))
	}
	if a.Secret, err = console.HashPassword(password); err != nil {
		return "", "", err
	}
	if err := n.store.PutAccount(ctx, a, demoUser); err != nil {
		return "", "", err
	}
	path, err := n.console.SignInLink(demoUser)
	return n.console.url + path, password, err
}

// policyText returns the running policy's file; no name where there is none.
func (n *node) policyText() (name, text string, err error) {
	name = n.config.Policy.File
	if name == "" {
		return "", "", nil
	}
	data, err := os.ReadFile(name)
	return name, string(data), err
}

// reader reads files as the request path does.
type reader struct{ n *node }

// ReadText returns the texts of a file, one after the other.
func (r reader) ReadText(ctx context.Context, name string, data []byte) (text, outcome string) {
	d := r.n.extractor.ExtractFile(ctx, name, data)
	parts := make([]string, len(d.Texts))
	for i, t := range d.Texts {
		parts[i] = t.Text
	}
	return strings.Join(parts, "\n"), string(d.Outcome)
}

// explainer explains by the running rules.
type explainer struct{ n *node }

// Explain returns what reqmod sees in the requests of a case.
func (e explainer) Explain(ctx context.Context, c console.Case) ([]json.RawMessage, error) {
	h, err := e.handler(c)
	if err != nil {
		return nil, err
	}
	var list []json.RawMessage
	o := explainFlags{user: c.User, groups: c.Groups}
	explain := func(r *icap.Request) error {
		if len(list) == maxExplained {
			return fmt.Errorf("%w: more than %d requests", console.ErrCase, maxExplained)
		}
		r.Header = identify(r.Header, o)
		b, err := json.Marshal(h.Explain(ctx, r))
		list = append(list, b)
		return err
	}
	if len(c.HAR) > 0 {
		err = replayHAR(c.HAR, explain)
	} else {
		composed := harRequest{Method: c.Method, URL: c.URL, Headers: []harPair{{"Content-Type", c.ContentType}}}
		if len(c.Body) > 0 {
			composed.raw = c.Body
		}
		var r *icap.Request
		if r, err = composed.icap(); err == nil {
			err = explain(r)
		}
	}
	if err != nil && !errors.Is(err, console.ErrCase) {
		err = fmt.Errorf("%w: %w", console.ErrCase, err)
	}
	return list, err
}

// maxExplained bounds the requests of one archive.
const maxExplained = 500

// handler returns the running one, or one with other statuses.
func (e explainer) handler(c console.Case) (*reqmod.Handler, error) {
	if len(c.Statuses) == 0 {
		return e.n.handler, nil
	}
	running := e.n.running.Load()
	h, err := newHandler(e.n.config, e.n.keys, reqmod.Options{Extractor: e.n.extractor})
	if err != nil {
		return nil, err
	}
	statuses := maps.Clone(running.Statuses)
	maps.Copy(statuses, c.Statuses)
	rs := ruleset{catalogue: running.Catalogue, engine: running.Engine, policy: running.Policy}
	rules, err := rs.snapshot(statuses)
	if err != nil {
		return nil, err
	}
	h.Swap(rules)
	return h, nil
}

// prober speaks to the node's own ICAP port.
type prober struct{ n *node }

// Contact tells what was heard from the proxy.
func (p prober) Contact() console.Contact { return p.n.contact.told(p.n.icap.Stats()) }

// probeTimeout bounds a test prompt.
const probeTimeout = 20 * time.Second

// Probe sends a prompt as a chat app would.
func (p prober) Probe(ctx context.Context, user, text string) (console.Probe, error) {
	if p.n.icapAddr == nil {
		return console.Probe{}, errors.New("send a test prompt: this node has no ICAP listener (icap.listen)")
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	body, err := json.Marshal(map[string]any{"model": "gpt-5", "messages": []map[string]string{{"role": "user", "content": text}}})
	if err != nil {
		return console.Probe{}, err
	}
	const target = "https://api.openai.com/v1/chat/completions"
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: api.openai.com\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", target, len(body))
	client := &icap.Client{Addr: p.n.icapAddr.String()}
	defer client.Close()
	began := time.Now()
	reply, err := client.Do(ctx, icap.Message{
		Method: icap.MethodReqmod, Service: "/reqmod",
		Header: []icap.Field{
			{Name: "X-Client-IP", Value: "127.0.0.1"},
			{Name: "X-Authenticated-User", Value: strings.NewReplacer("\r", "", "\n", "").Replace(user)},
			{Name: probeHeader, Value: p.n.contact.secret},
		},
		RequestHead: []byte(head), Body: body, HasBody: true, Preview: reqmodPreview, Allow204: true,
	})
	if err != nil {
		return console.Probe{}, fmt.Errorf("send a test prompt: %w", err)
	}
	out := console.Probe{Event: string(reply.Header.Get("X-Sluice-Id")), Took: time.Since(began)}
	if reply.ResponseHead != nil {
		line, _, _ := bytes.Cut(reply.ResponseHead, []byte("\r\n"))
		if _, err := fmt.Sscanf(string(line), "HTTP/1.1 %d", &out.Status); err != nil {
			return out, fmt.Errorf("send a test prompt: the answer begins %q", line)
		}
	}
	return out, nil
}
