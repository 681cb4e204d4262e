package reqmod

import (
	"bytes"
	"html/template"
	"slices"
	"strings"

	"github.com/sluice-dlp/sluice/event"
)

// pageData is what page.html is given.
type pageData struct {
	*wording
	Style                     template.CSS
	Why, Do, Link, Policy, ID string
	Places                    []string
}

// words picks the language that the browser prefers of those there are.
func (c *call) words() *wording {
	return c.h.theme.speak(string(c.header.get("Accept-Language")))
}

// detectors are the kinds of data that stopped the request.
func (c *call) detectors() []string {
	var list []string
	for _, f := range c.decisive() {
		if !slices.Contains(list, f.Detector) {
			list = append(list, f.Detector)
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
	w := c.words()
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
	parts = append(parts, "("+c.policyName(w)+"; "+w.Incident+" "+e.ID+")")
	return strings.Join(parts, " ")
}

// policyName names the profiles that triggered, or the rule.
func (c *call) policyName(w *wording) string {
	if len(c.detectors()) > 0 {
		return w.Profile + " " + strings.Join(c.decision.Profiles, ", ")
	}
	return w.Rule + " " + c.decision.Rule
}

// page is what a person sees who opened the app in the address bar.
func (c *call) page(e *event.Event) []byte {
	w := c.words()
	why, fix := c.why(w)
	var places []string
	for _, m := range e.Matches {
		if !slices.Contains(places, m.Part) {
			places = append(places, m.Part)
		}
	}
	var b bytes.Buffer
	err := c.h.theme.page.Execute(&b, pageData{
		w, template.CSS(c.h.theme.style), why, fix, c.coachLink(e), c.policyName(w), e.ID, places,
	})
	if err != nil {
		return []byte(c.sentence(e))
	}
	return b.Bytes()
}
