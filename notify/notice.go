package notify

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-dlp/sluice/event"
)

// Notice is what people are told, and the JSON that a webhook gets. It holds no value that
// was found, masked or not: chats and mail boxes are no place for them.
type Notice struct {
	ID       string    `json:"id"` // of the event
	Time     time.Time `json:"time"`
	Action   string    `json:"action"`
	User     string    `json:"user"`
	IP       string    `json:"ip,omitempty"`
	App      string    `json:"app"`
	AppName  string    `json:"app_name"`
	Activity string    `json:"activity"`
	Rule     string    `json:"rule"`
	Reason   string    `json:"reason"`
	Severity string    `json:"severity,omitempty"` // the highest
	Found    []Found   `json:"found"`
	Text     string    `json:"text"`           // all of it as one sentence
	Link     string    `json:"link,omitempty"` // of the event's page
	// HeldBack is how many events nobody was told of since the message before: repeated ones
	// within the window, and those over the rate.
	HeldBack int `json:"held_back,omitempty"`
}

// Found is what one detector found.
type Found struct {
	Detector string `json:"detector"`
	Name     string `json:"name"`
	Severity string `json:"severity"`
	Count    int    `json:"count"`
}

// newNotice tells of those subjects of e that are fresh.
func newNotice(o *Options, e *event.Event, fresh []string, held int) *Notice {
	n := &Notice{
		ID: e.ID, Time: e.Time, Action: e.Decision.Action, User: e.User, IP: e.Source.IP, App: e.App.ID, AppName: e.App.Name,
		Activity: e.Activity, Rule: e.Decision.Rule, Reason: e.Decision.Reason, Found: []Found{}, Link: o.Link(e.ID), HeldBack: held,
	}
	if n.AppName == "" {
		n.AppName = e.App.ID
	}
	for _, m := range e.Matches {
		if slices.Contains(fresh, m.Detector) {
			n.add(o, m)
		}
	}
	n.Text = n.sentence()
	return n
}

func (n *Notice) add(o *Options, m event.Match) {
	if rank(m.Severity) > rank(n.Severity) {
		n.Severity = m.Severity
	}
	for i := range n.Found {
		if n.Found[i].Detector == m.Detector {
			n.Found[i].Count += m.Count
			return
		}
	}
	n.Found = append(n.Found, Found{m.Detector, o.DetectorName(m.Detector), m.Severity, m.Count})
}

// rank orders severities.
func rank(severity string) int {
	return slices.Index([]string{"low", "medium", "high", "critical"}, severity)
}

// sentence says it all in a few words.
func (n *Notice) sentence() string {
	who := n.User
	if who == "" {
		who = "Somebody at " + n.IP
	}
	did := map[string]string{"upload": "uploaded to", "session": "opened a session with"}[n.Activity]
	if did == "" {
		did = "sent to"
	}
	text := fmt.Sprintf("%s %s %s", who, did, n.AppName)
	if len(n.Found) > 0 {
		var what []string
		for _, f := range n.Found {
			one := f.Name
			if f.Count > 1 {
				one = fmt.Sprintf("%s ×%d", f.Name, f.Count)
			}
			what = append(what, one)
		}
		text += ": " + strings.Join(what, ", ")
	}
	text += ". " + outcome(n.Action) + " by " + n.Rule + "."
	if n.HeldBack > 0 {
		text += fmt.Sprintf(" %d more events since the last message.", n.HeldBack)
	}
	return text
}

// outcome is an action as what became of the request.
func outcome(action string) string {
	switch action {
	case "allow", "log", "notify":
		return "Let through"
	case "coach":
		return "Held back for a reason"
	case "redact":
		return "Sent on without it"
	case "isolate":
		return "Isolated"
	}
	return "Blocked"
}
