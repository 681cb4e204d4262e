package browser

import (
	"os"
	"path/filepath"
	"runtime"

	"github.com/chromedp/chromedp"
)

// axeScript is where scripts/install-test-deps.sh puts axe-core.
const axeScript = "clients/node_modules/axe-core/axe.min.js"

// Axe runs axe-core in the page and returns what it finds wrong for people with
// disabilities. The script comes in by the debugger, which the page's policy does not bind.
func (p *Page) Axe() []string {
	p.tb.Helper()
	_, here, _, _ := runtime.Caller(0)
	script, err := os.ReadFile(filepath.Join(filepath.Dir(filepath.Dir(here)), axeScript))
	if err != nil {
		p.tb.Fatalf("axe-core is not installed: run scripts/install-test-deps.sh: %v", err)
	}
	Eval[bool](p, string(script)+";true")
	return Eval[[]string](p, `axe.run({resultTypes: ["violations"]}).then(r => r.violations.map(v => v.id + " (" + v.impact + "): " +
		v.nodes.slice(0, 3).map(n => n.target.join(" ") + " " + (n.any[0]?.message ?? n.none[0]?.message ?? "")).join("; ")))`)
}

// Press presses keys, one after the other, as people do: "j", "g" and "a", kb.Enter.
func (p *Page) Press(keys ...string) {
	p.tb.Helper()
	for _, k := range keys {
		p.Do("press "+k, chromedp.KeyEvent(k))
	}
}

// Path returns path and query of the page's address.
func (p *Page) Path() string {
	p.tb.Helper()
	return Eval[string](p, "location.pathname + location.search")
}

// Select chooses a value of a list.
func (p *Page) Select(selector, value string) {
	p.tb.Helper()
	p.Do("choose in "+selector, chromedp.SetValue(chromedp.CSS(selector), value))
}
