package console

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/sluice-dlp/sluice/store"
)

type auditPage struct {
	Lines                 []auditRow
	Actor, Action, Target string
	Since                 string
	Next                  string
	Check                 string // what a check of the whole trail said; "" when none was asked for
	Whole                 bool
	CanCheck              bool
}

// auditRow is a line as people read it.
type auditRow struct {
	store.AuditLine
	Verb string
	Href string // of what it was done to
}

// auditVerbs say what was done; an action that is not here shows as it is.
var auditVerbs = map[string]string{
	"app.status": "set the status of", "exception.add": "asked for an exception", "exception.active": "approved an exception", "exception.denied": "denied an exception",
	"exception.revoked": "revoked an exception", "event.review": "triaged", "account.put": "changed the account", "session.begin": "signed in", "session.end": "signed out",
	"session.end_all": "ended the sessions of", "token.add": "made an API token", "token.revoke": "revoked an API token", "event.reveal": "revealed the prompt of",
	"events.export": "exported events as", "explorer.ask": "asked the log explorer", "person.erase": "erased a person, now", "person.open": "looked at a person", "person.names": "saw people by", "view.add": "saved a view", "view.drop": "deleted a view", "mute.add": "muted", "mute.end": "ended a mute",
	"probe.send": "sent a test prompt",
}

func auditVerb(action string) string {
	if verb, ok := auditVerbs[action]; ok {
		return verb
	}
	return action
}

func auditHref(l store.AuditLine) string {
	what, _, _ := strings.Cut(l.Action, ".")
	switch {
	case l.Target == "":
		return ""
	case what == "app":
		return "/apps/" + url.PathEscape(l.Target)
	case what == "event":
		return "/events/" + url.PathEscape(l.Target)
	}
	return ""
}

func (s *Server) audit(w http.ResponseWriter, r *http.Request, v *visitor) error {
	q := r.URL.Query()
	p := auditPage{Actor: q.Get("actor"), Action: q.Get("action"), Target: q.Get("target"), Since: q.Get("since"), CanCheck: v.can(RightAdmin)}
	lines, next, err := s.auditTrail(r, v)
	if err != nil {
		return err
	}
	for _, l := range lines {
		p.Lines = append(p.Lines, auditRow{l, auditVerb(l.Action), auditHref(l)})
	}
	if next != "" {
		p.Next = "/audit" + withQuery(q, "cursor", next)
	}
	if q.Get("check") != "" && p.CanCheck {
		check, err := s.checkAudit(r.Context())
		if err != nil {
			return err
		}
		p.Whole, p.Check = check.Whole, check.text()
	}
	return s.render(w, r, v, "audit", page{Title: "Audit trail", Nav: "audit", Data: p})
}
