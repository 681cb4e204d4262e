package reqmod

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/sluice-dlp/sluice/event"
	"github.com/sluice-dlp/sluice/internal/theme"
)

//go:embed pages
var builtinPages embed.FS

// wording is one language of what a person is told.
type wording struct {
	Blocked  string `yaml:"blocked"`
	Found    string `yaml:"found"`
	Gap      string `yaml:"gap"`
	Status   string `yaml:"status"`
	Fix      string `yaml:"fix"`
	FixGap   string `yaml:"fix_gap"`
	Who      string `yaml:"who"`
	Profile  string `yaml:"profile"`
	Rule     string `yaml:"rule"`
	Incident string `yaml:"incident"`
	Place    string `yaml:"place"`
	Coach    string `yaml:"coach"`
	Button   string `yaml:"button"`
}

// pageData is what page.html is given.
type pageData struct {
	*wording
	Lang              string
	Style             template.CSS
	Why, Do, Link, ID string
	Policy            policyLine
	Places            []string
}

// policyLine names what was decided by: the profiles that triggered, or the rule.
type policyLine struct{ Kind, Name string }

// newTheme reads the built-in pages and lays custom over them, where it is not nil.
func newTheme(custom fs.FS) (*theme.Theme[wording], error) {
	builtin, err := fs.Sub(builtinPages, "pages")
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	t, err := theme.Load[wording](builtin, custom)
	if err != nil {
		return nil, err
	}
	lang, words := t.Words("en")
	return t, t.Render(io.Discard, pageData{wording: words, Lang: lang, Link: "https://console.example.com", Places: []string{"x"}})
}

// pagePolicy is the page's Content-Security-Policy.
func (h *Handler) pagePolicy() string {
	return "default-src 'none'; style-src " + h.theme.StyleSource() + "; base-uri 'none'; form-action 'none'"
}

// words picks the language that the browser prefers of those there are.
func (c *call) words() (lang string, words *wording) {
	return c.h.theme.Words(string(c.header.get("Accept-Language")))
}

// detectors are the kinds of data that stopped the request, as people call them, with the
// ids that the security team knows.
func (c *call) detectors() []string {
	var list []string
	for _, f := range c.decisive() {
		if name := c.rules.engine.DetectorName(f.Detector) + " (" + f.Detector + ")"; !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

// why is the reason in one sentence: the policy's own message, else what was found.
func (c *call) why(w *wording) (text, fix string) {
	app := c.facts.App.Name
	if app == "" {
		app = c.target.host
	}
	found := c.detectors()
	fill := func(text, what string) string {
		return strings.NewReplacer("%app", app, "%what", what).Replace(text)
	}
	switch d := &c.decision; {
	case d.Message != "":
		return d.Message, ""
	case d.Gap != "":
		return fill(w.Gap, strings.ReplaceAll(string(d.Gap), "_", " ")), w.FixGap
	case len(found) > 0:
		return fill(w.Found, strings.Join(found, ", ")), w.Fix
	case d.Rule == "overload":
		return fill(w.Gap, d.Reason), ""
	}
	return fill(w.Status, ""), ""
}

// sentence is the whole message where there is no page: why, by which policy, what to do
// now, and the incident.
func (c *call) sentence(e *event.Event) string {
	_, w := c.words()
	why, fix := c.why(w)
	parts := []string{w.Blocked + ": " + why}
	if fix != "" {
		parts = append(parts, fix)
	}
	if link := c.coachLink(e); link != "" {
		parts = append(parts, w.Coach, link)
	} else {
		parts = append(parts, w.Who)
	}
	ruling := c.ruling(w)
	parts = append(parts, "("+ruling.Kind+" "+ruling.Name+"; "+w.Incident+" "+e.ID+")")
	return strings.Join(parts, " ")
}

// ruling names the profiles that triggered, or the rule.
func (c *call) ruling(w *wording) policyLine {
	if len(c.detectors()) > 0 {
		return policyLine{w.Profile, strings.Join(c.decision.Profiles, ", ")}
	}
	return policyLine{w.Rule, c.decision.Rule}
}

// page is what a person sees who opened the app in the address bar.
func (c *call) page(e *event.Event) []byte {
	lang, w := c.words()
	why, fix := c.why(w)
	var places []string
	for _, m := range e.Matches {
		if !slices.Contains(places, m.Part) {
			places = append(places, m.Part)
		}
	}
	var b bytes.Buffer
	err := c.h.theme.Render(&b, pageData{
		wording: w, Lang: lang, Style: c.h.theme.Style(), Why: why, Do: fix, Link: c.coachLink(e), ID: e.ID, Policy: c.ruling(w), Places: places,
	})
	if err != nil {
		return []byte(c.sentence(e))
	}
	return b.Bytes()
}
