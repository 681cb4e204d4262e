package console_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/sluice-dlp/sluice/internal/blackbox/browser"
)

// TestClicksAfterAPageChange presses the mouse the moment a page has come: a page that still
// fades in takes clicks for itself.
func TestClicksAfterAPageChange(t *testing.T) {
	c := openCompany(t, t.TempDir(), 2_000)
	p := browser.Start(t, browser.Options{Width: 1280, Height: 900})
	c.signIn(t, p, "j.weber")
	const rounds = 8
	for name, change := range map[string]string{
		"in place":        `document.querySelector("#side a[href='%s']").click()`,
		"as another page": `location.assign("%s")`,
	} {
		t.Run(name, func(t *testing.T) {
			p.Open(c.http.URL + "/")
			p.WaitFor("main h1")
			at := browser.Eval[[]float64](p, `(() => { const r = document.querySelector("[data-theme-toggle]").getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`)
			theme := func() string {
				return browser.Eval[string](p, `document.documentElement.dataset.theme ?? ""`)
			}
			for i := range rounds {
				to := []string{"/apps", "/exceptions"}[i%2]
				before := theme()
				browser.Eval[any](p, `void `+fmt.Sprintf(change, to))
				p.Do("wait for the page and click", chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
					for ctx.Err() == nil { // an error is a page that goes
						here, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`location.pathname === "`+to+`" && document.readyState === "complete" && performance.getEntriesByType("paint").length > 0`))
						if err == nil && here {
							return chromedp.Do(ctx, chromedp.MouseClickXY(at[0], at[1]))
						}
					}
					return ctx.Err()
				}))
				if theme() == before {
					t.Errorf("round %d: the click on %s was lost", i, to)
				}
			}
		})
	}
}
