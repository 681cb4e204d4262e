package browser

import (
	"context"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// MaxPicture is what a picture of the documentation may weigh.
const MaxPicture = 60_000

// Picture takes a picture of the window, of at most MaxPicture bytes where that can be. It fails the test when nothing was painted.
func (p *Page) Picture() []byte {
	p.tb.Helper()
	var data []byte
	for _, quality := range []int64{50, 35, 20} {
		p.Do("take a picture", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			r, err := cdp.Call(ctx, t, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatWebp, Quality: &quality})
			data = r.Data
			return err
		}))
		if len(data) <= MaxPicture {
			break
		}
	}
	if len(data) < 2000 {
		p.tb.Errorf("a picture of %d bytes", len(data))
	}
	return data
}
