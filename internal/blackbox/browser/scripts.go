package browser

import (
	"context"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Scripts switches JavaScript of pages that are opened from now on.
func (p *Page) Scripts(on bool) {
	p.tb.Helper()
	p.Do("switch JavaScript", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
		return err
	}))
}

// Calm asks pages for little motion: a click during the animation of a page's change is lost.
func (p *Page) Calm() {
	p.tb.Helper()
	p.wish(&emulation.MediaFeature{Name: "prefers-reduced-motion", Value: "reduce"})
}

// wish shows pages as to people with these wishes, and no others.
func (p *Page) wish(wishes ...*emulation.MediaFeature) {
	p.tb.Helper()
	p.Do("set what people wish", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: wishes})
		return err
	}))
}

// Print shows pages as they are printed.
func (p *Page) Print() {
	p.tb.Helper()
	p.Do("show the page as printed", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
		return err
	}))
}

// PDF prints the page as a person would who saves it.
func (p *Page) PDF() []byte {
	p.tb.Helper()
	var data []byte
	p.Do("print the page", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		r, err := cdp.Call(ctx, t, page.PrintToPDF, page.PrintToPDFParams{PrintBackground: new(true)})
		if err == nil {
			data = r.Data
		}
		return err
	}))
	return data
}
