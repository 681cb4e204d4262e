package browser

import (
	"context"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Picture takes a small picture of the window. It fails the test when nothing was painted.
func (p *Page) Picture() []byte {
	p.tb.Helper()
	var data []byte
	p.Do("take a picture", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		r, err := cdp.Call(ctx, t, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatWebp, Quality: new(int64(50))})
		data = r.Data
		return err
	}))
	if len(data) < 2000 {
		p.tb.Errorf("a picture of %d bytes", len(data))
	}
	return data
}
