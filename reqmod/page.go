package reqmod

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"slices"
	"strings"

	"github.com/sluice-dlp/sluice/event"
)

//go:embed page.css
var pageStyle string

//go:embed page.html
var pageText string

var (
	pageTemplate = template.Must(template.New("page").Parse(pageText))
	pagePolicy   = "default-src 'none'; style-src 'sha256-" + styleHash() + "'; base-uri 'none'; form-action 'none'"
)

func styleHash() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// wording is one language of what a person is told.
type wording struct {
	Lang, Blocked, Found, Gap, Status, Fix, FixGap, Who, Profile, Rule, Incident, Place, Coach, Button string
}

var english = wording{
	Lang: "en", Blocked: "Blocked by your company's data protection",
	Found:  "What you sent to %app contains %what, which must not leave the company this way.",
	Gap:    "What you sent to %app could not be inspected (%what), and is therefore held back.",
	Status: "%app may not be used at work.",
	Fix:    "Remove it and send again.", FixGap: "Send it as plain text or in smaller parts.",
	Who:     "If you need it for your work, ask your security team and name the incident.",
	Profile: "Profile", Rule: "Rule", Incident: "Incident", Place: "Found in",
	Coach: "If you need it for your work, give a reason and go on:", Button: "Give a reason",
}

var german = wording{
	Lang: "de", Blocked: "Vom Datenschutz Ihres Unternehmens gestoppt",
	Found:  "Was Sie an %app gesendet haben, enthält %what; das darf das Unternehmen so nicht verlassen.",
	Gap:    "Was Sie an %app gesendet haben, konnte nicht geprüft werden (%what) und wird deshalb zurückgehalten.",
	Status: "%app darf bei der Arbeit nicht benutzt werden.",
	Fix:    "Entfernen Sie es und senden Sie noch einmal.", FixGap: "Senden Sie es als einfachen Text oder in kleineren Teilen.",
	Who:     "Wenn Sie es für Ihre Arbeit brauchen, fragen Sie Ihr Sicherheitsteam und nennen Sie den Vorfall.",
	Profile: "Profil", Rule: "Regel", Incident: "Vorfall", Place: "Gefunden in",
	Coach: "Wenn Sie es für Ihre Arbeit brauchen, geben Sie den Grund an und fahren Sie fort:", Button: "Grund angeben",
}

// words picks the language that the browser prefers of those there are.
func (c *call) words() *wording {
	for tag := range strings.SplitSeq(strings.ToLower(string(c.req.HTTP.Header.Get("Accept-Language"))), ",") {
		switch tag, _, _ = strings.Cut(strings.TrimSpace(tag), ";"); {
		case strings.HasPrefix(tag, "de"):
			return &german
		case strings.HasPrefix(tag, "en"):
			return &english
		}
	}
	return &english
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
	err := pageTemplate.Execute(&b, struct {
		*wording
		Style                     template.CSS
		Why, Do, Link, Policy, ID string
		Places                    []string
	}{w, template.CSS(pageStyle), why, fix, c.coachLink(e), c.policyName(w), e.ID, places})
	if err != nil {
		return []byte(c.sentence(e))
	}
	return b.Bytes()
}
