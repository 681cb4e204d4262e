// Package browser drives a real Chromium for the black-box tests. What the browser complains
// about (an exception, a refused resource) fails the test unless it is expected.
package browser

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	clog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/sluice-dlp/sluice/internal/blackbox/proc"
)

// patience bounds everything that a page is asked.
const patience = 60 * time.Second

// Options say how the browser is set up.
type Options struct {
	Proxy    string // host:port that https goes through; empty: none. Loopback addresses never do
	User     string // for the proxy
	Password string
	CAFile   string // PEM of a certificate authority to trust; empty: the system's
	Language string // Accept-Language; default: en
	Width    int    // of the window; default: 1280
	Height   int    // default: 800
}

// Page is one tab of a browser of its own. One goroutine uses it.
type Page struct {
	tb  testing.TB
	ctx context.Context

	mu       sync.Mutex
	problems []string
	expected []string
}

// Start starts a browser, and ends it with the test.
func Start(tb testing.TB, o Options) *Page {
	tb.Helper()
	flags := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(proc.Look(tb, "chromium")), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Headless,
		chromedp.UserDataDir(proc.Dir(tb)), chromedp.WindowSize(or(o.Width, 1280), or(o.Height, 800)),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("accept-lang", language(o)), chromedp.Flag("hide-scrollbars", true),
		chromedp.WSURLReadTimeout(patience),
	}
	if o.Proxy != "" {
		flags = append(flags, chromedp.ProxyServer("http://"+startDoor(tb, o)))
	}
	if o.CAFile != "" {
		flags = append(flags, chromedp.Flag("ignore-certificate-errors-spki-list", keyHash(tb, o.CAFile)))
	}
	ctx, stop := chromedp.NewExecAllocator(context.WithoutCancel(tb.Context()), flags...)
	ctx, closeTab := chromedp.NewContext(ctx)
	p := &Page{tb: tb, ctx: ctx}
	tb.Cleanup(func() {
		closeTab()
		stop()
		for _, text := range p.unexpected() {
			tb.Errorf("the browser complains: %s", text)
		}
	})
	p.watch()
	p.Do("set the language", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetLocaleOverride, emulation.SetLocaleOverrideParams{Locale: or(o.Language, "en")})
		return err
	}))
	return p
}

func language(o Options) string { return or(o.Language, "en") }

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// keyHash is what Chromium calls a certificate by: the hash of its public key.
func keyHash(tb testing.TB, file string) string {
	tb.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		tb.Fatalf("%s holds no certificate", file)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		tb.Fatal(err)
	}
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// watch collects what the browser complains about.
func (p *Page) watch() {
	p.tb.Helper()
	err := chromedp.Listen(p.ctx, func(ev any) {
		switch e := ev.(type) {
		case *runtime.EventExceptionThrown:
			p.complain(e.ExceptionDetails.Text)
		case *clog.EventEntryAdded:
			p.complain(e.Entry.Text + " " + e.Entry.URL)
		}
	})
	if err != nil {
		p.tb.Fatalf("start the browser: %v", err)
	}
	p.Do("watch the log", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, clog.Enable, cdp.Empty{})
		return err
	}))
}

func (p *Page) complain(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.problems = append(p.problems, text)
}

// Expect lets complaints pass that hold text: a test of a blocked request expects one of its 403.
func (p *Page) Expect(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expected = append(p.expected, text)
}

func (p *Page) unexpected() (list []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
next:
	for _, text := range p.problems {
		for _, e := range p.expected {
			if strings.Contains(text, e) {
				continue next
			}
		}
		list = append(list, text)
	}
	return list
}

// Do runs an action; what it does names it in a failure.
func (p *Page) Do(what string, actions ...chromedp.Action[chromedp.Void]) {
	p.tb.Helper()
	ctx, stop := context.WithTimeout(p.ctx, patience)
	defer stop()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.tb.Fatalf("browser: %s: %v", what, err)
	}
}

// Open goes to a page and waits until it is there, whatever its status.
func (p *Page) Open(url string) {
	p.tb.Helper()
	p.Do("open "+withoutQuery(url), chromedp.Navigate(url))
}

func withoutQuery(url string) string {
	url, _, _ = strings.Cut(url, "?")
	return url
}

// Click clicks on what a CSS selector finds, and waits for it before.
func (p *Page) Click(selector string) {
	p.tb.Helper()
	p.Do("click "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// Type types into a field.
func (p *Page) Type(selector, text string) {
	p.tb.Helper()
	p.Do("type into "+selector, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// WaitFor waits until a CSS selector finds something that is visible.
func (p *Page) WaitFor(selector string) {
	p.tb.Helper()
	p.Do("wait for "+selector, chromedp.WaitVisible(chromedp.CSS(selector)))
}

// Text returns the text of the page, as it is shown.
func (p *Page) Text() string {
	p.tb.Helper()
	return Eval[string](p, "document.body.innerText")
}

// Dark asks for the dark scheme, or the light one.
func (p *Page) Dark(on bool) {
	p.tb.Helper()
	scheme := "light"
	if on {
		scheme = "dark"
	}
	p.wish(&emulation.MediaFeature{Name: "prefers-color-scheme", Value: scheme})
}

// Zone moves the browser to a time zone, such as Europe/Berlin.
func (p *Page) Zone(name string) {
	p.tb.Helper()
	p.Do("move to "+name, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: name})
		return err
	}))
}

// Shots names the variable of a folder in which screenshots are kept, to be looked at.
const Shots = "SLUICE_SHOTS"

// Shot takes a screenshot, and keeps it where [Shots] says. It fails the test when nothing
// was painted.
func (p *Page) Shot(name string) {
	p.tb.Helper()
	ctx, stop := context.WithTimeout(p.ctx, patience)
	defer stop()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil || len(png) < 1000 {
		p.tb.Fatalf("browser: screenshot %s: %d bytes, %v", name, len(png), err)
	}
	dir := os.Getenv(Shots)
	if dir == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		p.tb.Fatal(err)
	}
}

// Eval returns the value of a JavaScript expression; a promise is waited for.
func Eval[T any](p *Page, expression string) T {
	p.tb.Helper()
	ctx, stop := context.WithTimeout(p.ctx, patience)
	defer stop()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.tb.Fatalf("browser: evaluate: %v", err)
	}
	return v
}
