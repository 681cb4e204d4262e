package console

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

// coachWords is one language of the coach pages. %app and %what stand for what they name.
type coachWords struct {
	Title       string `yaml:"title"`
	Stopped     string `yaml:"stopped"`
	Found       string `yaml:"found"`
	Unseen      string `yaml:"unseen"`
	Policy      string `yaml:"policy"`
	Ask         string `yaml:"ask"`
	Hint        string `yaml:"hint"`
	Recorded    string `yaml:"recorded"`
	AtOnce      string `yaml:"at_once"`
	Approval    string `yaml:"approval"`
	Send        string `yaml:"send"`
	Missing     string `yaml:"missing"`
	TooLong     string `yaml:"too_long"`
	App         string `yaml:"app"`
	Rule        string `yaml:"rule"`
	Place       string `yaml:"place"`
	Incident    string `yaml:"incident"`
	Until       string `yaml:"until"`
	Granted     string `yaml:"granted"`
	GrantedHelp string `yaml:"granted_help"`
	Pending     string `yaml:"pending"`
	PendingHelp string `yaml:"pending_help"`
	CheckAgain  string `yaml:"check_again"`
	Denied      string `yaml:"denied"`
	DeniedHelp  string `yaml:"denied_help"`
	Ended       string `yaml:"ended"`
	EndedHelp   string `yaml:"ended_help"`
	Expired     string `yaml:"expired"`
	ExpiredHelp string `yaml:"expired_help"`
	Used        string `yaml:"used"`
	UsedHelp    string `yaml:"used_help"`
	Unknown     string `yaml:"unknown"`
	Trouble     string `yaml:"trouble"`
	TroubleHelp string `yaml:"trouble_help"`
	Hours       string `yaml:"hours"`
	Minutes     string `yaml:"minutes"`
	Days        string `yaml:"days"`
}

// form asks for a reason, with what the person should know for it. problem is what was
// wrong with the reason they gave.
func (c *Coach) form(w http.ResponseWriter, r *http.Request, ticket CoachTicket, status int, reason, problem string) {
	_, words := c.words(r)
	terms := c.o.Terms(ticket.Subjects)
	promise := words.AtOnce
	if terms.Approval {
		promise = words.Approval
	}
	page := coachPage{
		Heading: c.fill(words.Stopped, ticket.App, ""),
		Form: &coachForm{
			Token: r.FormValue("token"), Reason: reason, Problem: problem, Max: coachReason,
			Terms: c.fill(promise, ticket.App, lifetime(words, terms.Lifetime)),
		},
		Facts: []coachFact{{Name: words.App, Value: c.o.AppName(ticket.App)}},
	}
	e, err := c.o.Store.Event(r.Context(), ticket.Event)
	if err != nil && !errors.Is(err, event.ErrDetail) {
		// The event may be still on its way to the database; the person can go on without it.
		c.o.Log.Debug("event of a coach link not read", "event", ticket.Event, "error", err)
	}
	page.Text = append(page.Text, c.why(words, ticket, e))
	if e.Decision.Rule != "" {
		page.Facts = append(page.Facts, coachFact{Name: words.Rule, Value: e.Decision.Rule})
	}
	if places := places(e); len(places) > 0 {
		page.Facts = append(page.Facts, coachFact{Name: words.Place, Value: strings.Join(places, ", ")})
	}
	page.Facts = append(page.Facts, coachFact{Name: words.Incident, Value: ticket.Event})
	c.say(w, r, status, page)
}

// why is the reason in one sentence: what was found, else what could not be inspected, else
// that the app is like that.
func (c *Coach) why(words *coachWords, ticket CoachTicket, e event.Event) string {
	var found, gaps []string
	for _, m := range e.Matches {
		if name := c.o.DetectorName(m.Detector) + " (" + m.Detector + ")"; !slices.Contains(found, name) {
			found = append(found, name)
		}
	}
	for _, s := range ticket.Subjects {
		if gap, ok := strings.CutPrefix(s, "gap:"); ok {
			gaps = append(gaps, strings.ReplaceAll(gap, "_", " "))
		}
	}
	switch {
	case len(found) > 0:
		return c.fill(words.Found, ticket.App, strings.Join(found, ", "))
	case len(gaps) > 0:
		return c.fill(words.Unseen, ticket.App, strings.Join(gaps, ", "))
	case slices.Contains(ticket.Subjects, "app"):
		return c.fill(words.Policy, ticket.App, "")
	}
	return c.fill(words.Found, ticket.App, strings.Join(ticket.Subjects, ", "))
}

func places(e event.Event) []string {
	var list []string
	for _, m := range e.Matches {
		if m.Part != "" && !slices.Contains(list, m.Part) {
			list = append(list, m.Part)
		}
	}
	return list
}

// lifetime says how long an exception is good, in the largest unit that fits.
func lifetime(words *coachWords, d time.Duration) string {
	const day = 24 * time.Hour
	text, n := words.Minutes, max(int(d/time.Minute), 1)
	switch {
	case d >= 2*day && d%day == 0:
		text, n = words.Days, int(d/day)
	case d >= 2*time.Hour && d%time.Hour == 0:
		text, n = words.Hours, int(d/time.Hour)
	}
	return strings.ReplaceAll(text, "%what", strconv.Itoa(n))
}
